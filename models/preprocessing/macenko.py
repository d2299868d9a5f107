"""The step that finds the two stains of a picture and replaces them by reference stains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.image.stains import TARGETS, Stains, Triple
from models.preprocessing.pixels import Floats, blackened, even_sample, in_bands, is_black
from models.preprocessing.spec import Rgb, StepParameter, StepSpec

_SAMPLE = 200_000  # pixels that a picture's stains are taken from
_MIN_PIXELS = 64  # with fewer stained pixels there is nothing to measure
_MIN_ANGLE = np.deg2rad(1.0)  # two stains nearer than this are one
_MIN_STRENGTH = 0.02  # a stain this weak is not there
_LIGHT = 240.0  # grey level of unstained background in the reference implementation
_LIGHT_PERCENTILE = 99.0


def macenko(rgb: Rgb, *, target: Stains, light: str, od_min: float, percentile: float) -> Rgb:
    """The picture with its two stains replaced by the target's, each in its own amount.

    Args:
        rgb: (h, w, 3) uint8. Exactly black pixels are removed background: they are not
            measured and stay black.
        target: The stains that the picture shall show.
        light: "fixed" takes 240 grey levels for unstained background, as the reference
            implementation does; "background" takes the picture's own, channel by channel,
            which a smear on a tinted background needs.
        od_min: Pixels whose vector of optical density is shorter are background, and are not
            measured.
        percentile: The extreme stain directions are this percentile and 100 minus it.

    A picture without two stains (blank, of one colour, black) is returned unchanged.
    """
    density = _density_table(rgb, light)
    found = _stains(rgb, density, od_min=od_min, percentile=percentile)
    if found is None:
        return rgb.copy()
    vectors, strengths = np.array(found.vectors), np.array(found.strengths)
    goal, goal_strengths = np.array(target.vectors), np.array(target.strengths)
    if (vectors[0] - vectors[1]) @ (goal[0] - goal[1]) < 0:
        # Which stain is which: the pairing whose directions are nearer to the target's.
        vectors, strengths = vectors[::-1], strengths[::-1]
    unmix = np.linalg.pinv(vectors) * (goal_strengths / strengths)
    mix = (unmix @ goal).astype(np.float32)

    def restained(band: Rgb) -> Rgb:
        intensity = _LIGHT * np.exp(-(_density_of(band, density) @ mix))
        result: Rgb = np.rint(np.clip(intensity, 0.0, 255.0)).astype(np.uint8)
        return result

    return blackened(in_bands(rgb, restained), ~is_black(rgb))


def find_stains(rgb: Rgb, *, light: str, od_min: float, percentile: float) -> Stains | None:
    """The two stains of a picture; None where it has not two. Arguments as in macenko."""
    return _stains(rgb, _density_table(rgb, light), od_min=od_min, percentile=percentile)


def _stains(rgb: Rgb, table: Floats, *, od_min: float, percentile: float) -> Stains | None:
    sample = even_sample(rgb, ~is_black(rgb), _SAMPLE)[np.newaxis]
    density = _density_of(sample, table)[0].astype(np.float64)
    stained = density[np.linalg.norm(np.maximum(density, 0.0), axis=1) >= od_min]
    if len(stained) < _MIN_PIXELS:
        return None
    # About the origin, where Beer and Lambert's planes of two stains meet, not about the mean:
    # the first direction is then positive, and no angle jumps from 180° to −180°.
    _, directions = np.linalg.eigh(stained.T @ stained / len(stained))
    plane = directions[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1.0, 1.0)
    angles = np.arctan2(stained @ plane[:, 1], stained @ plane[:, 0])
    low, high = np.percentile(angles, [percentile, 100.0 - percentile])
    if high - low < _MIN_ANGLE:
        return None
    ends = np.array([[np.cos(low), np.sin(low)], [np.cos(high), np.sin(high)]]) @ plane.T
    # The stain that absorbs more red (haematoxylin) first.
    vectors = ends if ends[0, 0] >= ends[1, 0] else ends[::-1]
    strengths = np.percentile(stained @ np.linalg.pinv(vectors), 99.0, axis=0)
    if strengths.min() < _MIN_STRENGTH:
        return None
    return Stains(
        vectors=(_triple(vectors[0]), _triple(vectors[1])),
        strengths=(float(strengths[0]), float(strengths[1])),
    )


def _density_table(rgb: Rgb, light: str) -> Floats:
    """Optical density (natural logarithm) of each grey level in each channel, (256, 3)."""
    lights = np.full(3, _LIGHT)
    if light == "background":
        sample = even_sample(rgb, ~is_black(rgb), _SAMPLE)
        if len(sample):
            lights = np.maximum(np.percentile(sample, _LIGHT_PERCENTILE, axis=0), 1.0)
    # One grey level is added, as in the reference implementation, so that 0 has a density.
    levels = (np.arange(256.0) + 1.0)[:, np.newaxis]
    table: Floats = -np.log(levels / lights).astype(np.float32)
    return table


def _density_of(rgb: Rgb, table: Floats) -> Floats:
    return np.stack([table[rgb[..., channel], channel] for channel in range(3)], axis=-1)


def _triple(vector: NDArray[np.float64]) -> Triple:
    return float(vector[0]), float(vector[1]), float(vector[2])


MACENKO = StepSpec(
    title="Macenko stain normalisation",
    description=(
        "Finds the two stains of a picture in optical density and replaces them by reference "
        "stains, each in its own amount. Made for histology; on smears, which hold dyes that "
        "absorb alike, take the Wright–Giemsa target and the picture's own background."
    ),
    source=(
        "Macenko et al. 2009, ISBI, 1107–1110; reference values for H&E from normalizeStaining.m "
        "(M. Veta). Wright–Giemsa: measured on smears (command: python -m training step-defaults "
        "stains)."
    ),
    parameters={
        "target": StepParameter(
            kind="choice",
            default="hematoxylin_eosin",
            choices=tuple(TARGETS),
            description="The stains that every picture shall show.",
        ),
        "light": StepParameter(
            kind="choice",
            default="fixed",
            choices=("fixed", "background"),
            description="Unstained background: 240 grey levels, or the picture's own 99th "
            "percentile, which is wrong for cells cut out on black.",
        ),
        "od_min": StepParameter(
            kind="float",
            default=0.15,
            low=0.01,
            high=1.0,
            unit="optical density",
            description="What absorbs less is background, and not measured.",
        ),
        "percentile": StepParameter(
            kind="float",
            default=1.0,
            low=0.0,
            high=20.0,
            unit="%",
            description="How many of the most extreme colours are left out on either side.",
        ),
    },
    apply=lambda rgb, parameters: macenko(
        rgb,
        target=TARGETS[parameters["target"]],
        light=parameters["light"],
        od_min=parameters["od_min"],
        percentile=parameters["percentile"],
    ),
)
