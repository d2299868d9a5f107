"""About how long a run will take on this machine, before it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from training.recipe import Recipe

# Multiply-accumulates of one image at 224 px, in 10^9, of the convolutional trunk: from the
# papers that introduced them, those given for other sizes scaled by area; for the last two,
# which no paper has, counted from the layers.
_GIGA_MACS: Mapping[str, float] = MappingProxyType(
    {
        "vgg16": 15.3,
        "vgg19": 19.5,
        "resnet50": 3.9,
        "resnet101": 7.6,
        "densenet121": 2.9,
        "inceptionv3": 3.2,
        "xception": 4.7,
        "mobilenet": 0.57,
        "mobilenetv2": 0.30,
        "efficientnetb0": 0.39,
        "efficientnetb3": 1.0,
        "efficientnet-lite0": 0.41,
        "efficientnet-lite1": 0.55,
        "efficientnet-lite2": 0.67,
        "alexnet": 0.71,
        "efficientnet-lite0-stride16": 0.24,
        "colour-numbers": 0.001,
    }
)
# 10^9 multiply-accumulates a second of one core: EfficientNet-Lite0 answered 60 images a second
# on two cores and learned from 14 (November 2026, AVX2).
_FORWARD_PER_CORE = 12.0
_LEARNING_COST = 4.3


def estimated_seconds(recipe: Recipe, n_images: int, *, cores: int | None = None) -> float:
    """Seconds that a run will take, right within a factor of two or three; without a GPU.

    Args:
        recipe: The protocol; every split and fold is counted.
        n_images: Images of its task.
        cores: Processor cores; those of this machine by default.
    """
    cores = cores or os.cpu_count() or 1
    macs = _GIGA_MACS[recipe.architecture] * (recipe.input_px / 224) ** 2
    forward_s = macs / (_FORWARD_PER_CORE * cores)
    copies = recipe.fit.head_copies if recipe.fit.head_epochs else 0
    seconds = copies * n_images * forward_s
    for plan in recipe.splits:
        folds = plan.folds
        test = 1 / folds if folds > 1 else plan.test
        train = (1 - test) * (1 - plan.validation)
        validation = (1 - test) * plan.validation
        an_epoch = train * _LEARNING_COST + validation
        passes = recipe.fit.epochs * an_epoch + (test + validation if recipe.fit.epochs else 0)
        seconds += folds * n_images * passes * forward_s
    return seconds


def in_words(seconds: float) -> str:
    """A duration for a reader: "about 40 seconds", "about 25 minutes", "about 3 hours"."""
    if seconds < 90:
        return f"about {max(10, round(seconds / 10) * 10)} seconds"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.0f} hours"
