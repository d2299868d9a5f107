"""Planted shortcuts are found beside an honest model, each time; in clean sets there is none."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests.training.audits.planted import fields, with_marked_corner, with_tinted_class
from tests.training.audits.subjects import subject_of
from training.audits.alterations import (
    GREY,
    NORMALISED,
    WITHOUT_CELLS,
    WITHOUT_CORNERS,
    without_cells,
)
from training.audits.baselines import (
    BACKGROUND,
    BORDER,
    COLOUR,
    SOURCE,
    baseline_answers,
    baseline_features,
    cells_mask,
)
from training.audits.chance import chance_p_value
from training.audits.shortcut_report import ShortcutReport, is_shortcut
from training.audits.shortcuts import audit_shortcuts
from training.data.collection import Collection
from training.data.index import ImageRecord
from training.data.pictures import Pictures
from training.data.splits import Split
from training.judge.measures import balanced_accuracy, confusion_matrix

SEEDS = range(20)
N = 120
LEARN, JUDGE = np.arange(0, N, 2), np.arange(1, N, 2)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return fields(rng, N), rng.permutation(np.arange(N) % 2)


def shortcuts_in(rgb: np.ndarray, labels: np.ndarray, looked_for: set[str]) -> set[str]:
    """Which of these baselines the report would call a shortcut."""
    features = baseline_features(list(rgb), ["one"] * N)
    chosen = {name: features[name] for name in looked_for}
    answers = baseline_answers(chosen, labels, learn=LEARN, judge=JUDGE)
    return {
        name
        for name, given in answers.items()
        if is_shortcut(
            balanced_accuracy(confusion_matrix(given, labels[JUDGE], 2)),
            0.5,
            p_value=chance_p_value(given, labels[JUDGE], JUDGE),
            n_baselines=len(features),
        )
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_tinted_class_is_found_by_colour_and_background(seed: int) -> None:
    rgb, labels = drawn(seed)
    expected = {COLOUR, BACKGROUND}
    assert shortcuts_in(with_tinted_class(rgb, labels), labels, expected) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_a_coloured_mark_in_a_corner_is_found_by_the_border(seed: int) -> None:
    rgb, labels = drawn(seed)
    assert shortcuts_in(with_marked_corner(rgb, labels), labels, {BORDER}) == {BORDER}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_set_has_no_shortcut(seed: int) -> None:
    assert shortcuts_in(*drawn(seed), {COLOUR, BORDER, BACKGROUND}) == set()


class Rule:
    """A model whose answer is a known function of the picture: "model" as the audit calls it."""

    def __init__(self, score) -> None:
        self.manifest = SimpleNamespace(id="rule", classes=("A", "B"), members=())
        self._score = score

    def logits(self, rgb: np.ndarray) -> np.ndarray:
        scores = np.array([self._score(picture) for picture in rgb.astype(float)])
        return np.stack([-scores, scores], axis=1)


def collection(rgb: np.ndarray, labels: np.ndarray, sources: list[str] | None = None) -> Collection:
    names = sources or ["one"] * N
    return Collection(
        records=tuple(
            ImageRecord(path=Path("x"), name=f"{item}.png", dataset=name, label="x")
            for item, name in enumerate(names)
        ),
        labels=labels,
        pictures=Pictures(rgb=rgb, colours=np.zeros((N, 6)), hashes=np.zeros((N, 256), bool)),
        groups={"grouped": np.arange(N)},
    )


SPLIT = Split(train=LEARN, validation=LEARN[:0], test=JUDGE)


def lies_across(picture: np.ndarray) -> float:
    """Above 0 where the cell is wider than high; 0 where there is none."""
    rows, columns = np.nonzero(picture[..., 1] < 100)
    return float(columns.std() - rows.std()) if len(rows) else 0.0


@pytest.fixture(scope="module")
def honest() -> ShortcutReport:
    """A model that sees how the cell lies, which is what its labels are about."""
    rgb, _ = drawn(1)
    labels = np.array([lies_across(picture) > 0 for picture in rgb]).astype(int)
    return audit_shortcuts(subject_of(Rule(lies_across), collection(rgb, labels), SPLIT))


@pytest.fixture(scope="module")
def cheating() -> ShortcutReport:
    """A model that knows the red of the whole picture and nothing else."""
    rgb, labels = drawn(2)
    rgb = with_tinted_class(rgb, labels)
    middle = np.median(rgb[..., 0].astype(float) - rgb[..., 1])
    model = Rule(lambda picture: np.median(picture[..., 0] - picture[..., 1]) - middle)
    return audit_shortcuts(subject_of(model, collection(rgb, labels), SPLIT), limit=40)


def test_a_model_that_looks_at_cells_needs_them_and_is_above_its_shortcuts(
    honest: ShortcutReport,
) -> None:
    assert honest.subject("model").balanced_accuracy.value == 1
    assert honest.subject(WITHOUT_CELLS).balanced_accuracy.value == pytest.approx(0.5)
    assert honest.subject(WITHOUT_CORNERS).gap.value < 0.1
    assert honest.subject(BACKGROUND).gap.low > 0
    assert "above its best shortcut" in honest.verdict[0]
    assert any(WITHOUT_CELLS in each and "no better than chance" in each for each in honest.verdict)


def test_a_model_that_knows_the_stain_alone_is_no_better_than_it(cheating: ShortcutReport) -> None:
    assert {COLOUR, BACKGROUND} <= set(cheating.shortcuts)
    assert "not clearly better than a shortcut" in cheating.verdict[0]
    for name in (NORMALISED, GREY):
        assert cheating.subject(name).gap.low > 0
    assert cheating.subject(WITHOUT_CELLS).balanced_accuracy.value > 0.8
    assert cheating.subject("model").accuracy.n == 40


def test_the_laboratory_is_a_shortcut_where_it_goes_with_the_label() -> None:
    rgb, labels = drawn(3)
    sources = [("one", "two")[label] for label in labels]
    report = audit_shortcuts(subject_of(Rule(lies_across), collection(rgb, labels, sources), SPLIT))
    assert report.subject(SOURCE).balanced_accuracy.value == 1
    assert report.shortcuts == (SOURCE,)
    assert f"Well above chance without a cell: {SOURCE}." in report.verdict
    assert "not clearly above chance" in report.verdict[0]


def test_nothing_of_a_cell_is_left_where_it_was_removed() -> None:
    picture = fields(np.random.default_rng(0), 1)[0]
    dark = picture[..., 1] < 100
    assert dark.any()
    assert cells_mask(picture)[dark].all()
    assert without_cells(picture)[..., 1].min() > 150
    kept = ~cells_mask(picture)
    assert np.array_equal(without_cells(picture)[kept], picture[kept])
