"""Models side by side on a set of images: who agrees with whom, who errs, what to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go
import streamlit as st

from bloodui import compare_session
from bloodui.access import Person
from bloodui.compare_session import WITHOUT_MAP, LabelledImage, ask
from bloodui.forms.quiz_sources import sources_form
from bloodui.inventory import Installed, names_of
from bloodui.session import Received
from bloodui.set_comparison import TRUTH, ComparedSet
from bloodui.settings import Settings
from bloodui.views import messages
from bloodui.views.card import figure_in_words
from bloodui.views.pictures import picture_address, shrunk
from bloodui.views.progress import progress_bar
from bloodui.views.text import as_markdown
from models.figure import percent
from training.datasets.synthetic import CAPTION

_PER_PAGE, _THUMBNAIL_PX = 12, 240


def show_labelled_set(settings: Settings, person: Person, models: Sequence[Installed]) -> None:
    """Ask for a set of images with labels, and compare the models on it."""
    draft = sources_form(settings, person)
    if draft is not None and st.button(
        f"Compare on {draft.n_images} images", type="primary", icon=":material/compare_arrows:"
    ):
        with messages.told(), st.spinner("Reading the images"):
            images = [
                LabelledImage(
                    label=f"Image {number}",
                    micrograph=image.micrograph,
                    truth=draft.classes[image.truth],
                    is_drawn=image.is_drawn,
                )
                for number, image in enumerate(draft.images(), start=1)
            ]
            compare_session.hold_set(images)
    images = list(compare_session.held_set())
    compare_session.keep_only({image.micrograph.sha256 for image in images})
    if images:
        show_set(images, models)


def show_images(received: Sequence[Received], models: Sequence[Installed]) -> None:
    """Compare the models on several images; labels may be given in a table."""
    st.header("All images together")
    names = list(dict.fromkeys(name for each in models for name in each.manifest.classes))
    with st.expander("Give the images' true classes, where you know them"):
        edited = st.data_editor(
            [{"Image": each.label, "Truth": ""} for each in received],
            column_config={
                "Image": st.column_config.TextColumn(disabled=True),
                "Truth": st.column_config.SelectboxColumn(options=["", *names]),
            },
            hide_index=True,
            key="compared-truths",
        )
    truths = [str(row["Truth"] or "") for row in edited]
    images = [
        LabelledImage(
            label=each.label, micrograph=each.micrograph, truth=truth, is_drawn=each.is_drawn
        )
        for each, truth in zip(received, truths, strict=True)
        if each.micrograph is not None
    ]
    show_set(images, models)


def show_set(images: Sequence[LabelledImage], models: Sequence[Installed]) -> None:
    """Ask every model about every image, and draw how they agree."""
    compared = _ask_all(images, models)
    agreement, errors = st.columns(2, gap="large")
    with agreement:
        st.subheader("Who agrees with whom")
        names, kappas = compared.kappas()
        st.plotly_chart(kappa_figure(names, kappas), key="kappas")
        st.caption(
            "Cohen's kappa of first classes: 1 is full agreement, 0 what chance gives. Empty where "
            "it cannot be told, as when both give one class throughout."
        )
    with errors:
        st.subheader("Who is right")
        rows = _accuracy_rows(compared)
        if rows:
            st.table(rows, border="horizontal")
            st.caption(
                "Share of images whose truth comes first, with its 95 % interval (Wilson). A "
                "declined image, one outside the model's domain, and a truth that is none of its "
                "classes, are left out."
            )
        else:
            st.caption("No labels: nobody can say who is right.")
    st.subheader("Images, those first on which the models disagree most")
    _show_images(compared)
    st.download_button(
        "Download as CSV", compared.to_csv(), "compared.csv", "text/csv", icon=":material/download:"
    )


def kappa_figure(names: Sequence[str], kappas: Sequence[Sequence[float | None]]) -> go.Figure:
    """The matrix as a chart; empty where kappa cannot be told."""
    figure = go.Figure(
        go.Heatmap(
            z=kappas,
            x=list(names),
            y=list(names),
            zmin=-1,
            zmax=1,
            colorscale="Cividis",
            xgap=2,
            ygap=2,
            hovertemplate="%{y}<br>%{x}<br>kappa %{z:.2f}<extra></extra>",
            texttemplate="%{z:.2f}",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_xaxes(automargin=True)
    figure.update_layout(height=140 + 60 * len(names), margin={"l": 10, "r": 10, "t": 10, "b": 10})
    return figure


def _ask_all(images: Sequence[LabelledImage], models: Sequence[Installed]) -> ComparedSet:
    rows = []
    names, total = names_of(models), len(images) * len(models)
    with progress_bar() as announce:
        for number, image in enumerate(images):
            row = []
            for place, model in enumerate(models):
                question = replace(WITHOUT_MAP, despite_domain=image.is_drawn)
                if not compare_session.is_answered(image.micrograph, model, question):
                    done = number * len(models) + place
                    announce(done / total, f"{names[model.manifest.id]} reads {image.label}")
                opinion = ask(image.micrograph, model, question).opinion
                row.append(opinion.prediction if opinion else None)
            rows.append(tuple(row))
    return ComparedSet(images=tuple(images), models=tuple(models), predictions=tuple(rows))


def _accuracy_rows(compared: ComparedSet) -> list[dict[str, str]]:
    names, kappas = compared.kappas()
    if TRUTH not in names:
        return []
    rows = []
    for number, name in enumerate(compared.names):
        figure = compared.accuracy(number)
        agreed = kappas[0][number + 1]
        rows.append(
            {
                "Model": as_markdown(name),
                "Accuracy": figure_in_words(figure) if figure else "none of its classes",
                "Kappa with the truth": "–" if agreed is None else f"{agreed:.2f}",
            }
        )
    return rows


def _show_images(compared: ComparedSet) -> None:
    order = compared.by_disagreement()
    pages = -(-len(order) // _PER_PAGE)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {pages}", 1, pages, key="compared-page"))
    grid = st.grid("auto", min_column_width=220)
    for number in order[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
        with grid.cell():
            _show_image(compared, number)


def _show_image(compared: ComparedSet, number: int) -> None:
    image = compared.images[number]
    st.image(
        picture_address(shrunk(image.micrograph.rgb, _THUMBNAIL_PX)),
        alt=image.label,
        width="stretch",
    )
    far = compared.disagreement(number)
    lines = [
        f"**{image.label}**"
        + (f", {100 * far:.0f} points apart" if far is not None else "")
        + (f", truth **{as_markdown(image.truth)}**" if image.truth else "")
    ]
    if image.is_drawn:
        lines.append(CAPTION)
    for name, prediction in zip(compared.names, compared.predictions[number], strict=True):
        if prediction is None:
            lines.append(f"{as_markdown(name)}: no answer")
            continue
        answer = prediction.classes[prediction.top_class]
        mark = "" if not image.truth else (" ✓" if answer == image.truth else " ✗")
        share = percent(float(prediction.probabilities[prediction.top_class]))
        lines.append(f"{as_markdown(name)}: {as_markdown(answer)} {share}{mark}")
    st.caption("  \n".join(lines))
