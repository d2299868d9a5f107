"""The parts of a run in their order, and about how long each will take on this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import log

from models.architectures import architecture
from training.progress import RunPart
from training.recipes.recipe import Recipe, SplitPlan

# 10^9 multiply-accumulates a second of one core: EfficientNet-Lite0 answered 60 images a second
# on two cores and learned from 14 (November 2026, AVX2). Large networks are of whole convolutions,
# which take less time a number: VGG16 answered 6 images a second. Frozen layers learn nothing, and
# a recipe does not say how much of a network they are: half of the way back is taken away.
_FORWARD_PER_CORE, _WHOLE_PER_CORE, _WHOLE_FROM = 12.0, 45.0, 2.0
_LEARNING_COST, _FROZEN_COST = 4.3, 2.0
# Seconds on the same cores: of reading an image, of building a network and tracing its steps, of
# a split's intervals, of writing a bundle with its reference.
_READING_S, _NETWORK_S, _JUDGING_S, _BUNDLE_S = 0.015, 8.0, 6.0, 15.0
# And of a fold's discriminant, for each image of the task: 2,816 features of five copies.
_DISCRIMINANT_S = 0.006

QUALITIES = (75, 50)
"""Of the JPEG copies that a run asks about: what many programs save at where nothing is said, and
what is seen at a glance."""
READING, FEATURES, BUNDLE = "Reading the images", "Features of the images", "Writing the bundle"
COMPRESSED = "Answers on compressed copies"


def parts_of(
    recipe: Recipe, n_images: int, *, n_datasets: int = 1, cores: int | None = None
) -> tuple[RunPart, ...]:
    """The parts of a run, each with its seconds, right within a factor of three; without a GPU.

    Args:
        recipe: The protocol; every split and fold is a part.
        n_images: Images of its task.
        n_datasets: Data sets that they come from.
        cores: Processor cores; those of this machine by default.
    """
    cores = cores or os.cpu_count() or 1
    giga_macs = architecture(recipe.architecture).giga_macs
    a_second = _WHOLE_PER_CORE if giga_macs > _WHOLE_FROM else _FORWARD_PER_CORE
    forward_s = giga_macs * (recipe.input_px / 224) ** 2 / (a_second * cores)
    is_frozen = recipe.fit.frozen_until or recipe.fit.frozen_share
    learning = _FROZEN_COST if is_frozen else _LEARNING_COST
    parts = [RunPart(name=READING, seconds=n_images * _READING_S)]
    if recipe.fit.head_epochs:
        copies = recipe.fit.head_copies
        again = (copies - 1) * n_images * _READING_S if recipe.worsening else 0.0
        seconds = _NETWORK_S + copies * n_images * forward_s + again
        parts.append(RunPart(name=FEATURES, seconds=seconds))
    for plan in recipe.splits:
        folds = plan.folds
        if plan.kind == "leave_one_dataset_out":
            folds = len(plan.data_sets) or n_datasets
        test = 1 / folds if folds > 1 else plan.test
        train = (1 - test) * (1 - plan.validation)
        validation = (1 - test) * plan.validation
        an_epoch = train * learning + validation
        passes = recipe.fit.epochs * an_epoch + (test + validation if recipe.fit.epochs else 0)
        seconds = _NETWORK_S + n_images * passes * forward_s
        if recipe.fit.head_solver == "discriminant":
            seconds += n_images * _DISCRIMINANT_S
        parts += [
            RunPart(name=fold_name(plan, fold, folds), seconds=seconds) for fold in range(folds)
        ]
        parts.append(RunPart(name=judging_name(plan), seconds=_JUDGING_S))
    if asks_compressed(recipe):
        again = len(QUALITIES) * n_images * (_READING_S + forward_s)
        parts.append(RunPart(name=COMPRESSED, seconds=again))
    return (*parts, RunPart(name=BUNDLE, seconds=_BUNDLE_S))


def asks_compressed(recipe: Recipe) -> bool:
    """Whether a run asks its network about compressed copies of its test images: where it was shown
    such, and the answers of folds over groups can prove something."""
    plan, worsening = recipe.splits[-1], recipe.worsening
    is_shown = worsening is not None and worsening.jpeg_quality < 100
    return is_shown and plan.kind == "grouped" and plan.folds > 1


def fold_name(plan: SplitPlan, fold: int, n_folds: int) -> str:
    """What the part is called in which the network of a fold, from 0, learns."""
    which = f", fold {fold + 1} of {n_folds}" if n_folds > 1 else ""
    return f"Learning, {plan.kind.replace('_', ' ')} split{which}"


def judging_name(plan: SplitPlan) -> str:
    """What the part is called in which a split's answers are judged."""
    return f"Judging, {plan.kind.replace('_', ' ')} split"


def estimated_seconds(
    recipe: Recipe, n_images: int, *, n_datasets: int = 1, cores: int | None = None
) -> float:
    """Seconds that a run will take, see `parts_of`."""
    parts = parts_of(recipe, n_images, n_datasets=n_datasets, cores=cores)
    return sum(part.seconds for part in parts)


def expected_seconds(estimated_s: float, earlier: Sequence[tuple[float, float]]) -> float:
    """Seconds that a run will take, by how far the nearest earlier run was from its estimate.

    Args:
        estimated_s: See `estimated_seconds`.
        earlier: What finished runs of this machine were estimated at, and what they took.
    """
    if not earlier or estimated_s <= 0:
        return estimated_s
    estimated, took = min(earlier, key=lambda run: abs(log(run[0] / estimated_s)))
    return estimated_s * took / estimated


def duration_in_words(seconds: float, *, is_learned: bool) -> str:
    """How long a run will take, for a reader: by earlier runs of this machine, or by a guess."""
    by = (
        "by the earlier run that was most like it"
        if is_learned
        else "give or take a factor of three: no run has finished here yet"
    )
    return f"{in_words(seconds).capitalize()} on this machine, {by}."


def in_words(seconds: float) -> str:
    """A duration for a reader: "about 40 seconds", "about 25 minutes", "about 3 hours"."""
    if seconds < 90:
        return f"about {max(10, round(seconds / 10) * 10)} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.0f} hours"
