"""Models side by side on a set of images: who agrees with whom, who errs, what to look at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import plotly.graph_objects as go
import streamlit as st

from bloodui import answers, session
from bloodui.answers import WITHOUT_MAP, ask
from bloodui.compare.set_answers import TRUTH, ComparedSet, LabelledImage, points
from bloodui.images import SessionImage
from bloodui.inventory import Installed, names_of
from bloodui.people import Person
from bloodui.render.card_words import rate_in_words
from bloodui.render.pictures import picture_address
from bloodui.render.text import as_markdown, as_plotly, unbroken
from bloodui.settings import Settings
from bloodui.widgets import messages
from bloodui.widgets.image_sources import sources_form
from bloodui.widgets.progress import progress_bar
from bloodui.widgets.tables import show_table
from bloodui.widgets.truths import truths_form
from drawn.smears import CAPTION
from models.image.scale import shrunk
from models.rate import percent

_PER_PAGE, _THUMBNAIL_PX = 12, 240
_SET, _DATA_SETS = "compared-set", "compared-data-sets"


def show_labelled_set(settings: Settings, person: Person, models: Sequence[Installed]) -> None:
    """Ask for a set of images with labels, and compare the models on it."""
    draft = sources_form(settings, person)
    if draft is not None:
        _warn_of_known(draft.datasets, models)
    if draft is not None and st.button(
        f"Compare on {draft.n_images} images", type="primary", icon=":material/compare_arrows:"
    ):
        with messages.errors_shown(), st.spinner("Reading the images"):
            given = [
                LabelledImage(
                    label=f"Image {number}",
                    micrograph=image.micrograph,
                    truth=draft.classes[image.truth],
                    is_drawn=image.is_drawn,
                )
                for number, image in enumerate(draft.images(), start=1)
            ]
            session.hold(_SET, tuple(given))
            session.hold(_DATA_SETS, draft.datasets)
    images: tuple[LabelledImage, ...] = session.held(_SET) or ()
    answers.keep_only(image.micrograph for image in images)
    if images:
        shown: frozenset[str] = session.held(_DATA_SETS) or frozenset()
        if draft is None or draft.datasets != shown:
            _warn_of_known(shown, models)
        show_set(images, models)


def _warn_of_known(datasets: frozenset[str], models: Sequence[Installed]) -> None:
    """Say which models learned from one of these data sets: on it they are not tested."""
    names = names_of(models)
    for model in models:
        known = sorted(datasets & set(model.manifest.data.datasets))
        if known:
            st.warning(
                f"**{as_markdown(names[model.manifest.id])}** learned from "
                f"{as_markdown(', '.join(known))}: it may have seen these very images, and its "
                "figures here are no test of it.",
                icon=":material/history_edu:",
            )


def show_images(images: Sequence[SessionImage], models: Sequence[Installed]) -> None:
    """Compare the models on several images; labels may be given in a table."""
    st.header("All images together")
    with st.expander("Give the images' true classes, where you know them", key="give-truths"):
        classes = [name for each in models for name in each.manifest.classes]
        truths = truths_form(images, classes, key="compared")
    labelled = [
        LabelledImage(
            label=each.label,
            micrograph=each.micrograph,
            truth=truths.get(each.key, ""),
            is_drawn=each.is_drawn,
            is_insisted=answers.is_insisted(each),
        )
        for each in images
        if each.micrograph is not None
    ]
    show_set(labelled, models)


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
            show_table(rows)
            st.caption(
                unbroken(
                    "Accuracy: share of images whose truth comes first, with its 95 % interval "
                    "(Wilson), among those of the model's own classes on which it gave a class, "
                    "also where it abstained or nothing is proven. No answer: declined, or outside "
                    "its domain. Other classes: images whose truth the model cannot name, and what "
                    "it said of them; all that it answered there is wrong."
                )
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
            x=[as_plotly(name) for name in names],
            y=[as_plotly(name) for name in names],
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
                question = replace(WITHOUT_MAP, despite_domain=image.is_drawn or image.is_insisted)
                if not answers.is_answered(image.micrograph, model, question):
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
        own = compared.own(number)
        agreed = kappas[0][number + 1]
        rows.append(
            {
                "Model": name,
                "Accuracy": rate_in_words(figure) if figure else "not to be told",
                "No answer": f"{own.n_unanswered} of {own.n}" if own.n else "–",
                "Other classes": _foreign_in_words(compared.foreign(number)),
                "Kappa with the truth": "–" if agreed is None else f"{agreed:.2f}",
            }
        )
    return rows


def _foreign_in_words(said: Mapping[str, int]) -> str:
    """What was said of images of other classes: "7: AML 4, abstained 2, no answer 1"."""
    if not said:
        return "–"
    return f"{sum(said.values())}: " + ", ".join(f"{what} {n}" for what, n in said.items())


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
        + (f", {points(far)} apart" if far is not None else "")
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
        share = unbroken(percent(float(prediction.probabilities[prediction.top_class])))
        lines.append(f"{as_markdown(name)}: {as_markdown(answer)} {share}{mark}")
    st.caption("  \n".join(lines))
