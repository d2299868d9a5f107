"""The dashboard's settings: typed, read once from the environment.

| variable          | meaning                                                     |
|-------------------|-------------------------------------------------------------|
| `BLOODUI_MODELS`  | a further folder of bundles, beside the shipped ones        |
| `BLOODUI_MODEL`   | id of the model that is chosen when the page opens          |
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "shipped"
DEFAULT_MODEL = "blood-cancer-8-efficientnet-lite0"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation may change.

    Attributes:
        bundle_roots: Folders of pinned bundles, the shipped ones first.
        default_model: Id of the model that is chosen when the page opens; where it is not
            installed, the first installed model is.
    """

    bundle_roots: tuple[Path, ...]
    default_model: str = DEFAULT_MODEL


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings that these environment variables (usually `os.environ`) ask for."""
    further = environment.get("BLOODUI_MODELS", "").strip()
    roots = (SHIPPED, Path(further).expanduser()) if further else (SHIPPED,)
    return Settings(
        bundle_roots=roots,
        default_model=environment.get("BLOODUI_MODEL", "").strip() or DEFAULT_MODEL,
    )


@cache
def program_version() -> str:
    """The version of this program, as pyproject.toml states it."""
    pyproject = Path(__file__).resolve().parent.parent / "pyproject.toml"
    return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
