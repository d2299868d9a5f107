"""How far each class's probability moves when the picture is flipped and turned."""

from __future__ import annotations

import streamlit as st

from bloodui import answers
from bloodui.inventory import Installed
from bloodui.render.text import FULL_NAMES, as_html, as_markdown
from bloodui.widgets import messages
from bloodui.widgets.probabilities import FIRST, OTHERS
from models.answer.steadiness import VIEWS, Steadiness
from models.errors import BlooduiError
from models.opinion import Opinion
from models.rate import percent

NOTE = (
    "Bars run from the lowest to the highest probability over the eight flips and quarter turns of "
    "the picture that the model saw; the line is their mean. A wide bar is an answer that hangs on "
    "how the image happened to lie; a narrow one does not make it right."
)


def show_steadiness(opinion: Opinion, installed: Installed) -> None:
    """Draw a switch and, once it is on, the range of every class over the eight views."""
    if opinion.prediction is None:
        return
    if not st.toggle(
        "How steady is the answer?",
        key="steadiness",
        help="Asks the model about the picture in eight positions, which takes a moment.",
    ):
        return
    try:
        with st.spinner("Flipping and turning the picture"):
            found = answers.steadiness(opinion, installed)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return
    st.markdown(as_markdown(views_in_words(found)))
    with st.container(key="steadiness-ranges"):
        st.html(ranges_html(found))
    if opinion.members:
        first = as_markdown(opinion.members[0].manifest.title)
        st.caption(f"Of {first} alone, the first member of this ensemble.")
    st.caption(NOTE)


def views_in_words(found: Steadiness) -> str:
    """How many views agree, in a sentence, and what the others put first."""
    votes = sorted(
        ((int(count), name) for count, name in zip(found.votes, found.classes, strict=True)),
        key=lambda vote: -vote[0],
    )
    top = found.classes[found.top_class]
    others = [f"{count} {name}" for count, name in votes if count and name != top]
    agreement = f"{found.agreeing} of {VIEWS} views put {top} first"
    return f"{agreement}; {', '.join(others)}." if others else f"{agreement}."


def ranges_html(found: Steadiness) -> str:
    """A row a class, the highest mean on top, as HTML that takes the page's text colour."""
    rows = []
    for index in (-found.mean).argsort(kind="stable"):
        name, mean = found.classes[index], float(found.mean[index])
        low, high = float(found.lowest[index]), float(found.highest[index])
        reach = f"{percent(low)} to {percent(high)}"
        is_first = int(index) == found.top_class
        colour = FIRST["answered"] if is_first else OTHERS
        bar = (
            f'<span style="position:absolute;top:25%;bottom:25%;left:{100 * low:.2f}%;'
            f'width:max(2px,{100 * (high - low):.2f}%);background:{colour};opacity:0.6"></span>'
            f'<span style="position:absolute;top:10%;bottom:10%;left:{100 * mean:.2f}%;'
            'border-left:3px solid currentColor"></span>'
        )
        rows.append(
            f'<div class="bloodui-class{" first" if is_first else ""}" role="listitem">'
            f'<span class="name">{as_html(name)}<small>{as_html(FULL_NAMES.get(name, ""))}</small>'
            f'</span><span class="bar">{bar}</span><span class="value">{as_html(percent(mean))}'
            f'<small style="white-space:normal">{as_html(reach)}</small>'
            "</span></div>"
        )
    return f'<div role="list" aria-label="Range over eight views">{"".join(rows)}</div>'
