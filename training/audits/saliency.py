"""How far to believe a model's saliency maps: against maps that know nothing of the image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from tqdm import tqdm

from models.agreement import rank_correlation, top_overlap
from models.answer.saliency import share_on_mask
from models.bundle.card import MapContest, SaliencyCheck
from models.rate import Rate
from training.audits.saliency_fidelity import fidelity
from training.errors import DatasetError
from training.judge.basis import Basis
from training.judge.bootstrap import bootstrap_figures

GAUSSIAN, RANDOM, EVEN = "centred Gaussian", "random", "even"
SHARE, DELETION, INSERTION = "share", "deletion", "insertion"
# The centred Gaussian's standard deviation, as a share of the picture's side.
_GAUSSIAN_SIGMA = 0.25
# As coarse as class activation maps are: the backbones halve their input five times.
_RANDOM_CELL_PX = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Viewed:
    """A test image as the model sees it, with what the maps of it are compared with.

    Attributes:
        rgb: (px, px, 3) uint8.
        cells: (px, px) bool, where cells are; somewhere True.
        group: Patient, case or block.
        class_index: The class that the maps explain: the model's first.
        maps: (px, px) float32, 0 to 1, by method.
    """

    rgb: np.ndarray
    cells: np.ndarray
    group: int
    class_index: int
    maps: Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far two methods' maps of the same images agree, in the mean.

    Attributes:
        first, second: Methods.
        rank_correlation: −1 to 1.
        top_overlap: Of the highest tenths, 0 to 1; `models.agreement.OVERLAP_BY_CHANCE` by chance.
    """

    first: str
    second: str
    rank_correlation: float
    top_overlap: float


@dataclass(frozen=True, kw_only=True)
class SaliencyAudit:
    """What was measured of a model's saliency methods.

    Attributes:
        model: Bundle id.
        images: What was looked at, in a sentence.
        checks: A verdict a method.
        agreement: Of each pair of methods.
    """

    model: str
    images: str
    checks: tuple[SaliencyCheck, ...]
    agreement: tuple[Agreement, ...]

    def lines(self) -> list[str]:
        """The audit as lines of text."""
        lines = [f"{self.model}: {self.images}"]
        for check in self.checks:
            lines.append(f"{check.method}: {'passes' if check.passes else 'FAILS'}")
            for name in (SHARE, DELETION, INSERTION):
                contest: MapContest = getattr(check, name)
                lines.append(
                    f"  {name} {contest.own.in_decimals}; "
                    f"{GAUSSIAN} {contest.gaussian:.3f}, "
                    f"better by {contest.over_gaussian.in_decimals}; "
                    f"{RANDOM} {contest.random:.3f}, better by {contest.over_random.in_decimals}"
                )
            lines.append(
                f"  rank correlation with maps of other weights: last layer "
                f"{check.randomised_head:.2f}, all {check.randomised_network:.2f}"
            )
        return lines + [
            f"{pair.first} and {pair.second}: rank correlation {pair.rank_correlation:.2f}, "
            f"overlap of the top tenth {pair.top_overlap:.2f}"
            for pair in self.agreement
        ]


def check_maps(
    ask: Callable[[np.ndarray], np.ndarray],
    images: Sequence[Viewed],
    unchanged: Mapping[str, tuple[float, float]],
) -> tuple[SaliencyCheck, ...]:
    """A verdict on each method whose maps the images carry.

    Args:
        ask: From pictures (N, px, px, 3) uint8 to probabilities (N, C).
        images: All with maps of the same methods.
        unchanged: Of each method, mean rank correlation of its maps before and after the weights
            of the last layer, and of all layers, were drawn anew.

    Raises:
        DatasetError: The images are of fewer than two groups: there is no interval.
    """
    groups = two_groups(images)
    n_groups = int(groups.max()) + 1
    rows = [
        _measured(ask, image, seed)
        for seed, image in enumerate(tqdm(images, desc="Maps", leave=False, disable=None))
    ]
    figures = {each.name: each for each in _figures(rows, groups, methods=list(unchanged))}
    return tuple(
        SaliencyCheck(
            method=method,
            n=len(images),
            groups=n_groups,
            share=_contest(figures, SHARE, method),
            even_share=figures[f"{SHARE} {EVEN}"].value,
            deletion=_contest(figures, DELETION, method),
            insertion=_contest(figures, INSERTION, method),
            randomised_head=head,
            randomised_network=whole,
        )
        for method, (head, whole) in unchanged.items()
    )


def two_groups(images: Sequence[Viewed]) -> np.ndarray:
    """The group of each image, (n,) int from 0 on. Raises DatasetError where there is only one."""
    _, groups = np.unique([image.group for image in images], return_inverse=True)
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise DatasetError(
            f"Images with cells of at least two groups are needed, and these are of {n_groups}. "
            "Look at more images."
        )
    return groups


def agreements(images: Sequence[Viewed]) -> tuple[Agreement, ...]:
    """How far each pair of methods agrees; images with an empty map are left out."""
    found = []
    for first, second in combinations(images[0].maps, 2):
        pairs = [(image.maps[first], image.maps[second]) for image in images]
        measured = [
            (correlation, overlap)
            for pair in pairs
            if (correlation := rank_correlation(*pair)) is not None
            and (overlap := top_overlap(*pair)) is not None
        ]
        if measured:
            correlation, overlap = np.mean(measured, axis=0)
            found.append(
                Agreement(
                    first=first,
                    second=second,
                    rank_correlation=float(correlation),
                    top_overlap=float(overlap),
                )
            )
    return tuple(found)


def centred_gaussian(side: int) -> np.ndarray:
    """A blob in the middle of a picture: (side, side) float32, 0 to 1."""
    offset = (np.arange(side) - (side - 1) / 2) / (side * _GAUSSIAN_SIGMA)
    line = np.exp(-0.5 * offset**2)
    return np.outer(line, line).astype(np.float32)


def random_map(side: int, *, seed: int) -> np.ndarray:
    """A map of chance, as coarse and smooth as a class activation map: (side, side) float32."""
    cells = max(2, round(side / _RANDOM_CELL_PX))
    coarse = np.random.default_rng(seed).random((cells, cells), dtype=np.float32)
    enlarged = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(enlarged, 0, 1), np.float32)


def _blind(image: Viewed, seed: int) -> dict[str, np.ndarray]:
    side = image.rgb.shape[0]
    return {GAUSSIAN: centred_gaussian(side), RANDOM: random_map(side, seed=seed)}


def _shares(image: Viewed, blind: Mapping[str, np.ndarray]) -> dict[str, float]:
    """An empty map marks no cell: its share is 0."""
    maps = {**image.maps, **blind}
    found = {name: share_on_mask(values, image.cells) or 0.0 for name, values in maps.items()}
    return found | {EVEN: float(image.cells.mean())}


def _measured(
    ask: Callable[[np.ndarray], np.ndarray], image: Viewed, seed: int
) -> dict[tuple[str, str], float]:
    """Every measure of every map of an image; higher is better throughout."""
    blind = _blind(image, seed)
    found = {(SHARE, name): share for name, share in _shares(image, blind).items()}
    curves = fidelity(
        ask, image.rgb, {**image.maps, **blind}, class_index=image.class_index, seed=seed
    )
    for name, curve in curves.items():
        found[DELETION, name] = -curve.deletion
        found[INSERTION, name] = curve.insertion
    return found


def _figures(
    rows: Sequence[Mapping[tuple[str, str], float]], groups: np.ndarray, *, methods: Sequence[str]
) -> tuple[Rate, ...]:
    """Means of all measures, and of the methods' leads, from the same draws of groups."""
    table = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    columns = {
        f"{measure} {name}": -values if measure == DELETION else values
        for (measure, name), values in table.items()
    }
    for measure in (SHARE, DELETION, INSERTION):
        for method in methods:
            for rival in (GAUSSIAN, RANDOM):
                lead = table[measure, method] - table[measure, rival]
                columns[f"{measure} {method} over {rival}"] = lead
    names, values = list(columns), np.stack(list(columns.values()), axis=1)

    def means(drawn: np.ndarray) -> dict[str, float]:
        return dict(zip(names, values[drawn].mean(axis=0).tolist(), strict=True))

    leads = {name: Basis(lowest=-1.0) for name in names if " over " in name}
    return bootstrap_figures(means, groups, bases=leads)


def _contest(figures: Mapping[str, Rate], measure: str, method: str) -> MapContest:
    return MapContest(
        own=figures[f"{measure} {method}"],
        gaussian=figures[f"{measure} {GAUSSIAN}"].value,
        random=figures[f"{measure} {RANDOM}"].value,
        over_gaussian=figures[f"{measure} {method} over {GAUSSIAN}"],
        over_random=figures[f"{measure} {method} over {RANDOM}"],
    )
