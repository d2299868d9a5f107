"""What the values of a manifest may be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

MANIFEST_FILE = "manifest.json"

_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,63}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_bundle_id(value: object) -> bool:
    """Whether this may name a bundle, and so a folder: lower case, digits, hyphens, 3 to 64."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_file_name(value: object) -> bool:
    """Whether this is a plain file name that a bundle may hold beside its manifest."""
    is_plain = isinstance(value, str) and _FILE_NAME.fullmatch(value) is not None
    return is_plain and value != MANIFEST_FILE


def is_sha256(value: object) -> bool:
    """Whether this is a SHA-256 in lower-case hexadecimal."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_whole(value: object) -> bool:
    """Whether this is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_count(value: object) -> bool:
    """Whether this is a whole number above 0."""
    return is_whole(value) and value > 0  # type: ignore[operator]


def is_number(value: object) -> bool:
    """Whether this is a finite number."""
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and math.isfinite(value)  # type: ignore[arg-type]


def is_positive(value: object) -> bool:
    """Whether this is a finite number above 0."""
    return is_number(value) and value > 0  # type: ignore[operator]


def is_rate(value: object) -> bool:
    """Whether this is a number from 0 to 1."""
    return is_number(value) and 0 <= value <= 1  # type: ignore[operator]


def is_text(value: object) -> bool:
    """Whether this is a text that is not empty."""
    return isinstance(value, str) and bool(value.strip())


def is_texts(value: object) -> bool:
    """Whether this is a tuple of such texts."""
    return isinstance(value, tuple) and all(is_text(entry) for entry in value)


def are_classes(value: object) -> bool:
    """Whether this is at least two names, each once."""
    return is_texts(value) and len(value) >= 2 and len({*value}) == len(value)  # type: ignore


def is_text_mapping(value: object) -> bool:
    """Whether this is texts with their texts."""
    return isinstance(value, Mapping) and all(is_text(x) for pair in value.items() for x in pair)


def are_files(value: object) -> bool:
    """Whether this is plain file names with their SHA-256."""
    return isinstance(value, Mapping) and all(
        is_file_name(name) and is_sha256(sha256) for name, sha256 in value.items()
    )


def is_date(value: object) -> bool:
    """Whether this is a date as YYYY-MM-DD."""
    return isinstance(value, str) and _DATE.fullmatch(value) is not None
