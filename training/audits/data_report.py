"""What is to be known of a data set before anything learns from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from training.audits.findings import LeakageReport
from training.audits.gate import audit_recipe
from training.audits.leakage import audit_labels, audit_leakage
from training.data.adapters import ADAPTERS, expected_counts
from training.data.collection import TaskImages, chosen_images, groups_of
from training.data.duplicates import near_pairs
from training.data.file_facts import ImageFacts
from training.data.index import ImageRecord, left_over
from training.data.inspection import Unreadable
from training.data.objections import Objection, objections_to, objections_to_labels
from training.errors import DatasetError
from training.recipes.recipe import NEAR_BITS, Recipe


@dataclass(frozen=True, kw_only=True)
class NearPair:
    """Two pictures that are nearly one: the index's names of them, and bits of 256 that differ."""

    first: str
    second: str
    bits: int


@dataclass(frozen=True, kw_only=True)
class RecipeAudit:
    """What a run of a recipe would find on these images before it starts.

    Attributes:
        recipe: Its name.
        leaks: The report that the run would leave.
        problem: Why the run could not split the images; "" where it could.
        objections: What is wrong with files and labels, on which it would not start.
        left_over: How many images fit none of its classes, and their labels; "" for none.
    """

    recipe: str
    leaks: LeakageReport
    problem: str = ""
    objections: tuple[Objection, ...] = ()
    left_over: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the run would refuse to start."""
        return bool(self.leaks.refused or self.problem or self.objections)


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """What a data set holds, and what is wrong with it.

    Attributes:
        counts: For each data set, images of each label; readable ones alone.
        n_groups: For each data set, number of known patients, subjects, cases or slides.
        n_ungrouped: For each data set, images whose group is not known.
        unreadable: Files that are no readable image.
        altered: Names of files that are not what the index's hash says.
        exact_duplicates: Names of files that are the same to the byte, together.
        near_duplicates: Pairs that look the same and are not in exact_duplicates.
        conflicts: Pairs of either sort that bear two labels.
        objections: What is wrong with files and with labels as they are, on which a run does not
            start.
        leaks: What gives away each data set's labels but for the picture, see `audit_labels`.
        recipe_audit: What a run of the recipe that was asked for would find; None without one.
        warnings: Sentences: counts that are not the papers', and what the release is known for.
    """

    counts: Mapping[str, Mapping[str, int]]
    n_groups: Mapping[str, int]
    n_ungrouped: Mapping[str, int]
    unreadable: tuple[Unreadable, ...]
    altered: tuple[str, ...]
    exact_duplicates: tuple[tuple[str, ...], ...]
    near_duplicates: tuple[NearPair, ...]
    conflicts: tuple[tuple[str, str], ...]
    objections: tuple[Objection, ...]
    leaks: LeakageReport
    warnings: tuple[str, ...]
    recipe_audit: RecipeAudit | None = None

    @property
    def n_images(self) -> int:
        """Number of readable images."""
        return sum(sum(labels.values()) for labels in self.counts.values())

    @property
    def has_unusable_files(self) -> bool:
        """Whether a file must be repaired or dropped before a run."""
        return bool(self.unreadable or self.altered)

    @property
    def is_refused(self) -> bool:
        """Whether a run would refuse to start: the recipe's, or without one a run on the labels."""
        if self.recipe_audit is None:
            return bool(self.leaks.refused or self.objections)
        return self.recipe_audit.is_refused


def report_on(
    records: Sequence[ImageRecord],
    facts: Sequence[ImageFacts | Unreadable],
    *,
    max_bits: int = NEAR_BITS,
    recipe: Recipe | None = None,
) -> DataReport:
    """What is to be known of these images.

    Args:
        records: The images.
        facts: What `inspect` found of each, in the same order.
        max_bits: Number of bits, of 256, in which the hashes of look-alikes differ at most.
        recipe: One whose classes and splits are audited as its run would audit them.

    Raises:
        DatasetError: The recipe has a class without images, or none of its images can be read.
    """
    readable = [
        (record, fact)
        for record, fact in zip(records, facts, strict=True)
        if isinstance(fact, ImageFacts)
    ]
    kept = [record for record, _ in readable]
    known = [fact for _, fact in readable]
    exact = _exact_duplicates(kept, known)
    near, alike = _near_duplicates(kept, known, max_bits)
    counts = _counts(kept)
    return DataReport(
        counts=counts,
        n_groups=MappingProxyType({name: _n_groups(kept, name) for name in counts}),
        n_ungrouped=MappingProxyType(
            {
                name: sum(record.dataset == name and not record.group for record in kept)
                for name in counts
            }
        ),
        unreadable=tuple(fact for fact in facts if isinstance(fact, Unreadable)),
        altered=tuple(
            record.name for record, fact in readable if record.sha256 not in ("", fact.sha256)
        ),
        exact_duplicates=exact,
        near_duplicates=near,
        conflicts=tuple(
            (kept[first].name, kept[second].name)
            for first, second in alike
            if kept[first].label
            and kept[second].label
            and (kept[first].dataset, kept[first].label)
            != (kept[second].dataset, kept[second].label)
        ),
        objections=objections_to_labels(kept, [fact.sha256 for fact in known]),
        leaks=audit_labels(
            [record for record in kept if record.label],
            [fact for record, fact in readable if record.label],
        ),
        warnings=(*_label_warnings(kept), *_count_warnings(counts), *_release_warnings(counts)),
        recipe_audit=_audit_for(recipe, records, facts) if recipe else None,
    )


def _audit_for(
    recipe: Recipe, records: Sequence[ImageRecord], facts: Sequence[ImageFacts | Unreadable]
) -> RecipeAudit:
    """The audit of a recipe's run, of the images that can be read."""
    # Sampled of all images, as a run samples them; it refuses unreadable ones by itself.
    chosen, labels = chosen_images(recipe, records)
    fact_of = {record.path: fact for record, fact in zip(records, facts, strict=True)}
    known = [(number, fact_of[record.path]) for number, record in enumerate(chosen)]
    readable = [(number, fact) for number, fact in known if isinstance(fact, ImageFacts)]
    if not readable:
        raise DatasetError(
            f"No image for {recipe.name} can be read. Repair the files, or drop "
            "their lines from the index."
        )
    kept, found = tuple(chosen[number] for number, _ in readable), [fact for _, fact in readable]
    hashes = np.stack([fact.hash_bits for fact in found])
    classes = tuple(recipe.task.classes)
    images = TaskImages(
        records=kept,
        labels=labels[[number for number, _ in readable]],
        groups=groups_of(kept, hashes, max_bits=recipe.task.near_bits),
        classes=classes,
    )
    problem = ""
    try:
        leaks = audit_recipe(recipe, images, found)
    except DatasetError as error:
        report = audit_leakage(images.records, images.labels, {}, facts=found)
        leaks, problem = replace(report, allowed=recipe.allow_leaks), str(error)
    names = [classes[label] for label in images.labels]
    return RecipeAudit(
        recipe=recipe.name,
        leaks=leaks,
        problem=problem,
        objections=objections_to(kept, names, [fact.sha256 for fact in found]),
        left_over=left_over(records, recipe.task.classes),
    )


def _counts(records: Sequence[ImageRecord]) -> Mapping[str, Mapping[str, int]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        counts[record.dataset][record.label] += 1
    return MappingProxyType(
        {name: MappingProxyType(dict(sorted(counts[name].items()))) for name in sorted(counts)}
    )


def _n_groups(records: Sequence[ImageRecord], dataset: str) -> int:
    return len({record.group for record in records if record.dataset == dataset and record.group})


def _exact_duplicates(
    records: Sequence[ImageRecord], facts: Sequence[ImageFacts]
) -> tuple[tuple[str, ...], ...]:
    same: dict[str, list[str]] = defaultdict(list)
    for record, fact in zip(records, facts, strict=True):
        same[fact.sha256].append(record.name)
    return tuple(tuple(names) for names in same.values() if len(names) > 1)


def _near_duplicates(
    records: Sequence[ImageRecord], facts: Sequence[ImageFacts], max_bits: int
) -> tuple[tuple[NearPair, ...], tuple[tuple[int, int], ...]]:
    """Pairs that look alike but differ in bytes; and all pairs that look alike, by number."""
    if not facts:
        return (), ()
    pairs = near_pairs(np.stack([fact.hash_bits for fact in facts]), max_bits=max_bits).tolist()
    near = tuple(
        NearPair(first=records[first].name, second=records[second].name, bits=bits)
        for first, second, bits in sorted(pairs, key=lambda pair: pair[2])
        if facts[first].sha256 != facts[second].sha256
    )
    return near, tuple((first, second) for first, second, _ in pairs)


def _label_warnings(records: Sequence[ImageRecord]) -> list[str]:
    numbers = Counter(record.dataset for record in records if not record.label)
    return [
        f"{name}: {number} images have no label, and no run takes them."
        for name, number in numbers.items()
    ]


def _count_warnings(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    warnings = []
    for dataset, mine in counts.items():
        expected, source = expected_counts(dataset)
        differing = [
            f"{label} {mine.get(label, 0)} of {number}"
            for label, number in expected.items()
            if mine.get(label, 0) != number
        ]
        if differing:
            warnings.append(
                f"{dataset}: the numbers of images differ from {source}: {', '.join(differing)}. "
                "Figures are not comparable with the paper's as they stand."
            )
    return warnings


def _release_warnings(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    return [
        f"{entry.dataset}: {warning}"
        for entry in ADAPTERS.values()
        if entry.dataset in counts
        for warning in entry.warnings
    ]
