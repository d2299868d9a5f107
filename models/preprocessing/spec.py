"""What a preprocessing step is: its title, its parameters with their ranges, its function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Value = int | float | str | bool
Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Region = tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class StepParameter:
    """One parameter of a step, with all that a form needs to ask for it.

    Attributes:
        kind: "int", "float", "bool" or "choice" (one of a few words).
        default: The value where none is given.
        description: What the parameter does, for a reader.
        low, high: Smallest and largest value allowed, both included; for numbers only.
        choices: The words allowed, for a choice.
        unit: "px", "°", "share", "grey levels" …; empty where there is none.
        odd: Whether only odd integers are allowed.
    """

    kind: Literal["int", "float", "bool", "choice"]
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    odd: bool = False

    def checked(self, value: Any) -> Value:
        """The value in this parameter's type. Raises ValueError where it is not allowed."""
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind == "choice" and isinstance(value, str) and value in self.choices:
            return value
        if isinstance(value, bool):
            raise ValueError(value)
        if self.kind == "int" and isinstance(value, int | np.integer):
            number = int(value)
            if self._is_in_range(number) and (number % 2 == 1 or not self.odd):
                return number
        is_real = isinstance(value, int | float | np.integer | np.floating)
        if self.kind == "float" and is_real and self._is_in_range(value):
            return float(value)
        raise ValueError(value)

    def allowed(self) -> str:
        """What is allowed, in words: "a whole number from 16 to 2048 px"."""
        unit = f" {self.unit}" if self.unit else ""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        kind = {"int": "an odd whole number" if self.odd else "a whole number"}
        return f"{kind.get(self.kind, 'a number')} from {self.low:g} to {self.high:g}{unit}"

    def schema(self) -> dict[str, Any]:
        """What is allowed, as a JSON schema."""
        types = {"int": "integer", "float": "number", "bool": "boolean", "choice": "string"}
        schema: dict[str, Any] = {"type": types[self.kind], "default": self.default}
        limits = {"minimum": self.low, "maximum": self.high}
        schema |= {key: limit for key, limit in limits.items() if limit is not None}
        return schema | {"enum": list(self.choices)} if self.choices else schema

    def _is_in_range(self, number: Any) -> bool:
        # Both comparisons are false for NaN.
        return (self.low is None or number >= self.low) and (
            self.high is None or number <= self.high
        )


@dataclass(frozen=True, kw_only=True)
class Reframed:
    """A picture that covers another region than the picture it was made from.

    Attributes:
        rgb: (h, w, 3) uint8.
        region: (left, top, right, bottom) in pixels of the picture it was made from, where
            0 is the outer edge of the first pixel; may reach outside of that picture.
    """

    rgb: Rgb
    region: Region


@dataclass(frozen=True, kw_only=True)
class Tiled:
    """A sheet of small pictures cut out of the picture it was made from, row by row.

    Attributes:
        rgb: (s, s, 3) uint8; its tiles are ``s // per_side`` pixels wide and high.
        regions: (left, top, right, bottom) of each tile in pixels of the picture it was made from;
            the tiles beyond the last are empty.
        per_side: Tiles along each side.
    """

    rgb: Rgb
    regions: tuple[Region, ...]
    per_side: int


@dataclass(frozen=True, kw_only=True)
class StepSpec:
    """A kind of step: what it does, what it takes, and where it comes from.

    Attributes:
        title: Its name for a reader.
        description: What it does to the picture and when it is used.
        parameters: Each parameter by name, in the order in which a form shows them.
        source: The paper or standard that describes the method.
        apply: The function: (rgb, parameters by name) → rgb, a Reframed picture where the step
            cuts or pads, or a Tiled one where it lays out parts. It never changes its input, and
            it is deterministic.
    """

    title: str
    description: str
    source: str
    apply: Callable[[Rgb, Mapping[str, Any]], Rgb | Reframed | Tiled] = field(repr=False)
    parameters: Mapping[str, StepParameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
