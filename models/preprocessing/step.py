"""Preprocessing steps as data, and the pictures that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from models.errors import StepError
from models.preprocessing.registry import STEPS
from models.preprocessing.spec import Reframed, Region, Rgb, Value


@dataclass(frozen=True, kw_only=True)
class Step:
    """One preprocessing step with its parameters, as it is stored with a model.

    Attributes:
        name: A key of STEPS.
        parameters: Value of each parameter; those left out take their default, so that a
            stored step is complete. Read-only.

    Raises:
        StepError: The name, a parameter or its value is not one that STEPS knows.
    """

    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spec = STEPS.get(self.name) if isinstance(self.name, str) else None
        if spec is None:
            raise StepError(
                f"Received the step {self.name!r}, expected one of {', '.join(STEPS)}. "
                "Correct the name."
            )
        if not isinstance(self.parameters, Mapping):
            raise StepError(
                f"Step {self.name!r}: received parameters {self.parameters!r}, expected a table "
                "of names and values."
            )
        unknown = [key for key in self.parameters if key not in spec.parameters]
        if unknown:
            raise StepError(
                f"Step {self.name!r}: received the parameter {unknown[0]!r}, expected "
                f"{', '.join(spec.parameters) or 'none'}. Correct or remove it."
            )
        complete: dict[str, Value] = {}
        for key, parameter in spec.parameters.items():
            try:
                complete[key] = parameter.checked(self.parameters.get(key, parameter.default))
            except StepError as error:
                raise StepError(f"Step {self.name!r}, parameter {key!r}: {error}") from None
        object.__setattr__(self, "parameters", MappingProxyType(complete))

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.parameters.items())))

    def __reduce__(self) -> tuple[Any, ...]:
        # A read-only mapping cannot be pickled; steps travel to training processes.
        return (Step.from_dict, (self.to_dict(),))

    def to_dict(self) -> dict[str, Any]:
        """The step as plain data for JSON or TOML: {"name": …, "parameters": {…}}."""
        return {"name": self.name, "parameters": dict(self.parameters)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        """The step that to_dict wrote. Raises StepError where the data is not a step."""
        if not isinstance(data, Mapping) or "name" not in data or set(data) - _KEYS:
            raise StepError(
                f"Received {data!r} as a step, expected a table with the keys "
                '"name" and, where wanted, "parameters".'
            )
        return cls(name=data["name"], parameters=data.get("parameters", {}))


_KEYS = {"name", "parameters"}


@dataclass(frozen=True, kw_only=True)
class StepPicture:
    """The picture after one step.

    Attributes:
        step: The step that made it; None for the original.
        rgb: (h, w, 3) uint8, read-only.
        region: (left, top, right, bottom): what part of the original image the picture
            covers, in pixels of the original, where 0 is the outer edge of the first pixel;
            it reaches outside of the original where a letterbox added bars.
    """

    step: Step | None
    rgb: Rgb
    region: Region

    def __post_init__(self) -> None:
        if self.rgb.flags.writeable:
            rgb = self.rgb.copy()
            rgb.setflags(write=False)
            object.__setattr__(self, "rgb", rgb)

    def to_original(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Where a point of this picture lies in the original, in pixels of the original.

        The centre of this picture's first pixel is (0.5, 0.5).
        """
        height, width = self.rgb.shape[:2]
        left, top, right, bottom = self.region
        return left + x_px * (right - left) / width, top + y_px * (bottom - top) / height


def parse_steps(data: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps that a manifest or a recipe lists. Raises StepError for what is not a step."""
    if isinstance(data, str | Mapping) or not isinstance(data, Sequence):
        raise StepError(f"Received {data!r} as steps, expected a list of steps.")
    return tuple(Step.from_dict(entry) for entry in data)


def picture_steps(rgb: Rgb, steps: Sequence[Step]) -> tuple[StepPicture, ...]:
    """The original (its step is None), then the picture after each step.

    Args:
        rgb: (H, W, 3) uint8; it is not changed.
        steps: The steps, in order.

    Raises:
        StepError: The array is not an RGB picture of bytes.
    """
    if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8 or rgb.ndim != 3:
        raise StepError(_not_a_picture(rgb))
    if rgb.shape[2] != 3 or rgb.size == 0:
        raise StepError(_not_a_picture(rgb))
    height, width = rgb.shape[:2]
    whole = (0.0, 0.0, float(width), float(height))
    pictures = [StepPicture(step=None, rgb=np.ascontiguousarray(rgb), region=whole)]
    for step in steps:
        pictures.append(_after(pictures[-1], step))
    return tuple(pictures)


def apply_steps(rgb: Rgb, steps: Sequence[Step]) -> Rgb:
    """The picture after all steps: what picture_steps shows last, (h, w, 3) uint8, read-only."""
    return picture_steps(rgb, steps)[-1].rgb


def _after(picture: StepPicture, step: Step) -> StepPicture:
    result = STEPS[step.name].apply(picture.rgb, step.parameters)
    region = picture.region
    if isinstance(result, Reframed):
        left, top, right, bottom = result.region
        region = (*picture.to_original(left, top), *picture.to_original(right, bottom))
        result = result.rgb
    result = np.ascontiguousarray(result)
    result.setflags(write=False)
    return StepPicture(step=step, rgb=result, region=region)


def _not_a_picture(received: object) -> str:
    shape = getattr(received, "shape", None)
    kind = getattr(received, "dtype", type(received).__name__)
    return f"Received {kind} of shape {shape}, expected an RGB picture (H, W, 3) of uint8."
