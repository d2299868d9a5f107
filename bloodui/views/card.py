"""A model's card: its data, its measured figures, its limits, its licence."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bloodui.views.audits import audit_sections
from bloodui.views.card_words import SPLITS as SPLITS
from bloodui.views.card_words import confusion_rows, figure_rows
from bloodui.views.card_words import figure_in_words as figure_in_words
from bloodui.views.card_words import timing_in_words as timing_in_words
from bloodui.views.text import as_markdown, full_name
from models.card import Card, Evaluation
from models.manifest import Manifest

FIGURES_NOTE = (
    "With their 95 % interval. The grouped figures tell more of new patients than the random ones. "
    "A baseline that comes near the model shows how much of the task can be done without looking "
    "at cells."
)
BRIEF_FIGURES = ("accuracy", "balanced accuracy", "AUROC by group")


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
    figures = figures_table(card)
    if figures:
        st.table(figures, border="horizontal")
        st.caption(FIGURES_NOTE)
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
        st.table(figure_rows(evaluation), border="horizontal")
        st.table(confusion_rows(evaluation), border="horizontal")


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
    return figure_in_words(evaluation.figure(name))


def _sentence_case(words: str) -> str:
    return words[:1].upper() + words[1:]


def _split_order(split: str) -> tuple[int, str]:
    """The random split first, then the grouped one, then any other."""
    splits = list(SPLITS)
    return (splits.index(split) if split in splits else len(splits), split)
