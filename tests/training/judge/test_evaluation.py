import numpy as np
import pytest
from sklearn import metrics

from models.answer.prediction import softmax
from training.judge.evaluation import EvaluationPlan, evaluate


@pytest.fixture(scope="module")
def answers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 400)
    logits = rng.normal(size=(400, 3)) + 1.2 * np.eye(3)[labels]
    return softmax(logits, 1.0), labels, np.arange(400) // 4


def test_figures_agree_with_scikit_learn(answers):
    probabilities, labels, groups = answers
    evaluation = evaluate(
        probabilities,
        labels,
        groups,
        EvaluationPlan(classes=("a", "b", "c"), split="random", protocol="test"),
        subject="model",
    )
    predicted = probabilities.argmax(axis=1)
    expected = {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "balanced accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "macro F1": metrics.f1_score(labels, predicted, average="macro"),
        "Matthews correlation": metrics.matthews_corrcoef(labels, predicted),
        "macro AUROC": metrics.roc_auc_score(labels, probabilities, multi_class="ovr"),
        "sensitivity b": metrics.recall_score(labels, predicted, labels=[1], average="macro"),
        "precision b": metrics.precision_score(labels, predicted, labels=[1], average="macro"),
        "specificity b": metrics.recall_score(labels != 1, predicted != 1),
        "F1 b": metrics.f1_score(labels, predicted, labels=[1], average="macro"),
        "AUROC b": metrics.roc_auc_score(labels == 1, probabilities[:, 1]),
        "weighted F1": metrics.f1_score(labels, predicted, average="weighted"),
        "macro precision": metrics.precision_score(labels, predicted, average="macro"),
        "macro specificity": np.mean(
            [metrics.recall_score(labels != each, predicted != each) for each in range(3)]
        ),
        "weighted precision": metrics.precision_score(labels, predicted, average="weighted"),
    }
    for name, value in expected.items():
        assert evaluation.figure(name).value == pytest.approx(value), name
    assert evaluation.confusion == tuple(
        tuple(row) for row in metrics.confusion_matrix(labels, predicted).tolist()
    )


def test_every_figure_has_its_number_and_an_interval_around_it(answers):
    probabilities, labels, groups = answers
    evaluation = evaluate(
        probabilities,
        labels,
        groups,
        EvaluationPlan(classes=("a", "b", "c"), split="random", protocol="test"),
        subject="model",
    )
    predicted = probabilities.argmax(axis=1)
    own = {
        "sensitivity b": (labels == 1).sum(),
        "specificity b": (labels != 1).sum(),
        "precision b": (predicted == 1).sum(),
        "F1 b": ((labels == 1) | (predicted == 1)).sum(),
    }
    for name, n in own.items():
        assert 0 < n < 400
        assert evaluation.figure(name).n == n, name
    for figure in evaluation.figures:
        of_a_class = figure.name.partition(" ")[2] in ("a", "b", "c")
        assert figure.n == 400 or (of_a_class and not figure.name.startswith("AUROC"))
        assert figure.low < figure.high
        if figure.name != "calibration error":  # biased upwards by resampling
            assert figure.low <= figure.value <= figure.high, figure.name
    assert evaluation.groups == 100


def test_images_that_stand_together_widen_the_interval():
    rng = np.random.default_rng(0)
    patient_is_right = np.repeat(rng.random(20) < 0.8, 20)
    labels = np.tile([0, 1], 200)
    predicted = np.where(patient_is_right, labels, 1 - labels)
    probabilities = np.eye(2)[predicted] * 0.8 + 0.1

    def width(groups: np.ndarray) -> float:
        figure = evaluate(
            probabilities,
            labels,
            groups,
            EvaluationPlan(classes=("a", "b"), split="grouped", protocol="test"),
            subject="model",
        ).figure("accuracy")
        return figure.high - figure.low

    assert width(np.arange(400) // 20) > 2 * width(np.arange(400))


def test_patients_are_ranked_by_the_mean_of_their_cells():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    labels = np.array([0, 0, 1, 1])
    evaluation = evaluate(
        probabilities,
        labels,
        np.array([0, 0, 1, 1]),
        EvaluationPlan(classes=("AML", "APL"), split="grouped", protocol="test", patients=True),
        subject="model",
    )
    assert evaluation.figure("AUROC by group").value == 1.0
    assert evaluation.figure("AUROC by group").n == 2


def test_a_class_that_is_not_in_the_test_part_has_no_sensitivity_and_no_auroc(answers):
    probabilities, labels, groups = answers
    chosen = labels != 2
    evaluation = evaluate(
        probabilities[chosen],
        labels[chosen],
        groups[chosen],
        EvaluationPlan(classes=("a", "b", "c"), split="grouped", protocol="test"),
        subject="model",
    )
    names = {figure.name for figure in evaluation.figures}
    assert not names & {"sensitivity c", "AUROC c", "macro AUROC"}
    assert {"accuracy", "AUROC a", "F1 a", "specificity c"} <= names
