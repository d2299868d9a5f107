"""A bench of classical classifiers, each with its defaults, on any matrix of features.

The classifiers are those of LazyPredict, with which narendra-2024 made its tables.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from models.rate import Rate
from models.stored import Several, Stored
from training.data.splits import Split
from training.errors import DatasetError
from training.judge.basis import bases_of_measures
from training.judge.bootstrap import bootstrap_figures
from training.judge.measures import (
    accuracy,
    aurocs,
    balanced_accuracy,
    confusion_matrix,
    weighted_f1,
)

# Where scikit-learn keeps each of its classifiers.
_SCIKIT_LEARN = {
    "AdaBoostClassifier": "ensemble",
    "BaggingClassifier": "ensemble",
    "BernoulliNB": "naive_bayes",
    "CalibratedClassifierCV": "calibration",
    "DecisionTreeClassifier": "tree",
    "DummyClassifier": "dummy",
    "ExtraTreeClassifier": "tree",
    "ExtraTreesClassifier": "ensemble",
    "GaussianNB": "naive_bayes",
    "KNeighborsClassifier": "neighbors",
    "LabelPropagation": "semi_supervised",
    "LabelSpreading": "semi_supervised",
    "LinearDiscriminantAnalysis": "discriminant_analysis",
    "LinearSVC": "svm",
    "LogisticRegression": "linear_model",
    "NearestCentroid": "neighbors",
    "NuSVC": "svm",
    "Perceptron": "linear_model",
    "QuadraticDiscriminantAnalysis": "discriminant_analysis",
    "RandomForestClassifier": "ensemble",
    "RidgeClassifier": "linear_model",
    "RidgeClassifierCV": "linear_model",
    "SGDClassifier": "linear_model",
    "SVC": "svm",
}

CLASSIFIERS = tuple(
    sorted((*_SCIKIT_LEARN, "LGBMClassifier", "PassiveAggressiveClassifier", "XGBClassifier"))
)
"""Every classifier of the bench, by the name that it has in its library."""


class BenchRow(Stored):
    """How one classifier did."""

    refused_as = DatasetError
    called = "the classifier's figures"

    classifier: str
    """One of CLASSIFIERS."""
    figures: Several[Rate]
    """Of "accuracy", "balanced accuracy", "macro AUROC" and "weighted F1"; none where it could not
    learn."""
    seconds: float
    """To scale, learn and answer, over all splits."""
    note: str = ""
    """Why it could not learn, or that it stopped before it converged; else empty."""


def bench(
    name: str,
    features: Sequence[np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    splits: Sequence[Split],
    *,
    seed: int,
) -> BenchRow:
    """How a classifier with its defaults does on features, its test parts pooled.

    Features are scaled to mean 0 and deviation 1 on the training part. The AUROC is that of
    probabilities or, where a classifier gives none, of its decision function; it is left out
    where they are no numbers, as label propagation's far from every image it learned from.

    Args:
        name: One of CLASSIFIERS.
        features: For each split (n, d) float of all images.
        labels: (n,) int, 0 to classes − 1.
        groups: (n,) int, what is drawn in the bootstrap.
        splits: The validation part is left alone: nothing is tuned.
        seed: Of the classifier and of the bootstrap.
    """
    answers, scores, note = [], [], ""
    _classifier(name, seed)  # loads its library, which is no part of the time
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            for split, matrix in zip(splits, features, strict=True):
                classifier = _classifier(name, seed)
                classifier.fit(matrix[split.train], labels[split.train])
                answers.append(classifier.predict(matrix[split.test]))
                scores.append(_scores(classifier, matrix[split.test]))
        except (ValueError, MemoryError) as error:
            reason = (str(error) or type(error).__name__).partition("\n")[0]
            note = f"not run: {reason}"
    seconds = time.perf_counter() - started
    if note:
        return BenchRow(classifier=name, figures=(), seconds=seconds, note=note)
    if any(warning.category.__name__ == "ConvergenceWarning" for warning in caught):
        note = "did not converge within its default iterations"
    test = np.concatenate([split.test for split in splits])
    return BenchRow(
        classifier=name,
        figures=_figures(
            np.concatenate(answers), np.concatenate(scores), labels[test], groups[test], seed
        ),
        seconds=seconds,
        note=note,
    )


def _figures(
    predicted: np.ndarray, scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int
) -> tuple[Rate, ...]:
    def measures(rows: np.ndarray) -> dict[str, float]:
        confusion = confusion_matrix(predicted[rows], labels[rows], scores.shape[1])
        return {
            "accuracy": accuracy(confusion),
            "balanced accuracy": balanced_accuracy(confusion),
            "macro AUROC": float(aurocs(scores[rows], labels[rows]).mean()),
            "weighted F1": weighted_f1(confusion),
        }

    bases = bases_of_measures(predicted, labels, [str(n) for n in range(scores.shape[1])])
    return bootstrap_figures(measures, groups, bases=bases, seed=seed)


def _scores(classifier: Any, features: np.ndarray) -> np.ndarray:
    """What rises with the belief in each class, as (n, classes) float."""
    if hasattr(classifier, "predict_proba"):
        probabilities: np.ndarray = classifier.predict_proba(features)
        return probabilities
    decisions: np.ndarray = classifier.decision_function(features)
    return np.stack([-decisions, decisions], axis=1) if decisions.ndim == 1 else decisions


def _classifier(name: str, seed: int) -> Any:
    """A classifier with its defaults behind a scaler, seeded where it draws."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), _bare_classifier(name, seed))


def _bare_classifier(name: str, seed: int) -> Any:
    from importlib import import_module

    if name == "LGBMClassifier":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(random_state=seed, verbose=-1)
    if name == "XGBClassifier":
        from xgboost import XGBClassifier

        return XGBClassifier(random_state=seed)
    if name == "PassiveAggressiveClassifier":
        # scikit-learn 1.8 replaced the class by these parameters, which it documents as the same.
        from sklearn.linear_model import SGDClassifier

        return SGDClassifier(
            loss="hinge", penalty=None, learning_rate="pa1", eta0=1.0, random_state=seed
        )
    kind = getattr(import_module(f"sklearn.{_SCIKIT_LEARN[name]}"), name)
    draws = "random_state" in kind().get_params()
    return kind(random_state=seed) if draws else kind()
