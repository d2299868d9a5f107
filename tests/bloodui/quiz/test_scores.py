"""The figures of a quiz agree with scikit-learn and scipy on random data."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from bloodui.quiz.quiz import Answer, Attempt
from bloodui.quiz.scores import (
    NO_ANSWER,
    calibration_error,
    kappa,
    kappa_figure,
    kappa_with_truth,
    kappas_among,
    mean_kappa,
    reliability,
    said_by,
    score,
)

SEEDS = range(25)


def answers_of(said: np.ndarray, confidence: float | np.ndarray = 0.8) -> tuple[Answer, ...]:
    sure = np.broadcast_to(confidence, said.shape)
    return tuple(
        Answer(
            position=position,
            answer=None if named == NO_ANSWER else int(named),
            confidence=None if named == NO_ANSWER else float(sure[position]),
            elapsed_s=2.0 + position,
        )
        for position, named in enumerate(said)
    )


def attempt_of(alias: str, said: np.ndarray) -> Attempt:
    return Attempt(alias=alias, started=0.0, finished=9.0, answers=answers_of(said))


@pytest.mark.parametrize("seed", SEEDS)
def test_kappa_and_confusion_are_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, n_classes = int(rng.integers(8, 120)), int(rng.integers(2, 9))
    truth = rng.integers(0, n_classes, n)
    said = np.where(rng.random(n) < rng.random(), truth, rng.integers(0, n_classes, n))
    expected = cohen_kappa_score(truth, said)
    assert kappa(truth, said) == pytest.approx(expected, abs=1e-12)
    assert kappa(said, truth) == pytest.approx(expected, abs=1e-12)
    found = score(answers_of(said), tuple(truth), n_classes=n_classes)
    assert found.kappa == pytest.approx(expected, abs=1e-12)
    assert (
        np.asarray(found.confusion) == confusion_matrix(truth, said, labels=range(n_classes))
    ).all()
    assert found.accuracy is not None
    assert found.accuracy.value == (truth == said).mean()
    assert found.median_s == np.median(2.0 + np.arange(n))


def test_kappas_interval_is_the_percentile_bootstrap_of_scikit_learns_kappa() -> None:
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 4, 60)
    said = np.where(rng.random(60) < 0.6, truth, rng.integers(0, 4, 60))
    figure = kappa_figure(said, truth)
    assert figure is not None
    own = np.random.default_rng(1)
    drawn = []
    for _ in range(1000):
        rows = own.integers(0, 60, 60)
        drawn.append(cohen_kappa_score(truth[rows], said[rows]))
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert figure.value == pytest.approx(cohen_kappa_score(truth, said))
    # Another seed of the draws: the bounds agree within what 1000 draws leave open.
    assert figure.low == pytest.approx(low, abs=0.03)
    assert figure.high == pytest.approx(high, abs=0.03)
    assert kappa_with_truth(answers_of(said), tuple(truth)) == figure


def test_kappa_is_none_where_both_name_the_same_single_class_and_0_where_one_does() -> None:
    only, both = np.zeros(6, int), np.array([0, 0, 0, 1, 1, 2])
    assert kappa(only, only) is None
    assert kappa_figure(only, only) is None
    assert kappa(np.array([], int), np.array([], int)) is None
    assert kappa(only, both) == pytest.approx(0.0)
    assert cohen_kappa_score(only, both) == pytest.approx(0.0)
    assert kappa(np.ones(6, int), only) == pytest.approx(0.0)


def test_an_image_whose_time_ran_out_is_wrong_and_leaves_kappa_alone() -> None:
    truth, said = (0, 1, 0, 1, 1), np.array([0, 1, 1, 1, NO_ANSWER])
    found = score(answers_of(said), truth, n_classes=2)
    assert found.accuracy is not None
    assert (found.accuracy.value, found.accuracy.n) == (0.6, 5)
    assert found.n_timed_out == 1
    assert found.confusion == ((1, 1), (0, 2))
    assert found.kappa == pytest.approx(cohen_kappa_score([0, 1, 0, 1], [0, 1, 1, 1]))


def test_residents_agree_pair_by_pair_on_what_both_answered() -> None:
    rng = np.random.default_rng(3)
    said = [rng.integers(0, 3, 40) for _ in range(3)]
    said[2][:10] = NO_ANSWER
    attempts = [attempt_of(alias, each) for alias, each in zip("abc", said, strict=True)]
    assert (said_by(attempts[2], 40) == said[2]).all()
    pairs = kappas_among(attempts, 40)
    assert [(pair.first, pair.second, pair.n) for pair in pairs] == [
        ("a", "b", 40),
        ("a", "c", 30),
        ("b", "c", 30),
    ]
    expected = [
        cohen_kappa_score(said[0], said[1]),
        cohen_kappa_score(said[0][10:], said[2][10:]),
        cohen_kappa_score(said[1][10:], said[2][10:]),
    ]
    assert [pair.kappa for pair in pairs] == pytest.approx(expected)
    assert mean_kappa(pairs) == pytest.approx(np.mean(expected))
    assert mean_kappa(kappas_among(attempts[:1], 40)) is None


@pytest.mark.parametrize("seed", range(5))
def test_calibration_compares_confidence_with_what_was_right(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence = rng.choice(np.arange(25, 101, 5), 80) / 100
    right = rng.random(80) < confidence
    number = np.minimum((confidence * 15).astype(int), 14)
    expected = sum(
        abs(right[number == each].mean() - confidence[number == each].mean())
        * (number == each).mean()
        for each in np.unique(number)
    )
    assert calibration_error(confidence, right) == pytest.approx(expected)
    bins = reliability(confidence, right, np.arange(80), lowest=0.25)
    assert sum(each.accuracy.n for each in bins) == 80
    assert [round(each.low, 2) for each in bins] == [0.25, 0.4, 0.55, 0.7, 0.85]
    for each in bins:
        last = each.high == 1.0
        inside = (confidence >= each.low - 1e-9) & ((confidence < each.high - 1e-9) | last)
        assert each.accuracy.value == pytest.approx(right[inside].mean())
        assert each.confidence == pytest.approx(confidence[inside].mean())


def test_whoever_is_always_sure_and_half_right_is_off_by_a_half() -> None:
    right = np.array([True, False] * 10)
    assert calibration_error(np.ones(20), right) == pytest.approx(0.5)
    assert calibration_error(np.full(20, 0.5), right) == pytest.approx(0.0)
    assert calibration_error(np.array([]), np.array([], bool)) is None


def test_several_residents_together_are_drawn_by_image_not_by_answer() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 20)
    said = np.where(rng.random(20) < 0.5, truth, 1 - truth)
    ten_alike = answers_of(said) * 10
    together = score(ten_alike, tuple(truth), n_classes=2).accuracy
    one = score(answers_of(said), tuple(truth), n_classes=2).accuracy
    assert together is not None
    assert one is not None
    assert together.value == one.value
    # Ten who say the same know no more than one: the interval stays about as wide.
    assert together.high - together.low > 0.8 * (one.high - one.low)
