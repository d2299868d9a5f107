"""Small sets with nothing in them that gives the label away, or with one thing planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from training.audits.file_headers import FileHeader
from training.audits.findings import LeakageReport
from training.audits.leakage import audit_leakage
from training.datasets.index import ImageRecord
from training.datasets.inspection import ImageFacts
from training.datasets.splits import Split, split_once

PATIENTS, OF_A_PATIENT = 28, 5


@dataclass(frozen=True, kw_only=True)
class Files:
    """What the leakage audit looks at, without any file."""

    records: tuple[ImageRecord, ...]
    labels: np.ndarray
    headers: tuple[FileHeader, ...]
    splits: Mapping[str, tuple[Split, ...]]

    def audited(self) -> LeakageReport:
        return audit_leakage(self.records, self.labels, self.splits, headers=self.headers)


def clean_files(seed: int, *, is_varied: bool = False) -> Files:
    """Two classes, patients apart.

    Args:
        seed: Of everything.
        is_varied: Whether sizes, formats, programs and numbers differ, though not by class.
    """
    rng = np.random.default_rng(seed)
    n = PATIENTS * OF_A_PATIENT
    patient = np.repeat(np.arange(PATIENTS), OF_A_PATIENT)
    labels = patient % 2
    numbers = rng.permutation(n) + 1
    sides = rng.choice([224, 240, 256], n)
    kinds = rng.choice(["JPEG", "PNG"], PATIENTS)[patient]
    if not is_varied:
        sides[:], kinds[:] = 224, "PNG"
    programs = rng.choice(["EXIF Software A", "EXIF Software B"], n)
    records = tuple(
        ImageRecord(
            path=Path(f"{number}.png"),
            name=f"images/{number:04d}.png" if is_varied else "image.png",
            dataset="one",
            label="AB"[label],
            group=f"P{who}",
        )
        for number, label, who in zip(numbers, labels, patient, strict=True)
    )
    headers = tuple(
        FileHeader(
            facts=ImageFacts(
                sha256=f"{seed}-{item}",
                width=int(sides[item]),
                height=int(sides[item]),
                format=str(kinds[item]),
                hash_bits=rng.random(256) < 0.5,
            ),
            marks=frozenset({"mode RGB", str(programs[item])} if is_varied else {"mode RGB"}),
        )
        for item in range(n)
    )
    split = split_once(labels, patient, test=0.3, validation=0.2, seed=seed)
    return Files(records=records, labels=labels, headers=headers, splits={"grouped": (split,)})


def _copied(files: Files, bits: int) -> Files:
    """A picture to judge by is one to learn from, with so many bits of its hash turned."""
    split = files.splits["grouped"][0]
    source, target = files.headers[split.train[0]], split.test[0]
    hash_bits = source.facts.hash_bits.copy()
    hash_bits[:bits] ^= True
    sha256 = files.headers[target].facts.sha256 if bits else source.facts.sha256
    headers = list(files.headers)
    facts = replace(headers[target].facts, sha256=sha256, hash_bits=hash_bits)
    headers[target] = replace(headers[target], facts=facts)
    return replace(files, headers=tuple(headers))


def with_duplicate(files: Files) -> Files:
    return _copied(files, 0)


def with_near_duplicate(files: Files) -> Files:
    return _copied(files, 12)


def with_torn_patient(files: Files) -> Files:
    """One image of a patient that the model is judged by is learned from."""
    split = files.splits["grouped"][0]
    moved, test = split.test[:1], split.test[1:]
    torn = replace(split, train=np.concatenate([split.train, moved]), test=test)
    return replace(files, splits={"grouped": (torn,)})


def _with_facts(files: Files, change: Callable[[int], dict[str, object]]) -> Files:
    headers = tuple(
        replace(header, facts=replace(header.facts, **change(int(label))))
        for header, label in zip(files.headers, files.labels, strict=True)
    )
    return replace(files, headers=headers)


def with_sizes_by_class(files: Files) -> Files:
    return _with_facts(files, lambda label: {"width": 240 + 8 * label})


def with_formats_by_class(files: Files) -> Files:
    return _with_facts(files, lambda label: {"format": ("JPEG", "PNG")[label]})


def with_programs_by_class(files: Files) -> Files:
    headers = tuple(
        replace(header, marks=frozenset({f"EXIF Software {label}"}))
        for header, label in zip(files.headers, files.labels, strict=True)
    )
    return replace(files, headers=headers)


def with_numbers_in_order(files: Files) -> Files:
    """Files numbered class by class; nobody knows the patients."""
    order = np.argsort(np.argsort(files.labels, kind="stable")) + 1
    records = tuple(
        replace(record, name=f"images/{number:04d}.png", group="")
        for record, number in zip(files.records, order, strict=True)
    )
    return replace(files, records=records)


def with_a_laboratory_a_class(files: Files) -> Files:
    records = tuple(replace(record, dataset=f"of {record.label}") for record in files.records)
    return replace(files, records=records)


def fields(rng: np.random.Generator, n: int, *, side: int = 36) -> np.ndarray:
    """Pale grainy fields with a long purple cell somewhere, as (n, side, side, 3) uint8."""
    light = rng.normal((225, 205, 220), 4, (n, 1, 1, 3))
    pictures = np.clip(light + rng.normal(0, 5, (n, side, side, 3)), 0, 255).astype(np.uint8)
    for picture in pictures:
        centre = tuple(int(place) for place in rng.integers(side // 3, side - side // 3, 2))
        axes = (7, 4) if rng.random() < 0.5 else (4, 7)
        cv2.ellipse(picture, centre, axes, 0, 0, 360, (95, 45, 140), -1)
    return pictures


def with_tinted_class(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Class 1 stained a little redder."""
    tint = labels[:, None, None, None] * np.array([0, -12, -6])
    return np.clip(pictures.astype(int) + tint, 0, 255).astype(np.uint8)


def with_marked_corner(pictures: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A small red mark at the bottom right of class 1."""
    marked = pictures.copy()
    marked[labels == 1, -4:, -4:] = (200, 30, 30)
    return marked
