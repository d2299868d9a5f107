"""How cells are best painted out: from their surroundings, or with the colour of the empty slide?

    python -m docs.experiments.painting_out BUNDLE --index INDEX [--images 30]

On validation images of the bundle's own split, none of which it is tested by: how long painting
all cells takes, how far one cell's going moves the log-odds, and how far a patch of the same
shape moves them that is painted on ground without cells. The less of the latter, the less of a
weight is the painting's own.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from models.answer.prediction import log_odds
from models.bundle.folder import read_bundle
from models.cells.parts import part_masks, parts_of
from models.image.cell_mask import background_colour
from models.image.micrograph import read_micrograph
from training.audits.subject import read_subject
from training.data.collection import spread_out
from training.data.index import read_index

Paint = Callable[[np.ndarray, np.ndarray], np.ndarray]


def telea(rgb: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Filled from the rim (Telea 2004)."""
    return np.asarray(cv2.inpaint(rgb, gone.astype(np.uint8), 3, cv2.INPAINT_TELEA))


def navier_stokes(rgb: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Filled from the rim (Bertalmio et al. 2001)."""
    return np.asarray(cv2.inpaint(rgb, gone.astype(np.uint8), 3, cv2.INPAINT_NS))


def slide(rgb: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """The colour of the empty slide."""
    return np.where(gone[..., None], background_colour(rgb), rgb).astype(np.uint8)


WAYS: dict[str, Paint] = {"telea": telea, "navier-stokes": navier_stokes, "slide": slide}


def main() -> None:
    """Measure, and print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--images", type=int, default=30)
    arguments = parser.parse_args()
    subject = read_subject(read_bundle(arguments.bundle), read_index(arguments.index))
    model, rng = subject.members[0], np.random.default_rng(0)
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in WAYS}
    for item in spread_out(np.sort(subject.split.validation), arguments.images):
        micrograph = read_micrograph(subject.records[item].read_bytes())
        picture = model.prepare(micrograph)[-1]
        parts = parts_of(micrograph.rgb, picture.region)
        if parts.kind != "cells" or len(parts.parts) < 2:
            continue
        rgb, masks = np.array(picture.rgb), part_masks(parts, picture)
        gone = np.asarray(masks.any(axis=0))
        cell = masks[rng.integers(len(masks))]
        ground = elsewhere(cell, gone, rng)
        if ground is None:
            continue
        top = int(model.logits(rgb[None])[0].argmax())
        for name, paint in WAYS.items():
            began = time.perf_counter()
            clean = paint(rgb, gone)
            took = time.perf_counter() - began
            views = [rgb, np.where(cell[..., None], clean, rgb), paint(rgb, ground)]
            odds = log_odds(model.logits(np.stack(views)) / model.manifest.temperature, top)
            found[name].append((took, abs(odds[0] - odds[1]), abs(odds[0] - odds[2])))
    for name, rows in found.items():
        took, cell_moves, ground_moves = np.mean(rows, axis=0)
        print(
            f"{name}: n {len(rows)}, all cells painted in {1000 * took:.1f} ms, a cell moves the "
            f"log-odds by {cell_moves:.2f}, the same shape of ground by {ground_moves:.2f}"
        )


def elsewhere(
    cell: np.ndarray, gone: np.ndarray, rng: np.random.Generator, *, tries: int = 60
) -> np.ndarray | None:
    """The cell's shape at a place without cells; None where there is none."""
    for _ in range(tries):
        moved = np.roll(cell, rng.integers(0, len(cell), 2), axis=(0, 1))
        if not (moved & gone).any():
            return moved
    return None


if __name__ == "__main__":
    main()
