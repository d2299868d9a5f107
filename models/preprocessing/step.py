"""Preprocessing steps as data, and the pictures that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from models.errors import StepError
from models.preprocessing.spec import Reframed, Region, Rgb, Tiled, Value
from models.preprocessing.steps import STEPS
from models.stored import OneOf, ReadOnly, Stored, shown


def _say_what_each_step_takes(schema: dict[str, Any]) -> None:
    schema["oneOf"] = [
        {
            "properties": {
                "name": {"const": name},
                "parameters": {
                    "properties": {key: each.schema() for key, each in spec.parameters.items()},
                    "additionalProperties": False,
                },
            }
        }
        for name, spec in STEPS.items()
    ]


class Step(Stored, json_schema_extra=_say_what_each_step_takes):
    """One preprocessing step with its parameters, as it is stored with a model."""

    refused_as = StepError
    called = "the step"

    name: Annotated[str, OneOf(STEPS)]
    """What is done."""
    parameters: ReadOnly[str, Any] = Field(default={})
    """Value of each parameter; those left out take their default, so that a stored step is
    complete."""

    @field_validator("parameters")
    @classmethod
    def _complete(cls, given: Mapping[str, Any], others: ValidationInfo) -> Mapping[str, Value]:
        name = others.data.get("name", "")
        spec = STEPS.get(name)
        if spec is None:
            return given  # the name is refused
        unknown = [key for key in given if key not in spec.parameters]
        if unknown:
            known = ", ".join(spec.parameters) or "none"
            raise ValueError(f"Expected {known} for {name}, received {shown(unknown[0])}.")
        complete: dict[str, Value] = {}
        for key, parameter in spec.parameters.items():
            value = given.get(key, parameter.default)
            try:
                complete[key] = parameter.checked(value)
            except ValueError:
                expected = f"Expected {key} of {name} to be {parameter.allowed()}"
                raise ValueError(f"{expected}, received {shown(value)}.") from None
        return MappingProxyType(complete)

    def __hash__(self) -> int:
        return hash((self.name, tuple(self.parameters.items())))


_RASTER_PX = 512  # longer side of a map that is put together from tiles


@dataclass(frozen=True, kw_only=True)
class StepPicture:
    """The picture after one step.

    Attributes:
        step: The step that made it; None for the original.
        rgb: (h, w, 3) uint8, read-only.
        region: (left, top, right, bottom): what part of the original image the picture
            covers, in pixels of the original, where 0 is the outer edge of the first pixel;
            it reaches outside of the original where a letterbox added bars.
        tiles: The part of the original that each tile of a sheet covers, row by row; none where
            the sheet is empty, or the picture is no sheet.
        per_side: Tiles along each side of a sheet; 0 for a picture that is none.
    """

    step: Step | None
    rgb: Rgb
    region: Region
    tiles: tuple[Region, ...] = ()
    per_side: int = 0

    def __post_init__(self) -> None:
        if self.rgb.flags.writeable:
            rgb = self.rgb.copy()
            rgb.setflags(write=False)
            object.__setattr__(self, "rgb", rgb)

    @property
    def is_sheet(self) -> bool:
        """Whether the picture is a sheet of parts of the original, though perhaps an empty one."""
        return self.per_side > 0

    def tile(self, number: int) -> tuple[slice, slice]:
        """Rows and columns of a sheet's tile, by its number from 0."""
        side = len(self.rgb) // self.per_side
        row, column = divmod(number, self.per_side)
        return (
            slice(row * side, (row + 1) * side),
            slice(column * side, (column + 1) * side),
        )

    def on_original(self, values: np.ndarray) -> tuple[np.ndarray, Region]:
        """A map on this picture as one on the original, and the part of that which it covers.

        Of a sheet each tile's part is put where its cell stands, the largest value where several
        do, on a raster of at most 512 a side; what the sheet does not show is 0.

        Args:
            values: (h, w) float, of this picture's height and width.
        """
        if not self.is_sheet:
            return values, self.region
        left, top, right, bottom = self.region
        per_px = min(1.0, _RASTER_PX / max(right - left, bottom - top))
        size = max(1, round(per_px * (bottom - top))), max(1, round(per_px * (right - left)))
        whole = np.zeros(size, values.dtype)
        for number, tile in enumerate(self.tiles):
            x, y, x_end, y_end = (
                round(per_px * (edge - start))
                for edge, start in zip(tile, (left, top, left, top), strict=True)
            )
            wide = max(1, x_end - x), max(1, y_end - y)
            part = cv2.resize(values[self.tile(number)], wide, interpolation=cv2.INTER_AREA)
            rows = slice(max(0, y), max(0, min(size[0], y_end)))
            columns = slice(max(0, x), max(0, min(size[1], x_end)))
            here = whole[rows, columns]
            inside = part[rows.start - y :, columns.start - x :][: here.shape[0], : here.shape[1]]
            np.maximum(here, inside, out=here)
        return whole, self.region

    def to_original(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Where a point of this picture lies in the original, in pixels of the original.

        The centre of this picture's first pixel is (0.5, 0.5).
        """
        height, width = self.rgb.shape[:2]
        left, top, right, bottom = self.region
        return left + x_px * (right - left) / width, top + y_px * (bottom - top) / height


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
    region, tiles, per_side = picture.region, picture.tiles, picture.per_side
    if isinstance(result, Reframed | Tiled) and picture.is_sheet:
        raise StepError(
            f"The step '{step.name}' follows a sheet of cells, of which it would cut the tiles. "
            "Put the sheet last."
        )
    if isinstance(result, Reframed):
        region = _on_original(picture, result.region)
        result = result.rgb
    elif isinstance(result, Tiled):
        tiles = tuple(_on_original(picture, each) for each in result.regions)
        per_side = result.per_side
        result = result.rgb
    result = np.ascontiguousarray(result)
    result.setflags(write=False)
    return StepPicture(step=step, rgb=result, region=region, tiles=tiles, per_side=per_side)


def _on_original(picture: StepPicture, region: Region) -> Region:
    """A region of a picture as one of the original."""
    left, top, right, bottom = region
    return (*picture.to_original(left, top), *picture.to_original(right, bottom))


def _not_a_picture(received: object) -> str:
    shape = getattr(received, "shape", None)
    kind = getattr(received, "dtype", type(received).__name__)
    return f"Received {kind} of shape {shape}, expected an RGB picture (H, W, 3) of uint8."
