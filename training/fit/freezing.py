"""Which layers of a network learn."""

from __future__ import annotations

from typing import Any

from models.architectures import backbone_layers
from training.errors import RecipeError
from training.recipes.recipe import FitPlan


def freeze(network: Any, plan: FitPlan) -> None:
    """Let only those layers learn that the plan leaves free: the head, and part of the backbone.

    Raises:
        RecipeError: A layer that the plan names is not one of the backbone's.
    """
    network.trainable = True
    backbone = backbone_layers(network)
    names = [layer.name for layer in backbone]
    for key, name in (("frozen_until", plan.frozen_until), ("frozen_after", plan.frozen_after)):
        if name and name not in names:
            raise RecipeError(
                f"Expected fit.{key} to be one of {', '.join(names)}; received {name!r}."
            )
    first = names.index(plan.frozen_until) + 1 if plan.frozen_until else 0
    first = max(first, round(plan.frozen_share * len(names)))
    last = names.index(plan.frozen_after) + 1 if plan.frozen_after else len(names)
    for number, layer in enumerate(backbone):
        layer.trainable = first <= number < last
