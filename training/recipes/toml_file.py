"""TOML files by path or by name."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from training.errors import RecipeError


def find_toml(name_or_path: str, folder: Path, *, what: str) -> Path:
    """The TOML file of that path, or of that name in a folder.

    Args:
        name_or_path: A path that ends in .toml, or a file's name without its ending.
        folder: Where names are looked up.
        what: What the file holds, for the error: "a recipe".

    Raises:
        RecipeError: There is no such file; the message lists the names.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = folder / f"{name_or_path}.toml"
    if not path.is_file():
        known = ", ".join(sorted(entry.stem for entry in folder.glob("*.toml")))
        raise RecipeError(
            f"{name_or_path!r} is neither {what} of {known} nor a .toml file that is there. "
            "Correct the name."
        )
    return path


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file. Raises RecipeError where it cannot be read."""
    try:
        return parse_toml(path.read_text(encoding="utf-8"), name=path.name)
    except (OSError, UnicodeError) as error:
        raise RecipeError(f"{path.name} cannot be read as TOML: {error}. Correct it.") from error


def parse_toml(text: str, *, name: str) -> dict[str, Any]:
    """The values of a TOML text. Raises RecipeError that calls it by this name."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{name} cannot be read as TOML: {error}. Correct it.") from error
