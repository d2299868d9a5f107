"""What the compared models are: size, speed, what they learned from, and how they were judged."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import session
from bloodui.compare_session import Asked
from bloodui.inventory import names_of
from bloodui.views import messages
from bloodui.views.card import figure_in_words
from bloodui.views.text import as_markdown
from models.card import Card
from models.errors import BlooduiError


def show_facts(asked: Sequence[Asked]) -> None:
    """Draw a table with a row a model."""
    rows = []
    names = names_of([each.installed for each in asked])
    for each in asked:
        name = names[each.installed.manifest.id]
        try:
            rows.append({"Model": as_markdown(name)} | facts(each, session.card(each.installed)))
        except BlooduiError as error:
            messages.show(messages.message_for(error), about=name)
    st.table(rows, border="horizontal")
    st.caption(
        "Time: preparing, answering and explaining this image once, on this machine; the first "
        "answer of a model is slower. Accuracy with its 95 % interval, where groups (patients, "
        "cases or blocks) were kept apart. Models of one task may have been judged on other images."
    )


def facts(asked: Asked, card: Card) -> dict[str, str]:
    """A model's row without its name, as Markdown."""
    manifest = asked.installed.manifest
    size_mb = sum(path.stat().st_size for path in asked.installed.directory.iterdir()) / 1e6
    evaluation = card.evaluation(split="grouped")
    sources = ", ".join(f"{source.name} ({source.n_images:,})" for source in card.sources)
    network = manifest.architecture
    if manifest.members:
        network = f"{len(manifest.members)} models together"
    return {
        "Network": as_markdown(network),
        "Input": f"{manifest.input_px} px",
        "Parameters": f"{manifest.parameters_millions:.1f} M",
        "File": f"{size_mb:.1f} MB",
        "Time": f"{1000 * asked.elapsed_s:.0f} ms" if asked.opinion else "–",
        "Learned from (images)": as_markdown(sources),
        "Accuracy, groups apart": (
            figure_in_words(evaluation.figure("accuracy")) if evaluation else "not measured"
        ),
    }
