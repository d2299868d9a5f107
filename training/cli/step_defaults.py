"""The numbers behind the defaults of preprocessing steps, measured on real images.

`python -m training step-defaults stains|marks|masks|seconds --index INDEX --out JSON`
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.preprocessing import STEPS, Step, apply_steps
from models.preprocessing.macenko import find_stains
from models.preprocessing.reinhard import lab_statistics
from models.preprocessing.spec import Rgb
from training.data.index import read_index
from training.data.pictures import read_rgb
from training.stored import write_json

_log = logging.getLogger(__name__)

_SMEARS = ("taleghani_all", "jhu_aml", "pbc_barcelona", "bccd", "all_idb2", "cellavision")
_CELLAVISION_SMEARS = ("jhu_aml", "pbc_barcelona", "cellavision")
_MARKED = "taleghani_all"


class Sample:
    """An even sample of each data set of an index."""

    def __init__(self, index: Path, per_dataset: int) -> None:
        self._per_dataset = per_dataset
        self._records = read_index(index).records

    def images(self, dataset: str) -> Iterator[tuple[Rgb, NDArray[np.uint8] | None]]:
        """Each sampled image of a data set, rgb (h, w, 3), with its mask where there is one."""
        records = [record for record in self._records if record.dataset == dataset]
        for record in records[:: max(1, len(records) // self._per_dataset)]:
            mask = cv2.imread(str(record.mask), cv2.IMREAD_GRAYSCALE) if record.mask else None
            yield read_rgb(record), None if mask is None else mask.astype(np.uint8)


def stains(sample: Sample) -> dict[str, Any]:
    """Targets for Reinhard (tissue of smears) and Macenko (CellaVision smears)."""
    colours: dict[str, Any] = {}
    vectors: dict[str, Any] = {}
    for dataset in _SMEARS:
        rows, pairs = [], []
        for rgb, _ in sample.images(dataset):
            found = lab_statistics(rgb, measured_on="tissue")
            pair = find_stains(rgb, light="background", od_min=0.15, percentile=1.0)
            if found is not None:
                rows.append([*found.mean, *found.std])
            if pair is not None:
                # Nuclei absorb less blue than red cells do.
                order = sorted(zip(pair.vectors, pair.strengths, strict=True), key=_blue)
                pairs.append([*order[0][0], *order[1][0], order[0][1], order[1][1]])
        colours[dataset] = {"n": len(rows), "median": _rounded(np.median(rows, axis=0))}
        vectors[dataset] = {
            "n": len(pairs),
            "median": _rounded(np.median(pairs, axis=0)),
            "std": _rounded(np.std(pairs, axis=0)),
        }
    mean = np.mean([colours[dataset]["median"] for dataset in _SMEARS], axis=0)
    target = np.mean([vectors[dataset]["median"] for dataset in _CELLAVISION_SMEARS], axis=0)
    for first in (0, 3):
        target[first : first + 3] /= np.linalg.norm(target[first : first + 3])
    return {
        "reinhard": {"target": _rounded(mean), "datasets": colours},
        "macenko wright_giemsa": {"target": _rounded(target), "datasets": vectors},
    }


def marks(sample: Sample) -> dict[str, Any]:
    """How far marks reach into the bottom right corner, in pixels from the right and bottom.

    A mark leaves edges at the same place in many images. A row or column bears marks where the
    mean absolute Laplacian within the corner's 40 px is above 1.25 times that of the middle.
    """
    edges = [
        np.abs(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
        for rgb, _ in sample.images(_MARKED)
    ]
    mean = np.mean(edges, axis=0)
    height, width = mean.shape
    limit = 1.25 * float(mean[height // 4 : height // 2, width // 4 : width // 2].mean())
    rows = np.flatnonzero(mean[:, -40:].mean(axis=1)[height // 2 :] > limit)
    columns = np.flatnonzero(mean[-40:].mean(axis=0)[width // 2 :] > limit)
    return {
        "n": len(edges),
        "size_px": [width, height],
        "width_px": int(width // 2 - columns.min()) if columns.size else 0,
        "height_px": int(height // 2 - rows.min()) if rows.size else 0,
    }


def masks(sample: Sample) -> dict[str, Any]:
    """Dice coefficient of each segmentation with the given masks of the nuclei, by data set."""
    report: dict[str, Any] = {}
    for name in ("otsu_threshold", "hsv_segmentation", "kmeans_segmentation"):
        report[name] = {}
        for dataset in ("all_idb2", "cellavision", "jtsc"):
            scores = []
            for rgb, mask in sample.images(dataset):
                if mask is not None:
                    kept, nuclei = apply_steps(rgb, [Step(name=name)]).any(axis=2), mask == 255
                    scores.append(2 * (kept & nuclei).sum() / max(1, kept.sum() + nuclei.sum()))
            quartiles = _rounded(np.percentile(scores, [25, 50, 75]))
            report[name][dataset] = {
                "n": len(scores),
                "mean": round(float(np.mean(scores)), 3),
                "quartiles": quartiles,
            }
    return report


def seconds(sample: Sample) -> dict[str, Any]:
    """Seconds of each step with its defaults on one image of 224 px and one of 4000 × 3000."""
    small = next(sample.images(_MARKED))[0]
    tiles = np.tile(small, (14, 18, 1))[:3000, :4000]
    report = {}
    for name in STEPS:
        times = []
        for rgb in (small, tiles):
            started = time.perf_counter()
            apply_steps(rgb, [Step(name=name)])
            times.append(round(time.perf_counter() - started, 3))
        report[name] = times
    return report


_MEASURES: dict[str, Callable[[Sample], dict[str, Any]]] = {
    "stains": stains,
    "marks": marks,
    "masks": masks,
    "seconds": seconds,
}


def _blue(stain: tuple[tuple[float, float, float], float]) -> float:
    return stain[0][2]


def _rounded(numbers: NDArray[Any]) -> list[float]:
    return [round(float(number), 3) for number in numbers]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training step-defaults`."""
    parser.add_argument("measure", choices=_MEASURES)
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--per-dataset", type=int, default=60, help="images of each data set")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def main(arguments: argparse.Namespace) -> int:
    """Measure what the command line names, and write it, whole or not at all."""
    report = _MEASURES[arguments.measure](Sample(arguments.index, arguments.per_dataset))
    write_json(arguments.out, report)
    _log.info("Measured %s: %s", arguments.measure, arguments.out)
    return 0
