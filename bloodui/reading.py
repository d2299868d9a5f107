"""Reading image files from a folder with one model: a record an image, as JSON or as a CSV row.

A file that cannot be read becomes a record with an error, and the others go on.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from bloodui.views.overlay import blend, place_map
from models.errors import BlooduiError
from models.manifest import Manifest
from models.micrograph import IntakeLimits, read_micrograph
from models.opinion import Opinion, opinion_on
from models.prediction import Prediction
from models.prediction_set import DEFAULT_LEVEL

if TYPE_CHECKING:
    from models.ensemble import Ensemble
    from models.runtime import Model

OVERLAY_OPACITY = 0.6


@dataclass(frozen=True, kw_only=True)
class ReadFailure:
    """Why a file has no opinion: a code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """What came of one file.

    Attributes:
        path: As it was given, or found in a folder that was given.
        manifest: The model that was asked.
        opinion: None where the file could not be read.
        failure: None where it could.
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

    def to_row(self) -> dict[str, str]:
        """The record as a row of CSV with the columns of `csv_columns`; safe in a spreadsheet."""
        record = self.to_dict()
        quality, saliency = record["quality"], record["saliency"] or {}
        row = {key: record[key] for key in _CSV_START + _CSV_END if key in record}
        row["notes"] = " ".join(record["notes"])
        row |= {"quality": None, "saliency_file": saliency.get("file")}
        row["prediction_set"] = " ".join((record["prediction_set"] or {}).get("classes", []))
        row["domain_distance"] = (record["domain"] or {}).get("distance")
        row["domain_limit"] = (record["domain"] or {}).get("limit")
        row |= {f"error_{key}": value for key, value in (record["error"] or {}).items()}
        if record["probabilities"]:
            row |= dict(zip(_p_columns(self.manifest), record["probabilities"], strict=True))
        if quality:
            row["quality"] = quality["verdict"]
            row |= {f"q_{measure['name']}": measure["value"] for measure in quality["measures"]}
        return {key: spreadsheet_safe(row.get(key)) for key in csv_columns(self.manifest)}

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


_CSV_START = ("path", "sha256", "model", "top_class", "decision", "reason", "prediction_set")
_CSV_END = (
    "domain_distance",
    "domain_limit",
    "notes",
    "saliency_file",
    "error_code",
    "error_message",
    "intended_use",
)


def csv_columns(manifest: Manifest) -> tuple[str, ...]:
    """The columns of a model's CSV: `p_` and a class's name, `q_` and a quality measure's."""
    measures = (f"q_{measure.name}" for measure in manifest.quality_limits.measures)
    return (*_CSV_START, *_p_columns(manifest), "quality", *measures, *_CSV_END)


def _p_columns(manifest: Manifest) -> tuple[str, ...]:
    return tuple(f"p_{name}" for name in manifest.classes)


def spreadsheet_safe(value: object) -> str:
    """A cell's text that no spreadsheet takes for a formula.

    Source: OWASP, "CSV Injection": cells that begin with = + - @, tab or carriage return.
    """
    if value is None:
        return ""
    text = str(value)
    is_formula = isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    return f"'{text}" if is_formula else text


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files that these paths stand for: a folder's files, sorted, hidden ones left out."""
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                folders[:] = sorted(name for name in folders if not name.startswith("."))
                yield from (Path(folder, n) for n in sorted(names) if not n.startswith("."))
        else:
            yield path


def read_file(
    path: Path,
    model: Model | Ensemble,
    *,
    saliency_dir: Path | None = None,
    level: float = DEFAULT_LEVEL,
) -> Record:
    """What the model says of the image in a file, or why it says nothing.

    Args:
        saliency_dir: An existing folder for the saliency map laid over the image, named after
            the image's hash and the model, never after the file; without it, no map is made.
        level: Coverage asked of the prediction set.
    """
    shown = os.fsencode(path).decode("utf-8", "replace")
    try:
        micrograph = read_micrograph(_bytes_of(path))
        opinion = opinion_on(micrograph, model, is_explained=saliency_dir is not None, level=level)
        saliency_file = _write_overlay(opinion, saliency_dir) if saliency_dir else None
    except (BlooduiError, OSError) as error:
        return Record(path=shown, manifest=model.manifest, failure=_failure(error))
    return Record(path=shown, manifest=model.manifest, opinion=opinion, saliency_file=saliency_file)


def describe(manifest: Manifest, *, is_default: bool) -> dict[str, Any]:
    """A model as `python -m bloodui models` lists it, in JSON's own types."""
    keys = (
        "id",
        "title",
        "task",
        "architecture",
        "modality",
        "classes",
        "input_px",
        "answer_threshold",
        "parameters_millions",
        "created",
        "licence",
        "intended_use",
    )
    plain: Mapping[str, Any] = manifest.to_dict()
    members = [member.id for member in manifest.members]
    return {key: plain[key] for key in keys} | {"members": members, "is_default": is_default}


def _bytes_of(path: Path) -> bytes:
    """A file's bytes, at most one more than intake takes; intake then refuses it."""
    if path.exists() and not path.is_file():
        raise OSError("not a plain file")
    with path.open("rb") as file:
        return file.read(IntakeLimits().max_bytes + 1)


def _failure(error: BlooduiError | OSError) -> ReadFailure:
    if isinstance(error, BlooduiError):
        name = type(error).__name__.removesuffix("Error")
        code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        return ReadFailure(code=code, message=str(error))
    reason = error.strerror or str(error)
    return ReadFailure(
        code="unreadable_file",
        message=f"Expected a file that can be read, received: {reason}. Check path and rights.",
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


def _write_overlay(opinion: Opinion, folder: Path) -> str | None:
    """Write the map laid over the original as PNG, whole or not at all; answer with its name."""
    if opinion.explanation is None:
        return None
    rgb = opinion.micrograph.rgb
    placed = place_map(
        opinion.explanation.map,
        opinion.pictures[-1].region,
        width_px=rgb.shape[1],
        height_px=rgb.shape[0],
    )
    drawn = blend(rgb, placed, opacity=OVERLAY_OPACITY, contour=True)
    png = cv2.imencode(".png", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))[1].tobytes()
    name = f"{opinion.micrograph.sha256[:16]}-{opinion.manifest.id}.png"
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
        file.write(png)
    os.replace(file.name, folder / name)
    return name
