"""A TOML table read key by key, with errors that name the key, the value and what is allowed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.errors import RecipeError


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
        raise RecipeError(f"Expected {what} of {known} or a .toml file, received {name_or_path!r}.")
    return path


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file. Raises RecipeError where it cannot be read."""
    try:
        return parse_toml(path.read_text(encoding="utf-8"), name=path.name)
    except (OSError, UnicodeError) as error:
        raise RecipeError(f"Expected TOML in {path.name}, received: {error}.") from error


def parse_toml(text: str, *, name: str) -> dict[str, Any]:
    """The values of a TOML text. Raises RecipeError that calls it by this name."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"Expected TOML in {name}, received: {error}.") from error


class Table:
    """One table of a recipe; every key must be taken, none may be left over."""

    def __init__(self, values: Mapping[str, Any], *, name: str) -> None:
        self._left = dict(values)
        self._name = name

    def number(self, key: str, *, low: float, high: float, default: float | None = None) -> float:
        """A number from ``low`` to ``high``."""
        value = self._take(key, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise self._refusal(key, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, key: str, *, low: int, high: int, default: int | None = None) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._refusal(key, value, f"a whole number from {low} to {high}")
        return value

    def text(self, key: str, *, allowed: Sequence[str] = (), default: str | None = None) -> str:
        """A text, one of ``allowed`` where that is given."""
        value = self._take(key, default)
        if not isinstance(value, str) or (allowed and value not in allowed):
            raise self._refusal(key, value, f"one of {', '.join(allowed)}" if allowed else "a text")
        return value

    def text_or_mapping(
        self, key: str, *, allowed: Sequence[str], default: str
    ) -> str | dict[str, Any]:
        """One of ``allowed``, or a table that spells it out."""
        value = self._take(key, default)
        if isinstance(value, dict) or (isinstance(value, str) and value in allowed):
            return value
        raise self._refusal(key, value, f"one of {', '.join(allowed)}, or a table")

    def wholes(self, key: str, *, low: int, high: int) -> tuple[int, ...]:
        """A list of whole numbers from ``low`` to ``high``, empty where it is absent."""
        values = self._take(key, [])
        if not isinstance(values, list | tuple) or not all(
            isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
            for value in values
        ):
            raise self._refusal(key, values, f"a list of whole numbers from {low} to {high}")
        return tuple(values)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self._refusal(key, value, "true or false")
        return value

    def texts(
        self, key: str, *, allowed: Sequence[str] = (), default: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """A list of texts, each one of ``allowed`` where that is given."""
        value = self._take(key, default)
        if not isinstance(value, list | tuple) or not all(
            isinstance(item, str) and (not allowed or item in allowed) for item in value
        ):
            listed = f"a list of {', '.join(allowed)}" if allowed else "a list of texts"
            raise self._refusal(key, value, listed)
        return tuple(value)

    def numbers(self, key: str) -> dict[str, float]:
        """A table of numbers, empty where it is absent."""
        value = self.mapping(key)
        for name, number in value.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise self._refusal(f"{key}.{name}", number, "a number")
        return {name: float(number) for name, number in value.items()}

    def mapping(self, key: str) -> dict[str, Any]:
        """A table, empty where it is absent."""
        value = self._take(key, {})
        if not isinstance(value, dict):
            raise self._refusal(key, value, "a table")
        return value

    def tables(self, key: str) -> tuple[dict[str, Any], ...]:
        """A list of tables, empty where it is absent."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._refusal(key, value, "a list of tables")
        return tuple(value)

    def close(self, *, known: Sequence[str]) -> None:
        """Refuse keys that nobody took. Raises RecipeError naming the first."""
        for key, value in self._left.items():
            raise self._refusal(key, value, f"only the keys {', '.join(known)}")

    def _take(self, key: str, default: Any) -> Any:
        if key in self._left:
            return self._left.pop(key)
        if default is None:
            raise RecipeError(f"Expected {self._where(key)}, received nothing. Add it.")
        return default

    def _refusal(self, key: str, value: Any, allowed: str) -> RecipeError:
        return RecipeError(f"Expected {self._where(key)} to be {allowed}, received {value!r}.")

    def _where(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key
