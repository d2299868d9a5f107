"""Small sets with nothing in them that gives the label away, or with one thing planted."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from training.audits.findings import LeakageReport
from training.audits.leakage import audit_leakage
from training.data.file_facts import ImageFacts
from training.data.index import ImageRecord
from training.data.splits import Split, split_once

PATIENTS, OF_A_PATIENT = 28, 5


@dataclass(frozen=True, kw_only=True)
class Files:
    """What the leakage audit looks at, without any file."""

    records: tuple[ImageRecord, ...]
    labels: np.ndarray
    facts: tuple[ImageFacts, ...]
    splits: Mapping[str, tuple[Split, ...]]

    def audited(self) -> LeakageReport:
        return audit_leakage(self.records, self.labels, self.splits, facts=self.facts)


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
    facts = tuple(
        ImageFacts(
            sha256=f"{seed}-{item}",
            width=int(sides[item]),
            height=int(sides[item]),
            format=str(kinds[item]),
            marks=frozenset({"mode RGB", str(programs[item])} if is_varied else {"mode RGB"}),
            hash_bits=rng.random(256) < 0.5,
        )
        for item in range(n)
    )
    split = split_once(labels, patient, test=0.3, validation=0.2, seed=seed)
    return Files(records=records, labels=labels, facts=facts, splits={"grouped": (split,)})


def _copied(files: Files, bits: int) -> Files:
    """A picture to judge by is one to learn from, with a number of bits of its hash turned."""
    split = files.splits["grouped"][0]
    source, target = files.facts[split.train[0]], split.test[0]
    hash_bits = source.hash_bits.copy()
    hash_bits[:bits] ^= True
    sha256 = files.facts[target].sha256 if bits else source.sha256
    facts = list(files.facts)
    facts[target] = replace(facts[target], sha256=sha256, hash_bits=hash_bits)
    return replace(files, facts=tuple(facts))


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
    facts = tuple(
        replace(fact, **change(int(label)))
        for fact, label in zip(files.facts, files.labels, strict=True)
    )
    return replace(files, facts=facts)


def with_sizes_by_class(files: Files) -> Files:
    return _with_facts(files, lambda label: {"width": 240 + 8 * label})


def with_formats_by_class(files: Files) -> Files:
    return _with_facts(files, lambda label: {"format": ("JPEG", "PNG")[label]})


def with_programs_by_class(files: Files) -> Files:
    return _with_facts(files, lambda label: {"marks": frozenset({f"EXIF Software {label}"})})


def with_numbers_in_order(files: Files) -> Files:
    """Files numbered class by class; nobody knows the patients."""
    order = np.argsort(np.argsort(files.labels, kind="stable")) + 1
    records = tuple(
        replace(record, name=f"images/{number:04d}.png", group="")
        for record, number in zip(files.records, order, strict=True)
    )
    return replace(files, records=records)


def mixed_patients(seed: int, *, is_sorted: bool) -> Files:
    """Patients with cells of both classes, numbered patient after patient.

    Args:
        seed: Of everything.
        is_sorted: Whether the cells of one class come first within each patient.
    """
    rng = np.random.default_rng(seed)
    files = clean_files(seed)
    patient = np.repeat(np.arange(PATIENTS // 2), 2 * OF_A_PATIENT)
    labels = rng.integers(0, 2, len(patient))
    order = np.lexsort((labels if is_sorted else rng.random(len(patient)), patient))
    numbers = np.argsort(order) + 1
    records = tuple(
        replace(record, name=f"{number:04d}.png", label="AB"[label], group=f"P{who}")
        for record, number, label, who in zip(files.records, numbers, labels, patient, strict=True)
    )
    split = split_once(labels, patient, test=0.3, validation=0.2, seed=seed)
    return replace(files, records=records, labels=labels, splits={"grouped": (split,)})


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


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """A file of an index, and how its picture is saved."""

    name: str
    dataset: str
    label: str
    group: str = ""
    width: int = 40
    quality: int = 90


def write_images(folder: Path, rows: Iterator[ImageFile]) -> Path:
    """The images of an index, all noise, and the index.csv beside them."""
    rng = np.random.default_rng(0)
    lines = [["path", "dataset", "label", "group"]]
    for row in rows:
        path = folder / row.name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (40, row.width, 3), np.uint8)
        Image.fromarray(pixels).save(path, quality=row.quality)
        lines.append([row.name, row.dataset, row.label, row.group])
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return folder / "index.csv"


def _letters(number: int) -> str:
    """A name without a digit, so that no file has a number."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:03d}")


def saved_by_two_programs() -> Iterator[ImageFile]:
    """Only the quality of the JPEGs differs: the header knows it, the old check read none."""
    for number in range(60):
        label = "AML" if number % 2 else "APL"
        yield ImageFile(
            name=f"{label}-{_letters(number)}.jpg",
            dataset="jhu_aml",
            label=label,
            group=f"{label}-{number // 6}",
            quality=75 if label == "AML" else 92,
        )


def two_labels_of_six() -> Iterator[ImageFile]:
    """The size parts the two labels of the recipe; of all six labels it knows too little."""
    for number in range(72):
        label = ("AML", "APL", "third", "fourth", "fifth", "sixth")[number % 6]
        width = {"AML": 48, "APL": 40}.get(label, 48 if number // 6 % 2 else 40)
        yield ImageFile(
            name=f"{label}-{_letters(number)}.jpg",
            dataset="jhu_aml",
            label=label,
            group=f"{label}-{number}",
            width=width,
        )


def one_laboratory_a_class() -> Iterator[ImageFile]:
    """Nothing gives labels away within a data set; between them, the data set itself does."""
    for number in range(48):
        dataset, label = ("c_nmc", "all") if number % 2 else ("all_idb2", "healthy")
        yield ImageFile(
            name=f"{label}-{_letters(number)}.jpg",
            dataset=dataset,
            label=label,
            group=f"{number // 2 // 3}",
        )


def six_patients() -> Iterator[ImageFile]:
    """The size knows the label of every image, but there are only three patients of each."""
    for number in range(48):
        label = "AML" if number % 2 else "APL"
        yield ImageFile(
            name=f"{label}-{_letters(number)}.jpg",
            dataset="jhu_aml",
            label=label,
            group=f"{label}-{number // 2 % 3}",
            width=48 if label == "AML" else 40,
        )


def slide_after_slide() -> Iterator[ImageFile]:
    """Files are numbered slide after slide: a number knows its slide, and of a new one nothing."""
    for number in range(240):
        slide = number // 12
        label = "AML" if np.random.default_rng(5).permutation(20)[slide] % 2 else "APL"
        yield ImageFile(
            name=f"{number:03d}.jpg", dataset="jhu_aml", label=label, group=f"{label}-{slide}"
        )


def c_nmc(seed: int) -> Files:
    """The names of the whole C-NMC 2019 release, simulated: 7,272 cells of 47 patients and 3,389 of
    26 healthy subjects, UID_<subject>_<image>_<cell>_<class>, sizes and headers all alike."""
    rng = np.random.default_rng(seed)
    records, labels, persons = [], [], []
    for label, (name, letter, n_subjects, n_cells) in enumerate(
        (("all", "", 47, 7272), ("hem", "H", 26, 3389))
    ):
        subjects = rng.choice(np.arange(1, 100), n_subjects, replace=False)
        shares = rng.dirichlet(np.full(n_subjects, 3.0))
        of_each = np.maximum(1, np.floor(shares * n_cells).astype(int))
        of_each[0] += n_cells - of_each.sum()
        for subject, n in zip(subjects, of_each, strict=True):
            image, cell = int(rng.integers(1, 40)), 0
            for _ in range(n):
                cell += 1
                if rng.random() < 0.2:
                    image, cell = image + 1, 1
                stem = f"UID_{letter}{subject}_{image}_{cell}_{name}"
                group = f"{letter}{subject}"
                records.append(
                    ImageRecord(
                        path=Path(f"{stem}.bmp"),
                        name=f"fold_0/{name}/{stem}.bmp",
                        dataset="c_nmc",
                        label=name,
                        group=group,
                    )
                )
                labels.append(label)
                persons.append(group)
    facts = tuple(
        ImageFacts(
            sha256=str(item),
            width=450,
            height=450,
            format="BMP",
            marks=frozenset({"mode RGB"}),
            hash_bits=rng.random(256) < 0.5,
        )
        for item in range(len(records))
    )
    return Files(
        records=tuple(records),
        labels=np.array(labels),
        facts=facts,
        splits={},
    )
