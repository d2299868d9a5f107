"""Probes: does a number that stands outside the picture tell the label, beyond chance?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.audits.file_headers import FileHeader
from training.datasets.index import ImageRecord
from training.datasets.metadata_leaks import LEAST_IMAGES, LEAST_SKILL, columns_of, foretold
from training.datasets.splits import known_groups
from training.measures import balanced_accuracy, confusion_matrix

_LEAST_OF_A_CLASS = 5
_MOST_MARKS = 64
_PERMUTATIONS, _AT_ONCE = 9999, 500
# Of the whole audit: each probe is held to it divided by the number of probes (Bonferroni).
_SIGNIFICANCE = 0.01
_NAMES = {
    "size": "label-from-size",
    "file format": "label-from-format",
    "metadata": "label-from-metadata",
    "file number": "label-from-file-order",
}


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well one thing outside the picture tells the label.

    Attributes:
        name: A key of `findings.LEAKS`.
        where: The data set, or the class as "dataset/label", that was looked at.
        strength: Balanced accuracy of a decision tree that sees nothing else, cross-validated.
        chance: What guessing reaches: 1 over the number of classes.
        n, n_groups: Images, and patients or single images where none is known.
        p_value: See `chance_p_value`; None where the strength is below the margin anyway.
    """

    name: str
    where: str
    strength: float
    chance: float
    n: int
    n_groups: int
    p_value: float | None

    def is_beyond_chance(self, n_probes: int) -> bool:
        """Whether it is above the margin and unlikely by chance, ``n_probes`` being looked at."""
        return self.p_value is not None and self.p_value < _SIGNIFICANCE / n_probes


def probe_sources(
    records: Sequence[ImageRecord], labels: np.ndarray, headers: Sequence[FileHeader]
) -> tuple[Probe, ...]:
    """Size, format, metadata and file number, each within one data set.

    Within one, because images of two laboratories differ in all of them: that alone is what
    `probe_laboratories` finds.

    Args:
        records: The images.
        labels: (n,) int.
        headers: Of each file.
    """
    probes = []
    datasets = np.array([record.dataset for record in records])
    for dataset in np.unique(datasets):
        counts = Counter(labels[datasets == dataset].tolist())
        kept = [label for label, count in counts.items() if count >= _LEAST_OF_A_CLASS]
        mine = np.nonzero((datasets == dataset) & np.isin(labels, kept))[0].tolist()
        if len(kept) < 2 or len(mine) < LEAST_IMAGES:
            continue
        chosen = [records[item] for item in mine]
        facts = [headers[item].facts for item in mine]
        columns = columns_of(chosen, facts) | {"metadata": _marks([headers[i] for i in mine])}
        patients = _numbers([record.group or f"#{i}" for i, record in enumerate(chosen)])
        blocks = _numbers(known_groups(chosen))
        for source, values in columns.items():
            if not values.size or not np.ptp(values, axis=0).any():
                continue
            # Neighbouring numbers may be one slide, so they stay in one fold.
            together = blocks if source == "file number" else patients
            answers = foretold(values, labels[mine], together)
            name = _NAMES[source]
            probes.append(_probe(name, str(dataset), answers, labels[mine], patients))
    return tuple(probes)


def probe_laboratories(records: Sequence[ImageRecord], labels: np.ndarray) -> tuple[Probe, ...]:
    """For each class, how well the data set alone parts it from the others; none for one set.

    One class against the rest, because a class with a laboratory of its own is no less given
    away where seven others share one.
    """
    names = [record.dataset for record in records]
    values = np.array(names)[:, None] == np.unique(names)[None, :]
    patients = _numbers([record.group or f"#{i}" for i, record in enumerate(records)])
    probes = []
    for label in np.unique(labels):
        is_it = (labels == label).astype(int)
        n_least = min(is_it.sum(), len(is_it) - is_it.sum())
        if values.shape[1] < 2 or n_least < _LEAST_OF_A_CLASS or len(is_it) < LEAST_IMAGES:
            continue
        answers = foretold(values.astype(np.float64), is_it, patients)
        own = {f"{r.dataset}/{r.label}" for r, it in zip(records, is_it, strict=True) if it}
        where = " + ".join(sorted(own))
        probes.append(_probe("label-from-source", where, answers, is_it, patients))
    return tuple(probes)


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
    of_group, sizes = true.argmax(axis=1), true.sum(axis=1)
    classes = np.unique(of_group)

    def strengths(drawn: np.ndarray) -> np.ndarray:
        """Mean sensitivity for each row of (draws, groups) labels."""
        is_it = (drawn == classes[:, None, None]).astype(np.float64)
        hits = np.stack(
            [rows @ answered[:, label] for rows, label in zip(is_it, classes, strict=True)]
        )
        rates: np.ndarray = (hits / (is_it @ sizes)).mean(axis=0)
        return rates

    rng = np.random.default_rng(0)
    found = strengths(of_group[np.newaxis])[0] - 1e-12
    as_good = 0
    for start in range(0, _PERMUTATIONS, _AT_ONCE):
        rows = np.tile(of_group, (min(_AT_ONCE, _PERMUTATIONS - start), 1))
        as_good += int((strengths(rng.permuted(rows, axis=1)) >= found).sum())
    return (1 + as_good) / (1 + _PERMUTATIONS)


def skill(strength: float, chance: float) -> float:
    """How far a figure is on the way from chance, 0, to perfect, 1."""
    return (strength - chance) / (1 - chance)


def _probe(
    name: str, where: str, answers: np.ndarray, labels: np.ndarray, patients: np.ndarray
) -> Probe:
    confusion = confusion_matrix(answers, labels, int(labels.max()) + 1)
    strength, chance = balanced_accuracy(confusion), 1 / len(np.unique(labels))
    is_strong = skill(strength, chance) >= LEAST_SKILL
    return Probe(
        name=name,
        where=where,
        strength=strength,
        chance=chance,
        n=len(labels),
        n_groups=len(np.unique(patients)),
        p_value=chance_p_value(answers, labels, patients) if is_strong else None,
    )


def _marks(headers: Sequence[FileHeader]) -> np.ndarray:
    """Which marks of a header each file has, as (n, marks); those of all files or few left out."""
    counts = Counter(mark for header in headers for mark in header.marks)
    told = [mark for mark, count in counts.most_common() if 3 <= count < len(headers)]
    return np.array(
        [[mark in header.marks for mark in told[:_MOST_MARKS]] for header in headers], np.float64
    )


def _numbers(names: Sequence[str]) -> np.ndarray:
    numbers: np.ndarray = np.unique(names, return_inverse=True)[1]
    return numbers
