"""What the figures of a card rest on, counted again: images, groups, and intervals that follow.

Cards of before this was counted hold intervals without width where every group agreed. Which
images were judged follows from the recipe and the index, so this needs no network.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.bundle.card import Card, Evaluation, KindCheck, MapContest, SaliencyCheck, Shortcut
from models.rate import Rate
from training.audits.domain_check import FOREIGN, OWN, groups_of_kind, other_kinds
from training.audits.subject import Subject
from training.data.collection import splits_of, spread_out
from training.data.index import DatasetIndex
from training.errors import DatasetError
from training.judge.answered import WRONG
from training.judge.basis import Basis, bases_of_measures, mean_over_classes
from training.recipes.recipe import parse_recipe


def restated_card(subject: Subject, index: DatasetIndex) -> Card:
    """A model's card with n, groups and interval of every figure, as far as they can be known.

    No value changes, nor an interval that had a width, but where it rests on one group.

    Args:
        subject: Whose card it is.
        index: The images that it was made from, and those of other kinds beside them.

    Raises:
        DatasetError: The card was measured on other images than recipe and index give.
    """
    card, test = subject.card, subject.split.test
    return card.changed(
        evaluations=restated_evaluations(subject),
        shortcuts=tuple(_shortcut(each, subject) for each in card.shortcuts),
        robustness=tuple(
            row.changed(accuracy=_restated(row.accuracy, *_spread(row.accuracy, subject)))
            for row in card.robustness
        ),
        domain=_domain(subject, index),
        saliency=tuple(map(_saliency, card.saliency)),
        subgroups=tuple(
            _restated(figure, Basis(), subject.groups[test[_of_dataset(figure, subject)]])
            for figure in card.subgroups
        ),
    )


def restated_evaluations(subject: Subject) -> tuple[Evaluation, ...]:
    """The evaluations of a model's card, as `restated_card` says. Raises DatasetError."""
    member = subject.members[0]
    recipe = parse_recipe(member.card.recipe, name=member.manifest.id)
    plans = {plan.kind: plan for plan in recipe.splits}
    collection, found = subject.collections[0], []
    tests: dict[str, np.ndarray] = {}
    for evaluation in subject.card.evaluations:
        kind = evaluation.split
        if kind not in plans:
            raise _other_images(f"the {kind} split, which its recipe does not name")
        if kind not in tests:
            folds = splits_of(collection, plans[kind], seed=recipe.seed)
            tests[kind] = np.concatenate([fold.test for fold in folds])
        test = tests[kind]
        found.append(restated_evaluation(evaluation, subject.labels[test], subject.groups[test]))
    return tuple(found)


def restated_evaluation(
    evaluation: Evaluation, labels: np.ndarray, groups: np.ndarray
) -> Evaluation:
    """One evaluation, given the truth and the group of each image that it rests on.

    Which images were answered with a class is not kept, so that the groups of a precision are
    known only where it is 1: then there are at least those of the class, less one for each of its
    images that was answered otherwise. Where that leaves less than two, it has no interval.

    Args:
        evaluation: As the card has it.
        labels: (n,) int, the truth.
        groups: (n,) int, patient, case or block of each image.

    Raises:
        DatasetError: Its confusion matrix has other numbers of images of each class, or it was
            drawn from another number of groups.
    """
    classes = evaluation.classes
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    n_groups = len(np.unique(groups))
    if [sum(row) for row in evaluation.confusion] != counts or evaluation.groups != n_groups:
        raise _other_images(
            f"{sum(map(sum, evaluation.confusion))} images of {evaluation.groups} groups for the "
            f"{evaluation.split} split, where {len(labels)} images of {n_groups} are found"
        )
    bases = _known_bases(evaluation, labels)
    _, first = np.unique(groups, return_index=True)
    by_group = mean_over_classes(labels[first], len(classes), against_rest=True)
    answered = {
        f"{measure} {name}": number
        for number, name in enumerate(classes)
        for measure in ("precision", "F1")
    }
    figures = []
    for figure in evaluation.figures:
        if figure.name in answered:
            number = answered[figure.name]
            own = len(np.unique(groups[labels == number]))
            missed = counts[number] - evaluation.confusion[number][number]
            figures.append(_of_answers(figure, n_groups=own - missed, is_exact=not missed))
        elif figure.name == WRONG:
            figures.append(figure)  # which images were answered at all is not kept either
        elif figure.name == "AUROC by group":
            figures.append(_restated(figure, by_group, np.arange(len(first))))
        else:
            figures.append(_restated(figure, bases.get(figure.name, Basis()), groups))
    return evaluation.changed(figures=tuple(figures))


def _known_bases(evaluation: Evaluation, labels: np.ndarray) -> Mapping[str, Basis]:
    """What each figure rests on; those of answers, which are not kept, are none of them."""
    size = Basis(lowest=1.0, highest=float(len(evaluation.classes)))
    sizes = {
        figure.name: size for figure in evaluation.figures if figure.name.startswith("mean size")
    }
    return bases_of_measures(labels, labels, evaluation.classes) | sizes


def _of_answers(figure: Rate, *, n_groups: int, is_exact: bool) -> Rate:
    """A precision or F1 that rests on at least so many groups, if it is 1."""
    if figure.value != 1 or figure.bounds:
        return figure
    low, high = Basis().interval(1.0, (1.0, 1.0), [n_groups])
    return figure.changed(low=low, high=high, groups=n_groups if is_exact else None)


def _restated(figure: Rate, basis: Basis, groups: np.ndarray) -> Rate:
    """A figure on these images, with its own bounds where they had a width."""
    drawn = figure.bounds or (figure.value, figure.value)
    found = basis.figure(figure.name, figure.value, drawn, groups)
    if found.n != figure.n:
        raise _other_images(f"{figure.n} images for '{figure.name}', where {found.n} are found")
    return found


def _spread(figure: Rate, subject: Subject) -> tuple[Basis, np.ndarray]:
    return Basis(), subject.groups[spread_out(subject.split.test, figure.n)]


def _shortcut(shortcut: Shortcut, subject: Subject) -> Shortcut:
    judge = spread_out(subject.split.test, shortcut.accuracy.n)
    labels, groups = subject.labels[judge], subject.groups[judge]
    n_classes = len(subject.manifest.classes)
    gap = shortcut.gap
    if shortcut.kind != "model":
        gap = _restated(gap, mean_over_classes(labels, n_classes, lowest=-1.0), groups)
    balanced = mean_over_classes(labels, n_classes)
    return shortcut.changed(
        accuracy=_restated(shortcut.accuracy, Basis(), groups),
        balanced_accuracy=_restated(shortcut.balanced_accuracy, balanced, groups),
        gap=gap,
    )


def _of_dataset(figure: Rate, subject: Subject) -> np.ndarray:
    """Which test images are of the data set of an "accuracy, NAME", as (n,) bool."""
    datasets = [subject.records[item].dataset for item in subject.split.test]
    return np.array([figure.name == f"accuracy, {name}" for name in datasets])


def _domain(subject: Subject, index: DatasetIndex) -> tuple[KindCheck, ...]:
    own = subject.groups[subject.split.test]
    others = other_kinds(subject, index)
    rows = []
    for row in subject.card.domain:
        figure = row.turned_away
        if row.kind == OWN:
            rows.append(row.changed(turned_away=_restated(figure, Basis(), own)))
            continue
        if row.kind in others:
            records = others[row.kind]
            chosen = spread_out(np.arange(len(records)), figure.n)
            groups = groups_of_kind([records[item] for item in chosen])
        else:
            if row.kind not in FOREIGN:  # of another index, or emptied fields: as they were counted
                rows.append(row)
                continue
            groups = np.arange(figure.n)  # each photograph and page is its own
        is_of_kind = np.repeat([False, True], [len(own), len(groups)])
        basis = Basis(rows=is_of_kind, parts=((~is_of_kind, is_of_kind),))
        tied = np.concatenate([own, groups + own.max() + 1])
        rows.append(
            row.changed(
                turned_away=_restated(figure, Basis(), groups),
                auroc=row.auroc and _restated(row.auroc, basis, tied),
                energy_auroc=row.energy_auroc and _restated(row.energy_auroc, basis, tied),
            )
        )
    return tuple(rows)


def _saliency(check: SaliencyCheck) -> SaliencyCheck:
    """Its groups were counted when it was made; draws of a mean of maps are never all the same."""

    def counted(contest: MapContest) -> MapContest:
        names = ("own", "over_gaussian", "over_random")
        return contest.changed(
            **{name: getattr(contest, name).changed(groups=check.groups) for name in names}
        )

    return check.changed(
        share=counted(check.share),
        deletion=counted(check.deletion),
        insertion=counted(check.insertion),
    )


def _other_images(found: str) -> DatasetError:
    return DatasetError(
        f"The card's figures rest on other images than its recipe gives with this index: it has "
        f"{found}. Judge the model anew: python -m training run."
    )
