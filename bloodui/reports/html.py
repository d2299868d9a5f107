"""One opinion as a single HTML file that needs nothing else to be read or printed.

Streamlit is not imported. Everything that comes from a manifest, a card, an image or the name of
its file is escaped by the template. The name is there only where a reader asked for it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from bloodui.render.bullet import bullet_html, limits_in_words, number
from bloodui.render.evidence_words import TITLE
from bloodui.render.outlines import OUTLINES_IN_WORDS, marks_of, outlined
from bloodui.render.overlay import blend, place_map
from bloodui.render.pictures import enlarged, jpeg_address, picture_address
from bloodui.render.text import full_name, headline, set_in_words
from bloodui.reports.template import template
from models.answer.saliency import SALIENCY_METHODS
from models.bundle.card import Card
from models.cells.evidence import Evidence
from models.image.scale import shrunk
from models.opinion import Opinion
from models.rate import percent, told_apart

TEMPLATE = "opinion.html.j2"
OVERLAY_PX = 768
PICTURE_PX = 1024
"""Pictures in the report have a longer side of at most this; the hash names the full image."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportRequest:
    """What goes into a report on an image.

    Attributes:
        label: What the image is called, such as "Image 1".
        name: Of its file, where the reader asked for it; else "".
        is_drawn: Whether it is a drawn demo image; the report then says so.
        headline: The decision in one line.
        is_map_shown: Whether the map is drawn: one that is not to be believed is only where the
            reader asked for it.
        sentences: On the saliency map, in the page's words; empty where there is no map.
        figures: Rows of the card's table, as the page shows them.
        opacity: 0–1, of the map over the image at its peak.
    """

    label: str
    name: str = ""
    is_drawn: bool
    opinion: Opinion
    card: Card
    headline: str
    is_map_shown: bool
    sentences: tuple[str, ...]
    figures: tuple[dict[str, str], ...]
    opacity: float
    contour: bool
    evidence: Evidence | None = None
    """By cells, where the page shows that instead of a map; then it is what is drawn."""


def report_html(report: ReportRequest, *, version: str, made: dt.datetime) -> str:
    """The report on one image as HTML.

    Args:
        report: What it holds.
        version: Of this program.
        made: When the report was made, with its time zone.
    """
    return template(TEMPLATE).render(
        view=image_view(report, picture_px=PICTURE_PX),
        manifest=report.opinion.manifest,
        version=version,
        made=made.strftime("%Y-%m-%d %H:%M %Z").strip(),
    )


def image_view(report: ReportRequest, *, picture_px: int) -> dict[str, Any]:
    """What the templates draw of an image: its report, pictures, rows and words.

    Args:
        report: What is shown of it.
        picture_px: The longer side of its pictures, at most.
    """
    opinion = report.opinion
    rgb = opinion.micrograph.rgb
    address = picture_address if picture_px == PICTURE_PX else jpeg_address
    return {
        "report": report,
        "opinion": opinion,
        "original": address(shrunk(rgb, picture_px)),
        "overlay": _overlay_address(report, picture_px),
        "overlay_caption": _overlay_caption(report),
        "width": rgb.shape[1],
        "height": rgb.shape[0],
        "probabilities": _probability_rows(opinion),
        "prediction_set": set_in_words(opinion.prediction) if opinion.prediction else "",
        "members": [
            (member.title, percent(member.weight), headline(said))
            for member, said in zip(opinion.manifest.members, opinion.members, strict=False)
        ],
        "threshold": _told_apart(opinion)[1],
        "threshold_share": _threshold(opinion),
        "measures": [
            (measure, bullet_html(measure), number(measure.value), limits_in_words(measure))
            for measure in opinion.quality.measures
        ],
    }


def _overlay_caption(report: ReportRequest) -> str:
    """What is drawn over the image, in a line."""
    explanation = report.opinion.explanation
    if report.evidence is not None:
        return f"{TITLE}, for {report.evidence.class_name}: {OUTLINES_IN_WORDS}"
    if explanation is None:
        return ""
    line = "; the contour runs at half of its peak" if report.contour else ""
    return (
        f"Saliency map, {SALIENCY_METHODS[explanation.method]}, for {explanation.class_name}{line}"
    )


def _overlay_address(report: ReportRequest, picture_px: int) -> str | None:
    opinion = report.opinion
    if report.evidence is not None:
        return _outlined_address(report, report.evidence, picture_px)
    explanation = opinion.explanation
    if not report.is_map_shown or explanation is None or explanation.raw_peak <= 0:
        return None
    height, width = opinion.micrograph.rgb.shape[:2]
    check = report.card.saliency_check(explanation.method)
    placed = place_map(
        *opinion.pictures[-1].on_original(explanation.map),
        width_px=width,
        height_px=height,
        check=check,
    )
    # A small image is enlarged first, so that the contour is a fine line on it.
    base = enlarged(shrunk(opinion.micrograph.rgb, picture_px), min(OVERLAY_PX, picture_px))
    left, top, right, bottom = (edge * base.shape[1] / width for edge in placed.region)
    placed = replace(placed, region=(left, top, right, bottom))
    address = picture_address if picture_px == PICTURE_PX else jpeg_address
    return address(blend(base, placed, opacity=report.opacity, contour=report.contour))


def _outlined_address(report: ReportRequest, evidence: Evidence, picture_px: int) -> str | None:
    if not report.is_map_shown:
        return None
    rgb = report.opinion.micrograph.rgb
    base = enlarged(shrunk(rgb, picture_px), min(OVERLAY_PX, picture_px))
    scale = base.shape[1] / rgb.shape[1]
    drawn = outlined(base, marks_of(evidence), scale=scale, opacity=report.opacity)
    return picture_address(drawn) if picture_px == PICTURE_PX else jpeg_address(drawn)


def _told_apart(opinion: Opinion) -> tuple[str, str]:
    """The highest probability and the limit from which the model answers, in per cent."""
    highest = float(opinion.prediction.probabilities.max()) if opinion.prediction else 0.0
    return told_apart(highest, _threshold(opinion))


def _threshold(opinion: Opinion) -> float:
    """Probability below which the model abstains."""
    found = opinion.prediction
    return found.threshold if found else opinion.manifest.answer_threshold


def _probability_rows(opinion: Opinion) -> list[tuple[str, str, float, bool]]:
    """(class in full, per cent, share, comes first), the most probable first."""
    prediction = opinion.prediction
    if prediction is None:
        return []
    ranking = (-prediction.probabilities).argsort(kind="stable")
    return [
        (
            full_name(prediction.classes[index]),
            _told_apart(opinion)[0]
            if int(index) == prediction.top_class
            else percent(float(prediction.probabilities[index])),
            float(prediction.probabilities[index]),
            int(index) == prediction.top_class,
        )
        for index in ranking
    ]
