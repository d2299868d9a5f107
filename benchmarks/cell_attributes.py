"""Do measures of a cell agree with pathologists' words? On 300 cells of the Barcelona set.

python -m benchmarks.cell_attributes DATA [--every N]

DATA holds pbc_barcelona/ with attributes.csv (WBCAtt: Tsutsui et al. 2023, eleven attributes of
each cell in words). For each pair of words: the AUROC of the measure that should tell one from the
other (0.5 says nothing, 1 all), with a 95 % interval from 1,000 resamples. Nothing was fitted.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from models.finding.find import Cell, find_cells
from models.finding.morphology import SHOWN
from models.image.micrograph import read_micrograph

_RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which words a measure should tell from all others of an attribute; more of it means them."""

    measure: str
    attribute: str
    words: tuple[str, ...]


QUESTIONS = (
    Question(measure="diameter_um", attribute="cell_size", words=("big",)),
    Question(measure="area_um2", attribute="cell_size", words=("big",)),
    Question(measure="cell_roundness", attribute="cell_shape", words=("round",)),
    Question(measure="nuclear_roundness", attribute="nucleus_shape", words=("unsegmented-round",)),
    Question(
        measure="lobes",
        attribute="nucleus_shape",
        words=("segmented-bilobed", "segmented-multilobed"),
    ),
    Question(
        measure="nuclear_cytoplasmic_ratio",
        attribute="nuclear_cytoplasmic_ratio",
        words=("high",),
    ),
    Question(measure="chromatin_density", attribute="chromatin_density", words=("densely",)),
    Question(measure="chromatin_texture", attribute="chromatin_density", words=("densely",)),
    Question(measure="basophilia", attribute="cytoplasm_colour", words=("blue", "purple blue")),
    Question(measure="granularity", attribute="granularity", words=("yes",)),
    Question(measure="granularity", attribute="cytoplasm_texture", words=("frosted",)),
)


def in_the_middle(cells: tuple[Cell, ...], width_px: int, height_px: int) -> Cell | None:
    """The cell that a picture of one cell is of."""
    if not cells:
        return None
    middle = np.array([width_px, height_px]) / 2
    return min(cells, key=lambda cell: float(np.linalg.norm(np.array(cell.centre) - middle)))


def auroc(values: np.ndarray, is_meant: np.ndarray) -> float:
    """The share of pairs that the measure puts in order, ties counted half."""
    n, other = int(is_meant.sum()), int((~is_meant).sum())
    return float((rankdata(values)[is_meant].sum() - n * (n + 1) / 2) / (n * other))


def interval(values: np.ndarray, is_meant: np.ndarray) -> tuple[float, float]:
    """Of 1,000 resamples of both sides, the middle 95 %."""
    rng = np.random.default_rng(0)
    mine, others = values[is_meant], values[~is_meant]
    truth = np.arange(len(values)) < len(mine)
    drawn = [
        auroc(np.concatenate([rng.choice(mine, len(mine)), rng.choice(others, len(others))]), truth)
        for _ in range(_RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Measure, and print a line for each question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every so many pictures")
    request = parser.parse_args()
    with (request.data / "pbc_barcelona" / "attributes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:: request.every]
    measured = []
    for row in rows:
        found = find_cells(read_micrograph((request.data / row["path"]).read_bytes()).rgb)
        cell = in_the_middle(found.cells, found.width_px, found.height_px)
        if cell is not None:
            measured.append((row, cell.morphology))
    print(f"a cell was found in {len(measured)} of {len(rows)} pictures")
    for each in QUESTIONS:
        pairs = [
            (float(value), row[each.attribute] in each.words)
            for row, cell in measured
            if (value := getattr(cell, each.measure)) is not None
        ]
        values = np.array([value for value, _ in pairs])
        is_meant = np.array([meant for _, meant in pairs])
        low, high = interval(values, is_meant)
        print(
            f"{each.measure}: {each.attribute} {' or '.join(each.words)}: AUROC "
            f"{auroc(values, is_meant):.2f} ({low:.2f} to {high:.2f}; {is_meant.sum()} of "
            f"{len(pairs)}){'' if each.measure in SHOWN else ', not shown'}"
        )


if __name__ == "__main__":
    main()
