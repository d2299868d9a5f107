"""`python -m training domain`: what a bundle lets in, of its own kind and of all others at hand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.errors import BlooduiError, DatasetError
from models.micrograph import read_micrograph
from models.preprocessing import apply_steps
from models.runtime import Model, load_model
from training.audits.own_split import own_split
from training.collection import spread_out
from training.datasets.index import DatasetIndex, ImageRecord, read_index
from training.stored import write_json

_PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket")
_DOCUMENTS = ("page", "text")
_N_DRAWN_DOCUMENTS = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz     "


@dataclass(frozen=True, kw_only=True)
class KindRow:
    """How a model's domain check takes images of one kind.

    Attributes:
        kind: Name of the data set, "photographs" or "documents"; "own test images".
        n: Images.
        turned_away: Share that is beyond the limit, 0–1.
        auroc: Of the distance, against the model's own test images; None for these themselves.
        energy_auroc: The same of the energy of the logits (Liu et al. 2020, "Energy-based
            out-of-distribution detection"), which the check could go by instead.
    """

    kind: str
    n: int
    turned_away: float
    auroc: float | None
    energy_auroc: float | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training domain`."""
    parser.add_argument("bundles", type=Path, nargs="+", help="folders of bundles")
    parser.add_argument("--index", type=Path, required=True, help="index.csv they were made from")
    parser.add_argument(
        "--limit", type=int, default=150, help="at most so many images of another kind"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def main(arguments: argparse.Namespace) -> int:
    """Measure every bundle that has a domain, write JSON and tell each row."""
    index = read_index(arguments.index)
    found: dict[str, Any] = {}
    for bundle in arguments.bundles:
        model = load_model(bundle)
        if model.domain is None:
            continue
        rows = check_domain(model, index, limit=arguments.limit)
        found[model.manifest.id] = [asdict(row) for row in rows]
        for row in rows:
            auroc = (
                f", AUROC {row.auroc:.3f}, of energy {row.energy_auroc:.3f}" if row.auroc else ""
            )
            sys.stdout.write(
                f"{model.manifest.id}: {row.kind} (n {row.n}): "
                f"{100 * row.turned_away:.1f} % turned away{auroc}\n"
            )
    write_json(arguments.out, found)
    return 0


def check_domain(model: Model, index: DatasetIndex, *, limit: int = 150) -> tuple[KindRow, ...]:
    """What a model's domain check says of its own test images and of every other kind.

    Args:
        model: One with a domain.
        index: The images that it was made from, and those of other data sets beside them.
        limit: At most so many images of each other kind, evenly taken; of its own all test images.

    Raises:
        DatasetError: As `own_split`, or the model has no domain.
    """
    if model.domain is None:
        raise DatasetError(
            f"Expected a bundle with a domain, received '{model.manifest.id}'. Train it again."
        )
    collection, split = own_split(model, index)
    own = _measured(model, collection.pictures.rgb[split.test])
    rows = [_row("own test images", own, None, model.domain.limit)]
    known = {record.dataset for record in collection.records}
    others: dict[str, list[ImageRecord]] = {}
    for record in index.records:
        if record.dataset not in known:
            others.setdefault(record.dataset, []).append(record)
    for kind, records in sorted(others.items()):
        chosen = spread_out(np.arange(len(records)), limit)
        pictures = _prepared(model, [_pixels(records[number]) for number in chosen])
        rows.append(_row(kind, _measured(model, pictures), own, model.domain.limit))
    for kind, images in _foreign().items():
        measured = _measured(model, _prepared(model, images))
        rows.append(_row(kind, measured, own, model.domain.limit))
    return tuple(rows)


def _measured(model: Model, pictures: np.ndarray) -> np.ndarray:
    """Distance and energy of prepared pictures, as (2, n): both high where they are foreign."""
    logits = model.logits(pictures).astype(np.float64)
    return np.stack([model.distances(pictures), -np.logaddexp.reduce(logits, axis=1)])


def _row(kind: str, measured: np.ndarray, own: np.ndarray | None, limit: float) -> KindRow:
    aurocs: list[float | None] = [None, None]
    if own is not None:
        from sklearn.metrics import roc_auc_score

        truth = np.repeat([0, 1], [own.shape[1], measured.shape[1]])
        both = np.concatenate([own, measured], axis=1)
        aurocs = [float(roc_auc_score(truth, values)) for values in both]
    return KindRow(
        kind=kind,
        n=measured.shape[1],
        turned_away=float((measured[0] > limit).mean()),
        auroc=aurocs[0],
        energy_auroc=aurocs[1],
    )


def _pixels(record: ImageRecord) -> np.ndarray:
    try:
        return read_micrograph(record.path.read_bytes()).rgb
    except (OSError, BlooduiError) as error:
        raise DatasetError(
            f"Expected a readable image, received {record.name}: {error}. Repair the data set."
        ) from error


def _prepared(model: Model, images: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack([apply_steps(rgb, model.manifest.steps) for rgb in images])


def _foreign() -> Mapping[str, list[np.ndarray]]:
    """Photographs that travel with scikit-image, and printed pages, as (H, W, 3) uint8."""
    from skimage import data

    def read(names: Sequence[str]) -> list[np.ndarray]:
        pictures = [np.asarray(getattr(data, name)()) for name in names]
        return [p[..., :3] if p.ndim == 3 else np.dstack([p] * 3) for p in pictures]

    rng = np.random.default_rng(0)
    pages = []
    for _ in range(_N_DRAWN_DOCUMENTS):
        page = np.full((640, 480, 3), 248, np.uint8)
        for line in range(28):
            words = "".join(rng.choice(list(_LETTERS), 44))
            place = (16, 24 + 22 * line)
            cv2.putText(page, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (25, 25, 25), 1)
        pages.append(page)
    return {"photographs": read(_PHOTOGRAPHS), "documents": [*read(_DOCUMENTS), *pages]}
