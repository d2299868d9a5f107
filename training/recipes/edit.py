"""A recipe with some of its values changed, as TOML text that a run can be asked for with."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import tomli_w

from training.errors import RecipeError
from training.recipes.recipe import Recipe, parse_recipe


def changed_recipe(recipe: Recipe, changes: Mapping[str, int | float | str]) -> str:
    """The recipe's TOML with these values in the place of its own, validated.

    Args:
        recipe: What is changed.
        changes: See `changed_values`.

    Raises:
        RecipeError: A key is none of a recipe's, or a value is not allowed.
    """
    values = changed_values(recipe, changes)
    parse_recipe(values, name=recipe.name)
    return tomli_w.dumps(values)


def changed_values(recipe: Recipe, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a recipe's file with other values in it, not validated yet.

    Args:
        recipe: What is changed.
        changes: New values by dotted key, such as "fit.epochs", "seed", or "split.0.folds" of the
            first [[split]]. "model.input_px" also sets the size of the resize step, which must be
            the same; "model.weights.kind" drops the path and the hash of another kind.

    Raises:
        RecipeError: A key leads through what is no table.
    """
    values = copy.deepcopy(dict(recipe.source))
    for key, value in changes.items():
        *tables, name = key.split(".")
        if key == "model.weights.kind":
            tables, name, value = ["model"], "weights", {"kind": value}
        table: Any = values
        for part in tables:
            table = _within(table, part, key)
        if isinstance(table, list):
            _within(table, name, key)
            table[int(name)] = value
        else:
            table[name] = value
    if "model.input_px" in changes:
        for step in values.get("steps", []):
            if step["name"] == "resize":
                parameters = step.get("parameters", {})
                step["parameters"] = {**parameters, "size_px": changes["model.input_px"]}
    return values


def _within(table: Any, part: str, key: str) -> Any:
    """The table of that name in a table, or of that number in a list; a new one where none is."""
    if isinstance(table, dict):
        found = table.setdefault(part, {})
    elif part.isdecimal() and int(part) < len(table):
        found = table[int(part)]
    else:
        raise RecipeError(
            f"Expected a number from 0 to {len(table) - 1} for {part!r} in {key}, which counts "
            "entries of a list. Correct the key."
        )
    if not isinstance(found, dict | list):
        raise RecipeError(
            f"Expected a table for {part} in {key}, and the recipe has {found!r} there. "
            "Set the whole of it, or correct the key."
        )
    return found
