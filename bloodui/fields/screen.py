"""The screen of a case: what was counted in a line, picture and gallery, the differential."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import session
from bloodui.corrections.desk import Corrections
from bloodui.fields import case as cases
from bloodui.fields.board import MOST_CELLS, ShownField, scales_in_words
from bloodui.fields.component import show_component
from bloodui.fields.counts import show_counts
from bloodui.fields.demo import demo_sources
from bloodui.fields.downloads import show_downloads
from bloodui.fields.saving import show_saving
from bloodui.fields.words import differential_html, verdict
from bloodui.images import SessionImage
from bloodui.inventory import Installed
from bloodui.named_cells import keep_named
from bloodui.render.text import as_markdown
from bloodui.widgets import messages, thumbnails
from bloodui.widgets.progress import progress_bar
from bloodui.widgets.thumbnails import as_field
from models.errors import BlooduiError

NO_MODEL = messages.Message(
    happened="No model for cells is installed, so the cells of fields cannot be named.",
    to_do="Ask whoever runs this installation for one (a blood-cells bundle), or use the command "
    "python -m bloodui cells, which finds and measures them.",
)


def show_empty() -> None:
    """Draw what to expect, and the way into the demonstration, while there is no field."""
    st.markdown(
        "Add one or several fields of a blood smear. Every nucleated cell is found, outlined and "
        "named; you move those that are named wrong, by dragging or by a key, and the differential "
        "with its limits follows. Fields stay in memory until you remove them."
    )
    st.button(
        "Open the demo: real fields",
        icon=":material/grid_view:",
        type="primary",
        on_click=_take_in_demo,
        key="fields-demo",
        help="A dozen fields of the BCCD data set (MIT licence), which come with this program.",
    )


def show_case(
    images: Sequence[SessionImage], installed: Installed, corrections: Corrections
) -> None:
    """Read the fields, and draw the case with all that can be done to it.

    Args:
        corrections: Where those of the reader can be kept.
    """
    with progress_bar() as announce:
        case = cases.read_case(images, installed, announce)
    thumbnails.show_failures(case.failed)
    for field in case.declined:
        _show_declined(field)
    if case.again:
        again = ", ".join(as_field(name) for name in case.again)
        st.caption(f"{as_markdown(again)}: the same as a field before, which counts once.")
    if case.left_out:
        names = ", ".join(field.title for field in case.left_out)
        st.warning(
            f"{as_markdown(names)}: not shown, since the page has room for {MOST_CELLS:,} cells in "
            "all. Remove other fields, or read them with the command python -m bloodui cells.",
            icon=":material/warning:",
        )
    if case.fields:
        _show(case, corrections)


@st.fragment
def _show(case: cases.Case, corrections: Corrections) -> None:
    """Draw the case; a correction draws this part alone again."""
    if not cases.is_at_hand(case):
        st.rerun()  # without what was removed
    keep_named(
        [(field.key, field.reading, given) for field, given in cases.corrected(case)],
        case.classes,
    )
    try:
        counted = cases.count(case)
    except BlooduiError as error:
        messages.show(messages.message_for(error))
        return
    st.markdown(verdict(counted, n_fields=len(case.fields), n_cut_off=case.n_cut_off))
    if differing := scales_in_words(case.fields):
        st.caption(differing)
    refused = cases.refused()
    if refused is not None:
        st.warning(as_markdown(str(refused)), icon=":material/sync_problem:")
    with st.container(key="differential"):
        st.html(differential_html(counted, case.classes))
    show_component(cases.board_of(case), on_review=cases.take_review)
    by_you = ", corrected by you" if counted.n_by_reader else ""
    st.caption(
        f"Cells named by {as_markdown(case.installed.manifest.title)}{by_you}. Research "
        "and teaching only, not for diagnosis: the shares describe the cells of these fields, and "
        "decide nothing."
    )
    numbers, saving = st.columns(2, gap="large")
    with numbers:
        show_counts(counted)
    with saving:
        case_name = show_saving(case, corrections)
        show_downloads(case, counted, person=corrections.person, case_name=case_name)


def _show_declined(field: ShownField) -> None:
    st.error(
        f"**{as_markdown(field.title)}:** {as_markdown(field.reading.reason)}",
        icon=":material/block:",
    )
    st.button(
        f"Read {field.label} all the same",
        on_click=cases.insist_on,
        args=(field.key,),
        key=f"fields-insist-{field.label}",
    )


def _take_in_demo() -> None:
    session.take_in(demo_sources())
