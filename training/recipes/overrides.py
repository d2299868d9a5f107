"""What is changed in a recipe for one run: what is said on the command line, and a smoke run.

What was changed is kept in the recipe itself, so that its card, its name and its tables say that
it is not the protocol.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.architectures import architecture
from models.stored import is_id
from training.errors import RecipeError
from training.recipes.edit import changed_values
from training.recipes.recipe import Recipe, parse_recipe
from training.recipes.toml_file import parse_toml

SMOKE_PX = 32
"""Side of the pictures of a smoke run, but for networks that take no smaller than a larger one."""
SMOKE_IMAGES_OF_A_CLASS = 12
"""Number of images of each class in a smoke run."""
_KEPT = ("overridden", "title", "limit")
_WORD = re.compile(r"[A-Za-z][\w-]*")


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """What is changed for one run.

    Attributes:
        values: New values by dotted key, see `changed_values`.
        of_models: Further ones for the recipes of these names alone.
        limit: Number of images that are taken at most; None as the recipe has it.
        is_smoke: Whether it is to show that the parts fit together, in as little time as it takes:
            drawn weights, one epoch, few small pictures, and of the splits only the last, once.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    of_models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limit: int | None = None
    is_smoke: bool = False


def read_settings(texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Settings such as "fit.epochs=1", as values by dotted key, by the model that they are of.

    A value is TOML, as in the file of a recipe; a single word may stand without quotation marks.
    "MODEL:fit.epochs=1" is of the recipe of that name; without one the model is "", for all.

    Raises:
        RecipeError: One is not KEY=VALUE, its value is no TOML, or its key is not to be set.
    """
    found: dict[str, dict[str, Any]] = {"": {}}
    for text in texts:
        key, is_set, value = (part.strip() for part in text.partition("="))
        model, is_of_model, rest = key.partition(":")
        key = rest if is_of_model else key
        model = model if is_of_model else ""
        if not is_set or not re.fullmatch(r"\w[\w-]*(\.\w[\w-]*)*", key):
            raise RecipeError(
                f"Expected KEY=VALUE or MODEL:KEY=VALUE, as in fit.epochs=1, received {text!r}. "
                "Correct it."
            )
        if key in _KEPT:
            other = "--limit" if key == "limit" else "a recipe of your own"
            raise RecipeError(f"The key {key} cannot be set here. Use {other}.")
        found.setdefault(model, {})[key] = _toml_value(key, value)
    return found


def refuse_unknown_models(overrides: Overrides, names: Collection[str]) -> None:
    """Raises RecipeError where a setting is of a model that is none of these."""
    for model in overrides.of_models:
        if model not in names:
            known = ", ".join(names)
            raise RecipeError(f"There is no model {model!r} to set. Name one of {known}.")


def _toml_value(key: str, text: str) -> Any:
    if _WORD.fullmatch(text) and text not in ("true", "false", "inf", "nan"):
        return text
    table = parse_toml(f"value = {text}", name=f"The value of {key}")
    if list(table) != ["value"]:
        raise RecipeError(f"Expected one value for {key}, received {text!r}. Correct it.")
    return table["value"]


def overridden_recipe(recipe: Recipe, overrides: Overrides) -> Recipe:
    """The recipe with what is changed for one run, under a name and a title that say so.

    It is itself where nothing differs.

    Raises:
        RecipeError: A key is none of a recipe's, a value is not allowed, or the name is too long.
    """
    changes = _smoke_values(recipe) if overrides.is_smoke else {}
    changes |= overrides.values
    changes |= overrides.of_models.get(recipe.name, {})
    if overrides.limit is not None:
        changes["limit"] = overrides.limit
    differing = {
        key: value for key, value in changes.items() if value != _value_at(recipe.source, key)
    }
    if not differing:
        return recipe
    kind = "smoke" if overrides.is_smoke else "changed"
    name = f"{recipe.name}-{kind}"
    if is_id(recipe.name) and not is_id(name):
        raise RecipeError(
            f"Expected names of 3 to 64 letters, and {name!r} would be longer. "
            "Shorten the recipe's name."
        )
    values = changed_values(recipe, differing)
    parse_recipe(values, name=name)  # an error names the key, before anything is added
    values["title"] = f"{recipe.title} ({'smoke run' if overrides.is_smoke else 'changed'})"
    values["overridden"] = [
        *recipe.overridden,
        *(["a smoke run, which shows only that it runs"] if overrides.is_smoke else []),
        *(_in_words(recipe, key, value) for key, value in differing.items()),
    ]
    return parse_recipe(values, name=name)


def change_in_words(recipe: Recipe) -> str:
    """What a card says of a recipe that was changed for one run."""
    return f"Not the recipe's protocol, but changed for this run: {'; '.join(recipe.overridden)}."


def _smoke_values(recipe: Recipe) -> dict[str, Any]:
    """The least that still goes through every part of the recipe."""
    fit = recipe.fit
    values: dict[str, Any] = {
        "model.weights": {"kind": "none"},
        "fit.epochs": min(fit.epochs, 1),
        "fit.head_epochs": min(fit.head_epochs, 1),
        "limit": SMOKE_IMAGES_OF_A_CLASS * len(recipe.task.classes),
    }
    if fit.head_epochs:
        values["fit.head_copies"] = 1 if recipe.worsening is None else 2
    if fit.epoch_steps:
        values["fit.epoch_steps"] = 1
    if any(step.name == "resize" for step in recipe.steps):
        smallest = architecture(recipe.architecture).min_px
        values["model.input_px"] = min(recipe.input_px, max(SMOKE_PX, smallest))
    plan = dict(recipe.source["split"][-1])
    values["split"] = [plan | {"folds": 1} if "folds" in plan else plan]
    return values


def _value_at(source: Mapping[str, Any], key: str) -> Any:
    """What stands at a dotted key; None where nothing does."""
    found: Any = source
    for part in key.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def _in_words(recipe: Recipe, key: str, value: Any) -> str:
    own = _value_at(recipe.source, key)
    before = "not set" if own is None else _written(own)
    return f"{key} = {_written(value)} (recipe: {before})"


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
