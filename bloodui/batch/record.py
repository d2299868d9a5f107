"""What a model says of one file: a record, as JSON or as a row of a table.

A file that cannot be read becomes a record with an error, and the others go on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from bloodui.render.overlay import blend, place_map
from models.answer.prediction import Prediction
from models.bundle.manifest import Manifest
from models.errors import BlooduiError
from models.files import write_file
from models.opinion import Opinion
from models.table_cell import as_cell

if TYPE_CHECKING:
    from models.bundle.card import Card

OVERLAY_OPACITY = 0.6
UNREADABLE, MAP_NOT_WRITTEN = "unreadable_file", "map_not_written"
"""Codes of errors of the disk, which may be gone when the file is read again."""


@dataclass(frozen=True, kw_only=True)
class ReadFailure:
    """Why a file has no opinion or no map: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """What came of one file.

    Attributes:
        path: As it was given, or found in a folder that was given.
        manifest: The model that was asked.
        opinion: None where the file could not be read.
        failure: None where it could, and the map be written.
        saliency_file: Name of the picture that was written, where one was asked for.
    """

    path: str
    manifest: Manifest
    opinion: Opinion | None = None
    failure: ReadFailure | None = None
    saliency_file: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The record in JSON's own types; every record has the same keys."""
        opinion = self.opinion
        prediction = opinion.prediction if opinion else None
        return {
            "path": self.path,
            "sha256": opinion.micrograph.sha256 if opinion else None,
            "model": self.manifest.id,
            "intended_use": self.manifest.intended_use,
            "classes": list(self.manifest.classes),
            "probabilities": [float(p) for p in prediction.probabilities] if prediction else None,
            "top_class": prediction.classes[prediction.top_class] if prediction else None,
            "decision": opinion.decision if opinion else None,
            "reason": opinion.reason if opinion else None,
            "prediction_set": _set(prediction) if prediction else None,
            "domain": _domain(opinion) if opinion else None,
            "members": [_member(each) for each in opinion.members] if opinion else [],
            "notes": list(opinion.micrograph.notes) if opinion else [],
            "quality": _quality(opinion) if opinion else None,
            "saliency": self._saliency(),
            "error": vars(self.failure).copy() if self.failure else None,
        }

    def _saliency(self) -> dict[str, Any] | None:
        explanation = self.opinion.explanation if self.opinion else None
        if explanation is None:
            return None
        return {
            "file": self.saliency_file,
            "method": explanation.method,
            "class": explanation.class_name,
            "raw_peak": explanation.raw_peak,
            "share_on_cells": explanation.share_on_cells,
            "cell_area": explanation.cell_area,
        }


_START = ("path", "sha256", "model", "top_class", "decision", "reason", "prediction_set")
_END = (
    "domain_distance",
    "domain_limit",
    "notes",
    "saliency_file",
    "error_code",
    "error_message",
    "intended_use",
)


def row_of(record: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """A record of `Record.to_dict` as a row with the columns of `columns`, in values of its own."""
    quality, saliency = record["quality"], record["saliency"] or {}
    row = {key: record[key] for key in _START + _END if key in record}
    row["notes"] = " ".join(record["notes"])
    row |= {"quality": None, "saliency_file": saliency.get("file")}
    row["prediction_set"] = " ".join((record["prediction_set"] or {}).get("classes", []))
    row["domain_distance"] = (record["domain"] or {}).get("distance")
    row["domain_limit"] = (record["domain"] or {}).get("limit")
    row |= {f"error_{key}": value for key, value in (record["error"] or {}).items()}
    if record["probabilities"]:
        row |= dict(zip(_p_columns(manifest), record["probabilities"], strict=True))
    if quality:
        row["quality"] = quality["verdict"]
        row |= {f"q_{measure['name']}": measure["value"] for measure in quality["measures"]}
    return {key: row.get(key) for key in columns(manifest)}


def csv_row(record: Mapping[str, Any], manifest: Manifest) -> dict[str, str]:
    """The same as text that is safe in a spreadsheet."""
    return {key: as_cell(value) for key, value in row_of(record, manifest).items()}


def columns(manifest: Manifest) -> tuple[str, ...]:
    """The columns of a model's table: `p_` and a class's name, `q_` and a quality measure's."""
    measures = (f"q_{measure.name}" for measure in manifest.quality_limits.measures)
    return (*_START, *_p_columns(manifest), "quality", *measures, *_END)


def _p_columns(manifest: Manifest) -> tuple[str, ...]:
    return tuple(f"p_{name}" for name in manifest.classes)


def failure_of(error: BlooduiError | OSError) -> ReadFailure:
    """The code and the sentence of an error."""
    if isinstance(error, BlooduiError):
        name = type(error).__name__.removesuffix("Error")
        code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        return ReadFailure(code=code, message=str(error))
    reason = error.strerror or str(error)
    return ReadFailure(
        code=UNREADABLE,
        message=f"The file cannot be read: {reason}. Check path and rights.",
    )


def _set(prediction: Prediction) -> dict[str, Any] | None:
    if not prediction.prediction_set:
        return None
    names = [prediction.classes[index] for index in prediction.prediction_set]
    return {"level": prediction.level, "classes": names}


def _domain(opinion: Opinion) -> dict[str, Any] | None:
    verdict = opinion.domain
    if verdict is None:
        return None
    return {
        "is_inside": verdict.is_inside,
        "distance": verdict.distance,
        "limit": verdict.limit,
        "nearest": dict(verdict.nearest),
    }


def _member(opinion: Opinion) -> dict[str, Any]:
    prediction = opinion.prediction
    return {
        "model": opinion.manifest.id,
        "probabilities": [float(p) for p in prediction.probabilities] if prediction else None,
        "top_class": prediction.classes[prediction.top_class] if prediction else None,
        "decision": opinion.decision,
    }


def _quality(opinion: Opinion) -> dict[str, Any]:
    report = opinion.quality
    return {
        "verdict": report.verdict,
        "reasons": list(report.reasons),
        "measures": [
            {
                "name": measure.name,
                "value": measure.value if math.isfinite(measure.value) else None,
                "unit": measure.unit,
                "verdict": measure.verdict,
            }
            for measure in report.measures
        ],
    }


def write_overlay(opinion: Opinion, card: Card, folder: Path) -> str | None:
    """Write the map laid over the original as PNG, whole or not at all; answer with its name."""
    if opinion.explanation is None:
        return None
    rgb = opinion.micrograph.rgb
    placed = place_map(
        *opinion.pictures[-1].on_original(opinion.explanation.map),
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
        check=card.saliency_check(opinion.explanation.method),
    )
    drawn = blend(rgb, placed, opacity=OVERLAY_OPACITY, contour=True)
    png = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))[1].tobytes()
    name = f"{opinion.micrograph.sha256[:16]}-{opinion.manifest.id}.png"
    write_file(folder / name, png)
    return name
