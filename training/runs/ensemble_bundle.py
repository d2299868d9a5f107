"""An ensemble as a bundle, made of finished runs: its weights, its temperature, its figures."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, THRESHOLDS, bound_of, emptied_at
from models.answer.ensemble import write_ensemble
from models.answer.reference import Reference
from models.bundle.card import Card, Evaluation, parse_card
from models.bundle.folder import BundleContents, read_bundle
from models.bundle.manifest import CARD_FILE, Emptied, Manifest, Member
from training.errors import DatasetError
from training.judge.answered import without_answer_figures
from training.judge.ensemble import Weights, judge_ensemble
from training.judge.judgement import MODEL
from training.judge.measures import in_millions
from training.judge.predictions import FILE, read_split_predictions
from training.recipes.recipe import read_task

ARCHITECTURE = "ensemble"


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
    lead = members[0].manifest
    patients = read_task(lead.task).is_diagnosis_of_patient
    judged = [
        judge_ensemble(
            [read_split_predictions(run / kind) for run in order.runs],
            weights=order.weights,
            split=kind,
            patients=patients,
        )
        for kind in _common_kinds(order.runs, cards)
    ]
    evaluations = [entry.judgement.model for entry in judged]
    last = judged[-1]
    manifest = lead.changed(
        id=order.id,
        title=order.title,
        architecture=ARCHITECTURE,
        temperature=last.judgement.temperature,
        answer_threshold=last.judgement.answer_threshold,
        risk=last.judgement.risk,
        risk_compressed=(),
        emptied=_worst_of([member.manifest.emptied for member in members]),
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        parameters_millions=in_millions(
            1e6 * sum(member.manifest.parameters_millions for member in members)
        ),
        files={},
        members=tuple(
            Member(id=member.manifest.id, title=member.manifest.title, weight=float(share))
            for member, share in zip(members, last.weights[0], strict=True)
        ),
    )
    bound = bound_of(manifest, DEFAULT_ERROR_LIMIT)
    if bound.held_back is not None:
        evaluations = [without_answer_figures(each) for each in evaluations]
        fitted = last.judgement.folds[0].fitted_threshold
        manifest = manifest.changed(
            answer_threshold=fitted if bound.threshold is None else bound.threshold
        )
    baselines = [
        each
        for each in cards[0].evaluations
        if each.subject != MODEL and each.split in {entry.split for entry in evaluations}
    ]
    card = Card(
        summary=_summary(order, members, evaluations),
        sources=cards[0].sources,
        evaluations=(*evaluations, *baselines),
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
        reference=Reference(conformal=last.judgement.conformal, domain=None),
    )


def _worst_of(curves: Sequence[Sequence[Emptied]]) -> tuple[Emptied, ...]:
    """Of an ensemble what the member does that answers most without cells: who asks several models
    that read the picture is not told of cells. Empty where no member was measured."""
    known = [curve for curve in curves if curve]
    if not known:
        return ()
    n_images = min(curve[0].n_images for curve in known)
    return tuple(
        Emptied(
            threshold=threshold,
            answered=max(
                at.answered for curve in known if (at := emptied_at(curve, threshold)) is not None
            ),
            n_images=n_images,
        )
        for threshold in THRESHOLDS
    )


def _common_kinds(runs: Sequence[Path], cards: Sequence[Card]) -> list[str]:
    """The splits that all runs were judged on, in the order of the first one's recipe.

    The last one settles the ensemble, since each run's network is that of its own last split.
    """
    if len({run.resolve() for run in runs}) < 2:
        raise DatasetError(
            f"An ensemble takes at least two runs, and {len(set(runs))} was given. Choose more."
        )
    planned = [card.planned_splits for card in cards]
    common = [kind for kind in planned[0] if all((run / kind / FILE).is_file() for run in runs)]
    if not common:
        raise DatasetError(
            f"The runs {', '.join(run.name for run in runs)} have no split in common. "
            "Run their recipes again."
        )
    if any(kinds[-1:] != tuple(common[-1:]) for kinds in planned):
        raise DatasetError(
            "The runs' recipes end with different kinds of split: "
            f"{', '.join(kinds[-1] for kinds in planned if kinds)}. A run's network is that of its "
            "last split, so they must end with the same. Use recipes of one split."
        )
    return common


def _summary(
    order: EnsembleOrder, members: Sequence[BundleContents], evaluations: Sequence[Evaluation]
) -> str:
    names = ", ".join(member.manifest.title for member in members)
    how = "their mean" if order.weights == "equal" else "weighted on validation images"
    parts = []
    for evaluation in evaluations:
        figure = evaluation.figure("accuracy")
        parts.append(f"accuracy {figure.in_percent}, n {figure.n}, on the {evaluation.split} split")
    return f"Ensemble of {names}, {how}: {'; '.join(parts)}"
