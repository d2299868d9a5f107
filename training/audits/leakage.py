"""Does anything but the cells give the label away, or stand on two sides of a split?

The audit trusts no group that a split was made with: it looks at files, pictures and the index.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from training.audits.file_headers import FileHeader
from training.audits.findings import LEAKS, LeakageFinding, LeakageReport
from training.audits.probes import Probe, probe_laboratories, probe_sources
from training.datasets.duplicates import NEAR_BITS, near_pairs
from training.datasets.index import ImageRecord
from training.datasets.splits import Split

_MOST_PATHS = 6
_TELLS = {
    "label-from-size": "the size in pixels",
    "label-from-format": "the file format",
    "label-from-metadata": "what the file's header says of camera, program and compression",
    "label-from-file-order": "the number in the file's name",
}


def audit_leakage(
    records: Sequence[ImageRecord],
    labels: np.ndarray,
    splits: Mapping[str, Sequence[Split]],
    *,
    headers: Sequence[FileHeader],
    near_bits: int = NEAR_BITS,
) -> LeakageReport:
    """What leaks in a collection of images and its splits.

    A picture on two sides blocks a run. So does a known patient, case or slide, but in a split
    called "random", whose name says that groups are ignored: there it is a note. A probe blocks
    where its balanced accuracy is at least a quarter of the way from chance to perfect
    (`metadata_leaks`) and a permutation test finds p < 0.01 over the number of probes; above the
    margin alone, as with very few patients, it is a note.

    Args:
        records: The images.
        labels: (n,) int, class of each.
        splits: For each kind of split its folds, or one.
        headers: Of each file, see `read_headers`.
        near_bits: Pictures whose hashes differ in at most so many of 256 bits look the same.
    """
    within, between = probe_sources(records, labels, headers), probe_laboratories(records, labels)
    n_probes = len(within) + len(between)
    findings = [_from_probe(probe, n_probes) for probe in within]
    findings.append(_from_laboratories(between, n_probes))
    same, alike = _same(headers), _alike(headers, near_bits)
    patients = [f"{record.dataset}/{record.group}" if record.group else "" for record in records]
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
        n_probes=n_probes,
        findings=tuple(sorted(found, key=lambda finding: not finding.is_blocking)),
    )


def _from_probe(probe: Probe, n_probes: int) -> LeakageFinding | None:
    if probe.p_value is None:
        return None
    told = f"{probe.where}: {_TELLS[probe.name]} tells the label"
    return _finding(probe, told, where=probe.where, n_probes=n_probes)


def _from_laboratories(probes: Sequence[Probe], n_probes: int) -> LeakageFinding | None:
    """One finding for all classes that the data set alone tells from the rest."""
    told = [probe for probe in probes if probe.p_value is not None]
    if not told:
        return None
    best = max(told, key=lambda probe: (probe.is_beyond_chance(n_probes), probe.strength))
    classes = ", ".join(probe.where for probe in told)
    sentence = (
        f"The data set alone parts {len(told)} of {len(probes)} classes from the rest ({classes}); "
        f"the best of them, {best.where},"
    )
    return _finding(best, sentence, where="all data sets", n_probes=n_probes)


def _finding(probe: Probe, told: str, *, where: str, n_probes: int) -> LeakageFinding:
    is_blocking = probe.is_beyond_chance(n_probes)
    doubt = f"With {probe.n_groups} patients or single images this may be chance."
    return LeakageFinding(
        name=probe.name,
        sentence=f"{told} with balanced accuracy {probe.strength:.2f} (chance "
        f"{probe.chance:.2f}, n {probe.n}, p {probe.p_value:.4f}). "
        f"{LEAKS[probe.name] if is_blocking else doubt}",
        where=where,
        n=probe.n,
        is_blocking=is_blocking,
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


def _same(headers: Sequence[FileHeader]) -> np.ndarray:
    """Pairs (n, 2) of files that are the same to the byte."""
    alike = _members([header.facts.sha256 for header in headers]).values()
    pairs = [
        (first, second)
        for items in alike
        for place, first in enumerate(items)
        for second in items[place + 1 :]
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _alike(headers: Sequence[FileHeader], near_bits: int) -> np.ndarray:
    """Pairs (n, 2) of pictures that look the same and are not the same to the byte."""
    hashes = np.stack([header.facts.hash_bits for header in headers])
    _, file = np.unique([header.facts.sha256 for header in headers], return_inverse=True)
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
