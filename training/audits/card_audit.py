"""What a card says of a model beyond its evaluations: shortcuts, worse images, domain, maps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from models.answer.prediction import softmax
from models.bundle.card import Card, Mistake, SaliencyCheck
from models.rate import Rate
from training.audits.domain_check import check_domain, domain_lines
from training.audits.evidence import EVIDENCE, audit_evidence, evidence_lines
from training.audits.own_maps import MAPS, METHODS, audit_saliency
from training.audits.restated import restated_evaluations
from training.audits.robustness import MOST_IMAGES, measure_robustness
from training.audits.shortcuts import audit_shortcuts
from training.audits.subject import Subject
from training.data.index import DatasetIndex, ImageRecord
from training.errors import DatasetError
from training.judge.bootstrap import bootstrap_figures

MISTAKES = 3
"""Number of mistakes of each class, the surest first."""


def audited_card(
    subject: Subject,
    index: DatasetIndex,
    *,
    others: DatasetIndex | None = None,
    limit: int = MOST_IMAGES,
    maps: int = MAPS,
    methods: Sequence[str] = METHODS,
    evidence: int = EVIDENCE,
    report: Callable[[Iterable[str]], None] = lambda lines: None,
) -> Card:
    """A model's card with what was measured on its own test images.

    Its evaluations stay as they are, but for what their intervals rest on (`restated_card`).
    Mistakes, figures by data set and the domain are from all test images. Where too few of them
    show cells, maps stay unchecked.

    Args:
        subject: Who is audited.
        index: The images that it was made from, and those of other kinds beside them.
        others: Another index of other kinds; `index` where None.
        limit: Number of test images for shortcuts and worse images, spread evenly; 0 for all.
        maps: Number of test images for saliency maps, spread evenly; 0 for all.
        methods: Keys of `SALIENCY_METHODS`.
        evidence: Number of test images of each kind for evidence by cells; 0 for all.
        report: Is given what each audit found, as lines, as soon as it is done.

    Raises:
        DatasetError: A file is not a readable image, or as `restated_card`.
    """
    shortcuts = audit_shortcuts(subject, limit=limit)
    report(shortcuts.lines())
    robustness = measure_robustness(subject, limit=limit)
    report(robustness.lines())
    domain = check_domain(subject, index, others=others)
    report(domain_lines(domain))
    try:
        saliency = audit_saliency(subject, methods=methods, limit=maps)
    except DatasetError as error:
        report([f"maps not checked: {error}"])
        checks: tuple[SaliencyCheck, ...] = ()
    else:
        report(saliency.lines())
        checks = saliency.checks
    taken_away = audit_evidence(subject, limit=evidence)
    report(evidence_lines(taken_away))
    test = subject.split.test
    probabilities = softmax(subject.logits(subject.own(test)), subject.manifest.temperature)
    records = [subject.records[item] for item in test]
    labels, groups = subject.labels[test], subject.groups[test]
    right = probabilities.argmax(axis=1) == labels
    return subject.card.changed(
        evaluations=restated_evaluations(subject),
        shortcuts=shortcuts.subjects,
        robustness=robustness.rows,
        domain=domain,
        saliency=checks,
        evidence=taken_away,
        mistakes=surest_mistakes(subject.manifest.classes, records, labels, probabilities),
        subgroups=accuracy_by_dataset(records, right, groups),
    )


def surest_mistakes(
    classes: Sequence[str],
    records: Sequence[ImageRecord],
    labels: np.ndarray,
    probabilities: np.ndarray,
    *,
    most: int = MISTAKES,
) -> tuple[Mistake, ...]:
    """The wrong answers of highest probability among the images of each class.

    Args:
        classes: Names, in the order of the columns.
        records: The n images.
        labels: (n,) int, the truth.
        probabilities: (n, classes) float, calibrated.
        most: Number of them of each class.
    """
    answers = probabilities.argmax(axis=1)
    found = []
    for truth, name in enumerate(classes):
        wrong = np.nonzero((labels == truth) & (answers != truth))[0]
        sure = probabilities[wrong, answers[wrong]]
        for item in wrong[np.argsort(-sure, kind="stable")][:most]:
            record = records[item]
            found.append(
                Mistake(
                    path=record.name,
                    sha256=hashlib.sha256(record.path.read_bytes()).hexdigest(),
                    truth=name,
                    answer=classes[answers[item]],
                    probability=float(probabilities[item, answers[item]]),
                    truth_probability=float(probabilities[item, truth]),
                )
            )
    return tuple(found)


def accuracy_by_dataset(
    records: Sequence[ImageRecord], right: np.ndarray, groups: np.ndarray
) -> tuple[Rate, ...]:
    """Accuracy on the images of each data set, with its interval over groups.

    Args:
        records: The n images.
        right: (n,) bool, whether each was answered rightly.
        groups: (n,) int, patient, case or block of each.
    """
    datasets = np.array([record.dataset for record in records])
    figures: list[Rate] = []
    for name in np.unique(datasets):
        rows = np.nonzero(datasets == name)[0]
        figures += _accuracy(str(name), right[rows], groups[rows])
    return tuple(figures)


def _accuracy(dataset: str, right: np.ndarray, groups: np.ndarray) -> tuple[Rate, ...]:
    return bootstrap_figures(
        lambda rows: {f"accuracy, {dataset}": float(right[rows].mean())}, groups
    )
