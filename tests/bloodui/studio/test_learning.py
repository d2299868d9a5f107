"""A run's learning curves: every fold and phase can be looked at, the last one first."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from bloodui.studio.learning import BEST_NOTE, curves_of
from training.progress import EpochDone


def epoch(number: int, *, fold: int = 0, phase: str = "whole") -> EpochDone:
    values = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.1, "val_accuracy": 0.4}
    return EpochDone(
        split="leave_one_dataset_out",
        fold=fold,
        phase=phase,
        epoch=number,
        epochs=2,
        values=values,
    )


EPOCHS = (epoch(1, phase="head"), epoch(1), epoch(2), epoch(1, fold=1), epoch(2, fold=1))


def test_each_fold_and_phase_has_a_curve_in_the_order_of_the_run() -> None:
    curves = curves_of(EPOCHS)
    assert {title: [done.epoch for done in epochs] for title, epochs in curves.items()} == {
        "Leave one dataset out split, fold 1, head": [1],
        "Leave one dataset out split, fold 1, whole network": [1, 2],
        "Leave one dataset out split, fold 2, whole network": [1, 2],
    }


def _page(epochs: object) -> None:
    from bloodui.studio.learning import show_learning

    show_learning(epochs, key="a")  # type: ignore[arg-type]


def test_loss_and_accuracy_of_the_last_curve_are_drawn_unless_another_is_chosen() -> None:
    app = AppTest.from_function(_page, args=(EPOCHS,), default_timeout=60).run()
    assert not app.exception
    assert app.selectbox[0].value == "Leave one dataset out split, fold 2, whole network"
    assert len(app.get("plotly_chart")) == 2
    last = [chart.proto.spec for chart in app.get("plotly_chart")]
    app.selectbox[0].select("Leave one dataset out split, fold 1, head").run()
    assert [chart.proto.spec for chart in app.get("plotly_chart")] != last
    assert app.caption[0].value == BEST_NOTE


def test_a_run_without_epochs_draws_nothing() -> None:
    app = AppTest.from_function(_page, args=((),), default_timeout=60).run()
    assert not app.exception
    assert not app.get("plotly_chart")
    assert not app.caption
