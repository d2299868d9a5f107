"""`python -m training quality-limits`: measure from where on an image is not good enough.

Each limit stands between images as they were released and the same images spoilt on purpose.
"""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.image.micrograph import read_micrograph
from models.image.quality import (
    MEASURES,
    MeasureLimit,
    Modality,
    QualityLimits,
    measure_quality,
)
from training.data.index import ImageRecord, read_index
from training.data.spoiling import SPOILT, fields_without_cells
from training.errors import DatasetError
from training.stored import write_json

_LOG = logging.getLogger(__name__)

MODALITY_DATASETS: Mapping[Modality, tuple[str, ...]] = {
    "smear": ("taleghani_all", "bccd"),
    "cell": ("jhu_aml", "pbc_barcelona", "all_idb2", "c_nmc", "jtsc", "cellavision"),
    "histology": ("orlov_lymphoma",),
}
# Sharp histology at a higher magnification: it bounds what may be declined, not what is warned.
_ALSO_SHARP: Mapping[str, tuple[str, ...]] = {"histology": ("marrow_histology",)}

# What spoils each measure, mild to severe, by side. The first whose median lies beyond every
# released image sets the limit that declines.
_SPOILERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("size", "below"): ("a quarter of the size",),
    ("focus", "below"): ("blur σ 4 px", "blur σ 8 px"),
    ("grain", "above"): ("noise σ 80",),
    ("brightness", "below"): ("exposure × 0.25", "exposure × 0.1"),
    ("underexposed", "above"): ("exposure × 0.25", "exposure × 0.1"),
    ("overexposed", "above"): ("exposure × 3",),
    ("glare", "above"): ("glare, radius 1/6", "glare, radius 1/4"),
    ("stain", "below"): ("stain × 0.25", "no colour"),
    ("cells", "below"): ("no colour",),
}
# Measures whose limit depends on the field of view: half of the least released, no nearer.
_HALF_OF_LEAST = ("size", "cells")
_WARNED_PERCENT = 0.5


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Measured values of one data set: (n,) arrays by measure, and by spoiler and measure."""

    dataset: str
    released: Mapping[str, np.ndarray]
    spoilt: Mapping[str, Mapping[str, np.ndarray]]

    @property
    def n(self) -> int:
        """Number of released images."""
        return len(self.released["size"])


@dataclass(frozen=True, kw_only=True)
class _Edge:
    """One side's two limits and where they come from."""

    warned: float
    declined: float
    source: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("--index", type=Path, required=True, help="index CSV of the images")
    parser.add_argument("--out", type=Path, required=True, help="JSON to write")
    parser.add_argument("--per-dataset", type=int, default=150, help="images a data set")
    parser.add_argument("--spoilt-per-dataset", type=int, default=16, help="images to spoil")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")


def main(arguments: argparse.Namespace) -> int:
    """Measure the limits, log them with their effect, and write them. Raises DatasetError."""
    index = read_index(arguments.index)
    samples = {}
    for modality, datasets in MODALITY_DATASETS.items():
        for dataset in (*datasets, *_ALSO_SHARP.get(modality, ())):
            records = [row for row in index.records if dataset in (row.dataset, row.label)]
            samples[dataset] = _sample(dataset, records, arguments)
    limits = [_limits(modality, samples) for modality in MODALITY_DATASETS]
    limits.append(_loosest(limits))
    declined = {entry.modality: _declined(entry, samples) for entry in limits}
    _log_table(limits, declined)
    content = {
        "made_by": "python -m training quality-limits",
        "index_sha256": index.sha256,
        "seed": arguments.seed,
        "limits": [entry.to_dict() for entry in limits],
        "declined": declined,
    }
    write_json(arguments.out, content)
    return 0


def _sample(dataset: str, records: Sequence[ImageRecord], arguments: argparse.Namespace) -> Sample:
    if not records:
        raise DatasetError(
            f"The index holds no images of {dataset}. "
            "Limits are measured on every data set that they are for; add it to the index."
        )
    n = min(arguments.per_dataset, len(records))
    chosen = np.random.default_rng(arguments.seed).choice(len(records), n, replace=False)
    released, spoilt = [], {name: [] for name in SPOILT}  # type: ignore[var-annotated]
    for number, position in enumerate(tqdm(chosen, desc=dataset)):
        rgb = read_micrograph(records[position].path.read_bytes()).rgb
        released.append(measure_quality(rgb))
        if number < arguments.spoilt_per_dataset:
            for name, spoil in SPOILT.items():
                spoilt[name].append(measure_quality(spoil(rgb)))
    return Sample(
        dataset=dataset,
        released=_columns(released),
        spoilt={name: _columns(rows) for name, rows in spoilt.items()},
    )


def _columns(rows: Sequence[Mapping[str, float]]) -> Mapping[str, np.ndarray]:
    return {name: np.array([row[name] for row in rows]) for name in MEASURES}


def _limits(modality: Modality, samples: Mapping[str, Sample]) -> QualityLimits:
    own = [samples[dataset] for dataset in MODALITY_DATASETS[modality]]
    bounding = [*own, *(samples[dataset] for dataset in _ALSO_SHARP.get(modality, ()))]
    measures = []
    for name, spec in MEASURES.items():
        edges = {
            side: _edge(name, side, own, bounding)
            for side in ("below", "above")
            if (name, side) in _SPOILERS
        }
        below, above = edges.get("below"), edges.get("above")
        measures.append(
            MeasureLimit(
                name=name,
                unit=spec.unit,
                declined_below=below.declined if below else None,
                warned_below=below.warned if below else None,
                warned_above=above.warned if above else None,
                declined_above=above.declined if above else None,
                source=" ".join(edge.source for edge in edges.values()),
            )
        )
    return QualityLimits(modality=modality, measures=tuple(measures))


def _edge(name: str, side: str, own: Sequence[Sample], bounding: Sequence[Sample]) -> _Edge:
    is_below = side == "below"
    worst = min if is_below else max
    percent = _WARNED_PERCENT if is_below else 100 - _WARNED_PERCENT
    usual = {one.dataset: float(np.percentile(one.released[name], percent)) for one in own}
    warned_by = worst(usual, key=lambda dataset: usual[dataset])
    extremes = {one.dataset: float(worst(one.released[name])) for one in bounding}
    extreme_by = worst(extremes, key=lambda dataset: extremes[dataset])
    extreme = extremes[extreme_by]
    n = {one.dataset: one.n for one in bounding}
    spoiler, median = _spoilt_median(name, is_below, extreme, own)
    released = f"the worst released image ({extreme:.3g}, {extreme_by}, n = {n[extreme_by]})"
    spoilt = f"the median with {spoiler} ({median:.3g})"
    seen = f"{percent:g}th percentile of {warned_by} {usual[warned_by]:.3g}, n = {n[warned_by]}"
    warned = usual[warned_by]
    if MEASURES[name].unit == "%" and not is_below:
        declined, rule = (extreme + median) / 2, f"midway between {released} and {spoilt}"
        if warned < declined / 2:
            warned, seen = declined / 2, f"half of what is declined; {seen}"
    elif name in _HALF_OF_LEAST:
        declined, rule = extreme / 2, f"half of {released}, beside {spoilt}"
    else:
        declined = math.sqrt(extreme * median)
        rule = f"the geometric mean of {released} and {spoilt}"
    declined, warned = _rounded(declined, is_below), _rounded(warned, is_below)
    source = f"Declined {side} {declined:g}: {rule}. Warned {side} {warned:g}: {seen}."
    return _Edge(warned=warned, declined=declined, source=source)


def _spoilt_median(
    name: str, is_below: bool, extreme: float, own: Sequence[Sample]
) -> tuple[str, float]:
    """The mildest spoiler whose median lies beyond every released image, and that median."""
    for spoiler in _SPOILERS[name, "below" if is_below else "above"]:
        values = np.concatenate([one.spoilt[spoiler][name] for one in own])
        if name == "glare":  # on a white background or on black, glare cannot be told
            values = values[values > 0]
        median = float(np.median(values)) if len(values) else extreme
        if median < extreme if is_below else median > extreme:
            return spoiler, median
    raise DatasetError(
        f"{spoiler} does not move {name} beyond the released images: its median is {median:.3g}, "
        f"theirs reach {extreme:.3g}. Use a more severe spoiler."
    )


def _rounded(value: float, is_below: bool) -> float:
    """Three significant digits, towards the looser side."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    steps = math.floor(value / unit) if is_below else math.ceil(value / unit)
    return float(f"{steps * unit:.6g}")


def _loosest(limits: Sequence[QualityLimits]) -> QualityLimits:
    measures = []
    for name, spec in MEASURES.items():
        values: dict[str, float | None] = {}
        sources = []
        for side in ("declined_below", "warned_below", "warned_above", "declined_above"):
            loosest = min if side.endswith("below") else max
            by_modality = {
                entry.modality: getattr(limit, side)
                for entry in limits
                for limit in entry.measures
                if limit.name == name
            }
            values[side] = None
            if None not in by_modality.values():
                modality = loosest(by_modality, key=lambda one: by_modality[one])
                values[side] = by_modality[modality]
                sources.append(f"{side.replace('_', ' ')} {values[side]:g} as for {modality}")
        source = f"The loosest of {', '.join(by_modality)}: {', '.join(sources)}."
        measures.append(MeasureLimit(name=name, unit=spec.unit, source=source, **values))
    return QualityLimits(modality="mixed", measures=tuple(measures))


def _declined(
    limits: QualityLimits, samples: Mapping[str, Sample]
) -> Mapping[str, Mapping[str, str]]:
    """How many images the limits decline, "0 of 150", by data set and what was done to them."""
    every = [name for group in MODALITY_DATASETS.values() for name in group]
    found = {
        name: {
            "as released": _count(limits, samples[name].released),
            **{spoiler: _count(limits, samples[name].spoilt[spoiler]) for spoiler in SPOILT},
        }
        for name in MODALITY_DATASETS.get(limits.modality, every)
    }
    found["drawn, without cells"] = {
        name: _count(limits, _columns([measure_quality(rgb)]))
        for name, rgb in fields_without_cells().items()
    }
    return found


def _count(limits: QualityLimits, columns: Mapping[str, np.ndarray]) -> str:
    n = len(columns["size"])
    n_declined = sum(
        any(limit.verdict(columns[limit.name][image]) == "declined" for limit in limits.measures)
        for image in range(n)
    )
    return f"{n_declined} of {n}"


def _log_table(
    limits: Sequence[QualityLimits], declined: Mapping[Modality, Mapping[str, Mapping[str, str]]]
) -> None:
    for entry in limits:
        for limit in entry.measures:
            _LOG.info("%-9s %-12s %s", entry.modality, limit.name, limit.source)
    for modality, datasets in declined.items():
        for dataset, counts in datasets.items():
            for what, count in counts.items():
                _LOG.info("%-9s %-20s %-27s declined %s", modality, dataset, what, count)
