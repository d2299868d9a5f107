"""How far a balanced accuracy is above chance, and how likely it is by chance alone."""

from __future__ import annotations

import numpy as np

# A quarter of the way from chance to perfect. On thirteen public sets size reached 0.13 of it
# at most, but for one whose two labels are two laboratories, at 0.90; numbers that restart in each
# class stayed below 0, running ones reached 0.35 and more.
LEAST_SKILL = 0.25
_PERMUTATIONS, _AT_ONCE = 9999, 500
_TOLERANCE = 1e-12
_LOT_COST = 8  # one kind drawn by lot takes about as long as this number of groups shuffled


def skill(strength: float, chance: float) -> float:
    """How far a balanced accuracy is on the way from chance, 0, to perfect, 1."""
    return (strength - chance) / (1 - chance)


def chance_p_value(answers: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """How likely such a balanced accuracy is where labels say nothing of the answers.

    A permutation test: labels are exchanged between whole groups, answers stay (Good 2005,
    "Permutation, parametric and bootstrap tests of hypotheses"); p is never 0 (Phipson & Smyth
    2010). A group has the label of most of its images.

    Args:
        answers: (n,) int, of a classifier that had not seen the image's own label.
        labels: (n,) int, the truth.
        groups: (n,) int, patient of each image.
    """
    _, group = np.unique(groups, return_inverse=True)
    n_groups, n_classes = int(group.max()) + 1, int(max(labels.max(), answers.max())) + 1
    answered, true = np.zeros((2, n_groups, n_classes))
    np.add.at(answered, (group, answers), 1)
    np.add.at(true, (group, labels), 1)
    classes, of_group = np.unique(true.argmax(axis=1), return_inverse=True)
    hits, sizes = answered[:, classes], true.sum(axis=1)
    # Groups with the same answers can stand for each other: it is enough to draw how many of
    # each kind get each label. Most images are a group of their own, with one of few answers.
    kinds, first, kind = np.unique(answered, axis=0, return_index=True, return_inverse=True)
    is_few = _LOT_COST * len(kinds) * len(classes) < n_groups
    rng = np.random.default_rng(0)
    found = _strengths_of_labels(of_group[np.newaxis], hits, sizes)[0] - _TOLERANCE
    as_good = 0
    for start in range(0, _PERMUTATIONS, _AT_ONCE):
        n = min(_AT_ONCE, _PERMUTATIONS - start)
        if is_few:
            counts = _drawn_counts(rng, np.bincount(of_group), np.bincount(kind.ravel()), n)
            strengths = _strengths_of_counts(counts, hits[first], sizes[first])
        else:
            shuffled = rng.permuted(np.tile(of_group, (n, 1)), axis=1)
            strengths = _strengths_of_labels(shuffled, hits, sizes)
        as_good += int((strengths >= found).sum())
    return (1 + as_good) / (1 + _PERMUTATIONS)


def order_p_value(
    answers: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, places: np.ndarray
) -> float:
    """How likely such a balanced accuracy is where the order within groups says nothing.

    As `chance_p_value`, for groups with images of several classes: the labels of each group are
    turned round in a circle, or backwards, by lot, so that neighbours stay neighbours.

    Args:
        answers: (n,) int, of a classifier that saw an image's place in its group.
        labels: (n,) int, the truth.
        groups: (n,) int, patient of each image.
        places: (n,) float, of each image in its group.
    """
    rng = np.random.default_rng(0)
    classes, label_of = np.unique(labels, return_inverse=True)
    sizes = np.bincount(label_of)
    found, drawn = np.zeros(len(classes)), np.zeros((_PERMUTATIONS, len(classes)))
    for group in np.unique(groups):
        mine = np.nonzero(groups == group)[0]
        mine = mine[np.argsort(places[mine], kind="stable")]
        true, answered = label_of[mine], classes.searchsorted(answers[mine])
        turns = np.array(
            [np.roll(way, by) for way in (true, true[::-1]) for by in range(len(true))]
        )
        is_hit = turns == answered
        hits = np.stack([(is_hit & (turns == each)).sum(axis=1) for each in range(len(classes))], 1)
        found += hits[0]
        drawn += hits[rng.integers(len(hits), size=_PERMUTATIONS)]
    as_good = (drawn / sizes).mean(axis=1) >= (found / sizes).mean() - _TOLERANCE
    return (1 + int(as_good.sum())) / (1 + _PERMUTATIONS)


def _strengths_of_labels(labels: np.ndarray, hits: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Balanced accuracy of each row of labels, as (draws,) float.

    Args:
        labels: (draws, groups) int, the label of each group.
        hits: (groups, classes), images of the group that are answered with each class.
        sizes: (groups,), images of the group.
    """
    rates = []
    for label, answered in enumerate(hits.T):
        is_it = (labels == label).astype(np.float64)
        rates.append((is_it @ answered) / (is_it @ sizes))
    return np.asarray(np.mean(rates, axis=0))


def _strengths_of_counts(counts: np.ndarray, hits: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Balanced accuracy of each draw, as (draws,) float.

    Args:
        counts: (draws, classes, kinds), groups of each kind that bear each label.
        hits: (kinds, classes), images of such a group that are answered with each class.
        sizes: (kinds,), images of such a group.
    """
    right = np.einsum("dck,kc->dc", counts, hits)
    return np.asarray((right / (counts @ sizes)).mean(axis=1))


def _drawn_counts(
    rng: np.random.Generator, of_labels: np.ndarray, of_kinds: np.ndarray, n: int
) -> np.ndarray:
    """How many groups of each kind get each label by lot, as (n, classes, kinds) float.

    Args:
        rng: Draws.
        of_labels: (classes,) int, number of groups with each label.
        of_kinds: (kinds,) int, number of groups of each kind.
        n: Number of draws.
    """
    found = np.zeros((n, len(of_labels), len(of_kinds)))
    left = np.tile(of_kinds, (n, 1))
    for label, n_groups in enumerate(of_labels):
        wanted, others = np.full(n, n_groups), left.sum(axis=1)
        for kind in range(len(of_kinds)):
            others = others - left[:, kind]
            given = rng.hypergeometric(left[:, kind], others, wanted)
            found[:, label, kind] = given
            wanted = wanted - given
            left[:, kind] -= given
    return found
