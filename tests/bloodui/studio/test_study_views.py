"""The charts and tables of a study show every model, size and fold."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from bloodui.studio.study import part_lines, size_figure, sizes_of
from models.bundle.card import Evaluation
from models.rate import Rate
from training.studies.result import StudyResult
from training.studies.tables import StudyRow


def row(model: str, px: int | None, accuracy: float, part: str = "all") -> StudyRow:
    figures = tuple(
        Rate(name=name, value=accuracy, low=accuracy - 0.05, high=accuracy + 0.03, n=120)
        for name in ("accuracy", "macro F1")
    )
    evaluation = Evaluation(
        subject="model",
        split="random",
        protocol="",
        classes=("A", "B"),
        figures=figures,
        confusion=((1, 0), (0, 1)),
        groups=9,
    )
    return StudyRow(
        model=model,
        part=part,
        evaluation=evaluation,
        architecture="alexnet" if px else "",
        input_px=px,
        seconds=12.0 if px else None,
    )


ROWS = (
    row("net-300px", 300, 0.9),
    row("net-150px", 150, 0.8),
    row("six colour numbers", None, 0.5),
    row("net-300px", 300, 0.88, part="fold 1"),
)


def test_sizes_lie_in_order_with_their_intervals_and_without_baselines() -> None:
    assert sizes_of(ROWS) == [150, 300]
    (line,) = size_figure(ROWS).data
    assert list(line.x) == [150, 300]
    assert list(line.y) == [0.8, 0.9]
    assert list(line.error_y.arrayminus) == [0.8 - 0.75, 0.9 - 0.85]


def test_folds_have_lines_of_their_own() -> None:
    (line,) = part_lines(ROWS)
    assert (line["Model"], line["Part"]) == ("net-300px", "fold 1")
    assert line["Accuracy"] == "88.0 % (83.0 to 91.0), n = 120"


def _page() -> None:
    from bloodui.studio.study import show_study
    from tests.bloodui.studio.test_study_views import RESULT

    show_study(RESULT, key="study")


RESULT = StudyResult(
    title="Sizes",
    rows=ROWS,
    comparisons=({"split": "random", "first": "a", "second": "b", "McNemar p": 0.5},),
    bench=(),
    not_run={"net-600px": "No weights."},
    left_out={"net-300px": "Left out: figures of each fold."},
)


def test_the_page_shows_what_was_run_and_names_what_was_not() -> None:
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.exception
    assert "600px was not run. No weights" in app.warning[0].value
    assert "300px**: Left out" in app.warning[1].value.replace("\\", "")
    assert [each.value for each in app.subheader] == ["What bigger pictures buy"]
    assert [each.label for each in app.expander] == [
        "The same as numbers",
        "Fold by fold",
        "Each two models on the same images",
    ]
    assert app.dataframe[1].value["McNemar p"].tolist() == [0.5]
