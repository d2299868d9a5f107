"""One run: index → split → fit → calibrate → evaluate → bundle."""

from __future__ import annotations

import datetime
import logging
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, answer_bound
from models.answer.forward import Network
from models.answer.openvino_ir import openvino_ir
from models.answer.openvino_network import OpenVinoNetwork
from models.answer.reference import Reference
from models.answer.tensorflow_network import TensorFlowNetwork
from models.architectures import architecture
from models.bundle.card import AllowedLeak, Card, Evaluation
from models.bundle.folder import verify_bundle, write_bundle
from models.bundle.manifest import CompressedRisk, DataFingerprint, Emptied, Manifest
from models.errors import BundleError
from models.image.quality import quality_limits
from training.audits.gate import pass_leakage_audit
from training.data.collection import Collection, chosen_images, collect, splits_of
from training.data.index import DatasetIndex
from training.data.sources import sources_of
from training.data.splits import Split
from training.judge.answered import answer_figures
from training.judge.classical import SIX_COLOUR_NUMBERS, six_colour_probabilities
from training.judge.emptied import emptied_answers
from training.judge.evaluation import EvaluationPlan
from training.judge.inference_time import inference_time
from training.judge.judgement import MODEL, Answers, Fold, Judgement, judge
from training.judge.left_out import left_out_of
from training.judge.measures import in_millions
from training.judge.predictions import read_predictions, validation_folder, write_predictions
from training.judge.reference import domain_features, reference_of
from training.progress import NO_PROGRESS, Parts, Progress, epoch_listener
from training.recipes.overrides import change_in_words
from training.recipes.recipe import Recipe, SplitPlan
from training.runs.compressed import compressed_risk
from training.runs.estimate import (
    BUNDLE,
    COMPRESSED,
    FEATURES,
    READING,
    asks_compressed,
    fold_name,
    judging_name,
    parts_of,
)
from training.runs.folds import features_of, fitted_logits, fold_folder, tuned_on
from training.runs.limits import known_limits
from training.runs.none_of_these import limit_in_words, with_none_of_these

if TYPE_CHECKING:
    import keras

_log = logging.getLogger(__name__)
# Images of the validation part on which OpenVINO and Keras must answer alike
_N_COMPARED = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What one split plan gave: a judgement, and the first fold, whose network may be bundled.

    Attributes:
        folder: Of the first fold.
        split: The first fold's images.
    """

    judgement: Judgement
    folder: Path
    split: Split


def run(
    recipe: Recipe, index: DatasetIndex, out: Path, *, progress: Progress = NO_PROGRESS
) -> Manifest:
    """Train and judge a model on every split of its recipe, and write its bundle.

    The bundle holds the network of the last split plan's first fold: recipes name the strictest
    last. A run that was stopped goes on with the epoch that it was in; a finished one stays.

    Args:
        recipe: The protocol.
        index: The images.
        out: Folder of the run; the bundle goes to ``out / "bundle"``.
        progress: Receives how the run goes on.

    Raises:
        LeakageError: Something gives the labels away that the recipe does not allow by name.
    """
    if (out / "bundle").exists():
        return verify_bundle(out / "bundle")
    chosen, _ = chosen_images(recipe, index.records)
    n_datasets = len({record.dataset for record in chosen})
    parts = Parts(progress, parts_of(recipe, len(chosen), n_datasets=n_datasets))
    parts.begin(READING)
    collection = collect(recipe, index, tell=parts.within)
    allowed = pass_leakage_audit(recipe, collection, out)
    if recipe.fit.head_epochs:
        parts.begin(FEATURES)
        features_of(recipe, collection, out, tell=parts.within)
    outcomes = [_outcome(recipe, collection, plan, out, progress, parts) for plan in recipe.splits]
    compressed: tuple[CompressedRisk, ...] = ()
    if asks_compressed(recipe):
        parts.begin(COMPRESSED)
        plan = recipe.splits[-1]
        splits = splits_of(collection, plan, seed=recipe.seed)
        temperatures = outcomes[-1].judgement.temperatures
        compressed = compressed_risk(
            recipe, collection, plan, splits, temperatures, out, tell=parts.within
        )
    parts.begin(BUNDLE)
    return _bundle(recipe, index, collection, outcomes, compressed, out, allowed)


def _outcome(
    recipe: Recipe,
    collection: Collection,
    plan: SplitPlan,
    out: Path,
    progress: Progress,
    parts: Parts,
) -> Outcome:
    """Fit and judge every fold of a split plan, and store what each answered."""
    splits = splits_of(collection, plan, seed=recipe.seed)
    folds = []
    for number, split in enumerate(splits):
        name = fold_name(plan, number, len(splits))
        _log.info("%s", name)
        parts.begin(name)
        listener = epoch_listener(
            progress, parts, split=plan.kind, fold=number, learns_whole=recipe.fit.epochs > 0
        )
        logits = fitted_logits(recipe, collection, split, fold_folder(out, plan, number), listener)
        colours = six_colour_probabilities(
            collection.pictures.colours,
            collection.labels,
            learn=split.train,
            judge=split.test,
        )
        folds.append(
            Fold(
                validation=_answers(logits["validation"], collection, tuned_on(recipe, split)),
                test=_answers(logits["test"], collection, split.test),
                baselines={SIX_COLOUR_NUMBERS: colours},
            )
        )
    parts.begin(judging_name(plan))
    judgement = judge(
        folds,
        EvaluationPlan(
            classes=tuple(recipe.task.classes),
            split=plan.kind,
            protocol=_protocol(plan, splits),
            patients=recipe.task.is_diagnosis_of_patient,
        ),
    )
    folder = out / plan.kind
    tuned = [tuned_on(recipe, split) for split in splits]
    tested = [split.test for split in splits]
    _store(folder, recipe, collection, tested, [fold.test for fold in judgement.folds])
    _store(
        validation_folder(folder),
        recipe,
        collection,
        tuned,
        [fold.validation for fold in judgement.folds],
    )
    for evaluation in judgement.evaluations:
        accuracy = evaluation.figure("accuracy")
        _log.info(
            "%s, %s split: accuracy %.4f (%s), %s",
            evaluation.subject,
            plan.kind,
            accuracy.value,
            accuracy.interval_in_decimals,
            accuracy.size_in_words,
        )
    return Outcome(judgement=judgement, folder=fold_folder(out, plan, 0), split=splits[0])


def _answers(logits: np.ndarray, collection: Collection, images: np.ndarray) -> Answers:
    return Answers(
        logits=logits,
        labels=collection.labels[images],
        groups=collection.groups["grouped"][images],
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
    compressed: tuple[CompressedRisk, ...],
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
        temperature=shipped.judgement.temperature,
        answer_threshold=shipped.judgement.answer_threshold,
        risk=shipped.judgement.risk,
        risk_compressed=compressed,
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
        saliency_method="grad-cam",
        files={},
        layout=1,
    )
    conformal = shipped.judgement.conformal
    reference = reference_of(model, recipe, collection, shipped.split, conformal)
    shown = None
    if reference.domain is not None:
        domain, shown = with_none_of_these(
            reference.domain,
            recipe,
            collection,
            shipped.split,
            others=index.records,
            features_of=partial(domain_features, model, reference.domain.layer),
        )
        reference = replace(reference, domain=domain)
    own = collection.pictures.rgb[shipped.split.validation[:_N_COMPARED]]
    answering, converted = _answering(
        model, manifest.saliency_layer, reference, own if recipe.has_openvino else None
    )
    emptied = emptied_answers(
        lambda rgb: [answering.forward(rgb.astype(np.float32))],
        reference.domain,
        manifest.temperature,
        task=recipe.task,
        own=collection,
        images=shipped.split.validation,
        steps=recipe.steps,
    )
    proven = answer_bound(manifest.risk, DEFAULT_ERROR_LIMIT, emptied).threshold
    fitted = shipped.judgement.folds[0].fitted_threshold
    manifest = manifest.changed(
        emptied=emptied, answer_threshold=fitted if proven is None else proven
    )
    evaluations = tuple(
        entry
        for outcome in (*outcomes[:-1], _held_back(shipped, recipe, collection, emptied))
        for entry in outcome.judgement.evaluations
    )
    card = Card(
        summary=_summary(recipe, evaluations),
        sources=sources_of(collection.records),
        evaluations=evaluations,
        limits=(
            *known_limits(recipe, index.records),
            *([limit_in_words(shown, index)] if shown else []),
        ),
        recipe=dict(recipe.source),
        timing=inference_time(answering, recipe.input_px),
        allowed_leaks=allowed,
        left_out=tuple(
            each
            for plan in recipe.splits
            if plan.kind == "leave_one_dataset_out"
            for each in left_out_of(read_predictions(out / plan.kind))
        ),
    )
    return write_bundle(
        out / "bundle",
        model=model,
        manifest=manifest,
        card=card,
        reference=reference.to_bytes(),
        converted=converted,
    )


def _held_back(
    outcome: Outcome, recipe: Recipe, collection: Collection, emptied: Sequence[Emptied]
) -> Outcome:
    """An outcome whose model answers no more than its fields without cells let it.

    They were shown to the first fold's network alone, which the bundle holds; the other folds' are
    taken to do as it does.
    """
    if not emptied:
        return outcome
    judgement = outcome.judgement
    splits = splits_of(collection, recipe.splits[-1], seed=recipe.seed)
    figures = answer_figures(
        [fold.test for fold in judgement.folds],
        [collection.labels[split.test] for split in splits],
        [collection.groups["grouped"][split.test] for split in splits],
        [fold.risk for fold in judgement.folds],
        DEFAULT_ERROR_LIMIT,
        emptied,
    )
    return replace(outcome, judgement=judgement.with_answer_figures(figures))


def _answering(
    model: keras.Model, layer: str, reference: Reference, pictures: np.ndarray | None
) -> tuple[Network, Mapping[str, bytes]]:
    """What will answer, and its files for OpenVINO: TensorFlow without any where that cannot, or
    where there are no pictures on which both must answer alike."""
    domain_layer = reference.domain.layer if reference.domain else layer
    if pictures is not None:
        try:
            files = openvino_ir(model, layer=layer, domain_layer=domain_layer, pictures=pictures)
            return OpenVinoNetwork(files), files
        except BundleError as error:
            _log.warning("The model will be asked on TensorFlow. %s", error)
    return TensorFlowNetwork(model, layer=layer, domain_layer=domain_layer), {}


def _summary(recipe: Recipe, evaluations: Sequence[Evaluation]) -> str:
    parts = []
    for evaluation in evaluations:
        if evaluation.subject == MODEL:
            figure = evaluation.figure("accuracy")
            parts.append(
                f"accuracy {figure.in_percent}, n {figure.n}, on the {evaluation.split} split"
            )
    measured = f"{recipe.task.title}, {recipe.architecture} at {recipe.input_px} px: " + "; ".join(
        parts
    )
    return f"{change_in_words(recipe)} {measured}" if recipe.overridden else measured
