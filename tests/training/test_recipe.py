import copy
import tomllib

import pytest

from models.errors import RecipeError
from training.recipe import RECIPES, parse_recipe, read_recipe

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))


def values(name: str = "all-subtypes-efficientnet-lite0") -> dict:
    return tomllib.loads((RECIPES / f"{name}.toml").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_of_the_project_is_valid(name):
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.input_px in [step.parameters.get("size_px") for step in recipe.steps]


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (
            ("fit", "epochs"),
            "many",
            "fit.epochs to be a whole number from 0 to 500, received 'many'",
        ),
        (("fit", "optimiser"), "adam", "fit.optimiser to be only the keys"),
        (
            ("fit", "learning_rate"),
            7,
            "fit.learning_rate to be a number from 1e-07 to 1, received 7",
        ),
        (("model", "architecture"), "resnet51", "model.architecture to be one of"),
        (("model", "weights"), {"kind": "pickle"}, "model.weights to be valid"),
        (("augmentation", "flips"), "yes", "augmentation.flips to be a number"),
        (("seed",), -1, "seed to be a whole number from 0"),
        (("task",), "heart", "task to be one of"),
        (("colour",), 1, "colour to be only the keys"),
        (("split",), [], "at least one"),
        (("steps",), [{"name": "sharpen"}], "steps to be valid"),
        (("split",), [{"kind": "by-slide"}], r"split\[0\].kind to be one of random, grouped"),
    ],
)
def test_a_faulty_recipe_is_refused_with_key_value_and_what_is_allowed(path, value, complaint):
    faulty = copy.deepcopy(values())
    place = faulty
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(RecipeError, match=complaint):
        parse_recipe(faulty, name="faulty")


def test_a_missing_key_is_named():
    faulty = values()
    del faulty["fit"]["epochs"]
    with pytest.raises(RecipeError, match=r"fit\.epochs, received nothing"):
        parse_recipe(faulty, name="faulty")


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(RecipeError, match="all-subtypes-efficientnet-lite0"):
        read_recipe("resnet")
