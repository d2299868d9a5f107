"""How a model errs in each data set that was left out of its training, for the limits of counts."""

from __future__ import annotations

from models.bundle.card import LeftOut
from training.judge.measures import confusion_matrix
from training.judge.predictions import Predictions


def left_out_of(test: Predictions) -> tuple[LeftOut, ...]:
    """The confusion matrix of each data set, in the order of their names.

    Args:
        test: Answers on the test parts of a split that leaves each data set out in turn.
    """
    found = []
    for name in sorted(set(test.datasets)):
        rows = [number for number, dataset in enumerate(test.datasets) if dataset == name]
        confusion = confusion_matrix(test.answers[rows], test.labels[rows], len(test.classes))
        found.append(
            LeftOut(
                name=name, classes=test.classes, confusion=tuple(map(tuple, confusion.tolist()))
            )
        )
    return tuple(found)
