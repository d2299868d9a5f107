"""What a card and a manifest say to the questions of reporting checklists, in sentences.

An answer is "" where the bundle says nothing; none is made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bloodui.render.card_words import (
    rate_in_words,
    robustness_rows,
    split_in_words,
)
from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, proof_in_words
from models.architectures import ARCHITECTURES
from models.architectures.weights import installed_weights_in_words
from models.bundle.card import Card, Evaluation
from models.bundle.manifest import REFERENCE_FILE, Manifest
from models.image.degradation import STRENGTHS
from models.rate import percent


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The sentences of one bundle, a property a question."""

    card: Card
    manifest: Manifest

    @property
    def intended_use(self) -> str:
        return self.manifest.intended_use

    @property
    def sources(self) -> str:
        return " ".join(
            f"{each.name}: {each.n_images:,} images"
            + (f" of {each.n_groups:,} groups" if each.n_groups is not None else "")
            + f" ({each.licence}). {each.citation}."
            for each in self.card.sources
        )

    @property
    def preprocessing(self) -> str:
        steps = ", ".join(
            f"{step.name} ({', '.join(f'{k} {v}' for k, v in step.parameters.items())})"
            if step.parameters
            else step.name
            for step in self.manifest.steps
        )
        return f"In this order: {steps}."

    @property
    def partitions(self) -> str:
        return " ".join(
            f"{split_in_words(each.split)}: {each.protocol}." for each in self._own_evaluations
        )

    @property
    def disjoint(self) -> str:
        splits = [split_in_words(each.split) for each in self._own_evaluations]
        return f"{'; '.join(splits)}; duplicates are never on two sides." if splits else ""

    @property
    def model(self) -> str:
        manifest = self.manifest
        return (
            f"{manifest.title} ({manifest.id}, made {manifest.created}): {manifest.architecture}, "
            f"{manifest.parameters_millions:.2f} million parameters, from an RGB picture of "
            f"{manifest.input_px} × {manifest.input_px} px to logits of "
            f"{', '.join(manifest.classes)}. Layers and weights are in the bundle; files and "
            "their SHA-256 are below."
        )

    @property
    def software(self) -> str:
        versions = self.manifest.versions
        return ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) + "."

    @property
    def initialisation(self) -> str:
        model = self._table("model")
        weights = model.get("weights")
        if not isinstance(weights, Mapping) or not weights.get("kind"):
            return ""
        kind, spec = str(weights["kind"]), ARCHITECTURES.get(str(model.get("architecture")))
        installed = "ImageNet weights that are installed with the program"
        if spec is not None and "package" in spec.weights:
            installed = f"{installed_weights_in_words(spec)}, installed with the program"
        kinds = {
            "imagenet": "ImageNet weights as Keras distributes them",
            "package": installed,
            "file": "weights from a local file with its hash",
            "none": "drawn at random",
        }
        return f"Backbone: {kinds.get(kind, kind)}."

    @property
    def training(self) -> str:
        fit, augmentation = self._table("fit"), self._table("augmentation")
        if not fit:
            return ""
        sentence = f"Fit: {_listed(fit)}; seed {self.manifest.data.seed}."
        return f"{sentence} Augmentation: {_listed(augmentation)}." if augmentation else sentence

    @property
    def selection(self) -> str:
        keep = str(self._table("fit").get("keep_epoch", ""))
        kept = f" Weights kept: {keep.replace('_', ' ')}." if keep else ""
        if not self._own_evaluations:
            return ""
        last = self._own_evaluations[-1].split
        return f"The network of the first fold of the last split ({last}).{kept}"

    @property
    def ensembling(self) -> str:
        if not self.manifest.members:
            return "None: one network."
        members = ", ".join(f"{m.title} {percent(m.weight)}" for m in self.manifest.members)
        return f"Weighted mean of calibrated probabilities: {members}."

    @property
    def metrics(self) -> str:
        names = [figure.name for each in self._own_evaluations[-1:] for figure in each.figures]
        return f"{', '.join(names)}." if names else ""

    @property
    def uncertainty(self) -> str:
        if not self._own_evaluations:
            return ""
        return (
            "95 % percentile bootstrap intervals over patients, cases or blocks, 1,000 draws; "
            "Wilson's over these where all draws agree, none for a single one."
        )

    @property
    def robustness(self) -> str:
        rows = robustness_rows(self.card)
        if not rows:
            return ""
        strongest = "; ".join(
            f"{row['Made worse by']}, strength {len(STRENGTHS[row['Made worse by']])}: "
            f"{list(row.values())[-1]}"
            for row in rows
        )
        before = next(iter(rows)).get("As they are", "")
        return f"Accuracy on images as they are: {before}. {strongest}."

    @property
    def explainability(self) -> str:
        sentence = f"Saliency maps, by default {self.manifest.saliency_method}."
        checks = [
            f"{check.method} {'passed' if check.passes else 'did not pass'} its check on "
            f"{check.n} images"
            for check in self.card.saliency
        ]
        return (
            f"{sentence} {'; '.join(checks)}."
            if checks
            else f"{sentence} Not checked on this model."
        )

    @property
    def internal(self) -> str:
        return self._performance(("random", "grouped"))

    @property
    def external(self) -> str:
        return self._performance(("leave_one_dataset_out",))

    @property
    def numbers(self) -> str:
        tested = [
            f"{split_in_words(each.split)}: {each.figures[0].n:,} images of {each.groups:,} "
            "groups judged"
            for each in self._own_evaluations
            if each.figures
        ]
        sentence = f"{self.manifest.data.n_images:,} images in all."
        return f"{sentence} {'; '.join(tested)}." if tested else sentence

    @property
    def performance(self) -> str:
        return self._performance(("random", "grouped", "leave_one_dataset_out"))

    @property
    def diagnostic(self) -> str:
        wanted = ("sensitivity", "specificity", "AUROC")
        last = self._own_evaluations[-1:]
        found = [
            f"{figure.name}: {rate_in_words(figure)}"
            for each in last
            for figure in each.figures
            if figure.name.startswith(wanted)
        ]
        return f"{split_in_words(last[0].split)}: {'; '.join(found)}." if found else ""

    @property
    def cross_table(self) -> str:
        splits = [split_in_words(each.split) for each in self._own_evaluations if each.confusion]
        return f"Confusion matrices: {'; '.join(splits)}." if splits else ""

    @property
    def subgroups(self) -> str:
        found = [f"{figure.name}: {rate_in_words(figure)}" for figure in self.card.subgroups]
        sentence = f"By data set: {'; '.join(found)}." if found else ""
        return f"{sentence} Patients' age, sex and origin are not known." if sentence else ""

    @property
    def failures(self) -> str:
        if not self.card.mistakes:
            return ""
        return f"The {len(self.card.mistakes)} surest mistakes are listed, by class."

    @property
    def limits(self) -> str:
        return " ".join(self.card.limits)

    @property
    def protocol(self) -> str:
        return "The recipe is in the bundle's card." if self.card.recipe else ""

    @property
    def availability(self) -> str:
        return (
            f"The model is this bundle, licence: {self.manifest.licence}. The program that made "
            "it and reads it is bloodui, under the Apache License 2.0."
        )

    @property
    def outcome(self) -> str:
        return f"One of {', '.join(self.manifest.classes)}, as the data sets' authors label it."

    @property
    def prediction(self) -> str:
        return (
            f"Softmax of the logits divided by {self.manifest.temperature:.3g} (temperature fitted "
            "on validation images)."
        )

    @property
    def imbalance(self) -> str:
        fit = self._table("fit")
        sentence = {
            "class weights": fit.get("class_weights"),
            "repeats of rare classes": fit.get("class_repeats"),
        }
        return "; ".join(f"{name}: {value}" for name, value in sentence.items() if value)

    @property
    def output(self) -> str:
        return (
            "A calibrated probability of each class. The model abstains where the highest is "
            f"below {percent(self.manifest.answer_threshold)}. {self._proven}"
        )

    @property
    def _proven(self) -> str:
        """What is proven of its answers at the share of wrong ones that is usual."""
        return proof_in_words(self.manifest, DEFAULT_ERROR_LIMIT)

    @property
    def poor_input(self) -> str:
        limits = [limit.name for limit in self.manifest.quality_limits.measures]
        declined = f"An image is declined beyond limits of {', '.join(limits)}. " if limits else ""
        known = REFERENCE_FILE in self.manifest.files
        outside = "Images unlike those that it learned from get no answer. " if known else ""
        threshold = percent(self.manifest.answer_threshold)
        return f"{declined}{outside}Below a top probability of {threshold} the model abstains."

    @property
    def _own_evaluations(self) -> tuple[Evaluation, ...]:
        return tuple(each for each in self.card.evaluations if each.subject == "model")

    def _performance(self, splits: tuple[str, ...]) -> str:
        wanted = ("accuracy", "balanced accuracy", "macro AUROC")
        return " ".join(
            f"{split_in_words(each.split)}: "
            + "; ".join(f"{f.name} {rate_in_words(f)}" for f in each.figures if f.name in wanted)
            + "."
            for each in self._own_evaluations
            if each.split in splits
        )

    def _table(self, key: str) -> Mapping[str, Any]:
        found = self.card.recipe.get(key)
        return found if isinstance(found, Mapping) else {}


def _listed(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items())
