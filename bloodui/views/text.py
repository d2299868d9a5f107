"""Words from manifests and files, made safe for Markdown, and names of classes in full."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")

# Ghaderzadeh et al. 2021 (the ALL data set: Benign are haematogones), Orlov et al. 2010 (lymphoma),
# Sidhom et al. 2021 (AML and APL), WHO 5th edition for the full names.
FULL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "Benign": "benign, haematogones",
        "Early": "early pre-B acute lymphoblastic leukaemia",
        "Pre": "pre-B acute lymphoblastic leukaemia",
        "Pro": "pro-B acute lymphoblastic leukaemia",
        "AML": "acute myeloid leukaemia",
        "APL": "acute promyelocytic leukaemia",
        "CLL": "chronic lymphocytic leukaemia",
        "FL": "follicular lymphoma",
        "MCL": "mantle cell lymphoma",
    }
)


def as_markdown(words: str) -> str:
    """The words with every character escaped that Markdown would take for formatting."""
    return _SPECIAL.sub(r"\\\1", words)


def full_name(class_name: str) -> str:
    """A class in full: "Pre (pre-B acute lymphoblastic leukaemia)"; unknown ones as they are."""
    meaning = FULL_NAMES.get(class_name)
    return f"{class_name} ({meaning})" if meaning else class_name
