"""What is to be known of a data set before anything learns from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from training.datasets.adapters import ADAPTERS, expected_counts
from training.datasets.duplicates import NEAR_BITS, near_pairs
from training.datasets.index import ImageRecord
from training.datasets.inspection import ImageFacts, Unreadable
from training.datasets.metadata_leaks import Leak, find_leaks


@dataclass(frozen=True, kw_only=True)
class NearPair:
    """Two pictures that are nearly one: the index's names of them, and bits of 256 that differ."""

    first: str
    second: str
    bits: int


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
        leaks: What tells the label but for the picture.
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
    leaks: tuple[Leak, ...]
    warnings: tuple[str, ...]

    @property
    def n_images(self) -> int:
        """Number of readable images."""
        return sum(sum(labels.values()) for labels in self.counts.values())

    @property
    def has_unusable_files(self) -> bool:
        """Whether a file must be repaired or dropped before a run."""
        return bool(self.unreadable or self.altered)


def report_on(
    records: Sequence[ImageRecord],
    facts: Sequence[ImageFacts | Unreadable],
    *,
    max_bits: int = NEAR_BITS,
) -> DataReport:
    """What is to be known of these images.

    Args:
        records: The images.
        facts: What `inspect` told of each, in the same order.
        max_bits: Pictures whose hashes differ in at most so many of 256 bits look the same.
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
            if (kept[first].dataset, kept[first].label)
            != (kept[second].dataset, kept[second].label)
        ),
        leaks=find_leaks(kept, known),
        warnings=(*_count_warnings(counts), *_release_warnings(counts)),
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
