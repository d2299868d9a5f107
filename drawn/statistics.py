"""What the real classes look like in numbers, for drawn smears to follow.

`python -m training synthetic-statistics --index INDEX` measures up to 120 images per class and
writes means, covariances and quantiles to statistics.json; no pixels.
"""

from __future__ import annotations

import csv
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from drawn.errors import DrawingError
from drawn.measures import COLOURS, SmearMeasures, measure
from models.files import disk_reason

log = logging.getLogger(__name__)

STATISTICS_PATH = Path(__file__).with_name("statistics.json")
MAX_IMAGES_PER_CLASS = 120
QUANTILES = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0)

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class MeasuredClass:
    """A class of the real data that drawings follow: where it stands in an index, its kind."""

    label: str
    dataset: str
    dataset_label: str
    kind: str


MEASURED_CLASSES = (
    MeasuredClass(label="Benign", dataset="taleghani_all", dataset_label="Benign", kind="field"),
    MeasuredClass(label="Early", dataset="taleghani_all", dataset_label="Early", kind="field"),
    MeasuredClass(label="Pre", dataset="taleghani_all", dataset_label="Pre", kind="field"),
    MeasuredClass(label="Pro", dataset="taleghani_all", dataset_label="Pro", kind="field"),
    MeasuredClass(label="AML", dataset="jhu_aml", dataset_label="AML", kind="single"),
    MeasuredClass(label="APL", dataset="jhu_aml", dataset_label="APL", kind="single"),
    MeasuredClass(label="blast", dataset="all_idb2", dataset_label="blast", kind="single"),
    MeasuredClass(label="normal", dataset="all_idb2", dataset_label="healthy", kind="single"),
    MeasuredClass(label="blast-cutout", dataset="c_nmc", dataset_label="all", kind="cutout"),
    MeasuredClass(label="normal-cutout", dataset="c_nmc", dataset_label="hem", kind="cutout"),
    MeasuredClass(label="CLL", dataset="orlov_lymphoma", dataset_label="CLL", kind="tissue"),
    MeasuredClass(label="FL", dataset="orlov_lymphoma", dataset_label="FL", kind="tissue"),
    MeasuredClass(label="MCL", dataset="orlov_lymphoma", dataset_label="MCL", kind="tissue"),
)


@dataclass(frozen=True, kw_only=True)
class NumberStatistics:
    """Distribution of one measured number: n values, mean, sd, and the values at QUANTILES."""

    n: int
    mean: float
    sd: float
    quantiles: tuple[float, ...]

    def at(self, rank: float) -> float:
        """The value below which a share `rank` (0 to 1) of the measured values lies."""
        return float(np.interp(rank, QUANTILES, self.quantiles))


@dataclass(frozen=True, kw_only=True)
class ClassStatistics:
    """What was measured of one class.

    Attributes:
        kind: Kind of view: "field", "single", "cutout" or "tissue".
        n_images: Number of images measured.
        colour_names: Names of the colours, in the order of colour_mean.
        colour_mean: (3 × colours,) CIE L*a*b*, mean over images of each image's median.
        colour_covariance: (3 × colours, 3 × colours), between images.
        numbers: Name to its distribution.
    """

    kind: str
    n_images: int
    colour_names: tuple[str, ...]
    colour_mean: Array
    colour_covariance: Array
    numbers: Mapping[str, NumberStatistics]

    def colour(self, name: str) -> Array:
        """Mean L*a*b* (3,) of the named colour. Raises ValueError if it was not measured."""
        at = 3 * self.colour_names.index(name)
        return self.colour_mean[at : at + 3]


def summarise(measures: Sequence[SmearMeasures], kind: str) -> ClassStatistics:
    """Statistics of a class from the measures of its images; NaN for a colour that none shows.

    Raises:
        DrawingError: There is no image.
    """
    if not measures:
        raise DrawingError("A class has no image to measure. Add some to the index.")
    names = COLOURS[kind]
    colours = np.array([np.concatenate([m.colours[name] for name in names]) for m in measures])
    seen = np.isfinite(colours).astype(np.float64)
    n_seen = seen.sum(axis=0)
    mean = np.where(n_seen > 0, np.nansum(colours, axis=0) / np.maximum(n_seen, 1), np.nan)
    centred = np.nan_to_num(colours - mean)
    covariance = (centred.T @ centred) / np.maximum(seen.T @ seen - 1, 1)
    eigenvalues, vectors = np.linalg.eigh(covariance)
    covariance = (vectors * np.maximum(eigenvalues, 0)) @ vectors.T
    for array in (mean, covariance):
        array.setflags(write=False)
    numbers = {}
    for name in measures[0].numbers:
        values = np.concatenate([m.numbers[name] for m in measures])
        if values.size:
            numbers[name] = NumberStatistics(
                n=int(values.size),
                mean=float(values.mean()),
                sd=float(values.std()),
                quantiles=tuple(float(q) for q in np.quantile(values, QUANTILES)),
            )
    return ClassStatistics(
        kind=kind,
        n_images=len(measures),
        colour_names=names,
        colour_mean=mean,
        colour_covariance=covariance,
        numbers=MappingProxyType(numbers),
    )


@lru_cache(maxsize=4)
def read_statistics(path: Path = STATISTICS_PATH) -> Mapping[str, ClassStatistics]:
    """The stored statistics, by label. Raises DrawingError if they are missing or damaged."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return MappingProxyType(
            {label: _class_from_dict(entry) for label, entry in stored["classes"].items()}
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DrawingError(
            f"The statistics in {path.name} cannot be read ({type(error).__name__}). Write them "
            "with: python -m training synthetic-statistics --index INDEX."
        ) from error


def measure_index(index: Path, *, max_per_class: int, seed: int) -> Mapping[str, ClassStatistics]:
    """Measure a seeded sample of each class of an index.

    Raises:
        DrawingError: The index cannot be read, or lacks a class or one of its images.
    """
    try:
        with index.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise DrawingError(
            f"The index cannot be read: {disk_reason(error)}. Give the path of an index.csv."
        ) from error
    by_class = defaultdict(list)
    for row in rows:
        by_class[row["dataset"], row["label"]].append(row)
    statistics = {}
    for entry in MEASURED_CLASSES:
        found = by_class[entry.dataset, entry.dataset_label]
        order = np.random.default_rng(seed).permutation(len(found))[:max_per_class]
        sample = [found[int(i)] for i in sorted(order)]
        statistics[entry.label] = summarise(list(_measure_rows(index, sample, entry)), entry.kind)
        log.info("measured %s: %d images", entry.label, len(sample))
    return MappingProxyType(statistics)


def _measure_rows(
    index: Path, rows: Iterable[Mapping[str, str]], entry: MeasuredClass
) -> Iterable[SmearMeasures]:
    for row in rows:
        bgr = cv2.imread(str(index.parent / row["path"]), cv2.IMREAD_COLOR)
        mask = None
        if row["mask"] and entry.kind == "single":
            mask = cv2.imread(str(index.parent / row["mask"]), cv2.IMREAD_GRAYSCALE)
        if bgr is None:
            raise DrawingError("An image of the index cannot be read. Repair it, or drop its line.")
        yield measure(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), entry.kind, mask)


def class_to_dict(entry: ClassStatistics) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "n_images": entry.n_images,
        "colour_names": entry.colour_names,
        "colour_mean": np.round(entry.colour_mean, 3).tolist(),
        "colour_covariance": np.round(entry.colour_covariance, 3).tolist(),
        "numbers": {
            name: {
                "n": number.n,
                "mean": round(number.mean, 4),
                "sd": round(number.sd, 4),
                "quantiles": [round(value, 4) for value in number.quantiles],
            }
            for name, number in entry.numbers.items()
        },
    }


def _class_from_dict(stored: Mapping[str, Any]) -> ClassStatistics:
    mean, covariance = np.array(stored["colour_mean"]), np.array(stored["colour_covariance"])
    mean.setflags(write=False)
    covariance.setflags(write=False)
    return ClassStatistics(
        kind=stored["kind"],
        n_images=stored["n_images"],
        colour_names=tuple(stored["colour_names"]),
        colour_mean=mean,
        colour_covariance=covariance,
        numbers=MappingProxyType(
            {
                name: NumberStatistics(**{**number, "quantiles": tuple(number["quantiles"])})
                for name, number in stored["numbers"].items()
            }
        ),
    )
