"""The two dyes of a stain: which light each absorbs, and how strong it is on common slides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

Triple = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Stains:
    """The two stains of a slide.

    Attributes:
        vectors: Unit vectors of optical density (natural logarithm) in red, green and blue.
        strengths: 99th percentile of each stain's concentration over the stained pixels.
    """

    vectors: tuple[Triple, Triple]
    strengths: tuple[float, float]


TARGETS: Mapping[str, Stains] = MappingProxyType(
    {
        # HERef and maxCRef of normalizeStaining.m (M. Veta), the common reference values.
        "hematoxylin_eosin": Stains(
            vectors=((0.5626, 0.7201, 0.4062), (0.2159, 0.8012, 0.5581)),
            strengths=(1.9705, 1.0308),
        ),
        # Nuclei, then red cells, on CellaVision smears of three laboratories, 223 images: means
        # of the medians (command: python -m training step-defaults stains).
        "wright_giemsa": Stains(
            vectors=((0.483, 0.865, 0.137), (0.445, 0.640, 0.626)),
            strengths=(2.605, 0.580),
        ),
    }
)


def mixing_matrix(stain: str) -> np.ndarray:
    """Optical densities of two stains and of what is neither, as (3, 3) float64 unit rows.

    Args:
        stain: Key of TARGETS.
    """
    first, second = (
        np.asarray(vector) / np.linalg.norm(vector) for vector in TARGETS[stain].vectors
    )
    rest = np.cross(first, second)
    return np.stack([first, second, rest / np.linalg.norm(rest)])
