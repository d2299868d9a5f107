"""Does anything but the cells give the label away, or stand on two sides of a split?

The audit trusts no group that a split was made with: it looks at files, pictures and the index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from training.audits.findings import LeakageFinding, LeakageReport
from training.audits.probes import (
    THE_LABEL,
    Probe,
    probe_labels,
    probe_laboratories,
    probe_sources,
)
from training.data.duplicates import near_pairs
from training.data.file_facts import ImageFacts
from training.data.index import ImageRecord
from training.data.splits import Split
from training.recipes.leaks import LEAKS
from training.recipes.recipe import NEAR_BITS

_MOST_PATHS = 6
_MOST_QUESTIONS = 3
_SOURCES = {
    "label-from-size": "the size in pixels",
    "label-from-format": "the file format",
    "label-from-metadata": "what the file's header says of camera, program and compression",
    "label-from-file-order": "the order of the files by the numbers in their names",
}


def audit_leakage(
    records: Sequence[ImageRecord],
    labels: np.ndarray,
    splits: Mapping[str, Sequence[Split]],
    *,
    facts: Sequence[ImageFacts],
    near_bits: int = NEAR_BITS,
) -> LeakageReport:
    """What leaks in a collection of images and its splits.

    A picture on two sides blocks a run. So does a known patient, case or slide, but in a split
    called "random", whose name says that groups are ignored: there it is a note. A probe blocks
    where its balanced accuracy is at least a quarter of the way from chance to perfect and a
    permutation test finds p < 0.01 over the number of probes of its data set; above the margin
    alone, as with very few patients, it is a note.

    Args:
        records: The images.
        labels: (n,) int, class of each.
        splits: For each kind of split its folds, or one.
        facts: Of each file.
        near_bits: Number of bits, of 256, in which the hashes of look-alikes differ at most.
    """
    within, between = probe_sources(records, labels, facts), probe_laboratories(records, labels)
    findings = [_from_probe(probe) for probe in within]
    findings.append(_from_laboratories(between))
    same, alike = _same(facts), _alike(facts, near_bits)
    patients = [record.person for record in records]
    for kind, folds in splits.items():
        sides = [_sides(fold, len(records)) for fold in folds]
        for name, pairs, sentence in (
            ("duplicates-across-sides", same, "are the same to the byte as one on another side"),
            ("near-duplicates-across-sides", alike, "look the same as one on another side"),
        ):
            torn = _torn_pairs(pairs, sides)
            findings.append(_pictures(name, sentence, kind, torn, records))
        findings.append(_groups(kind, patients, sides, records))
    found = [finding for finding in findings if finding is not None]
    return LeakageReport(
        n_images=len(records),
        n_probes=len(within) + len(between),
        findings=tuple(sorted(found, key=lambda finding: not finding.is_blocking)),
    )


def audit_labels(records: Sequence[ImageRecord], facts: Sequence[ImageFacts]) -> LeakageReport:
    """What gives away the labels of each data set as they are, before any recipe chooses of them.

    The probes are those of a run, each asked of all labels at once, of each label against the
    rest and of each two labels: a run on these refuses to start where a finding blocks. What a
    recipe makes of labels of several data sets, `audit_leakage` alone can say.

    Args:
        records: The images.
        facts: Of each file.
    """
    probes = probe_labels(records, facts)
    by_source: dict[tuple[str, str], list[Probe]] = defaultdict(list)
    for probe in probes:
        by_source[probe.where, probe.name].append(probe)
    found = [_from_questions(asked) for asked in by_source.values()]
    findings = [finding for finding in found if finding is not None]
    return LeakageReport(
        n_images=len(records),
        n_probes=len(probes),
        findings=tuple(sorted(findings, key=lambda finding: not finding.is_blocking)),
    )


def _from_questions(probes: Sequence[Probe]) -> LeakageFinding | None:
    """One finding for all that one source gives away of a data set's labels."""
    blocking = sorted(
        (probe for probe in probes if probe.is_beyond_chance),
        key=lambda probe: (probe.question != THE_LABEL, -probe.strength),
    )
    whole = next((probe for probe in probes if probe.question == THE_LABEL), None)
    best = blocking[0] if blocking else whole
    finding = None if best is None else _from_probe(best)
    others = [probe.question for probe in blocking[1:]]
    if finding is None or not others:
        return finding
    named = "; ".join(others[:_MOST_QUESTIONS])
    more = f"; and {len(others) - _MOST_QUESTIONS} more" if len(others) > _MOST_QUESTIONS else ""
    return replace(finding, sentence=f"{finding.sentence} It also tells {named}{more}.")


def _from_probe(probe: Probe) -> LeakageFinding | None:
    if probe.p_value is None:
        return None
    claim = f"{probe.where}: {_SOURCES[probe.name]} tells {probe.question}"
    return _finding(probe, claim, where=probe.where)


def _from_laboratories(probes: Sequence[Probe]) -> LeakageFinding | None:
    """One finding for all classes that the data set alone tells from the rest."""
    strong = [probe for probe in probes if probe.p_value is not None]
    if not strong:
        return None
    best = max(strong, key=lambda probe: (probe.is_beyond_chance, probe.strength))
    classes = ", ".join(probe.where for probe in strong)
    claim = (
        f"The data set alone parts {len(strong)} of {len(probes)} classes from the rest "
        f"({classes}); the best of them, {best.where},"
    )
    return _finding(best, claim, where="all data sets")


def _finding(probe: Probe, claim: str, *, where: str) -> LeakageFinding:
    doubt = f"With {probe.n_groups} patients or single images this may be chance."
    return LeakageFinding(
        name=probe.name,
        sentence=f"{claim} with balanced accuracy {probe.strength:.2f} (chance "
        f"{probe.chance:.2f}, n {probe.n}, p {probe.p_value:.4f}). "
        f"{LEAKS[probe.name] if probe.is_beyond_chance else doubt}",
        where=where,
        n=probe.n,
        is_blocking=probe.is_beyond_chance,
        strength=probe.strength,
        chance=probe.chance,
        p_value=probe.p_value,
    )


def _pictures(
    name: str, sentence: str, kind: str, torn: np.ndarray, records: Sequence[ImageRecord]
) -> LeakageFinding | None:
    if not len(torn):
        return None
    n_images = len(np.unique(torn))
    paths = [records[item].name for item in torn[: _MOST_PATHS // 2].ravel()]
    return LeakageFinding(
        name=name,
        sentence=f"{n_images} images of the {_readable(kind)} split {sentence}. {LEAKS[name]}",
        where=kind,
        n=n_images,
        is_blocking=True,
        paths=tuple(paths),
    )


def _groups(
    kind: str,
    patients: Sequence[str],
    sides: Sequence[np.ndarray],
    records: Sequence[ImageRecord],
) -> LeakageFinding | None:
    """Known patients, cases or slides on two sides of a split."""
    members = _members(patients)
    torn = {
        name: items
        for name, items in members.items()
        if name and any(len(np.unique(side[items][side[items] >= 0])) > 1 for side in sides)
    }
    if not torn:
        return None
    name = "groups-across-sides"
    is_expected = kind == "random"
    n_images = sum(len(items) for items in torn.values())
    known = len(members) - ("" in members)
    advice = (
        "The split's name says so: read the grouped figures for new patients."
        if is_expected
        else LEAKS[name]
    )
    return LeakageFinding(
        name=name,
        sentence=f"{len(torn)} of {known} known patients, cases or slides stand on two sides of "
        f"the {_readable(kind)} split, with {n_images} images. {advice}",
        where=kind,
        n=n_images,
        is_blocking=not is_expected,
        paths=tuple(records[items[0]].name for items in list(torn.values())[:_MOST_PATHS]),
    )


def _same(facts: Sequence[ImageFacts]) -> np.ndarray:
    """Pairs (n, 2) of files that are the same to the byte."""
    alike = _members([fact.sha256 for fact in facts]).values()
    pairs = [
        (first, second)
        for items in alike
        for place, first in enumerate(items)
        for second in items[place + 1 :]
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _alike(facts: Sequence[ImageFacts], near_bits: int) -> np.ndarray:
    """Pairs (n, 2) of pictures that look the same and are not the same to the byte."""
    hashes = np.stack([fact.hash_bits for fact in facts])
    _, file = np.unique([fact.sha256 for fact in facts], return_inverse=True)
    pairs = near_pairs(hashes, max_bits=near_bits)[:, :2]
    apart: np.ndarray = pairs[file[pairs[:, 0]] != file[pairs[:, 1]]]
    return apart


def _sides(split: Split, n_images: int) -> np.ndarray:
    """(n,) int: 0 learned from, 1 tuned on, 2 judged by, -1 in no part."""
    sides = np.full(n_images, -1)
    for number, part in enumerate((split.train, split.validation, split.test)):
        sides[part] = number
    return sides


def _torn_pairs(pairs: np.ndarray, sides: Sequence[np.ndarray]) -> np.ndarray:
    is_torn = np.zeros(len(pairs), bool)
    for side in sides:
        first, second = side[pairs[:, 0]], side[pairs[:, 1]]
        is_torn |= (first != second) & (first >= 0) & (second >= 0)
    return pairs[is_torn]


def _members(names: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    found: dict[Hashable, list[int]] = defaultdict(list)
    for item, name in enumerate(names):
        found[name].append(item)
    return {name: np.array(items) for name, items in found.items()}


def _readable(kind: str) -> str:
    return kind.replace("_", " ")
