"""A changed recipe is a recipe: validated, and the same but for what was changed."""

import tomllib

import pytest

from training.errors import RecipeError
from training.recipes.edit import changed_recipe
from training.recipes.recipe import parse_recipe, read_recipe

NAME = "all-subtypes-efficientnet-lite1"


def test_a_recipe_without_changes_is_itself() -> None:
    recipe = read_recipe(NAME)
    again = parse_recipe(tomllib.loads(changed_recipe(recipe, {})), name=NAME)
    assert again == recipe


def test_changed_values_are_the_only_ones_that_differ() -> None:
    recipe = read_recipe(NAME)
    text = changed_recipe(recipe, {"fit.batch": 16, "seed": 11, "model.input_px": 64})
    changed = parse_recipe(tomllib.loads(text), name=NAME)
    assert (changed.fit.batch, changed.seed, changed.input_px) == (16, 11, 64)
    assert changed.steps[-1].parameters["size_px"] == 64
    assert changed.fit.head_epochs == recipe.fit.head_epochs
    assert recipe.input_px == 240


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fit.batch": 0}, "fit.batch"),
        ({"fit.learning_rat": 0.1}, "learning_rat"),
        ({"nothing.here": 1}, "nothing"),
    ],
)
def test_a_wrong_change_is_named(changes: dict[str, float], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        changed_recipe(read_recipe(NAME), changes)
