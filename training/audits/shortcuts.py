"""How far is a model above what can be answered without looking at cells?"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from models.card import Shortcut
from training.audits.alterations import alterations
from training.audits.baselines import baseline_answers, baseline_features
from training.audits.probes import chance_p_value
from training.audits.shortcut_report import ALTERED, BASELINE, MODEL, ShortcutReport
from training.bootstrap import bootstrap_figures
from training.collection import Collection, spread_out
from training.datasets.splits import Split
from training.measures import accuracy, balanced_accuracy, confusion_matrix

if TYPE_CHECKING:
    from models.runtime import Model

_MOST_MEASURED = 200  # training pictures that the average colour is taken from


def audit_shortcuts(
    model: Model, collection: Collection, split: Split, *, limit: int = 0
) -> ShortcutReport:
    """A model, the model on altered pictures and baselines, all on the same test images.

    Args:
        model: The model in question.
        collection: Images that went through the model's own steps.
        split: Whose training part the baselines learn from and whose test part all answer for.
        limit: So many test images, spread evenly; 0 for all.
    """
    classes, labels, rgb = model.manifest.classes, collection.labels, collection.pictures.rgb
    judge = spread_out(split.test, limit)
    answers = {MODEL: _answers(model, rgb[judge])}
    kinds = {MODEL: MODEL}
    some = split.train[:: max(1, len(split.train) // _MOST_MEASURED)]
    for name, alter in alterations([rgb[item] for item in some]).items():
        with ThreadPoolExecutor(max_workers=2) as pool:
            altered = np.stack(list(pool.map(alter, rgb[judge])))
        answers[name], kinds[name] = _answers(model, altered), ALTERED
    answers |= _baselines(collection, split.train, judge)
    groups = collection.groups["grouped"][judge]
    return ShortcutReport(
        model=model.manifest.id,
        images=f"{len(judge)} images of {len(np.unique(groups))} groups to judge by, "
        f"{len(split.train)} for the baselines to learn from",
        classes=classes,
        majority=float(np.bincount(labels[judge]).max() / len(judge)),
        subjects=_subjects(answers, kinds, labels[judge], groups),
    )


def _baselines(
    collection: Collection, learn: np.ndarray, judge: np.ndarray
) -> dict[str, np.ndarray]:
    """What each baseline answers for the images to be judged."""
    seen = np.concatenate([learn, judge])
    sources = [collection.records[item].dataset for item in seen]
    features = baseline_features([collection.pictures.rgb[item] for item in seen], sources)
    return baseline_answers(
        features,
        collection.labels[seen],
        learn=np.arange(len(learn)),
        judge=np.arange(len(learn), len(seen)),
    )


def _answers(model: Model, rgb: np.ndarray) -> np.ndarray:
    """The most probable class of each prepared picture, as (n,) int."""
    return np.asarray(model.logits(rgb).argmax(axis=1))


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
            best = found[f"balanced accuracy {MODEL}"]
            found[f"gap {name}"] = best - found[f"balanced accuracy {name}"]
        return found

    figures = {figure.name: figure for figure in bootstrap_figures(measured, groups)}
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
