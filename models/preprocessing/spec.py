"""What a preprocessing step is: its title, its parameters with their ranges, its function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.errors import StepError

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

    def checked(self, value: object) -> Value:
        """The value in this parameter's type. Raises StepError, saying what is allowed."""
        if self.kind == "bool" and isinstance(value, bool):
            return value
        if self.kind == "choice" and isinstance(value, str) and value in self.choices:
            return value
        if isinstance(value, bool):
            raise self._refusal(value)
        if self.kind == "int" and isinstance(value, int | np.integer):
            number = int(value)
            if self._is_in_range(number) and (number % 2 == 1 or not self.odd):
                return number
        if self.kind == "float" and isinstance(value, int | float | np.integer | np.floating):
            real = float(value)
            if self._is_in_range(real):
                return real
        raise self._refusal(value)

    def allowed(self) -> str:
        """What is allowed, in words: "a whole number from 16 to 2048 px"."""
        unit = f" {self.unit}" if self.unit else ""
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        kind = {"int": "an odd whole number" if self.odd else "a whole number"}
        return f"{kind.get(self.kind, 'a number')} from {self.low:g} to {self.high:g}{unit}"

    def _is_in_range(self, number: float) -> bool:
        # Both comparisons are false for NaN.
        return (self.low is None or number >= self.low) and (
            self.high is None or number <= self.high
        )

    def _refusal(self, value: object) -> StepError:
        return StepError(f"received {value!r}, expected {self.allowed()}.")


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
class StepSpec:
    """A kind of step: what it does, what it takes, and where it comes from.

    Attributes:
        title: Its name for a reader.
        description: What it does to the picture and when it is used.
        parameters: Each parameter by name, in the order in which a form shows them.
        source: The paper or standard that describes the method.
        apply: The function: (rgb, parameters by name) → rgb, or a Reframed picture where the
            step cuts or pads. It never changes its input, and it is deterministic.
    """

    title: str
    description: str
    source: str
    apply: Callable[[Rgb, Mapping[str, Any]], Rgb | Reframed] = field(repr=False)
    parameters: Mapping[str, StepParameter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
