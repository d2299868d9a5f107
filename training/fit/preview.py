"""What a recipe's augmentations make of one image, for a person to look at before a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.preprocessing import apply_steps
from training.errors import RecipeError
from training.recipes.recipe import Recipe


def preview(
    recipe: Recipe, rgb: np.ndarray, n: int, seed: int, *, partner: np.ndarray | None = None
) -> np.ndarray:
    """Versions of an image as a training after this recipe would show them to the network.

    The recipe's preprocessing comes first, as in a run. MixUp and CutMix take a second image;
    without one they are left out.

    Args:
        recipe: Whose steps and augmentation.
        rgb: (H, W, 3) uint8, as read.
        n: Number of versions, at least 1.
        seed: Of the variation; the same seed gives the same versions.
        partner: (H, W, 3) uint8 of any size, the image that MixUp and CutMix mix in.

    Returns:
        (n, px, px, 3) uint8, px being the recipe's input_px.

    Raises:
        RecipeError: n is below 1.
    """
    from training.fit.augmentation import augmented

    if n < 1:
        raise RecipeError(f"Expected at least 1 version to preview, received {n}.")
    prepared = apply_steps(rgb, recipe.steps)
    versions = np.repeat(prepared[np.newaxis], n, axis=0)
    if partner is not None:
        others = np.repeat(apply_steps(partner, recipe.steps)[np.newaxis], n, axis=0)
        versions = _mixed(versions, others, recipe.augmentation, seed)
    varied = augmented(versions, recipe.augmentation, seed=seed)
    rounded: np.ndarray = np.rint(varied).astype(np.uint8)
    return rounded


def _mixed(
    rgb: np.ndarray, others: np.ndarray, strengths: Mapping[str, float], seed: int
) -> np.ndarray:
    """Each image mixed with the other of its number, by the first mix that the recipe asks for."""
    from training.fit.mixing import cut_mix, mix_up

    both = np.concatenate([rgb, others])
    labels = np.zeros((len(both), 1), np.float32)
    partner = np.roll(np.arange(len(both)), -len(rgb))
    rng = np.random.default_rng(seed)
    for name, mix in (("mixup", mix_up), ("cutmix", cut_mix)):
        alpha = strengths.get(name, 0)
        if alpha > 0:
            mixed, _ = mix(both, labels, partner=partner, alpha=alpha, rng=rng)
            return mixed[: len(rgb)]
    return rgb
