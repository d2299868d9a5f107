"""Do a model's saliency maps lie on annotated cells, more than a blob in the middle would?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from tqdm import tqdm

from models.card import Figure
from models.cells import placed_mask
from models.errors import DatasetError
from models.micrograph import read_micrograph
from models.runtime import Model
from models.saliency import share_on_mask
from training.bootstrap import bootstrap_figures
from training.datasets.index import ImageRecord

# The centred Gaussian's standard deviation, as a share of the picture's side.
_GAUSSIAN_SIGMA = 0.25


@dataclass(frozen=True, kw_only=True)
class MaskedShares:
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


def check_saliency(
    model: Model, records: Sequence[ImageRecord], *, methods: Sequence[str], images: str
) -> MaskedShares:
    """Compare the maps for the model's own answer with a centred Gaussian and a random map.

    Args:
        model: The model in question.
        records: Images with masks of their cells.
        methods: Keys of `SALIENCY_METHODS`.
        images: What the images are, for the report.
    """
    side = model.manifest.input_px
    blind = {"centred Gaussian": centred_gaussian(side), "random": _random_map(side)}
    shares: dict[str, list[float]] = {name: [] for name in (*methods, *blind)}
    for record in tqdm(records, desc="Saliency", leave=False, disable=None):
        pictures = model.prepare(read_micrograph(record.path.read_bytes()))
        cell = mask_on_input(record, pictures[-1].region, side)
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
    return MaskedShares(
        model=model.manifest.id,
        images=f"{images}, n {n_images}",
        shares=bootstrap_figures(means, np.arange(n_images)),
    )


def mask_on_input(
    record: ImageRecord, region: tuple[float, float, float, float], side: int
) -> np.ndarray:
    """The cell's mask, cut and scaled as the model's input was: (side, side) bool.

    Raises:
        DatasetError: The record's mask is not readable.
    """
    mask = cv2.imread(str(record.mask), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise DatasetError(f"Expected a readable mask for {record.name}. Repair the file.")
    return placed_mask(mask, region, side)


def centred_gaussian(side: int) -> np.ndarray:
    """A blob in the middle of a picture: (side, side) float32, 0 to 1."""
    offset = (np.arange(side) - (side - 1) / 2) / (side * _GAUSSIAN_SIGMA)
    line = np.exp(-0.5 * offset**2)
    return np.outer(line, line).astype(np.float32)


def _random_map(side: int) -> np.ndarray:
    return np.random.default_rng(0).random((side, side), dtype=np.float32)
