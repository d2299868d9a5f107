"""One run: index → split → fit → calibrate → evaluate → bundle."""

from __future__ import annotations

import argparse
import datetime
import logging
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.architectures import architecture
from models.bundle import DataFingerprint, Manifest, verify_bundle, write_bundle
from models.card import AllowedLeak, Card, Evaluation
from models.prediction import softmax
from models.prediction_set import ConformalScores
from models.quality import quality_limits
from training.audits.gate import pass_leakage_audit
from training.calibration import fit_answer_threshold, fit_temperature
from training.classical import six_colour_probabilities
from training.collection import Collection, collect, splits_of
from training.datasets.index import DatasetIndex, read_index
from training.datasets.sources import sources_of
from training.datasets.splits import Split
from training.evaluation import evaluate
from training.folds import fitted_logits, fold_folder, tuned_on
from training.inference_time import inference_time
from training.measures import in_millions
from training.predictions import write_predictions
from training.progress import UNHEARD, Progress, teller
from training.recipe import Recipe, SplitPlan, read_recipe
from training.reference import conformal_scores, reference_of, set_figures

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one split plan gave: its evaluations, and the network of its first fold.

    Attributes:
        conformal: How hard the images that it was tuned on were for that network.
    """

    evaluations: tuple[Evaluation, ...]
    folder: Path
    temperature: float
    answer_threshold: float
    split: Split
    conformal: ConformalScores


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training run`."""
    parser.add_argument("recipe", help="name of a recipe in training/recipes, or a .toml file")
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")


def main(arguments: argparse.Namespace) -> int:
    """Run a recipe and leave its bundle under OUT/bundle."""
    recipe = read_recipe(arguments.recipe)
    run(recipe, read_index(arguments.index), arguments.out)
    return 0


def run(
    recipe: Recipe, index: DatasetIndex, out: Path, *, progress: Progress = UNHEARD
) -> Manifest:
    """Train and judge a model on every split of its recipe, and write its bundle.

    The bundle holds the network of the last split plan's first fold: recipes name the strictest
    last. A run that was stopped goes on with the epoch that it was in; a finished one stays.

    Args:
        recipe: The protocol.
        index: The images.
        out: Folder of the run; the bundle goes to ``out / "bundle"``.
        progress: Hears how the run goes on.

    Raises:
        LeakageError: Something gives the labels away that the recipe does not allow by name.
    """
    if (out / "bundle").exists():
        return verify_bundle(out / "bundle")
    progress.stage("Reading the images", 0.0)
    collection = collect(recipe, index)
    allowed = pass_leakage_audit(recipe, collection, out)
    outcomes = [_outcome(recipe, collection, plan, out, progress) for plan in recipe.splits]
    progress.stage("Writing the bundle", 1.0)
    return _bundle(recipe, index, collection, outcomes, out, allowed)


def _outcome(
    recipe: Recipe, collection: Collection, plan: SplitPlan, out: Path, progress: Progress
) -> Outcome:
    splits = splits_of(collection, plan, seed=recipe.seed)
    probabilities, validated, tuned, tested, colour_probabilities = [], [], [], [], []
    settings: list[tuple[float, float]] = []
    for number, split in enumerate(splits):
        stage = f"{plan.kind} split, fold {number + 1} of {len(splits)}"
        _log.info("%s", stage)
        done = (recipe.splits.index(plan) + number / len(splits)) / len(recipe.splits)
        progress.stage(stage, done)
        folder = fold_folder(out, plan, number)
        tell = teller(progress, plan.kind, number)
        logits = fitted_logits(recipe, collection, split, folder, tell)
        tuned.append(tuned_on(recipe, split))
        truth = collection.labels[tuned[-1]]
        temperature = fit_temperature(logits["validation"], truth)
        validated.append(softmax(logits["validation"], temperature))
        threshold = fit_answer_threshold(validated[-1], truth)
        settings.append((temperature, threshold))
        probabilities.append(softmax(logits["test"], temperature))
        tested.append(split.test)
        colour_probabilities.append(
            six_colour_probabilities(
                collection.pictures.colours,
                collection.labels,
                learn=split.train,
                judge=split.test,
            )
        )
    test = np.concatenate(tested)
    _store(out / plan.kind, recipe, collection, tested, probabilities)
    _store(out / plan.kind / "validation", recipe, collection, tuned, validated)
    evaluations = tuple(
        evaluate(
            np.concatenate(answers),
            collection.labels[test],
            collection.groups["grouped"][test],
            classes=tuple(recipe.task.classes),
            subject=subject,
            split=plan.kind,
            protocol=_protocol(plan, splits),
            patients=recipe.task.is_diagnosis_of_patient,
        )
        for subject, answers in (
            ("model", probabilities),
            ("six colour numbers", colour_probabilities),
        )
    )
    for evaluation in evaluations:
        accuracy = evaluation.figure("accuracy")
        _log.info(
            "%s, %s split: accuracy %.4f (%.4f to %.4f), n %d",
            evaluation.subject, plan.kind, accuracy.value, accuracy.low, accuracy.high, accuracy.n,
        )  # fmt: skip
    temperature, threshold = settings[0]
    model, *baselines = evaluations
    groups = collection.groups["grouped"]
    conformals = [
        conformal_scores(answers, collection.labels[part], groups[part])
        for answers, part in zip(validated, tuned, strict=True)
    ]
    figures = set_figures(
        probabilities,
        [collection.labels[part] for part in tested],
        [groups[part] for part in tested],
        conformals,
    )
    return Outcome(
        evaluations=(replace(model, figures=(*model.figures, *figures)), *baselines),
        folder=fold_folder(out, plan, 0),
        temperature=temperature,
        answer_threshold=threshold,
        split=splits[0],
        conformal=conformals[0],
    )


def _store(
    folder: Path,
    recipe: Recipe,
    collection: Collection,
    parts: Sequence[np.ndarray],
    probabilities: Sequence[np.ndarray],
) -> None:
    """Write the answers of every fold for its part."""
    images = np.concatenate(parts)
    write_predictions(
        folder,
        classes=tuple(recipe.task.classes),
        records=[collection.records[item] for item in images],
        groups=collection.groups["grouped"][images],
        labels=collection.labels[images],
        folds=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        probabilities=np.concatenate(probabilities),
    )


def _protocol(plan: SplitPlan, splits: Sequence[Split]) -> str:
    together = {
        "random": "duplicates kept together",
        "grouped": "patients, cases or blocks of 20 consecutive file numbers kept together, "
        "and duplicates too",
        "leave_one_dataset_out": "each a whole data set that its model had not seen",
    }[plan.kind]
    if len(splits) > 1:
        n_images = sum(len(split.test) for split in splits)
        return f"{len(splits)} folds, {together}; {n_images} images, each tested once"
    split = splits[0]
    return (
        f"{len(split.train)} images to learn from, {len(split.validation)} to tune on, "
        f"{len(split.test)} to judge by; {together}"
    )


def _bundle(
    recipe: Recipe,
    index: DatasetIndex,
    collection: Collection,
    outcomes: Sequence[Outcome],
    out: Path,
    allowed: tuple[AllowedLeak, ...],
) -> Manifest:
    import keras

    shipped = outcomes[-1]
    model = keras.saving.load_model(shipped.folder / "model.keras", compile=False)
    manifest = Manifest(
        id=recipe.name,
        title=recipe.title,
        task=recipe.task.name,
        architecture=recipe.architecture,
        input_px=recipe.input_px,
        classes=tuple(recipe.task.classes),
        modality=recipe.task.modality,
        steps=recipe.steps,
        temperature=shipped.temperature,
        answer_threshold=shipped.answer_threshold,
        saliency_layer=architecture(recipe.architecture).saliency_layer,
        quality_limits=quality_limits(recipe.task.modality),
        data=DataFingerprint(
            index_sha256=index.sha256,
            n_images=len(collection.records),
            datasets=tuple(sorted({record.dataset for record in collection.records})),
            seed=recipe.seed,
        ),
        versions={
            "python": platform.python_version(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "numpy": np.__version__,
        },
        intended_use=recipe.task.intended_use,
        licence="Apache-2.0",
        created=datetime.datetime.now(datetime.UTC).date().isoformat(),
        parameters_millions=in_millions(model.count_params()),
        files={},
    )
    evaluations = tuple(entry for outcome in outcomes for entry in outcome.evaluations)
    card = Card(
        summary=_summary(recipe, evaluations),
        sources=sources_of(collection.records),
        evaluations=evaluations,
        limits=recipe.task.limits,
        recipe=dict(recipe.source),
        timing=inference_time(model, recipe.input_px),
        allowed_leaks=allowed,
    )
    reference = reference_of(model, recipe, collection, shipped.split, shipped.conformal)
    return write_bundle(
        out / "bundle", model=model, manifest=manifest, card=card, reference=reference
    )


def _summary(recipe: Recipe, evaluations: Sequence[Evaluation]) -> str:
    parts = []
    for evaluation in evaluations:
        if evaluation.subject == "model":
            figure = evaluation.figure("accuracy")
            parts.append(
                f"accuracy {figure.in_percent}, n {figure.n}, on the {evaluation.split} split"
            )
    return f"{recipe.task.title}, {recipe.architecture} at {recipe.input_px} px: " + "; ".join(
        parts
    )
