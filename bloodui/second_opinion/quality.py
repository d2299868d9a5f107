"""The verdict on an image's quality, with each measure on a bar of its limits."""

from __future__ import annotations

import streamlit as st

from bloodui.render.bullet import (
    BAND_COLOURS,
    bullet_html,
    limits_in_words,
    number,
)
from bloodui.render.text import as_html, as_markdown
from models.image.quality import MEASURES, Measure, QualityReport

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
    """The verdict in one line of Markdown, with a sign beside its colourless words.

    Of an image that is usable it says what to look out for.
    """
    words = f"{_ICONS[report.verdict]} Image quality: **{VERDICTS[report.verdict].lower()}**"
    warned = [each.sentence for each in report.measures if each.verdict == "usable"]
    if report.verdict == "usable" and warned:
        return f"{words}. {as_markdown(' '.join(warned))}"
    return words


def show_quality(report: QualityReport) -> None:
    """Draw the verdict in a line, and every measure folded, the worst first."""
    st.markdown(quality_in_brief(report))
    if report.damage is not None:
        st.warning(as_markdown(report.damage))
    order = {"declined": 0, "usable": 1, "good": 2}
    measures = sorted(report.measures, key=lambda measure: order[measure.verdict])
    with st.expander("What is measured, and where the limits come from", key="quality-limits"):
        st.html(_legend() + "".join(measure_row(measure) for measure in measures))
        for measure in measures:
            st.markdown(
                f"**{as_markdown(measure.name)}:** "
                f"{as_markdown(MEASURES[measure.limit.name].meaning)}. "
                f"{as_markdown(limits_in_words(measure).capitalize())}."
            )
            st.caption(as_markdown(measure.limit.source))


def measure_row(measure: Measure) -> str:
    """One measure as a row of HTML: name, bar, value with unit, verdict, and its sentence."""
    value = f"{number(measure.value)} {measure.unit}"
    sentence = (
        f'<span class="sentence">{as_html(measure.sentence)}</span>'
        if measure.verdict != "good"
        else ""
    )
    return (
        f'<div class="bloodui-measure"><span>{as_html(measure.name)}</span>{bullet_html(measure)}'
        f'<span class="value">{as_html(value)}</span>'
        f"<span>{as_html(measure.verdict)}</span>{sentence}</div>"
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
