"""Measure the numbers behind the steps' defaults on real images.

python -m models.preprocessing stains|marks|masks|seconds --index INDEX [--per-dataset N]

INDEX is a CSV with the columns path, dataset and mask; paths are relative to it. Prints JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
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

_SMEARS = ("taleghani_all", "jhu_aml", "pbc_barcelona", "bccd", "all_idb2", "cellavision")
_CELLAVISION_SMEARS = ("jhu_aml", "pbc_barcelona", "cellavision")
_MARKED = "taleghani_all"


class Index:
    """The images of an index file, an even sample of each data set."""

    def __init__(self, path: Path, per_dataset: int) -> None:
        self._folder = path.parent
        self._per_dataset = per_dataset
        with path.open(encoding="utf-8", newline="") as file:
            self._rows = list(csv.DictReader(file))

    def images(self, dataset: str) -> Iterator[tuple[Rgb, NDArray[np.uint8] | None]]:
        """Each sampled image of a data set, rgb (h, w, 3), with its mask where there is one."""
        rows = [row for row in self._rows if row["dataset"] == dataset]
        for row in rows[:: max(1, len(rows) // self._per_dataset)]:
            rgb = cv2.cvtColor(cv2.imread(str(self._folder / row["path"])), cv2.COLOR_BGR2RGB)
            mask = cv2.imread(str(self._folder / row["mask"]), 0) if row["mask"] else None
            yield rgb, mask


def stains(index: Index) -> dict[str, Any]:
    """Targets for Reinhard (tissue of smears) and Macenko (CellaVision smears)."""
    colours: dict[str, Any] = {}
    vectors: dict[str, Any] = {}
    for dataset in _SMEARS:
        rows, pairs = [], []
        for rgb, _ in index.images(dataset):
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


def marks(index: Index) -> dict[str, Any]:
    """How far marks reach into the bottom right corner, in pixels from the right and bottom.

    A mark leaves edges at the same place in many images. A row or column bears marks where the
    mean absolute Laplacian within the corner's 40 px is above 1.25 times that of the middle.
    """
    edges = [
        np.abs(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_32F))
        for rgb, _ in index.images(_MARKED)
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


def masks(index: Index) -> dict[str, Any]:
    """Dice coefficient of each segmentation with the given masks of the nuclei, by data set."""
    report: dict[str, Any] = {}
    for name in ("otsu_threshold", "hsv_segmentation", "kmeans_segmentation"):
        report[name] = {}
        for dataset in ("all_idb2", "cellavision", "jtsc"):
            scores = []
            for rgb, mask in index.images(dataset):
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


def seconds(index: Index) -> dict[str, Any]:
    """Seconds of each step with its defaults on one image of 224 px and one of 4000 × 3000."""
    small = next(index.images(_MARKED))[0]
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


_MEASURES: dict[str, Callable[[Index], dict[str, Any]]] = {
    "stains": stains,
    "marks": marks,
    "masks": masks,
    "seconds": seconds,
}


def _blue(stain: tuple[tuple[float, float, float], float]) -> float:
    return stain[0][2]


def _rounded(numbers: NDArray[Any]) -> list[float]:
    return [round(float(number), 3) for number in numbers]


def main() -> None:
    """Measure what the command line names, and print it."""
    parser = argparse.ArgumentParser(prog="python -m models.preprocessing", description=__doc__)
    parser.add_argument("measure", choices=_MEASURES)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--per-dataset", type=int, default=60)
    arguments = parser.parse_args()
    report = _MEASURES[arguments.measure](Index(arguments.index, arguments.per_dataset))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
