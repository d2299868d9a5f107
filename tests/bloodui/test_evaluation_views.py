"""Charts of an evaluation show what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from bloodui.views.comparison import comparison_figure, comparison_rows, timing_rows
from bloodui.views.confusion import Cell, clicked_cell, confusion_figure
from bloodui.views.curves import (
    best_epoch,
    learning_figure,
    reliability_bins,
    reliability_figure,
    roc_figure,
)
from models.card import Card, Evaluation, Figure, Timing
from training.predictions import Predictions
from training.progress import EpochDone


def predictions(probabilities: np.ndarray, labels: np.ndarray) -> Predictions:
    n, n_classes = probabilities.shape
    return Predictions(
        classes=tuple("ABCDEFGH"[:n_classes]),
        paths=tuple(f"{number}.png" for number in range(n)),
        datasets=("d",) * n,
        groups=tuple(str(number) for number in range(n)),
        labels=labels,
        folds=np.zeros(n, int),
        probabilities=probabilities,
    )


def evaluation(accuracy: float, *, with_auroc: bool) -> Evaluation:
    figures = [Figure(name="accuracy", value=accuracy, low=accuracy - 0.1, high=0.99, n=50)]
    if with_auroc:
        figures.append(Figure(name="macro AUROC", value=0.9, low=0.8, high=0.95, n=50))
    return Evaluation(
        subject="model",
        split="grouped",
        protocol="",
        classes=("A", "B"),
        figures=tuple(figures),
        confusion=((1, 0), (0, 1)),
        groups=5,
    )


def test_the_matrix_shows_images_or_shares_of_the_true_class() -> None:
    confusion = ((30, 10), (0, 5))
    counts = confusion_figure(("A", "B"), confusion, as_rate=False).data[1]
    rates = confusion_figure(("A", "B"), confusion, as_rate=True).data[1]
    assert list(counts.text) == ["30", "10", "0", "5"]
    assert list(rates.text) == ["75.0 %", "25.0 %", "0.0 %", "100.0 %"]
    # The second mark is the cell "truth A, answered B".
    assert (counts.y[1], counts.x[1]) == ("A", "B")
    assert list(counts.customdata[1]) == [0, 1, 10]


def test_a_class_that_was_never_tested_has_no_rate_and_breaks_nothing() -> None:
    chart = confusion_figure(("A", "B"), ((4, 0), (0, 0)), as_rate=True)
    assert list(chart.data[1].text) == ["100.0 %", "0.0 %", "0.0 %", "0.0 %"]


def test_a_click_names_its_cell_and_no_click_names_none() -> None:
    event = {"selection": {"points": [{"customdata": [2, 0, 7]}]}}
    assert clicked_cell(event) == Cell(truth=2, answer=0)
    assert clicked_cell({"selection": {"points": []}}) is None


def test_the_best_epoch_is_the_one_whose_weights_are_kept() -> None:
    epochs = [
        EpochDone(
            split="grouped",
            fold=0,
            phase="whole",
            epoch=number,
            epochs=3,
            values={"loss": 1.0, "val_loss": loss},
        )
        for number, loss in enumerate((0.9, 0.4, 0.6), start=1)
    ]
    assert best_epoch(epochs) == 2
    chart = learning_figure(epochs, measure="loss")
    assert list(chart.data[1].y) == [0.9, 0.4, 0.6]
    assert chart.layout.annotations[0].text == "best: 2"
    assert chart.layout.shapes[0].x0 == chart.layout.shapes[0].x1 == 2
    assert chart.layout.xaxis.dtick == 1  # no half epochs
    assert best_epoch([]) is None


def test_the_area_under_the_drawn_curve_is_the_auroc() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(2)
    labels = (rng.random(300) < 0.3).astype(int)
    scores = 1 / (1 + np.exp(-np.round(rng.normal(labels * 1.2, 1.0), 1)))  # with ties
    drawn = roc_figure(predictions(np.stack([1 - scores, scores], axis=1), labels)).data[1]
    assert np.trapezoid(drawn.y, drawn.x) == pytest.approx(roc_auc_score(labels, scores))
    assert (drawn.x[0], drawn.y[0], drawn.x[-1], drawn.y[-1]) == (0, 0, 1, 1)


def test_a_class_that_was_never_tested_has_no_roc_curve() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]])
    names = [trace.name for trace in roc_figure(predictions(shares, np.array([0, 1]))).data]
    assert names == ["A", "B", "chance"]


def test_bins_of_confidence_agree_with_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve

    rng = np.random.default_rng(3)
    first = rng.uniform(0.5, 1.0, 500)
    probabilities = np.stack([first, 1 - first], axis=1)
    labels = (rng.random(500) > first).astype(int)
    bins = reliability_bins(probabilities, labels)
    filled = bins.counts > 0
    accuracy, confidence = calibration_curve(labels == 0, first, n_bins=10)
    assert bins.accuracy[filled] == pytest.approx(accuracy)
    assert bins.confidence[filled] == pytest.approx(confidence)
    assert bins.counts.sum() == 500


def test_every_class_has_its_curve() -> None:
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    found = predictions(shares, np.array([0, 1, 2]))
    names = [trace.name for trace in roc_figure(found).data]
    assert names == ["A", "B", "C", "chance"]
    assert len(reliability_figure(found).data) == 3


def test_models_are_compared_figure_by_figure_with_their_intervals() -> None:
    pair = {"one": evaluation(0.9, with_auroc=True), "two": evaluation(0.7, with_auroc=False)}
    rows = comparison_rows(pair)
    assert [row["Figure"] for row in rows] == ["accuracy", "macro AUROC"]
    assert rows[0]["one"].startswith("0.900 (0.800 to 0.990)")
    assert rows[1]["two"] == ""
    one, two = comparison_figure(pair).data
    assert list(one.x) == [0.9, 0.9]
    assert list(two.x) == [0.7]
    assert two.error_x.arrayminus[0] == pytest.approx(0.1)


def test_inference_times_stand_beside_the_figures_of_models_that_were_timed() -> None:
    timing = Timing(median_ms=21.34, low_ms=20.9, high_ms=23.0, n=50, device="2 cores, AMD EPYC")
    cards = {
        name: Card(summary="", sources=(), evaluations=(), limits=(), timing=each)
        for name, each in {"one": timing, "two": None}.items()
    }
    (row,) = timing_rows(cards, subjects=("one", "two", "baseline"))
    assert row["one"] == "21.3 ms (20.9 to 23.0), 2 cores, AMD EPYC"
    assert (row["two"], row["baseline"]) == ("", "")
    assert timing_rows(cards, subjects=("two", "baseline")) == []
