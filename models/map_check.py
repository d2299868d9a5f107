"""How far to believe a saliency method on a model: what was measured, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.figure import Figure

UNCHANGED_CORRELATION = 0.8
"""Above it, two maps share more than 0.8² = 64 % of the variance of their ranks: they are more
one picture than two."""


@dataclass(frozen=True, kw_only=True)
class MapContest:
    """One measure of a method's saliency maps beside maps that know nothing of the image.

    Attributes:
        own: Mean over the method's maps.
        gaussian, random: Mean for a Gaussian in the middle and for a random smooth map, on the
            same images.
        over_gaussian, over_random: How much better than these the method is, image by image:
            above 0 where it is better, whether the measure should be high or low.
    """

    own: Figure
    gaussian: float
    random: float
    over_gaussian: Figure
    over_random: Figure


@dataclass(frozen=True, kw_only=True)
class SaliencyCheck:
    """How far to believe a saliency method on a model, measured on its own test images.

    Attributes:
        method: Key of `models.saliency.SALIENCY_METHODS`.
        n, groups: Images, and the patients, cases or blocks that they come from.
        share: Part of the map's mass on cells, 0 to 1; high is good.
        even_share: What a map that is even throughout has there: the cells' part of the picture.
        deletion: Mean probability of the class while what the map marks is blurred away, most
            marked first; low is good (Petsiuk et al. 2018, "RISE").
        insertion: The same while it is brought back into a blurred picture; high is good.
        randomised_head, randomised_network: Mean rank correlation of maps before and after the
            weights of the last layer, and of all layers, were drawn anew (Adebayo et al. 2018,
            "Sanity checks for saliency maps").
    """

    method: str
    n: int
    groups: int
    share: MapContest
    even_share: float
    deletion: MapContest
    insertion: MapContest
    randomised_head: float
    randomised_network: float

    @property
    def beats_gaussian(self) -> bool:
        """Whether cell share and deletion are clearly better than those of a blob in the middle."""
        return self.share.over_gaussian.low > 0 and self.deletion.over_gaussian.low > 0

    @property
    def beats_random(self) -> bool:
        """Whether cell share and deletion are clearly better than those of a random map."""
        return self.share.over_random.low > 0 and self.deletion.over_random.low > 0

    @property
    def follows_weights(self) -> bool:
        """Whether the map becomes another when what the model learned is taken away."""
        return max(self.randomised_head, self.randomised_network) <= UNCHANGED_CORRELATION

    @property
    def passes(self) -> bool:
        """Whether maps of this method on this model may be believed at all."""
        return self.beats_gaussian and self.beats_random and self.follows_weights


def saliency_check_of(data: Mapping[str, Any]) -> SaliencyCheck:
    """A check as `asdict` made it. Raises KeyError or TypeError where it is none."""
    contests = {name: _contest(data[name]) for name in ("share", "deletion", "insertion")}
    return SaliencyCheck(**{**data, **contests})


def _contest(data: Mapping[str, Any]) -> MapContest:
    figures = {name: Figure(**data[name]) for name in ("own", "over_gaussian", "over_random")}
    return MapContest(**{**data, **figures})
