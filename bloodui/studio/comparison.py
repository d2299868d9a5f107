"""Models side by side: each measured figure as a dot with its 95 % interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from bloodui.render.card_words import rate_in_words, timing_in_words
from bloodui.render.legend import with_legend_above
from bloodui.render.text import as_plotly
from bloodui.render.whiskers import whiskers
from models.bundle.card import Card, Evaluation
from models.rate import Rate

HEADLINE = (
    "accuracy",
    "balanced accuracy",
    "macro F1",
    "Matthews correlation",
    "macro AUROC",
    "AUROC by group",
)


TIMING_NOTE = (
    "Inference time: the network alone on one image, the median of repeated calls with their 5th "
    "and 95th percentile. Comparable only between models that were measured on the same machine."
)


def comparison_figure(
    evaluations: Mapping[str, Evaluation], *, names: Sequence[str] = HEADLINE
) -> go.Figure:
    """One row a figure, one dot a model, whiskers for the interval.

    Args:
        evaluations: What is compared, by the name to show; figures that one lacks are left out.
        names: Figures, from top to bottom.
    """
    shown = [name for name in names if any(_find(each, name) for each in evaluations.values())]
    figure = go.Figure()
    for number, (subject, evaluation) in enumerate(evaluations.items()):
        found = [(place, _find(evaluation, name)) for place, name in enumerate(shown)]
        dots = [(place, each) for place, each in found if each is not None]
        # Rows lie one apart; the models of a row share its middle 60 %.
        shift = 0.6 * ((number + 0.5) / len(evaluations) - 0.5)
        figure.add_scatter(
            x=[each.value for _, each in dots],
            y=[place + shift for place, _ in dots],
            error_x=whiskers(each for _, each in dots),
            customdata=[
                [each.name, each.interval_in_decimals, each.size_in_words] for _, each in dots
            ],
            hovertemplate="%{customdata[0]}: %{x:.3f} (%{customdata[1]}), %{customdata[2]}",
            mode="markers",
            marker={"size": 10},
            name=as_plotly(subject),
        )
    figure.update_yaxes(
        tickvals=list(range(len(shown))),
        ticktext=shown,
        autorange="reversed",
        showgrid=False,
        zeroline=False,
    )
    return with_legend_above(figure, height=120 + 62 * max(len(shown), 1))


def classes_figure(evaluation: Evaluation) -> go.Figure:
    """Sensitivity and precision of each class, from the first down as in the matrix beside it.

    n is what a share rests on: the images of the class, or the answers that named it.
    """
    figure = go.Figure()
    for name, shift in (("sensitivity", -0.12), ("precision", 0.12)):
        found = [
            (place, _find(evaluation, f"{name} {of}"))
            for place, of in enumerate(evaluation.classes)
        ]
        dots = [(place, each) for place, each in found if each is not None]
        figure.add_scatter(
            x=[each.value for _, each in dots],
            y=[place + shift for place, _ in dots],
            error_x=whiskers(each for _, each in dots),
            customdata=[[each.interval_in_percent, each.size_in_words] for _, each in dots],
            hovertemplate=f"{name}: %{{x:.1%}} (%{{customdata[0]}}), "
            "%{customdata[1]}<extra></extra>",
            mode="markers",
            marker={"size": 10},
            name=name,
        )
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(
        tickvals=list(range(len(evaluation.classes))),
        ticktext=[as_plotly(name) for name in evaluation.classes],
        range=[len(evaluation.classes) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )
    return with_legend_above(figure, height=120 + 46 * len(evaluation.classes))


def comparison_rows(
    evaluations: Mapping[str, Evaluation], *, names: Sequence[str] = HEADLINE
) -> list[dict[str, str]]:
    """The same figures as numbers: a row a figure, a column a model."""
    rows = []
    for name in names:
        found = {subject: _find(each, name) for subject, each in evaluations.items()}
        cells = {subject: rate_in_words(rate) if rate else "" for subject, rate in found.items()}
        if any(cells.values()):
            rows.append({"Figure": name} | cells)
    return rows


def timing_rows(cards: Mapping[str, Card], *, subjects: Sequence[str]) -> list[dict[str, str]]:
    """The inference times as one more row of that table; none where no model was timed.

    Args:
        cards: By the name to show.
        subjects: Columns of the table; those without a time stay empty.
    """
    timings = {name: cards[name].timing for name in subjects if name in cards}
    if not any(timings.values()):
        return []
    cells = {
        name: timing_in_words(timing) if (timing := timings.get(name)) else "" for name in subjects
    }
    return [{"Figure": "inference time"} | cells]


def _find(evaluation: Evaluation, name: str) -> Rate | None:
    return next((each for each in evaluation.figures if each.name == name), None)
