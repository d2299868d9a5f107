"""Probes: does something outside the picture give the label away, beyond chance?"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from training.audits.chance import LEAST_SKILL, chance_p_value, order_p_value, skill
from training.data.file_facts import ImageFacts
from training.data.index import ImageRecord
from training.data.splits import known_groups
from training.judge.measures import balanced_accuracy, confusion_matrix

_FOLDS = 5
_LEAST_OF_A_CLASS = 5
_LEAST_IMAGES = 20  # with fewer, a cross-validated figure is noise
_MOST_MARKS = 64
# Of all probes of one data set, or of all classes between data sets: each is held to it divided
# by their number (Bonferroni). What else is in an index or a recipe changes no verdict.
_SIGNIFICANCE = 0.01
_NAMES = {
    "size": "label-from-size",
    "file format": "label-from-format",
    "metadata": "label-from-metadata",
    "file number": "label-from-file-order",
}
THE_LABEL = "the label"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """How well one thing outside the picture gives the label away.

    Attributes:
        name: A key of `training.recipes.leaks.LEAKS`.
        where: The data set, or the class as "dataset/label", that was looked at.
        question: What it gives away: "the label", or which of several labels.
        strength: Balanced accuracy of a decision tree that sees nothing else, cross-validated.
        chance: What guessing reaches: 1 over the number of classes.
        n, n_groups: Images, and patients or single images where none is known.
        p_value: See `chance_p_value` and `order_p_value`; None where the strength is below the
            margin anyway.
        n_probes: Number of probes that share one level of significance.
    """

    name: str
    where: str
    question: str = THE_LABEL
    strength: float
    chance: float
    n: int
    n_groups: int
    p_value: float | None
    n_probes: int = 1

    @property
    def is_beyond_chance(self) -> bool:
        """Whether it is above the margin and unlikely by chance: a run refuses to start."""
        return self.p_value is not None and self.p_value < _SIGNIFICANCE / self.n_probes


def probe_sources(
    records: Sequence[ImageRecord], labels: np.ndarray, facts: Sequence[ImageFacts]
) -> tuple[Probe, ...]:
    """Size, format, metadata and the order of files, each within one data set.

    Within one, because images of two laboratories differ in all of them: that alone is what
    `probe_laboratories` finds.

    Args:
        records: The images.
        labels: (n,) int.
        facts: Of each file.
    """
    probes: list[Probe] = []
    datasets = np.array([record.dataset for record in records])
    for dataset in np.unique(datasets):
        mine = np.nonzero(datasets == dataset)[0].tolist()
        probes += _probe_dataset(
            [records[item] for item in mine], labels[mine], [facts[item] for item in mine]
        )
    return tuple(probes)


def probe_labels(records: Sequence[ImageRecord], facts: Sequence[ImageFacts]) -> tuple[Probe, ...]:
    """The same probes of each data set's labels as they are, whatever a run will ask of them.

    All labels at once, each label against the rest, and each two labels.

    Args:
        records: The images.
        facts: Of each file.
    """
    probes: list[Probe] = []
    for dataset in sorted({record.dataset for record in records}):
        mine = [item for item, record in enumerate(records) if record.dataset == dataset]
        names = np.array([records[item].label for item in mine])
        for question, rows, labels in _questions(names):
            found = _probe_dataset(
                [records[mine[row]] for row in rows],
                labels,
                [facts[mine[row]] for row in rows],
            )
            probes += [replace(probe, question=question) for probe in found]
    return tuple(probes)


def probe_laboratories(records: Sequence[ImageRecord], labels: np.ndarray) -> tuple[Probe, ...]:
    """For each class, how well the data set alone parts it from the others; none for one set.

    One class against the rest, because a class with a laboratory of its own is no less given
    away where seven others share one.
    """
    names = [record.dataset for record in records]
    values = np.array(names)[:, None] == np.unique(names)[None, :]
    numbers, counts = np.unique(labels, return_counts=True)
    asked = numbers[np.minimum(counts, len(labels) - counts) >= _LEAST_OF_A_CLASS]
    if values.shape[1] < 2 or len(labels) < _LEAST_IMAGES or not len(asked):
        return ()
    patients = _patients(records)
    # Classes too rare to be asked for are spread as if they were the first of the others.
    folds = folds_of(np.where(np.isin(labels, asked), labels, asked[0]), patients)
    probes = []
    for label in asked:
        is_it = (labels == label).astype(int)
        answers = cross_validated_answers(values.astype(np.float64), is_it, folds)
        own = {f"{r.dataset}/{r.label}" for r, it in zip(records, is_it, strict=True) if it}
        where = " + ".join(sorted(own))
        probes.append(_probe("label-from-source", where, answers, is_it, patients))
    return tuple(replace(probe, n_probes=len(probes)) for probe in probes)


Folds = Sequence[tuple[np.ndarray, np.ndarray]]
"""Rows to learn from and rows to answer for, once for each fold."""


def folds_of(labels: np.ndarray, groups: np.ndarray) -> Folds:
    """At most five folds, stratified by label, with groups kept whole.

    Args:
        labels: (n,) int, each at least five times.
        groups: (n,) int.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    n_groups = len(np.unique(groups))
    n_folds = min(_FOLDS, n_groups)
    if n_groups == len(labels):
        alone = StratifiedKFold(n_folds, shuffle=True, random_state=0)
        return list(alone.split(labels, labels))
    together = StratifiedGroupKFold(n_folds, shuffle=True, random_state=0)
    return list(together.split(labels, labels, groups))


def cross_validated_answers(values: np.ndarray, labels: np.ndarray, folds: Folds) -> np.ndarray:
    """What a decision tree answers from a few numbers for images it did not learn from, as (n,).

    Args:
        values: (n, columns) float.
        labels: (n,) int.
        folds: See `folds_of`.
    """
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(min_samples_leaf=3, class_weight="balanced", random_state=0)
    answers = np.empty_like(labels)
    for learn, judge in folds:
        if len(judge):
            answers[judge] = tree.fit(values[learn], labels[learn]).predict(values[judge])
    return answers


def _probe_dataset(
    records: Sequence[ImageRecord], labels: np.ndarray, facts: Sequence[ImageFacts]
) -> list[Probe]:
    """Every probe of one data set; none with too few images, or where a source is all alike."""
    counts = Counter(labels.tolist())
    kept = [label for label, count in counts.items() if count >= _LEAST_OF_A_CLASS]
    mine = np.nonzero(np.isin(labels, kept))[0].tolist()
    if len(kept) < 2 or len(mine) < _LEAST_IMAGES:
        return []
    chosen, truth = [records[item] for item in mine], _by_appearance(labels[mine])
    columns = {
        source: values
        for source, values in _columns(chosen, [facts[item] for item in mine]).items()
        if values.size and np.ptp(values, axis=0).any()
    }
    patients = _patients(chosen)
    by_patient = folds_of(truth, patients) if columns else ()
    probes = []
    for source, values in columns.items():
        answers = cross_validated_answers(values, truth, by_patient)
        probes.append(_probe(_NAMES[source], chosen[0].dataset, answers, truth, patients))
    probes += [
        probe
        for rows, values in _file_orders(chosen, truth)
        for probe in _probe_order([chosen[row] for row in rows], truth[rows], values)
    ]
    return [replace(probe, n_probes=len(probes)) for probe in probes]


def _probe_order(
    records: Sequence[ImageRecord], labels: np.ndarray, places: np.ndarray
) -> list[Probe]:
    """The probe of one order of files; none with too few images, or where all are alike."""
    counts = Counter(labels.tolist())
    kept = np.isin(labels, [each for each, count in counts.items() if count >= _LEAST_OF_A_CLASS])
    chosen = [record for record, is_kept in zip(records, kept, strict=True) if is_kept]
    truth, places = _by_appearance(labels[kept]), places[kept]
    if len(chosen) < _LEAST_IMAGES or not truth.any() or not np.ptp(places):
        return []
    # Neighbouring numbers may be one slide, so they stay in one fold.
    groups = _numbers(known_groups(chosen))
    if len(np.unique(groups)) < 2:
        return []
    answers = cross_validated_answers(places[:, None], truth, folds_of(truth, groups))
    name, where = _NAMES["file number"], chosen[0].dataset
    if not chosen[0].person:
        return [_probe(name, where, answers, truth, _patients(chosen))]
    return [
        _probe(name, where, answers, truth, groups, p_value=partial(order_p_value, places=places))
    ]


def _file_orders(
    records: Sequence[ImageRecord], labels: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows (m,) int of images that are numbered alike, and the place (m,) float of each.

    Where nobody knows patient, case or slide, it is the number in the file's name. Where somebody
    does, the number may be theirs, and new ones have new numbers: then it is the place among the
    files of the same one, 0 to 1, of those who have images of several classes. Of the others the
    order within them tells nothing.
    """
    persons = np.array([record.person for record in records])
    alone = np.nonzero(persons == "")[0].tolist()
    if alone:
        numbers = [records[row].file_number for row in alone]
        yield (
            np.array(alone),
            np.array([-1 if each is None else each for each in numbers], np.float64),
        )
    parts = [np.nonzero(persons == person)[0] for person in np.unique(persons[persons != ""])]
    mixed = [rows for rows in parts if len(np.unique(labels[rows])) > 1]
    if mixed:
        places = [_places([records[row].file_numbers for row in rows.tolist()]) for rows in mixed]
        yield np.concatenate(mixed), np.concatenate(places)


def _places(numbers: Sequence[tuple[int, ...]]) -> np.ndarray:
    """How many of these come before each, as a share, 0 to 1; those alike share the middle."""
    order = sorted(numbers)
    before = [(bisect_left(order, each) + bisect_right(order, each)) / 2 for each in numbers]
    return np.array(before) / len(order)


def _questions(names: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """What may be asked of labels: in words, the rows (m,) int, and their classes (m,) int."""
    everything = np.arange(len(names))
    labels, numbers = np.unique(names, return_inverse=True)
    yield THE_LABEL, everything, numbers
    if len(labels) < 3:
        return
    for number, label in enumerate(labels):
        yield f"{label} from the rest", everything, (numbers == number).astype(int)
    for one, other in combinations(range(len(labels)), 2):
        rows = np.nonzero(np.isin(numbers, (one, other)))[0]
        question = f"{labels[one]} from {labels[other]}"
        yield question, rows, (numbers[rows] == other).astype(int)


def _probe(
    name: str,
    where: str,
    answers: np.ndarray,
    labels: np.ndarray,
    patients: np.ndarray,
    *,
    p_value: Callable[[np.ndarray, np.ndarray, np.ndarray], float] = chance_p_value,
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
        p_value=p_value(answers, labels, patients) if is_strong else None,
    )


def _columns(records: Sequence[ImageRecord], facts: Sequence[ImageFacts]) -> dict[str, np.ndarray]:
    """What is known of each file but its picture, as (n, columns) float64 for each source."""
    formats = np.array([fact.format for fact in facts])
    columns = {
        "size": [[fact.width, fact.height] for fact in facts],
        "file format": formats[:, None] == np.unique(formats)[None, :],
        "metadata": _marks(facts),
    }
    return {source: np.asarray(values, np.float64) for source, values in columns.items()}


def _marks(facts: Sequence[ImageFacts]) -> np.ndarray:
    """Which marks of a header each file has, as (n, marks); those of all files or few left out."""
    counts = Counter(mark for fact in facts for mark in fact.marks)
    common = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    kept = [mark for mark, count in common if 3 <= count < len(facts)]
    return np.array([[mark in fact.marks for mark in kept[:_MOST_MARKS]] for fact in facts])


def _by_appearance(labels: np.ndarray) -> np.ndarray:
    """Labels numbered as they first appear, so that the order of classes changes no verdict."""
    _, first, number = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[number])


def _patients(records: Sequence[ImageRecord]) -> np.ndarray:
    """A number for each image's patient, case or slide, (n,) int; its own where none is known.

    Patients of two data sets are two, though both were called "1", but where both sets are known
    to be of the same people.
    """
    return _numbers([record.person or f"#{item}" for item, record in enumerate(records)])


def _numbers(names: Sequence[str]) -> np.ndarray:
    numbers: np.ndarray = np.unique(names, return_inverse=True)[1]
    return numbers
