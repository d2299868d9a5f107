"""Weights drawn anew, to see whether saliency maps depend on what a model learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from models.agreement import rank_correlation
from models.architectures.heads import LOGITS

if TYPE_CHECKING:
    import keras

_ONES = frozenset({"gamma", "moving_variance"})
_ZEROS = frozenset({"bias", "beta", "moving_mean"})


@contextmanager
def drawn_anew(network: keras.Model, *, is_head_alone: bool, seed: int) -> Iterator[None]:
    """A network whose weights are random until the block ends; then they are what they were.

    Kernels are drawn with the variance of He et al. 2015 (arXiv 1502.01852, equation 10), which
    keeps signals alive through many layers; biases and normalisation are as they begin.

    Args:
        network: Its variables are changed in place, so that what was compiled on it follows.
        is_head_alone: Whether only the layer that gives the logits is drawn, or every layer.
        seed: Of the draw.
    """
    rng = np.random.default_rng(seed)
    layers = [network.get_layer(LOGITS)] if is_head_alone else network.layers
    variables = [(layer, variable) for layer in layers for variable in layer.weights]
    before = [np.asarray(variable) for _, variable in variables]
    try:
        for layer, variable in variables:
            if variable.name.endswith("kernel"):
                # A depthwise kernel (rows, columns, channels, 1) sums over rows and columns alone.
                kind = f"{type(layer).__name__} {variable.name}".lower()
                is_depthwise = kind.startswith("depthwise") or kind.endswith("depthwise_kernel")
                terms = np.prod(variable.shape[:2] if is_depthwise else variable.shape[:-1])
                scale = np.float32(np.sqrt(2 / terms))
                variable.assign(scale * rng.standard_normal(variable.shape, dtype=np.float32))
            elif variable.name in _ONES:
                variable.assign(np.ones(variable.shape, np.float32))
            elif variable.name in _ZEROS:
                variable.assign(np.zeros(variable.shape, np.float32))
        yield
    finally:
        for (_, variable), value in zip(variables, before, strict=True):
            variable.assign(value)


def unchanged_part(
    network: keras.Model,
    explain: Callable[[int], np.ndarray],
    maps: Sequence[np.ndarray],
    *,
    is_head_alone: bool,
    draws: int = 3,
) -> float:
    """How much of a method's maps is left when weights are drawn anew: mean rank correlation.

    The sanity check of Adebayo et al. 2018 ("Sanity checks for saliency maps", section 3). A map
    that becomes even, or was, has nothing in common with another: 0.

    Args:
        network: The one that `explain` asks.
        explain: From an image's number to its map, with whatever weights there are.
        maps: The same maps, with the weights that were learned.
        is_head_alone: As in `drawn_anew`.
        draws: Each is used for its share of the images, so that no single draw decides.
    """
    found: list[float] = []
    for draw in range(draws):
        with drawn_anew(network, is_head_alone=is_head_alone, seed=draw):
            found += [
                rank_correlation(maps[item], explain(item)) or 0.0
                for item in range(draw, len(maps), draws)
            ]
    return float(np.mean(found))
