"""Two models on the same images: the exact test, and how far apart they are."""

import numpy as np
import pytest
from scipy.stats import binomtest

from training.errors import DatasetError
from training.judge.comparison import compare, mcnemar_p_value


@pytest.mark.parametrize(
    ("only_first", "only_second"), [(0, 1), (0, 6), (1, 9), (5, 5), (12, 3), (40, 61), (300, 900)]
)
def test_the_exact_test_is_the_binomial_test_of_a_fair_coin(only_first, only_second):
    expected = binomtest(only_first, only_first + only_second, 0.5).pvalue
    assert mcnemar_p_value(only_first, only_second) == pytest.approx(expected, rel=1e-9)


def test_six_of_six_is_two_in_64():
    assert mcnemar_p_value(6, 0) == mcnemar_p_value(0, 6) == 2 / 64


def test_models_that_never_disagree_do_not_differ_as_far_as_sixty_images_can_tell():
    labels = np.tile([0, 1, 2], 20)
    answers = np.where(np.arange(60) % 7 == 0, (labels + 1) % 3, labels)
    comparison = compare(answers, answers, labels, np.arange(60))
    assert comparison.p_value == 1.0
    assert comparison.only_first_right == comparison.only_second_right == 0
    room = binomtest(0, 60).proportion_ci(0.95, method="wilson").high
    assert comparison.difference("accuracy").bounds == pytest.approx((-room, room))
    for figure in comparison.differences:
        assert (figure.value, figure.n, figure.groups) == (0, 60, 60)
        assert figure.low < 0 < figure.high


def test_differences_are_first_minus_second_and_count_rare_classes_as_much():
    labels = np.array([0] * 90 + [1] * 10)
    first = np.zeros(100, int)  # misses the rare class
    second = np.concatenate([np.ones(18, int), np.zeros(72, int), np.ones(10, int)])
    comparison = compare(first, second, labels, np.arange(100))
    assert (comparison.only_first_right, comparison.only_second_right) == (18, 10)
    assert comparison.difference("accuracy").value == pytest.approx(0.90 - 0.82)
    assert comparison.difference("balanced accuracy").value == pytest.approx(0.50 - 0.90)
    assert comparison.difference("balanced accuracy").high < 0
    assert comparison.difference("accuracy").low < 0 < comparison.difference("accuracy").high
    with pytest.raises(KeyError):
        comparison.difference("macro F1")


def test_pairing_makes_the_interval_narrower_than_the_models_own():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, 300)
    is_hard = rng.random(300) < 0.3
    first = np.where(is_hard, 1 - labels, labels)
    second = np.where(is_hard | (rng.random(300) < 0.02), 1 - labels, labels)
    figure = compare(first, second, labels, np.arange(300)).difference("accuracy")
    alone = 1.96 * np.sqrt(0.3 * 0.7 / 300)
    assert figure.high - figure.low < alone


def test_images_of_one_group_count_as_one():
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 100)
    group_differs = np.repeat(rng.random(10) < 0.5, 20)
    second = np.where(group_differs, 1 - labels, labels)

    def width(groups: np.ndarray) -> float:
        figure = compare(labels, second, labels, groups).difference("accuracy")
        return figure.high - figure.low

    assert width(np.arange(200) // 20) > 2 * width(np.arange(200))


def test_answers_for_other_images_are_refused():
    with pytest.raises(DatasetError, match="one split"):
        compare(np.zeros(4, int), np.zeros(5, int), np.zeros(4, int), np.arange(4))
    with pytest.raises(DatasetError, match="one split"):
        compare(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int), np.arange(0))
