"""How far is a model above what can be answered without looking at cells?"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from models.bundle.card import Shortcut
from training.audits.alterations import alterations
from training.audits.baselines import baseline_answers, baseline_features
from training.audits.chance import chance_p_value
from training.audits.shortcut_report import ALTERED, BASELINE, MODEL, ShortcutReport
from training.audits.subject import Subject
from training.data.collection import spread_out
from training.judge.basis import mean_over_classes
from training.judge.bootstrap import bootstrap_figures
from training.judge.measures import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
)

_MOST_MEASURED = 200  # training pictures that the average colour is taken from


def audit_shortcuts(subject: Subject, *, limit: int = 0) -> ShortcutReport:
    """A model, the model on altered pictures and baselines, all on the same test images.

    The baselines learn from the training part, from pictures as the first member sees them.

    Args:
        subject: Who is audited.
        limit: Number of test images, spread evenly; 0 for all.
    """
    learn, judge = subject.split.train, spread_out(subject.split.test, limit)
    pictures = subject.own(judge)
    answers = {MODEL: subject.answers(pictures)}
    kinds = {MODEL: MODEL}
    some = subject.own(learn[:: max(1, len(learn) // _MOST_MEASURED)])
    ways = [alterations(list(rgb)) for rgb in some]
    for name in ways[0]:
        with ThreadPoolExecutor(max_workers=2) as pool:
            altered = tuple(
                np.stack(list(pool.map(way[name], rgb)))
                for way, rgb in zip(ways, pictures, strict=True)
            )
        answers[name], kinds[name] = subject.answers(altered), ALTERED
    answers |= _baselines(subject, learn, judge)
    labels, groups = subject.labels[judge], subject.groups[judge]
    return ShortcutReport(
        model=subject.manifest.id,
        images=f"{len(judge)} images of {len(np.unique(groups))} groups to judge by, "
        f"{len(learn)} for the baselines to learn from",
        classes=subject.manifest.classes,
        majority=float(np.bincount(labels).max() / len(judge)),
        subjects=_subjects(answers, kinds, labels, groups),
    )


def _baselines(subject: Subject, learn: np.ndarray, judge: np.ndarray) -> dict[str, np.ndarray]:
    """What each baseline answers for the images to be judged."""
    seen = np.concatenate([learn, judge])
    sources = [subject.records[item].dataset for item in seen]
    features = baseline_features(list(subject.own(seen)[0]), sources)
    return baseline_answers(
        features,
        subject.labels[seen],
        learn=np.arange(len(learn)),
        judge=np.arange(len(learn), len(seen)),
    )


def _subjects(
    answers: Mapping[str, np.ndarray],
    kinds: Mapping[str, str],
    labels: np.ndarray,
    groups: np.ndarray,
) -> tuple[Shortcut, ...]:
    """Everyone's figures, from the same draws of groups, so that gaps are paired."""
    n_classes = int(max(labels.max(), *(given.max() for given in answers.values()))) + 1

    def measured(rows: np.ndarray) -> dict[str, float]:
        found = {}
        for name, given in answers.items():
            confusion = confusion_matrix(given[rows], labels[rows], n_classes)
            found[f"accuracy {name}"] = accuracy(confusion)
            found[f"balanced accuracy {name}"] = balanced_accuracy(confusion)
            if name != MODEL:
                best = found[f"balanced accuracy {MODEL}"]
                found[f"gap {name}"] = best - found[f"balanced accuracy {name}"]
        return found

    bases = {
        name: basis
        for each in answers
        for name, basis in (
            (f"balanced accuracy {each}", mean_over_classes(labels, n_classes)),
            (f"gap {each}", mean_over_classes(labels, n_classes, lowest=-1.0)),
        )
    }
    figures = {each.name: each for each in bootstrap_figures(measured, groups, bases=bases)}
    own = figures[f"accuracy {MODEL}"]
    none = own.changed(name=f"gap {MODEL}", value=0.0, low=None, high=None, groups=None)
    figures[none.name] = none  # nobody is above or below itself: a fact, without an interval
    return tuple(
        Shortcut(
            name=name,
            kind=kinds.get(name, BASELINE),
            accuracy=figures[f"accuracy {name}"],
            balanced_accuracy=figures[f"balanced accuracy {name}"],
            gap=figures[f"gap {name}"],
            p_value=None if name in kinds else chance_p_value(given, labels, groups),
        )
        for name, given in answers.items()
    )
