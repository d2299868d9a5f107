"""How a model's accuracy falls as its own test images get worse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.card import Degraded, Figure, degraded_of
from models.degradation import NOTHING, STRENGTHS, Degradation, degrade
from models.errors import DatasetError
from models.preprocessing import apply_steps
from training.bootstrap import bootstrap_figures
from training.collection import Collection, spread_out
from training.datasets.pictures import read_rgb
from training.stored import write_json

if TYPE_CHECKING:
    from models.runtime import Model

MOST_IMAGES = 200
_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class RobustnessReport:
    """What a robustness check measured.

    Attributes:
        model: Bundle id.
        images: What was judged, in a sentence.
        rows: The images as they are first, then each kind from its weakest strength on.
    """

    model: str
    images: str
    rows: tuple[Degraded, ...]

    def lines(self) -> Iterator[str]:
        """The report as lines of text."""
        yield f"{self.model}: {self.images}"
        for row in self.rows:
            name = f"{row.kind}, strength {row.strength}" if row.kind else "as they are"
            yield f"{name}: accuracy {_percent(row.accuracy)}"


def measure_robustness(
    model: Model, collection: Collection, test: np.ndarray, *, limit: int = MOST_IMAGES
) -> RobustnessReport:
    """A model's accuracy on test images as they are, and on each kind and strength of worse ones.

    The original image is made worse, and then goes through the model's own steps. The most
    probable class counts, whether or not the model would have answered. Every condition is drawn
    from the same groups, so that the intervals of two can be compared.

    Args:
        model: The model in question.
        collection: The images that it was made from.
        test: (n,) int, which of them it has not seen.
        limit: So many of them, spread evenly; 0 for all.

    Raises:
        DatasetError: A file is not a readable image.
    """
    chosen = spread_out(test, limit)
    records = [collection.records[item] for item in chosen]
    with ThreadPoolExecutor(max_workers=2) as pool:
        originals = list(pool.map(read_rgb, records))
        right = {
            condition: _answers(model, originals, degradation, pool) == collection.labels[chosen]
            for condition, degradation in _conditions(model.manifest.modality).items()
        }
    groups = collection.groups["grouped"][chosen]
    figures = bootstrap_figures(
        lambda rows: {str(key): float(hit[rows].mean()) for key, hit in right.items()}, groups
    )
    return RobustnessReport(
        model=model.manifest.id,
        images=f"{len(chosen)} images of {len(np.unique(groups))} groups to judge by",
        rows=tuple(
            Degraded(kind=kind, strength=strength, accuracy=replace(figure, name="accuracy"))
            for (kind, strength), figure in zip(right, figures, strict=True)
        ),
    )


def _conditions(modality: str) -> dict[tuple[str, int], Degradation]:
    """What is done to the images, by kind and strength; the stains are those of the modality."""
    stain = "hematoxylin_eosin" if modality == "histology" else "wright_giemsa"
    return {("", 0): NOTHING} | {
        (kind, strength): replace(degradation, stain=stain)
        for kind, degradations in STRENGTHS.items()
        for strength, degradation in enumerate(degradations, start=1)
    }


def _answers(
    model: Model,
    originals: list[np.ndarray],
    degradation: Degradation,
    pool: ThreadPoolExecutor,
) -> np.ndarray:
    """The most probable class of each image after it was made worse, as (n,) int."""

    def prepared(rgb: np.ndarray) -> np.ndarray:
        return apply_steps(degrade(rgb, degradation), model.manifest.steps)

    found = []
    for start in range(0, len(originals), _BATCH):
        batch = np.stack(list(pool.map(prepared, originals[start : start + _BATCH])))
        found.append(model.logits(batch).argmax(axis=1))
    return np.concatenate(found)


def write_robustness(report: RobustnessReport, path: Path) -> None:
    """Write a report as JSON, whole or not at all."""
    write_json(path, asdict(report))


def read_robustness(path: Path) -> RobustnessReport:
    """Read what `write_robustness` wrote. Raises DatasetError where it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        rows = tuple(degraded_of(entry) for entry in data["rows"])
        return RobustnessReport(model=data["model"], images=data["images"], rows=rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"Expected a robustness report in {path.name}, received {type(error).__name__}: "
            f"{error}. Measure the bundle again: python -m training robustness."
        ) from error


def _percent(figure: Figure) -> str:
    bounds = f"{100 * figure.low:.1f} to {100 * figure.high:.1f}"
    return f"{figure.value:.1%} ({bounds}), n {figure.n}"
