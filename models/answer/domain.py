"""Is this image of the kind that a model learned from?

Images of a kind lie close together in what a network makes of them. A Gaussian is laid around the
training images' features, in the directions in which they vary and in all others together
(probabilistic principal components: Tipping and Bishop 1999); the distance from it is
Mahalanobis's (Lee et al. 2018, arXiv 1807.03888). The limit is about the distance within which 95 %
of the images of a new patient lie, measured by leaving patients out of the Gaussian in turn (after
Barber et al. 2021, "Predictive inference with the jackknife+", arXiv 1905.02928, without its
guarantee, since an image is judged by one Gaussian around all).

An image may lie near them and yet be none of the classes: a normal lymphocyte beside blasts of the
same laboratory. What a model was shown as that (outlier exposure: Hendrycks et al. 2019, arXiv
1812.04606) is told by a linear rule on the same features, and is outside, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.answer.group_quantile import group_quantile
from models.answer.prediction import log_odds
from models.errors import BundleError

ACCEPTED_OF_OWN = 0.95
"""Share of a new patient's images that a model shall accept, where it knows enough patients."""
_MOST_DIRECTIONS = 64
_MOST_EXAMPLES = 1500
_NEAREST = 10
_FOLDS = 10
_MOST_LOG_ODDS = 10.0


@dataclass(frozen=True, kw_only=True, eq=False)
class NoneOfThese:
    """A class more than a model has: what it was shown that is none of its own.

    Attributes:
        kernel: (d, C + 1) float32, from features to a logit of each class; none of them comes last.
        bias: (C + 1,) float32.
    """

    kernel: np.ndarray
    bias: np.ndarray

    def log_odds(self, features: np.ndarray) -> np.ndarray:
        """Of images (n, d) that they are none of the classes, (n,) float64; above 0 they count as
        that. The zero is set on images that the rule had not learned from.
        """
        logits = np.asarray(features, np.float64) @ self.kernel + self.bias
        return log_odds(logits, self.bias.size - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Domain:
    """The images that a model was made with, those that tuned it among them, as it sees them.

    Attributes:
        layer: Name of the layer whose output, averaged over rows and columns, is the features.
        mean: (d,) float32, of the features.
        axes: (k, d) float32, orthonormal directions in which they vary most.
        spread: (k,) float32, their standard deviations there.
        rest: Standard deviation in each of the other d − k directions, above 0.
        limit: Distance up to which an image counts as of this kind.
        examples: (m, k) float32, its own images along the axes.
        labels: (m,) int16, their classes.
        none: What is none of its classes; None where it was shown nothing of that.
    """

    layer: str
    mean: np.ndarray
    axes: np.ndarray
    spread: np.ndarray
    rest: float
    limit: float
    examples: np.ndarray
    labels: np.ndarray
    none: NoneOfThese | None = None

    def distances(self, features: np.ndarray) -> np.ndarray:
        """How far images (n, d) lie from its own images, (n,) float64; 1 is an ordinary one.

        The root of the mean square of the distances in all d directions, each in units of its own
        standard deviation; the directions of large and of small variance count half each.
        """
        inside, outside = self._parts(features)
        return np.asarray(np.sqrt(0.5 * (inside**2).mean(axis=1) + 0.5 * outside**2))

    def foreignness(self, features: np.ndarray) -> np.ndarray:
        """How foreign images (n, d) are, (n,) float64, above 1 outside: their distance in units of
        the limit, or where that is more the odds that they are none of the classes."""
        found = self.distances(features) / self.limit
        if self.none is not None:
            odds = np.exp(np.clip(self.none.log_odds(features), -_MOST_LOG_ODDS, _MOST_LOG_ODDS))
            found = np.maximum(found, odds)
        return np.asarray(found)

    def nearest(self, features: np.ndarray) -> np.ndarray:
        """Classes of the ten of its images nearest to one image (d,), nearest first."""
        along = (np.asarray(features, np.float64) - self.mean) @ self.axes.T
        far = ((self.examples - along) ** 2).sum(axis=1)
        return np.asarray(self.labels[np.argsort(far, kind="stable")[:_NEAREST]])

    def _parts(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        centred = np.asarray(features, np.float64) - self.mean
        along = centred @ self.axes.T
        rest = centred - along @ self.axes
        n_rest = max(1, self.mean.size - self.spread.size)
        outside = np.sqrt((rest**2).sum(axis=1) / n_rest) / self.rest
        return along / self.spread, outside


@dataclass(frozen=True, kw_only=True)
class DomainVerdict:
    """Whether an image is of the kind that a model knows.

    Attributes:
        is_inside: Whether its distance is within the limit.
        distance, limit: See `Domain`.
        nearest: The classes of the nearest of its images with their number, most first.
        reason: The verdict in a sentence, without the measure.
        is_none: Whether it lies within the limit, and looks like what the model was shown as none
            of its classes.
    """

    is_inside: bool
    distance: float
    limit: float
    nearest: tuple[tuple[str, int], ...]
    reason: str
    is_none: bool = False

    @property
    def measured(self) -> str:
        """What the verdict rests on, in a sentence."""
        if self.is_none:
            return (
                "It lies near the images that the model learned from, and looks more like what the "
                "model was shown as none of its classes."
            )
        return (
            f"Its distance from the images that the model learned from is {self.distance:.2f}; "
            f"their own kind seldom goes beyond {self.limit:.2f}."
        )


def learn_domain(
    layer: str, features: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> Domain:
    """The domain of a model.

    The limit is a quantile of each image's distance from images of other groups, in which every
    group counts once and a new one lies beyond all; where there are too few groups for that (under
    19), the farthest of these distances. A group that holds more than half of the images tells
    nothing, since too few are left without it. At least 95 % of the given images are within, each
    group counted once.

    Args:
        layer: Where the features come from, see `Domain`.
        features: (n, d), of the images that the model was made with, validation's among them.
        labels: (n,) int, their classes.
        groups: (n,) int, patient, case or block of each.

    Raises:
        BundleError: The images are of fewer than two groups.
    """
    _, group_of = np.unique(groups, return_inverse=True)
    n_folds = min(_FOLDS, int(group_of.max()) + 1)
    if n_folds < 2:
        raise BundleError(
            "A domain is learned from images of at least two groups, and these are of one. "
            "Add images of other patients or cases."
        )
    folds = group_of % n_folds
    left_out = [fold for fold in range(n_folds) if 2 * (folds != fold).sum() >= len(folds)]
    # As many directions everywhere, and as many images again to tell the others' spread by.
    least = min(int((folds != fold).sum()) for fold in left_out)
    n_directions = max(1, min(_MOST_DIRECTIONS, least // 2, features.shape[1] - 1))
    distances = np.full(len(features), np.nan)
    for fold in left_out:
        new = folds == fold
        around = _around(layer, features[~new], labels[~new], n_directions)
        distances[new] = around.distances(features[new])
    known = ~np.isnan(distances)
    limit = group_quantile(distances[known], group_of[known], ACCEPTED_OF_OWN, n_new=1)
    domain = _around(layer, features, labels, n_directions)
    own = group_quantile(domain.distances(features), group_of, ACCEPTED_OF_OWN, n_new=0)
    return replace(domain, limit=max(own, min(limit, float(distances[known].max()))))


def _around(layer: str, features: np.ndarray, labels: np.ndarray, n_directions: int) -> Domain:
    """The Gaussian around these features, without a limit."""
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features - mean
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    spread = singular / np.sqrt(max(1, len(features) - 1))
    n_rest = max(1, features.shape[1] - n_directions)
    rest = float(np.sqrt((spread[n_directions:] ** 2).sum() / n_rest))
    floor = max(1e-6, 1e-3 * float(spread[0]))
    kept = np.linspace(0, len(features) - 1, min(_MOST_EXAMPLES, len(features))).astype(int)
    axes, spread = axes[:n_directions], np.maximum(spread[:n_directions], floor)
    return Domain(
        layer=layer,
        mean=mean.astype(np.float32),
        axes=axes.astype(np.float32),
        spread=spread.astype(np.float32),
        rest=max(rest, floor),
        limit=np.inf,
        examples=(centred[kept] @ axes.T).astype(np.float32),
        labels=labels[kept].astype(np.int16),
    )


def judge_domain(features: np.ndarray, domain: Domain, classes: Sequence[str]) -> DomainVerdict:
    """Whether an image with these features (d,) is of the kind that the domain describes."""
    distance = float(domain.distances(features[np.newaxis])[0])
    is_near = bool(distance <= domain.limit)
    is_none = domain.none is not None and bool(domain.none.log_odds(features[np.newaxis])[0] > 0)
    is_none, is_inside = is_near and is_none, is_near and not is_none
    counts = Counter(classes[number] for number in domain.nearest(features))
    nearest = tuple(counts.most_common())
    if is_inside:
        reason = "This image is of the kind that the model learned from."
    elif is_none:
        reason = (
            "This image looks like none of the model's classes. What it would answer means little."
        )
    else:
        reason = (
            "This image is unlike those that the model learned from. What it would answer means "
            "little."
        )
    return DomainVerdict(
        is_inside=is_inside,
        distance=distance,
        limit=domain.limit,
        nearest=nearest,
        reason=reason,
        is_none=is_none,
    )
