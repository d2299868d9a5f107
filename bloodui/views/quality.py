"""The verdict on an image's quality, with each measure on a bar of its limits."""

from __future__ import annotations

from html import escape

import streamlit as st

from bloodui.views.bullet import BAND_COLOURS, bullet_html, limits_in_words, number
from bloodui.views.text import as_markdown
from models.quality import MEASURES, Measure, QualityReport

VERDICTS = {
    "good": "Good",
    "usable": "Usable, with a warning",
    "declined": "Not good enough",
}
_ICONS = {
    "good": ":material/check_circle:",
    "usable": ":material/warning:",
    "declined": ":material/block:",
}


def quality_in_brief(report: QualityReport) -> str:
    """The verdict in one line of Markdown, with a sign beside its colourless words."""
    return f"{_ICONS[report.verdict]} Image quality: **{VERDICTS[report.verdict].lower()}**"


def show_quality(report: QualityReport) -> None:
    """Draw the verdict and every measure, the worst first."""
    st.markdown(quality_in_brief(report))
    order = {"declined": 0, "usable": 1, "good": 2}
    measures = sorted(report.measures, key=lambda measure: order[measure.verdict])
    st.html(_legend() + "".join(measure_row(measure) for measure in measures))
    with st.expander("What is measured, and where the limits come from"):
        for measure in measures:
            st.markdown(
                f"**{as_markdown(measure.name)}:** "
                f"{as_markdown(MEASURES[measure.limit.name].meaning)}. "
                f"{as_markdown(limits_in_words(measure).capitalize())}."
            )
            st.caption(as_markdown(measure.limit.source))


def measure_row(measure: Measure) -> str:
    """One measure as a row of HTML: name, bar, value with unit, verdict, and its sentence."""
    unit = "" if not measure.unit else f" {escape(measure.unit)}"
    sentence = (
        f'<span class="sentence">{escape(measure.sentence)}</span>'
        if measure.verdict != "good"
        else ""
    )
    return (
        f'<div class="bloodui-measure"><span>{escape(measure.name)}</span>{bullet_html(measure)}'
        f'<span class="value">{number(measure.value)}{unit}</span>'
        f"<span>{escape(measure.verdict)}</span>{sentence}</div>"
    )


def _legend() -> str:
    return (
        '<div class="bloodui-bands">'
        + "".join(
            f'<span><i style="background:{colour}"></i>{verdict}</span>'
            for verdict, colour in BAND_COLOURS.items()
        )
        + "<span><b>┃</b> this image</span></div>"
    )
