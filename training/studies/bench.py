"""A bench of classical classifiers, each with its defaults, on any matrix of features, and the
best of them with its hyperparameters searched.

The classifiers are those of LazyPredict, with which narendra-2024 made its tables; the search is
its sixth step, which leaves open what is tried.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
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

_STRENGTHS = (1e-3, 1e-2, 0.1, 1.0, 10.0)
_TREE = {"max_depth": (None, 5, 10), "min_samples_leaf": (1, 5)}
_FOREST = {"n_estimators": (100, 300), "max_features": ("sqrt", 0.2), "min_samples_leaf": (1, 3)}
_STEPS = {"alpha": (1e-5, 1e-4, 1e-3, 1e-2), "penalty": ("l2", "elasticnet")}
SEARCHED: Mapping[str, Mapping[str, Sequence[Any]]] = {
    "AdaBoostClassifier": {"n_estimators": (50, 200), "learning_rate": (0.1, 0.3, 1.0)},
    "BaggingClassifier": {"n_estimators": (10, 50), "max_features": (0.3, 1.0)},
    "BernoulliNB": {"alpha": (0.1, 1.0, 10.0)},
    "CalibratedClassifierCV": {"method": ("sigmoid", "isotonic"), "ensemble": (True, False)},
    "DecisionTreeClassifier": _TREE,
    "ExtraTreeClassifier": _TREE,
    "ExtraTreesClassifier": _FOREST,
    "GaussianNB": {"var_smoothing": (1e-9, 1e-6, 1e-3, 0.1)},
    "KNeighborsClassifier": {"n_neighbors": (1, 3, 5, 9, 15), "weights": ("uniform", "distance")},
    "LGBMClassifier": {"num_leaves": (7, 31), "learning_rate": (0.03, 0.1, 0.3)},
    "LabelPropagation": {"kernel": ("knn",), "n_neighbors": (3, 7, 15)},
    "LabelSpreading": {"kernel": ("knn",), "n_neighbors": (3, 7, 15), "alpha": (0.2, 0.8)},
    "LinearDiscriminantAnalysis": {"solver": ("lsqr",), "shrinkage": (None, "auto", 0.1, 0.5)},
    "LinearSVC": {"C": _STRENGTHS},
    "LogisticRegression": {"C": _STRENGTHS},
    "NearestCentroid": {"shrink_threshold": (None, 0.1, 0.5, 1.0)},
    "NuSVC": {"nu": (0.1, 0.3, 0.5), "gamma": ("scale", 1e-3, 1e-4)},
    "PassiveAggressiveClassifier": {"eta0": _STRENGTHS},
    "Perceptron": _STEPS,
    "QuadraticDiscriminantAnalysis": {"reg_param": (0.01, 0.1, 0.5, 0.9)},
    "RandomForestClassifier": _FOREST,
    "RidgeClassifier": {"alpha": (0.1, 1.0, 10.0, 100.0, 1000.0)},
    "SGDClassifier": _STEPS,
    "SVC": {"C": (0.1, 1.0, 10.0, 100.0), "gamma": ("scale", 1e-3, 1e-4)},
    "XGBClassifier": {"max_depth": (3, 6), "learning_rate": (0.03, 0.1, 0.3)},
}
"""The hyperparameters that are searched, with what is tried of each. A dummy has none, and ridge
with cross-validation searches its own."""
_SEARCH_FOLDS = 3


class BenchRow(Stored):
    """How one classifier did."""

    refused_as = DatasetError
    called = "the classifier's figures"

    classifier: str
    """One of CLASSIFIERS, and ", tuned" behind it where its hyperparameters were searched."""
    figures: Several[Rate]
    """Of "accuracy", "balanced accuracy", "macro AUROC" and "weighted F1"; none where it could not
    learn."""
    seconds: float
    """To scale, learn and answer, over all splits."""
    note: str = ""
    """Why it could not learn, or that it stopped before it converged; what was found where
    hyperparameters were searched; else empty."""
    validation: Several[float] | None = None
    """Balanced accuracy on the validation part of each split; None where it could not learn, or
    where a split has none."""


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
        splits: Nothing is tuned: what the validation part gives is noted, no more.
        seed: Of the classifier and of the bootstrap.
    """

    def fit(split: Split, matrix: np.ndarray, number: int) -> tuple[Any, str]:
        del number
        return _classifier(name, seed).fit(matrix[split.train], labels[split.train]), ""

    _classifier(name, seed)  # loads its library, which is no part of the time
    return _judged(name, fit, features, labels, groups, splits, seed=seed)


def best_of(rows: Sequence[BenchRow]) -> tuple[str, ...]:
    """For each split the classifier that does best on its validation part and has something to be
    searched, the first of several; () where none was measured there.
    """
    known = [row for row in rows if row.validation and row.classifier in SEARCHED]
    if not known:
        return ()
    n_splits = len(known[0].validation or ())
    return tuple(
        max(known, key=lambda row: (row.validation or ())[number]).classifier
        for number in range(n_splits)
    )


def bench_tuned(
    names: Sequence[str],
    features: Sequence[np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    splits: Sequence[Split],
    *,
    seed: int,
) -> BenchRow:
    """How classifiers do whose hyperparameters are searched, within each training part: by balanced
    accuracy in three folds that keep groups apart.

    Args:
        names: For each split the classifier.
        features, labels, groups, splits, seed: See `bench`.
    """
    from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

    def fit(split: Split, matrix: np.ndarray, number: int) -> tuple[Any, str]:
        name = names[number]
        classifier = _classifier(name, seed)
        step = classifier.steps[-1][0]
        search = GridSearchCV(
            classifier,
            {f"{step}__{key}": [*values] for key, values in SEARCHED[name].items()},
            scoring="balanced_accuracy",
            cv=StratifiedGroupKFold(_SEARCH_FOLDS, shuffle=True, random_state=seed),
            refit=False,
        )
        with warnings.catch_warnings():  # of candidates that are not taken
            warnings.simplefilter("ignore")
            search.fit(matrix[split.train], labels[split.train], groups=groups[split.train])
        if not np.isfinite(search.best_score_):
            raise ValueError("A fold of the search lacks a class, so no candidate has a figure.")
        best = classifier.set_params(**search.best_params_)
        found = {key.partition("__")[2]: value for key, value in search.best_params_.items()}
        words = ", ".join(f"{key} {found[key]}" for key in sorted(found))
        return best.fit(matrix[split.train], labels[split.train]), f"{name}: {words}"

    several = len(set(names)) > 1
    name = "best of each fold, tuned" if several else f"{names[0]}, tuned"
    return _judged(name, fit, features, labels, groups, splits, seed=seed)


def _judged(
    name: str,
    fit: Callable[[Split, np.ndarray, int], tuple[Any, str]],
    features: Sequence[np.ndarray],
    labels: np.ndarray,
    groups: np.ndarray,
    splits: Sequence[Split],
    *,
    seed: int,
) -> BenchRow:
    """What classifiers answer that ``fit`` gives for each split, with a note on each."""
    from sklearn.metrics import balanced_accuracy_score

    answers, scores, validation, notes = [], [], [], []
    seconds = 0.0
    failure = ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for number, (split, matrix) in enumerate(zip(splits, features, strict=True)):
            started = time.perf_counter()
            try:
                classifier, note = fit(split, matrix, number)
                answers.append(classifier.predict(matrix[split.test]))
                scores.append(_scores(classifier, matrix[split.test]))
            except (ValueError, MemoryError) as error:
                reason = (str(error) or type(error).__name__).strip().partition("\n")[0]
                failure = f"not run: {reason}"
                break
            finally:
                seconds += time.perf_counter() - started
            notes.append(note)
            if len(split.validation):
                said = classifier.predict(matrix[split.validation])
                validation.append(float(balanced_accuracy_score(labels[split.validation], said)))
    if failure:
        return BenchRow(classifier=name, figures=(), seconds=seconds, note=failure)
    if any(warning.category.__name__ == "ConvergenceWarning" for warning in caught):
        notes.append("did not converge within its default iterations")
    test = np.concatenate([split.test for split in splits])
    return BenchRow(
        classifier=name,
        figures=_figures(
            np.concatenate(answers), np.concatenate(scores), labels[test], groups[test], seed
        ),
        seconds=seconds,
        note="; ".join(dict.fromkeys(filter(None, notes))),
        validation=tuple(validation) if len(validation) == len(splits) else None,
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
