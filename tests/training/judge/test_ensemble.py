"""Several models that answer together: the mean, and weights that validation chooses."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from training.errors import DatasetError
from training.judge.ensemble import is_same_test, judge_ensemble, validation_weights
from training.judge.evaluation import EvaluationPlan
from training.judge.judgement import Answers, Fold, judge
from training.judge.predictions import Predictions, SplitPredictions


def predictions(probabilities: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> Predictions:
    n = len(labels)
    return Predictions(
        classes=("a", "b"),
        paths=tuple(f"{number}.png" for number in range(n)),
        datasets=("drawn",) * n,
        groups=tuple(map(str, range(n))),
        labels=labels,
        folds=folds,
        probabilities=probabilities,
    )


@pytest.fixture
def members() -> tuple[Predictions, Predictions]:
    """In fold 0 the first model knows the answer and the second guesses; in fold 1 the other."""
    rng = np.random.default_rng(0)
    labels, folds = rng.integers(0, 2, 200), np.repeat([0, 1], 100)
    right = 0.8 * np.eye(2)[labels] + 0.1
    guess = rng.dirichlet([2, 2], 200)
    first = np.where(folds[:, None] == 0, right, guess)
    second = np.where(folds[:, None] == 1, right, guess)
    return predictions(first, labels, folds), predictions(second, labels, folds)


def answers_of(members: Sequence[Predictions]) -> list[SplitPredictions]:
    """The same answers on validation and test images."""
    return [SplitPredictions(validation=member, test=member) for member in members]


def test_equal_weights_name_the_class_that_the_mean_names(members):
    judged = judge_ensemble(answers_of(members), weights="equal", split="random", patients=False)
    mean = (members[0].probabilities + members[1].probabilities) / 2
    assert (judged.weights == 0.5).all()
    assert (judged.answers.test.answers == mean.argmax(axis=1)).all()
    assert np.allclose(judged.answers.test.probabilities.sum(axis=1), 1)
    assert judged.answers.test.paths == members[0].paths


def test_an_ensemble_is_judged_as_one_model_with_the_logarithm_of_the_mean_as_logits(members):
    judged = judge_ensemble(answers_of(members), weights="equal", split="random", patients=False)
    first = members[0]
    mean = (first.probabilities + members[1].probabilities) / 2
    folds = [
        Answers(logits=np.log(mean[rows]), labels=first.labels[rows], groups=np.nonzero(rows)[0])
        for rows in (first.folds == 0, first.folds == 1)
    ]
    alone = judge(
        [Fold(validation=fold, test=fold) for fold in folds],
        EvaluationPlan(
            classes=first.classes,
            split="random",
            protocol="as its members: 200 images, 2 folds",
        ),
    )
    assert judged.judgement.temperature == pytest.approx(alone.temperature)
    assert judged.judgement.answer_threshold == pytest.approx(alone.answer_threshold)
    for figure, other in zip(judged.judgement.model.figures, alone.model.figures, strict=True):
        assert (figure.name, figure.n) == (other.name, other.n)
        assert figure.value == pytest.approx(other.value)


def test_validation_trusts_in_each_fold_whoever_is_right_there(members):
    weights = validation_weights(members)
    assert np.allclose(weights.sum(axis=1), 1)
    assert weights[0, 0] > 0.95
    assert weights[1, 1] > 0.95
    judged = judge_ensemble(
        answers_of(members), weights="validation", split="random", patients=False
    )
    assert (judged.weights > 0).all()
    assert judged.answers.test.is_right.all()


def test_weights_are_the_likeliest_on_a_fine_grid():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 80)
    noisy = [
        predictions(
            np.clip(0.5 * np.eye(2)[labels] + rng.dirichlet([2, 2], 80) * 0.5, 1e-6, 1),
            labels,
            np.zeros(80, int),
        )
        for _ in range(2)
    ]

    def loss(share: float) -> float:
        mixed = share * noisy[0].probabilities + (1 - share) * noisy[1].probabilities
        return float(-np.log(mixed[np.arange(80), labels]).mean())

    found = validation_weights(noisy)[0, 0]
    best = min(np.linspace(0, 1, 1001), key=loss)
    assert loss(found) <= loss(best) + 1e-6


@pytest.mark.parametrize("part", ["validation", "test"])
def test_members_of_different_images_are_refused(members, part):
    other = replace(members[1], paths=tuple(reversed(members[1].paths)))
    assert is_same_test(*members)
    assert not is_same_test(members[0], other)
    first, second = answers_of(members)
    with pytest.raises(DatasetError, match=r"Member 2 .* on the grouped split"):
        judge_ensemble(
            [first, replace(second, **{part: other})],
            weights="equal",
            split="grouped",
            patients=False,
        )
