"""An ensemble as a bundle, made of finished runs: its weights, its temperature, its figures."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from models.bundle import BundleContents, Manifest, read_bundle
from models.card import Card, Evaluation, parse_card
from models.ensemble import ensemble_logits, write_ensemble
from models.errors import DatasetError
from models.manifest import CARD_FILE, Member
from models.prediction import softmax
from models.prediction_set import ConformalScores
from models.reference import Reference
from training.calibration import fit_answer_threshold, fit_temperature
from training.ensemble import equal_weights, is_same_test, validation_weights
from training.evaluation import evaluate
from training.measures import in_millions
from training.predictions import FILE, Predictions, read_predictions
from training.recipe import read_task
from training.reference import conformal_scores, set_figures

Weights = Literal["equal", "validation"]
ARCHITECTURE = "ensemble"
_LEAST_WEIGHT = 1e-3


@dataclass(frozen=True, kw_only=True)
class EnsembleOrder:
    """An ensemble that somebody asks for.

    Attributes:
        id, title: Of its bundle.
        runs: Folders of at least two finished runs with one task, split and seed.
        weights: "equal", or "validation" for those that make the validation images most likely.
    """

    id: str
    title: str
    runs: tuple[Path, ...]
    weights: Weights = "equal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training ensemble`."""
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    parser.add_argument("--id", required=True, help="what the ensemble is called")
    parser.add_argument("--title", required=True, help="its title for readers")
    parser.add_argument("--weights", choices=("equal", "validation"), default="equal")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the bundle, not there yet"
    )


def main(arguments: argparse.Namespace) -> int:
    """Make an ensemble of finished runs and leave its bundle at OUT."""
    order = EnsembleOrder(
        id=arguments.id,
        title=arguments.title,
        runs=tuple(arguments.runs),
        weights=arguments.weights,
    )
    make_ensemble(order, arguments.out)
    return 0


def make_ensemble(order: EnsembleOrder, out: Path) -> Manifest:
    """Write the bundle of an ensemble and answer with its manifest.

    Weights and temperature come from the validation images of each fold; every split that all
    members were judged on is judged again, on their common test images.

    Args:
        order: Its members, in order: the first lends steps and saliency.
        out: Folder of the bundle.

    Raises:
        DatasetError: Fewer than two runs, or runs that were judged on other images.
        BundleError, BundleTamperedError: A run has no bundle, or an altered one; ``out`` exists.
    """
    members = [read_bundle(run / "bundle") for run in order.runs]
    cards = [parse_card(member.files[CARD_FILE]) for member in members]
    judged = [_judge(order, kind, members[0].manifest) for kind in _common_kinds(order.runs)]
    lead, last = members[0].manifest, judged[-1]
    shares = last.weights[0]
    manifest = replace(
        lead,
        id=order.id,
        title=order.title,
        architecture=ARCHITECTURE,
        temperature=last.temperature,
        answer_threshold=last.answer_threshold,
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        parameters_millions=in_millions(
            1e6 * sum(member.manifest.parameters_millions for member in members)
        ),
        files={},
        members=tuple(
            Member(id=member.manifest.id, title=member.manifest.title, weight=float(share))
            for member, share in zip(members, shares, strict=True)
        ),
    )
    baselines = [
        each
        for each in cards[0].evaluations
        if each.subject != "model" and each.split in {entry.evaluation.split for entry in judged}
    ]
    card = Card(
        summary=_summary(order, members, judged),
        sources=cards[0].sources,
        evaluations=(*(entry.evaluation for entry in judged), *baselines),
        limits=tuple(dict.fromkeys(limit for card in cards for limit in card.limits)),
        saliency=cards[0].saliency,
        recipe={
            "members": [member.manifest.id for member in members],
            "weights": order.weights,
        },
    )
    return write_ensemble(
        out,
        members=members,
        manifest=manifest,
        card=card,
        reference=Reference(conformal=last.conformal, domain=None),
    )


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """An ensemble on one kind of split; temperature and threshold are those of its first fold."""

    evaluation: Evaluation
    weights: np.ndarray
    temperature: float
    answer_threshold: float
    conformal: ConformalScores


def _judge(order: EnsembleOrder, kind: str, lead: Manifest) -> _Judged:
    tested = [read_predictions(run / kind) for run in order.runs]
    tuned = [read_predictions(run / kind / "validation") for run in order.runs]
    for run, test, tune in zip(order.runs, tested, tuned, strict=True):
        if not (is_same_test(tested[0], test) and is_same_test(tuned[0], tune)):
            raise DatasetError(
                f"Expected runs that were judged on the same images, received others from "
                f"{run.name} on the {kind} split. Use recipes of one task, split and seed."
            )
    weights = equal_weights(tuned) if order.weights == "equal" else _weighed(tuned)
    tuned_groups = np.unique(tuned[0].groups, return_inverse=True)[1]
    settings, conformals = [], []
    answers = np.empty_like(tested[0].probabilities)
    for fold, share in enumerate(weights):
        in_tune, in_test = tuned[0].folds == fold, tested[0].folds == fold
        truth = tuned[0].labels[in_tune]
        logits = ensemble_logits(_stacked(tuned, in_tune), share)
        temperature = fit_temperature(logits, truth)
        validated = softmax(logits, temperature)
        threshold = fit_answer_threshold(validated, truth)
        conformals.append(conformal_scores(validated, truth, tuned_groups[in_tune]))
        settings.append((temperature, threshold))
        together = ensemble_logits(_stacked(tested, in_test), share)
        answers[in_test] = softmax(together, temperature)
    evaluation = evaluate(
        answers,
        tested[0].labels,
        np.unique(tested[0].groups, return_inverse=True)[1],
        classes=tested[0].classes,
        split=kind,
        protocol=f"as its members: {len(answers)} images, "
        f"{len(weights)} {'fold' if len(weights) == 1 else 'folds'}",
        patients=read_task(lead.task).is_diagnosis_of_patient,
    )
    groups = np.unique(tested[0].groups, return_inverse=True)[1]
    by_fold = [tested[0].folds == fold for fold in range(len(weights))]
    figures = set_figures(
        [answers[rows] for rows in by_fold],
        [tested[0].labels[rows] for rows in by_fold],
        [groups[rows] for rows in by_fold],
        conformals,
    )
    return _Judged(
        evaluation=replace(evaluation, figures=(*evaluation.figures, *figures)),
        weights=weights,
        temperature=settings[0][0],
        answer_threshold=settings[0][1],
        conformal=conformals[0],
    )


def _weighed(tuned: Sequence[Predictions]) -> np.ndarray:
    """The weights of validation; a member that it would leave out keeps a trace, and is seen."""
    weights = np.maximum(validation_weights(tuned), _LEAST_WEIGHT)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _stacked(parts: Sequence[Predictions], chosen: np.ndarray) -> np.ndarray:
    return np.stack([part.probabilities[chosen] for part in parts])


def _common_kinds(runs: Sequence[Path]) -> list[str]:
    """The splits that all runs were judged on, in the order that their recipes name them."""
    if len({run.resolve() for run in runs}) < 2:
        raise DatasetError(
            f"Expected at least two runs for an ensemble, received {len(set(runs))}. Choose more."
        )
    kinds = ("random", "grouped", "leave_one_dataset_out")
    common = [kind for kind in kinds if all((run / kind / FILE).is_file() for run in runs)]
    if not common:
        raise DatasetError(
            "Expected runs with a split in common, received "
            f"{', '.join(run.name for run in runs)}, which have none. Run their recipes again."
        )
    return common


def _summary(
    order: EnsembleOrder, members: Sequence[BundleContents], judged: Sequence[_Judged]
) -> str:
    names = ", ".join(member.manifest.title for member in members)
    how = "their mean" if order.weights == "equal" else "weighted on validation images"
    parts = []
    for entry in judged:
        figure = entry.evaluation.figure("accuracy")
        parts.append(
            f"accuracy {figure.in_percent}, n {figure.n}, on the {entry.evaluation.split} split"
        )
    return f"Ensemble of {names}, {how}: {'; '.join(parts)}"
