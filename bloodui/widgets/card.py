"""A model's card: its data, its measured figures, its limits, its licence; and as a file."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable

import streamlit as st

from bloodui.render.card_words import (
    LEFT_OUT_NOTE,
    SPLITS,
    confusion_rows,
    figure_rows,
    lacking,
    rate_in_words,
    timing_in_words,
)
from bloodui.render.text import as_markdown, full_name, unbroken
from bloodui.reports.card import card_html, card_json
from bloodui.settings import program_version, settings_from
from bloodui.widgets.audits import audit_sections
from bloodui.widgets.risk import show_risk
from bloodui.widgets.tables import show_table
from models.answer.answer_bound import bound_of
from models.bundle.card import Card, Evaluation
from models.bundle.manifest import IR_NETWORK, Manifest
from models.cells.count import BLAST
from models.cells.read import is_cell_model

FIGURES_NOTE = (
    "With their 95 % interval. The grouped figures tell more of new patients than the random ones. "
    "A baseline that comes near the model shows how much of the task can be done without looking "
    "at cells."
)
BRIEF_FIGURES = ("accuracy", "balanced accuracy", "AUROC by group", f"sensitivity {BLAST}")


def figures_table(card: Card) -> list[dict[str, str]]:
    """A row for each split and figure; the model and its baselines stand beside one another."""
    subjects = sorted({each.subject for each in card.evaluations}, key=lambda name: name != "model")
    splits = sorted({each.split for each in card.evaluations}, key=_split_order)
    rows = []
    for split in splits:
        for name in BRIEF_FIGURES:
            cells = {
                _sentence_case(subject): _cell(card.evaluation(split=split, subject=subject), name)
                for subject in subjects
            }
            if any(cells.values()):
                measured = f"{_sentence_case(name)}, {SPLITS.get(split, split)}"
                rows.append({"Measured": measured} | cells)
    return rows


def show_card_in_brief(card: Card, manifest: Manifest) -> None:
    """Draw what a reader must know before believing the model."""
    for leak in card.allowed_leaks:
        st.error(f"**Trained in spite of {as_markdown(leak.name)}.** {as_markdown(leak.finding)}")
    st.markdown(as_markdown(card.summary))
    bound = bound_of(manifest, settings_from(os.environ).error_limit)
    if bound.threshold is None:
        whole = "about a whole picture " if is_cell_model(manifest) else ""
        st.markdown(f"**It never answers {whole}on this site.** {as_markdown(bound.in_words)}")
    figures = figures_table(card)
    if figures:
        show_table(figures)
        st.caption(unbroken(FIGURES_NOTE))
    else:
        st.caption("No figures were measured for this model.")
    if card.limits:
        st.markdown("**Limits**")
        st.markdown("\n".join(f"- {as_markdown(limit)}" for limit in card.limits))
    st.markdown("**Data**")
    st.markdown(
        "\n".join(
            f"- {as_markdown(source.name)}: {source.n_images:,} images"
            + (f" of {source.n_groups:,} groups" if source.n_groups is not None else "")
            + f" ({as_markdown(source.licence)})"
            for source in card.sources
        )
    )
    st.caption(
        f"{as_markdown(manifest.id)}, made {manifest.created}, "
        f"{manifest.parameters_millions:.1f} million parameters, "
        f"input {manifest.input_px} × {manifest.input_px} px. "
        + (f"One image took {as_markdown(timing_in_words(card.timing))}. " if card.timing else "")
        + (
            "It holds its network for OpenVINO, too. "
            if any(name.endswith(IR_NETWORK) for name in manifest.files)
            else "It holds its network for TensorFlow alone; it is converted at its first use. "
        )
        + f"Licence: {as_markdown(manifest.licence)}"
    )


def show_card(card: Card, manifest: Manifest) -> None:
    """Draw the card in full, for the page about the models."""
    st.markdown(f"**Intended use:** {as_markdown(manifest.intended_use)}")
    show_card_in_brief(card, manifest)
    st.markdown("**Classes**")
    st.markdown("\n".join(f"- {as_markdown(full_name(name))}" for name in manifest.classes))
    sections: dict[str, Callable[[], None]] = {}
    if card.evaluations:
        sections["Figures"] = lambda: _show_figures(card)
    limit = settings_from(os.environ).error_limit
    sections["Wrong answers"] = lambda: show_risk(manifest, limit, key=f"card-{manifest.id}")
    sections |= audit_sections(card, manifest)
    sections["Citations"] = lambda: _show_citations(card)
    for tab, show in zip(st.tabs(list(sections)), sections.values(), strict=True):
        with tab:
            show()


def _show_figures(card: Card) -> None:
    for evaluation in sorted(card.evaluations, key=lambda each: _split_order(each.split)):
        if evaluation.subject != "model":
            continue
        split = _sentence_case(SPLITS.get(evaluation.split, evaluation.split))
        st.markdown(f"**{as_markdown(split)}**")
        st.caption(as_markdown(evaluation.protocol))
        show_table(figure_rows(evaluation))
        show_table(confusion_rows(evaluation))
    for number, left_out in enumerate(card.left_out):
        if not number:
            st.caption(LEFT_OUT_NOTE)
        st.markdown(f"**{as_markdown(left_out.name)}, left out of the training**")
        show_table(confusion_rows(left_out))


def _show_citations(card: Card) -> None:
    for source in card.sources:
        st.markdown(
            f"- {as_markdown(source.name)}: {as_markdown(source.citation)}"
            + (f" {as_markdown(source.note)}" if source.note else "")
        )


def _cell(evaluation: Evaluation | None, name: str) -> str:
    """The figure in words; empty where it was not measured."""
    if evaluation is None or name not in {figure.name for figure in evaluation.figures}:
        return ""
    return rate_in_words(evaluation.figure(name))


def _sentence_case(words: str) -> str:
    return words[:1].upper() + words[1:]


def _split_order(split: str) -> tuple[int, str]:
    """The random split first, then the grouped one, then any other."""
    splits = list(SPLITS)
    return (splits.index(split) if split in splits else len(splits), split)


def show_card_downloads(card: Card, manifest: Manifest) -> None:
    """Draw both buttons. A file is made when its button is pressed, and kept nowhere."""
    with st.container(horizontal=True):
        st.download_button(
            "Card (HTML)",
            data=lambda: card_html(
                card, manifest, version=program_version(), made=dt.datetime.now(dt.UTC)
            ).encode(),
            file_name=f"card-{manifest.id}.html",
            mime="text/html",
            icon=":material/download:",
            on_click="ignore",
            key=f"card-html-{manifest.id}",
        )
        st.download_button(
            "Card (JSON)",
            data=lambda: card_json(card, manifest).encode(),
            file_name=f"card-{manifest.id}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key=f"card-json-{manifest.id}",
        )


def show_lacking(card: Card, manifest: Manifest) -> None:
    """Say what stands in the way of a promotion, and what could be measured before one."""
    from training.registry.complete_card import missing_from_card

    missing = missing_from_card(card, manifest)
    if missing:
        st.warning(
            f"Its card is not complete, so it cannot be promoted: {as_markdown('; '.join(missing))}"
        )
    unmeasured = lacking(card)
    if unmeasured:
        st.caption(
            f"Not measured: {as_markdown('; '.join(unmeasured))}. A promotion does not need them. "
            "The command line measures what audits can: `python -m training audit-card`."
        )
