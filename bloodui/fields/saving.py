"""What a reader did to cells, kept for models to learn from; looked at, undone, taken back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from bloodui import session
from bloodui.corrections.correction import CONSENT, Correction
from bloodui.corrections.desk import Corrections
from bloodui.corrections.store import Kept
from bloodui.errors import CorrectionError
from bloodui.fields import case as cases
from bloodui.render.pictures import png_address
from bloodui.render.text import as_markdown
from bloodui.widgets import messages

_CONSENT, _SAID, _DONE = "fields-consent", "fields-said", "fields-done"
_CASE = "fields-case"
_IS_NEW, _IS_DONE = "fields-is-new", "fields-is-done"
_MOST_PICTURES = 12
_MOST_VERSIONS = 20


def show_saving(case: cases.Case, corrections: Corrections) -> str:
    """Draw what of this case can be kept; answer with its name."""
    st.subheader("Keep your corrections")
    n = sum(len(given) for _, given in cases.corrected(case))
    case_name = ""
    if n == 0:
        st.caption(
            "Nothing corrected yet. What you say of cells, also that you agree with the model, "
            "can be kept here, for models to learn from. What you say can also be read as a set "
            "on Quiz and Compare, kept or not."
        )
    else:
        case_name = _show_form(case, n, corrections)
    # What was said of another state of the corrections would mislead.
    review, said = session.held(_SAID) or (None, None)
    if review is cases.review(case):
        _show_said(said)
    return case_name


def _show_form(case: cases.Case, n: int, corrections: Corrections) -> str:
    name = corrections.person.name or "no name"
    case_name = st.text_input(
        "Case, if these fields are of one patient",
        value=cases.case_name(),
        key=_CASE,
        on_change=_keep_case_name,
        max_chars=100,
        help="It keeps the fields together where a model learns from them. Only a number is kept "
        "that tells nothing of the name.",
    )
    st.caption(as_markdown(CONSENT))
    is_consented = st.checkbox(f"I agree, as {as_markdown(name)}", key=_CONSENT)
    st.button(
        f"Keep {n} correction{'' if n == 1 else 's'}",
        icon=":material/save:",
        disabled=not is_consented,
        on_click=_save,
        args=(case, corrections),
        key="fields-keep",
    )
    if session.held(_IS_NEW):  # the button itself says nothing: without consent it is shut again
        session.hold(_IS_NEW, None)
        st.rerun()  # the list of what is kept lies outside of this fragment
    return case_name


def _keep_case_name() -> None:
    cases.keep_case_name(session.widget(_CASE) or "")


def _save(case: cases.Case, corrections: Corrections) -> None:
    """Keep what the reader has said by now, which may be more than what was drawn last."""
    is_consented = session.widget(_CONSENT)
    case_name = session.widget(_CASE) or ""
    cases.keep_case_name(case_name)
    review = cases.review(case)
    try:
        if not cases.is_at_hand(case):
            raise CorrectionError(
                "Fields came or went, perhaps in another window; nothing was kept. "
                "Look at what is left, and keep that."
            )
        n = 0
        for is_drawn in (False, True):
            mine = [
                (field.reading, given)
                for field, given in cases.corrected(case)
                if given and field.is_drawn == is_drawn
            ]
            if mine:
                saved = corrections.save(
                    mine, is_consented=is_consented, case=case_name, is_drawn=is_drawn
                )
                n += saved.n
        session.hold(_SAID, (review, f"Kept: {n} correction{'' if n == 1 else 's'}."))
        session.hold(_IS_NEW, True)
        session.hold(_DONE, None)
        session.set_widgets({_CONSENT: False})
    except CorrectionError as error:
        session.hold(_SAID, (review, error))


def _show_said(said: str | CorrectionError | None) -> None:
    if isinstance(said, str):
        st.success(said, icon=":material/check:")
    elif said is not None:
        st.error(as_markdown(str(said)), icon=":material/error:")


@st.fragment
def show_kept(corrections: Corrections) -> None:
    """Draw what is kept, of all cases; nothing where nothing is."""
    if session.held(_IS_DONE):  # what is said beside the case may no longer hold
        session.hold(_IS_DONE, None)
        st.rerun()
    _show_said(session.held(_DONE))
    with messages.errors_shown():
        said = corrections.last_said()
        _show_damaged(said.damaged, corrections)
        kept = said.kept
        if not kept:
            return
        n = sum(each.undone is None for each in kept)
        with st.expander(f"Kept corrections: {n}", key="fields-kept"):
            has_pictures = st.toggle("Show their pictures", key="fields-pictures")
            lots = sorted({(each.saved, each.undone or 0) for each in kept}, reverse=True)
            for lot in lots[:_MOST_VERSIONS]:
                of_lot = [each for each in kept if (each.saved, each.undone or 0) == lot]
                _show_lot(of_lot, corrections, has_pictures=has_pictures)
            if len(lots) > _MOST_VERSIONS:
                st.caption(f"And {len(lots) - _MOST_VERSIONS} times before.")


def _show_damaged(ids: Sequence[int], corrections: Corrections) -> None:
    if not ids:
        return
    n = f"{len(ids)} kept correction{'' if len(ids) == 1 else 's'}"
    st.warning(
        f"{n} cannot be read, and no list has what was said: corrections.sqlite in the state "
        "folder is damaged. Whoever runs this installation can restore it from a copy.",
        icon=":material/warning:",
    )
    st.button(
        "Take back what cannot be read",
        icon=":material/delete:",
        on_click=_do,
        args=(corrections.take_back, tuple(ids), "Deleted, with their pictures."),
        key="fields-back-damaged",
    )


def _show_lot(kept: Sequence[Kept], corrections: Corrections, *, has_pictures: bool) -> None:
    """Draw what was saved at one time, and undone at one time or not at all."""
    first = kept[0]
    is_undone = first.undone is not None
    at = dt.datetime.fromtimestamp(first.at, dt.UTC)
    by = as_markdown(first.correction.by) or "no name"
    if corrections.person.is_admin and first.owner == corrections.person.id:
        by += " (you)"
    undone = ", undone" if is_undone else ""
    st.markdown(f"**{len(kept)} on {at:%d %B %Y, %H:%M} UTC**, by {by}{undone}")
    st.caption("; ".join(said_in_words(kept)) + ".")
    if has_pictures:
        _show_pictures(kept[:_MOST_PICTURES], corrections)
    ids = tuple(each.id for each in kept)
    name = f"{first.saved}-{first.undone or 0}"
    is_sure = st.checkbox("Yes, delete these with their pictures", key=f"fields-sure-{name}")
    with st.container(horizontal=True):
        if not is_undone:
            st.button(
                "Undo these",
                icon=":material/undo:",
                on_click=_do,
                args=(
                    corrections.undo,
                    ids,
                    "They no longer hold; they stay in the versions before, with their pictures, "
                    "until you take them back for good.",
                ),
                key=f"fields-undo-{name}",
            )
        st.button(
            "Take back for good",
            icon=":material/delete:",
            disabled=not is_sure,
            on_click=_do,
            args=(
                corrections.take_back,
                ids,
                "Deleted, with their pictures, and with what was said of these cells before.",
            ),
            key=f"fields-back-{name}",
        )


def _show_pictures(kept: Sequence[Kept], corrections: Corrections) -> None:
    shown: list[tuple[str, str]] = []
    for each in kept:
        try:
            picture = png_address(corrections.picture(each))
        except CorrectionError as error:
            st.caption(f"{as_markdown(each.correction.now)}: {as_markdown(str(error))}")
        else:
            shown.append((picture, as_markdown(each.correction.now)))
    if shown:
        st.image([each for each, _ in shown], caption=[name for _, name in shown], width=72)


def said_in_words(kept: Sequence[Kept]) -> list[str]:
    """What readers said of cells beside what the model had said; Markdown."""
    said = [each.correction for each in kept]
    changes = Counter((each.now, _beside(each)) for each in said)
    return [f"{n} {as_markdown(now)}, {beside}" for (now, beside), n in changes.most_common()]


def _beside(said: Correction) -> str:
    if said.decision != "answered":
        return "which the model did not name"
    return "as the model said" if said.was == said.now else f"not {as_markdown(said.was)}"


def _do(act: Callable[[Sequence[int]], object], ids: Sequence[int], words: str) -> None:
    try:
        act(ids)
        session.hold(_DONE, words)
        session.hold(_SAID, None)
        session.hold(_IS_DONE, True)
    except CorrectionError as error:
        session.hold(_DONE, error)
