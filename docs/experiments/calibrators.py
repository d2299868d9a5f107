"""Is one temperature enough? Other calibrators on validation images of groups that are new to them.

python -m docs.experiments.calibrators RUN…

For each run's grouped split: the mean negative log-likelihood of the validation images' true
classes, out of five folds over groups, under one temperature (Guo et al. 2017), vector scaling (a
scale and a shift a class, the same source) and Dirichlet calibration (Kull et al. 2019, a
penalised logistic regression on log-probabilities). Lower is better. No test image is touched.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from models.answer.prediction import softmax
from training.judge.calibration import fit_temperature
from training.judge.predictions import Predictions, read_predictions

Calibrator = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
_FOLDS = 5


def temperature(learn: np.ndarray, labels: np.ndarray, judge: np.ndarray) -> np.ndarray:
    """Probabilities for `judge` by the temperature of `learn`, both (n, classes) logits."""
    return softmax(judge, fit_temperature(learn, labels))


def vector(learn: np.ndarray, labels: np.ndarray, judge: np.ndarray) -> np.ndarray:
    """The same by a scale and a shift of each class."""
    n_classes = learn.shape[1]

    def loss(values: np.ndarray) -> float:
        scaled = learn * values[:n_classes] + values[n_classes:]
        return float(likelihood_loss(softmax(scaled, 1.0), labels).mean())

    start = np.concatenate([np.ones(n_classes), np.zeros(n_classes)])
    found = minimize(loss, start, method="L-BFGS-B").x
    return softmax(judge * found[:n_classes] + found[n_classes:], 1.0)


def dirichlet(learn: np.ndarray, labels: np.ndarray, judge: np.ndarray) -> np.ndarray:
    """The same by a penalised linear map of all classes' log-probabilities."""
    from sklearn.linear_model import LogisticRegression

    found = LogisticRegression(C=1.0, max_iter=1000).fit(learn, labels)
    shares = np.zeros((len(judge), learn.shape[1]))
    shares[:, found.classes_] = found.predict_proba(judge)
    return shares


CALIBRATORS: dict[str, Calibrator] = {
    "temperature": temperature,
    "vector": vector,
    "Dirichlet": dirichlet,
}


def likelihood_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The negative logarithm of each true class's probability, (n,)."""
    shares = probabilities[np.arange(len(labels)), labels]
    return np.asarray(-np.log(np.clip(shares, 1e-6, None)))


def losses(validation: Predictions) -> dict[str, float]:
    """The mean loss of each calibrator on groups that it had not seen."""
    from sklearn.model_selection import GroupKFold

    logits = np.log(np.clip(validation.probabilities, 1e-9, None))
    groups = np.unique(validation.groups, return_inverse=True)[1]
    found: dict[str, list[np.ndarray]] = {name: [] for name in CALIBRATORS}
    for fold in np.unique(validation.folds):
        mine = np.nonzero(validation.folds == fold)[0]
        n_folds = min(_FOLDS, len(np.unique(groups[mine])))
        for learn, judge in GroupKFold(n_folds).split(mine, groups=groups[mine]):
            known, new = mine[learn], mine[judge]
            if len(np.unique(validation.labels[known])) < 2:
                continue
            for name, calibrate in CALIBRATORS.items():
                shares = calibrate(logits[known], validation.labels[known], logits[new])
                found[name].append(likelihood_loss(shares, validation.labels[new]))
    return {name: float(np.concatenate(values).mean()) for name, values in found.items()}


def main() -> None:
    """Measure, and print a line a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    for run in parser.parse_args().runs:
        told = losses(read_predictions(run / "grouped" / "validation"))
        print(f"{run.name}: " + ", ".join(f"{name} {loss:.3f}" for name, loss in told.items()))


if __name__ == "__main__":
    main()
