"""How far each class's probability moves when the picture is flipped and turned."""

from __future__ import annotations

from html import escape

import streamlit as st

from bloodui import session
from bloodui.session import Installed
from bloodui.views import messages
from bloodui.views.probabilities import FIRST_ANSWERED, OTHERS
from bloodui.views.text import FULL_NAMES, as_markdown
from models.ensemble import Ensemble
from models.errors import BlooduiError
from models.figure import percent
from models.opinion import Opinion
from models.steadiness import VIEWS, Steadiness, steadiness_of

_HELD = "steadiness"
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
            found = _steadiness(opinion, installed)
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
    told = f"{found.agreeing} of {VIEWS} views put {top} first"
    return f"{told}; {', '.join(others)}." if others else f"{told}."


def ranges_html(found: Steadiness) -> str:
    """A row a class, the highest mean on top, as HTML that takes the page's text colour."""
    rows = []
    for index in (-found.mean).argsort(kind="stable"):
        name, mean = found.classes[index], float(found.mean[index])
        low, high = float(found.lowest[index]), float(found.highest[index])
        is_first = int(index) == found.top_class
        colour = FIRST_ANSWERED if is_first else OTHERS
        bar = (
            f'<span style="position:absolute;top:25%;bottom:25%;left:{100 * low:.2f}%;'
            f'width:max(2px,{100 * (high - low):.2f}%);background:{colour};opacity:0.6"></span>'
            f'<span style="position:absolute;top:10%;bottom:10%;left:{100 * mean:.2f}%;'
            'border-left:3px solid currentColor"></span>'
        )
        rows.append(
            f'<div class="bloodui-class{" first" if is_first else ""}" role="listitem">'
            f'<span class="name">{escape(name)}<small>{escape(FULL_NAMES.get(name, ""))}</small>'
            f'</span><span class="bar">{bar}</span><span class="value">{percent(mean)}'
            f'<small style="white-space:normal">{percent(low)} to {percent(high)}</small>'
            "</span></div>"
        )
    return f'<div role="list" aria-label="Range over eight views">{"".join(rows)}</div>'


def _steadiness(opinion: Opinion, installed: Installed) -> Steadiness:
    """Computed once for each model while an image is open; of another image nothing is held."""
    sha256 = opinion.micrograph.sha256
    held: dict[tuple[str, str], Steadiness] = session.held(_HELD) or {}
    key = (sha256, session.fingerprint(installed))
    if key not in held:
        loaded = session.model(installed)
        network = loaded.members[0] if isinstance(loaded, Ensemble) else loaded
        found = steadiness_of(opinion.pictures[-1].rgb, network)
        # A new mapping: the old one may be that of a run that was stopped.
        held = {each: value for each, value in held.items() if each[0] == sha256} | {key: found}
        session.hold(_HELD, held)
    return held[key]
