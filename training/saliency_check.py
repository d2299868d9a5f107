"""Do a model's saliency maps lie on the cell, more than a blob in the middle would?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from models.card import Figure
from models.errors import DatasetError
from models.micrograph import read_micrograph
from models.runtime import Model, load_model
from models.saliency import SALIENCY_METHODS, share_on_mask
from training.bootstrap import bootstrap_figures
from training.datasets.index import ImageRecord, read_index
from training.stored import write_json

# The centred Gaussian's standard deviation, as a share of the picture's side.
_GAUSSIAN_SIGMA = 0.25


@dataclass(frozen=True, kw_only=True)
class SaliencyCheck:
    """Mean share of a map's mass on the cell, for each method and for maps that know nothing.

    Attributes:
        model: Bundle id.
        images: What was looked at.
        shares: One figure a method, then "centred Gaussian" and "random", 0 to 1, with 95 %
            bootstrap intervals over images.
    """

    model: str
    images: str
    shares: tuple[Figure, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training saliency`."""
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv with masks")
    parser.add_argument("--dataset", default="all_idb2", help="data set whose masks are used")
    parser.add_argument("--method", action="append", choices=tuple(SALIENCY_METHODS))
    parser.add_argument("--limit", type=int, default=0, help="so many images, evenly; 0 for all")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def main(arguments: argparse.Namespace) -> int:
    """Measure, write JSON and log a line a method."""
    records = [
        record
        for record in read_index(arguments.index).records
        if record.dataset == arguments.dataset and record.mask is not None
    ]
    if not records:
        raise DatasetError(
            f"Expected images of {arguments.dataset} with masks, received none. "
            "Choose a data set whose rows have a mask."
        )
    if arguments.limit:
        records = records[:: max(1, len(records) // arguments.limit)][: arguments.limit]
    check = check_saliency(
        load_model(arguments.bundle),
        records,
        methods=tuple(arguments.method or SALIENCY_METHODS),
        images=arguments.dataset,
    )
    write_json(arguments.out, asdict(check))
    return 0


def check_saliency(
    model: Model, records: Sequence[ImageRecord], *, methods: Sequence[str], images: str
) -> SaliencyCheck:
    """Compare the maps for the model's own answer with a centred Gaussian and a random map.

    Args:
        model: The model in question.
        records: Images with masks of their cells.
        methods: Keys of `SALIENCY_METHODS`.
        images: What the images are, for the report.
    """
    side = model.manifest.input_px
    blind = {"centred Gaussian": _centred_gaussian(side), "random": _random_map(side)}
    shares: dict[str, list[float]] = {name: [] for name in (*methods, *blind)}
    for record in tqdm(records, desc="Saliency", leave=False, disable=None):
        pictures = model.prepare(read_micrograph(record.path.read_bytes()))
        cell = _mask_on_input(record, pictures[-1].region, side)
        if not cell.any():
            continue
        for method in methods:
            rgb = pictures[-1].rgb
            found = model.explain(rgb, model.ask(rgb)[0].top_class, method).map
            shares[method].append(share_on_mask(found, cell) or 0.0)
        for name, knows_nothing in blind.items():
            shares[name].append(share_on_mask(knows_nothing, cell) or 0.0)
    measured = {name: np.array(values) for name, values in shares.items()}

    def means(rows: np.ndarray) -> dict[str, float]:
        return {name: float(values[rows].mean()) for name, values in measured.items()}

    n_images = len(measured["random"])
    if not n_images:
        raise DatasetError(
            "Expected masks with a cell inside the model's view, received none. Check the masks."
        )
    return SaliencyCheck(
        model=model.manifest.id,
        images=f"{images}, n {n_images}",
        shares=bootstrap_figures(means, np.arange(n_images)),
    )


def _mask_on_input(
    record: ImageRecord, region: tuple[float, float, float, float], side: int
) -> np.ndarray:
    """The cell's mask, cut and scaled as the model's input was."""
    mask = cv2.imread(str(record.mask), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise DatasetError(f"Expected a readable mask for {record.name}. Repair the file.")
    left, top, right, bottom = region
    scale_x, scale_y = side / (right - left), side / (bottom - top)
    placed = np.array([[scale_x, 0, -left * scale_x], [0, scale_y, -top * scale_y]])
    on_input: np.ndarray = cv2.warpAffine(mask, placed, (side, side), flags=cv2.INTER_NEAREST) > 0
    return on_input


def _centred_gaussian(side: int) -> np.ndarray:
    offset = (np.arange(side) - (side - 1) / 2) / (side * _GAUSSIAN_SIGMA)
    line = np.exp(-0.5 * offset**2)
    return np.outer(line, line).astype(np.float32)


def _random_map(side: int) -> np.ndarray:
    return np.random.default_rng(0).random((side, side), dtype=np.float32)
