"""Curves by which a model is judged: learning, ROC, calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from bloodui.render.legend import with_legend_above
from bloodui.render.text import as_plotly
from training.judge.measures import confidence_bins
from training.judge.predictions import Predictions
from training.progress import EpochDone

_BINS = 10
_HEIGHT = 360
_MOST_EPOCHS_NAMED = 12


def learning_figure(epochs: Sequence[EpochDone], *, measure: str) -> go.Figure:
    """A measure over the epochs of one fold, in training and validation, the best epoch marked.

    Args:
        epochs: Of one split, fold and phase, in order.
        measure: "loss" or "accuracy".
    """
    numbers = [done.epoch for done in epochs]
    figure = go.Figure()
    for key, name in ((measure, "training"), (f"val_{measure}", "validation")):
        values = [done.values.get(key) for done in epochs]
        figure.add_scatter(x=numbers, y=values, name=name, mode="lines+markers")
    best = best_epoch(epochs)
    last = max([*numbers, 2])
    if best is not None:
        figure.add_vline(
            x=best,
            line={"dash": "dot", "width": 2, "color": "#8c8c8c"},
            layer="below",
            annotation_text=f"best: {best}",
            annotation_position="top right" if best <= last / 2 else "top left",
        )
    # Plotly's own steps would be half epochs where there are few.
    step = 1 if last <= _MOST_EPOCHS_NAMED else None
    figure.update_xaxes(title="Epoch", range=[0.5, last + 0.5], tickformat="d", dtick=step)
    figure.update_yaxes(title=measure.capitalize())
    return with_legend_above(figure, height=_HEIGHT)


def best_epoch(epochs: Sequence[EpochDone]) -> int | None:
    """Number of the epoch with the lowest validation loss, or None where there is none."""
    losses = [(done.values.get("val_loss", float("nan")), done.epoch) for done in epochs]
    found = [(loss, number) for loss, number in losses if not np.isnan(loss)]
    return min(found)[1] if found else None


def roc_figure(predictions: Predictions) -> go.Figure:
    """The receiver operating characteristic of each class against the rest (Fawcett 2006)."""
    from sklearn.metrics import roc_curve

    figure = go.Figure()
    for number, name in enumerate(predictions.classes):
        is_positive = predictions.labels == number
        if is_positive.all() or not is_positive.any():
            continue  # without images of both kinds there is no curve
        false_positive, true_positive, _ = roc_curve(
            is_positive, predictions.probabilities[:, number]
        )
        figure.add_scatter(x=false_positive, y=true_positive, name=as_plotly(name), mode="lines")
    figure.add_scatter(
        x=[0, 1], y=[0, 1], name="chance", mode="lines", line={"dash": "dot", "color": "#8c8c8c"}
    )
    figure.update_xaxes(title="1 − specificity", range=[0, 1], constrain="domain")
    figure.update_yaxes(title="Sensitivity", range=[0, 1.005])
    return with_legend_above(figure, height=_HEIGHT)


def reliability_figure(predictions: Predictions) -> go.Figure:
    """Confidence against accuracy in ten bins (Niculescu-Mizil & Caruana 2005), sizes as bars."""
    confidence, is_right = predictions.probabilities.max(axis=1), predictions.is_right
    bins = confidence_bins(confidence, is_right, n_bins=_BINS)
    figure = go.Figure()
    figure.add_bar(
        x=(np.arange(_BINS) + 0.5) / _BINS,
        y=bins.counts / max(bins.counts.sum(), 1),
        name="share of images",
        marker={"color": "#8c8c8c", "opacity": 0.35},
        width=0.9 / _BINS,
    )
    filled = bins.counts > 0
    figure.add_scatter(
        x=bins.mean_confidence[filled],
        y=bins.accuracy[filled],
        customdata=bins.counts[filled],
        name="accuracy",
        mode="lines+markers",
        hovertemplate="confidence %{x:.2f}, accuracy %{y:.2f}, n %{customdata}<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        name="calibrated",
        mode="lines",
        line={"dash": "dot", "color": "#8c8c8c"},
    )
    figure.update_xaxes(title="Confidence", range=[0, 1])
    figure.update_yaxes(title="Accuracy", range=[0, 1.02])
    return with_legend_above(figure, height=_HEIGHT)
