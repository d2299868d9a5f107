"""Charts of an evaluation show what was measured."""

from __future__ import annotations

import numpy as np
import pytest

from bloodui.studio.comparison import (
    comparison_figure,
    comparison_rows,
    timing_rows,
)
from bloodui.studio.curves import (
    best_epoch,
    learning_figure,
    reliability_figure,
    roc_figure,
)
from bloodui.widgets.confusion import whole_percent
from models.bundle.card import Card, Evaluation, Timing
from models.rate import Rate
from training.judge.predictions import Predictions
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
    figures = [Rate(name="accuracy", value=accuracy, low=accuracy - 0.1, high=0.99, n=50)]
    if with_auroc:
        figures.append(Rate(name="macro AUROC", value=0.9, low=0.8, high=0.95, n=50))
    return Evaluation(
        subject="model",
        split="grouped",
        protocol="",
        classes=("A", "B"),
        figures=tuple(figures),
        confusion=((1, 0), (0, 1)),
        groups=5,
    )


def test_a_share_is_told_in_whole_per_cent_and_never_as_all_or_none_where_it_is_not() -> None:
    shares = (0.0, 0.004, 0.25, 0.984, 0.999, 1.0)
    assert [whole_percent(each) for each in shares] == ["0", "<1", "25", "98", ">99", "100"]


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


def test_the_reliability_diagram_shows_the_bins_that_hold_images() -> None:
    shares = np.array([[0.7, 0.3], [0.75, 0.25], [0.05, 0.95], [0.9, 0.1]])
    figure = reliability_figure(predictions(shares, np.array([0, 1, 1, 0])))
    bars, accuracy, _ = figure.data
    assert bars.y.tolist() == [0] * 7 + [0.5, 0, 0.5]
    assert accuracy.x == pytest.approx([0.725, 0.925])
    assert accuracy.y == pytest.approx([0.5, 1.0])
    assert accuracy.customdata.tolist() == [2, 2]


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
    assert rows[0]["one"].startswith("90.0 % (80.0 to 99.0)")
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
