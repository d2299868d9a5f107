"""One opinion as a single HTML file that needs nothing else to be read or printed.

Streamlit is not imported. Everything that comes from a manifest, a card or an image is escaped
by the template; no file name is known here, so none can be written.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from bloodui.reports.template import template
from bloodui.views.bullet import bullet_html, limits_in_words, number
from bloodui.views.overlay import blend, place_map
from bloodui.views.pictures import enlarged, picture_address, shrunk
from bloodui.views.text import full_name, headline, set_in_words
from models.card import Card
from models.figure import percent
from models.opinion import Opinion
from models.saliency import SALIENCY_METHODS

TEMPLATE = "opinion.html.j2"
OVERLAY_PX = 768
PICTURE_PX = 1024
"""Pictures in the report have a longer side of at most this; the hash names the full image."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportRequest:
    """What goes into a report.

    Attributes:
        label: What the image is called, such as "Image 1".
        is_drawn: Whether it is a drawn demo image; the report then says so.
        headline: The decision in one line.
        sentences: On the saliency map, in the page's words; empty where there is no map.
        figures: Rows of the card's table, as the page shows them.
        opacity: 0–1, of the map over the image at its peak.
    """

    label: str
    is_drawn: bool
    opinion: Opinion
    card: Card
    headline: str
    sentences: tuple[str, ...]
    figures: tuple[dict[str, str], ...]
    opacity: float
    contour: bool


def report_html(request: ReportRequest, *, version: str, made: dt.datetime) -> str:
    """The report on one image as HTML.

    Args:
        version: Of this program.
        made: When the report was made, with its time zone.
    """
    opinion = request.opinion
    rgb = opinion.micrograph.rgb
    return template(TEMPLATE).render(
        request=request,
        opinion=opinion,
        manifest=opinion.manifest,
        card=request.card,
        version=version,
        made=made.strftime("%Y-%m-%d %H:%M %Z").strip(),
        original=picture_address(shrunk(rgb, PICTURE_PX)),
        overlay=_overlay_address(request),
        method=SALIENCY_METHODS[opinion.explanation.method] if opinion.explanation else "",
        width=rgb.shape[1],
        height=rgb.shape[0],
        probabilities=_probability_rows(opinion),
        prediction_set=set_in_words(opinion.prediction) if opinion.prediction else "",
        members=[
            (member.title, percent(member.weight), headline(said))
            for member, said in zip(opinion.manifest.members, opinion.members, strict=False)
        ],
        threshold=percent(opinion.manifest.answer_threshold),
        threshold_share=opinion.manifest.answer_threshold,
        measures=[
            (measure, bullet_html(measure), number(measure.value), limits_in_words(measure))
            for measure in opinion.quality.measures
        ],
    )


def _overlay_address(request: ReportRequest) -> str | None:
    opinion = request.opinion
    explanation = opinion.explanation
    if explanation is None or explanation.raw_peak <= 0:
        return None
    height, width = opinion.micrograph.rgb.shape[:2]
    check = request.card.saliency_check(explanation.method)
    placed = place_map(
        explanation.map,
        opinion.pictures[-1].region,
        width_px=width,
        height_px=height,
        is_grey=check is not None and not check.passes,
    )
    # A small image is enlarged first, so that the contour is a fine line on it.
    base = enlarged(shrunk(opinion.micrograph.rgb, PICTURE_PX), OVERLAY_PX)
    left, top, right, bottom = (edge * base.shape[1] / width for edge in placed.region)
    placed = replace(placed, region=(left, top, right, bottom))
    return picture_address(blend(base, placed, opacity=request.opacity, contour=request.contour))


def _probability_rows(opinion: Opinion) -> list[tuple[str, str, float, bool]]:
    """(class in full, per cent, share, comes first), the most probable first."""
    prediction = opinion.prediction
    if prediction is None:
        return []
    ranking = (-prediction.probabilities).argsort(kind="stable")
    return [
        (
            full_name(prediction.classes[index]),
            percent(float(prediction.probabilities[index])),
            float(prediction.probabilities[index]),
            int(index) == prediction.top_class,
        )
        for index in ranking
    ]
