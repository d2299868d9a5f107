"""A recipe with some of its values changed, as TOML text that a run can be asked for with."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import tomli_w

from training.errors import RecipeError
from training.recipes.recipe import Recipe, parse_recipe


def changed_recipe(recipe: Recipe, changes: Mapping[str, int | float | str]) -> str:
    """The recipe's TOML with these values in the place of its own, validated.

    Args:
        recipe: What is changed.
        changes: New values by dotted key, such as "fit.epochs" or "seed". "model.input_px" also
            sets the size of the resize step, which must be the same.

    Raises:
        RecipeError: A key is none of a recipe's, or a value is not allowed.
    """
    values = copy.deepcopy(dict(recipe.source))
    for key, value in changes.items():
        *tables, name = key.split(".")
        table = values
        for part in tables:
            if not isinstance(table.get(part), dict):
                raise RecipeError(
                    f"{recipe.name} has no table {part}, so that {key} cannot be changed in it. "
                    "Change a key that the recipe has."
                )
            table = table[part]
        table[name] = value
    if "model.input_px" in changes:
        for step in values.get("steps", []):
            if step["name"] == "resize":
                parameters = step.get("parameters", {})
                step["parameters"] = {**parameters, "size_px": changes["model.input_px"]}
    parse_recipe(values, name=recipe.name)
    return tomli_w.dumps(values)
