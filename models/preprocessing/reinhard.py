"""The step that brings mean and spread of a picture's colours to a reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.preprocessing.pixels import blackened, even_sample, in_bands, is_black, lab_of, rgb_of
from models.preprocessing.spec import Rgb, StepParameter, StepSpec

_SAMPLE = 200_000  # pixels that a picture's statistics are taken from
_MIN_PIXELS = 64  # with fewer there is nothing to measure
_MIN_STD = 0.1  # below this spread of L*, a picture is of one colour
_MAX_GAIN = 5.0  # a nearly uniform picture is not stretched into noise
_TISSUE_SHARE = 0.85  # of the lightest L*: red cells lie below it, clear background above


@dataclass(frozen=True, kw_only=True)
class LabStatistics:
    """Mean and standard deviation of colour in CIE L*a*b* (D65): (L*, a*, b*) each."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def reinhard(rgb: Rgb, *, target: LabStatistics, measured_on: str) -> Rgb:
    """The picture with the mean and spread of its colours moved to the target's.

    Args:
        rgb: (h, w, 3) uint8. Exactly black pixels are removed background: they are not
            measured and stay black.
        target: What the picture's colours shall have.
        measured_on: "tissue" measures the picture where it is darker than clear background, so
            that the amount of cells does not shift their colour; "all" measures every pixel.
            The shift is applied to every pixel either way.

    A blank picture is returned unchanged. No channel's spread grows more than fivefold.
    """
    found = lab_statistics(rgb, measured_on=measured_on)
    if found is None:
        return rgb.copy()
    mean, goal = np.array(found.mean, np.float32), np.array(target.mean, np.float32)
    spread = np.maximum(np.array(found.std, np.float32), np.float32(1e-3))
    gain = np.minimum(np.array(target.std, np.float32) / spread, np.float32(_MAX_GAIN))
    moved = in_bands(rgb, lambda band: rgb_of((lab_of(band) - mean) * gain + goal))
    return blackened(moved, ~is_black(rgb))


def lab_statistics(rgb: Rgb, *, measured_on: str) -> LabStatistics | None:
    """Mean and spread of a picture's colours; None where it is blank. Arguments as in reinhard."""
    pixels = even_sample(rgb, ~is_black(rgb), _SAMPLE)
    if len(pixels) < _MIN_PIXELS:
        return None
    lab = lab_of(pixels[np.newaxis])[0].astype(np.float64)
    if measured_on == "tissue":
        lab = lab[lab[:, 0] < _TISSUE_SHARE * np.percentile(lab[:, 0], 99)]
    if len(lab) < _MIN_PIXELS or lab[:, 0].std() < _MIN_STD:
        return None
    mean, std = lab.mean(axis=0), lab.std(axis=0)
    return LabStatistics(
        mean=(float(mean[0]), float(mean[1]), float(mean[2])),
        std=(float(std[0]), float(std[1]), float(std[2])),
    )


def _apply(rgb: Rgb, parameters: Mapping[str, Any]) -> Rgb:
    target = LabStatistics(
        mean=(parameters["mean_l"], parameters["mean_a"], parameters["mean_b"]),
        std=(parameters["std_l"], parameters["std_a"], parameters["std_b"]),
    )
    return reinhard(rgb, target=target, measured_on=parameters["measured_on"])


def _number(description: str, default: float, low: float, high: float) -> StepParameter:
    return StepParameter(
        kind="float",
        default=default,
        low=low,
        high=high,
        unit="CIE L*a*b* units",
        description=description,
    )


REINHARD = StepSpec(
    title="Reinhard stain normalisation",
    description=(
        "Moves mean and spread of a picture's colours to a target, so that slides of different "
        "laboratories look alike. The target belongs to one kind of slide: smears by default; "
        "for other slides, measure them."
    ),
    source=(
        "Reinhard et al. 2001, IEEE Comput. Graph. Appl. 21(5):34–41, in CIE L*a*b* instead of "
        "lαβ. Default target: tissue of six smear collections, each counted once (command: "
        "python -m training step-defaults stains)."
    ),
    # Means of the medians of six collections, 425 images, rounded to whole units.
    parameters={
        "mean_l": _number("Mean lightness of the target.", 60.0, 0.0, 100.0),
        "mean_a": _number("Mean a* (green to magenta) of the target.", 18.0, -100.0, 100.0),
        "mean_b": _number("Mean b* (blue to yellow) of the target.", -10.0, -100.0, 100.0),
        "std_l": _number("Standard deviation of the target's lightness.", 11.0, 0.5, 50.0),
        "std_a": _number("Standard deviation of the target's a*.", 10.0, 0.5, 50.0),
        "std_b": _number("Standard deviation of the target's b*.", 16.0, 0.5, 50.0),
        "measured_on": StepParameter(
            kind="choice",
            default="tissue",
            choices=("tissue", "all"),
            description="Whether the picture is measured where it is darker than background, "
            "or everywhere.",
        ),
    },
    apply=_apply,
)
