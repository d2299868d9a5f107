"""About how much memory a run needs, before it starts."""

from __future__ import annotations

import math
from dataclasses import replace

from models.architectures.weights import WeightsSource
from training.recipes.recipe import Recipe

_FLOAT = 4
_LEARNED = 4
"""Numbers for each weight that learns: itself, its gradient and the optimizer's two."""


def memory_bytes(recipe: Recipe, n_images: int) -> int:
    """Of a training step at the recipe's batch size, and of the images, which are held at once.

    In 32-bit numbers: what each layer gives for a batch, kept until the weights have been changed,
    and the weights. Frozen layers may keep less; libraries take 1 to 2 GB on top.

    Args:
        recipe: The protocol; its network is built, with drawn weights.
        n_images: Images of its task.
    """
    from training.fit.freezing import freeze
    from training.fit.network import network_of

    drawn = replace(recipe, weights=WeightsSource(kind="none"))
    network = network_of(drawn, len(recipe.task.classes))
    if recipe.fit.epochs:
        freeze(network, recipe.fit)
    learned = sum(math.prod(each.shape) for each in network.trainable_weights)
    weights = network.count_params()
    given = sum(
        math.prod(side for side in output.shape[1:] if side)
        for layer in network.layers
        for output in (layer.output if isinstance(layer.output, list) else [layer.output])
    )
    step = recipe.fit.batch * given if recipe.fit.epochs else 0
    numbers = step + weights + (_LEARNED - 1) * (learned if recipe.fit.epochs else 0)
    return int(_FLOAT * numbers + n_images * 3 * recipe.input_px**2)


def memory_in_words(n_bytes: int) -> str:
    """An amount of memory for a reader: "about 3.4 GB"."""
    return f"about {n_bytes / 1e9:.1f} GB"
