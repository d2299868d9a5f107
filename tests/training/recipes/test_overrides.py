"""What is changed for one run stands in the recipe, and what it cannot have is named."""

import tomllib

import pytest

from training.errors import RecipeError
from training.recipes.overrides import (
    SMOKE_IMAGES_OF_A_CLASS,
    Overrides,
    change_in_words,
    overridden_recipe,
    read_settings,
)
from training.recipes.recipe import RECIPES, parse_recipe, read_recipe
from training.studies.plan import STUDIES, overridden_study, read_study

VGG16 = "hagar-2023-vgg16"
NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))
STUDY_NAMES = sorted(path.stem for path in STUDIES.glob("*.toml"))


def changed(*settings: str, name: str = VGG16, limit: int | None = None, smoke: bool = False):
    overrides = Overrides(values=read_settings(settings)[""], limit=limit, is_smoke=smoke)
    return overridden_recipe(read_recipe(name), overrides)


def test_a_value_is_toml_and_a_word_needs_no_quotation_marks():
    assert read_settings(
        [
            "fit.epochs=1",
            "model.weights.kind=none",
            'title_="a b"',
            "steps = []",
            "x=true",
            "y=1e-3",
            "hagar-2023-vgg16:fit.epochs=2",
        ]
    ) == {
        "": {
            "fit.epochs": 1,
            "model.weights.kind": "none",
            "title_": "a b",
            "steps": [],
            "x": True,
            "y": 0.001,
        },
        "hagar-2023-vgg16": {"fit.epochs": 2},
    }


def test_a_setting_of_one_member_changes_no_other():
    study = read_study("hagar-2023")
    overrides = Overrides(values={"seed": 3}, of_models={VGG16: {"fit.epochs": 0}})
    vgg16, _, densenet121 = overridden_study(study, overrides).members
    assert (vgg16.fit.epochs, densenet121.fit.epochs) == (0, 20)
    assert (vgg16.seed, densenet121.seed) == (3, 3)
    with pytest.raises(RecipeError, match=r"no model 'vgg16' to set.*hagar-2023-vgg16"):
        overridden_study(study, Overrides(of_models={"vgg16": {"seed": 1}}))


def test_only_what_was_set_differs_and_it_is_said():
    recipe = changed("fit.epochs=1", "model.weights.kind=none", limit=120)
    own = read_recipe(VGG16)
    assert recipe.name == "hagar-2023-vgg16-changed"
    assert recipe.title == f"{own.title} (changed)"
    assert recipe.fit == own.fit.changed(epochs=1)
    assert (recipe.weights.kind, recipe.limit) == ("none", 120)
    assert (recipe.steps, recipe.splits, recipe.head) == (own.steps, own.splits, own.head)
    assert recipe.overridden == (
        "fit.epochs = 1 (recipe: 20)",
        'model.weights.kind = "none" (recipe: "package")',
        "limit = 120 (recipe: not set)",
    )
    assert "fit.epochs = 1 (recipe: 20)" in change_in_words(recipe)


def test_what_the_recipe_has_already_changes_nothing():
    assert changed("fit.epochs=20", "model.weights.kind=package") == read_recipe(VGG16)
    assert changed() == read_recipe(VGG16)


def test_a_changed_recipe_is_read_again_from_its_own_content():
    recipe = changed("seed=11", smoke=True)
    assert parse_recipe(dict(recipe.source), name=recipe.name) == recipe
    again = overridden_recipe(recipe, Overrides(values={"seed": 12}))
    assert again.overridden[:-1] == recipe.overridden


def test_an_entry_of_a_list_goes_by_its_number():
    recipe = changed("split.0.folds=2", "steps.0.parameters.fit=centre_crop")
    assert [plan.folds for plan in recipe.splits] == [2, 1]
    assert recipe.steps[0].parameters["fit"] == "centre_crop"


def test_the_input_size_changes_the_resize_step():
    recipe = changed("model.input_px=96")
    assert (recipe.input_px, recipe.steps[-1].parameters["size_px"]) == (96, 96)


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("fit.epoch=1", r"in fit, received 'epoch'\. Did you mean 'epochs'\?"),
        ("fits.epochs=1", r"Expected only the keys .*received 'fits'"),
        ("fit.epochs=many", r"fit.epochs to be a whole number from 0 to 500, received 'many'"),
        ("fit.epochs=-1", r"fit.epochs to be a whole number"),
        ("split.7.folds=2", r"from 0 to 1 for '7' in split\.7\.folds"),
        ("split.first.folds=2", r"for 'first' in split\.first\.folds"),
        ("seed.of.it=2", r"a table for seed in seed\.of\.it"),
        ("model.weights.kind=file", r"path for weights of kind 'file'"),
        ("fit.epochs", r"KEY=VALUE, as in fit\.epochs=1, received 'fit\.epochs'"),
        ("=1", r"KEY=VALUE"),
        ("fit..epochs=1", r"KEY=VALUE"),
        ("fit.epochs=[1, ", r"The value of fit\.epochs cannot be read as TOML"),
        ("fit.epochs=1\nseed = 2", r"one value for fit\.epochs"),
        ("overridden=[]", r"overridden cannot be set"),
        ("limit=3", r"--limit"),
        ("title=Mine", r"title cannot be set"),
    ],
)
def test_what_a_recipe_cannot_have_is_named(setting: str, complaint: str):
    with pytest.raises(RecipeError, match=complaint):
        changed(setting)


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_has_a_smoke_run(name: str):
    own, recipe = read_recipe(name), changed(name=name, smoke=True)
    assert recipe.name == f"{name}-smoke"
    assert recipe.title.endswith("(smoke run)")
    assert recipe.overridden[0].startswith("a smoke run")
    assert recipe.weights.kind == "none"
    assert recipe.fit.epochs == min(own.fit.epochs, 1)
    assert recipe.fit.head_epochs == min(own.fit.head_epochs, 1)
    assert recipe.limit == SMOKE_IMAGES_OF_A_CLASS * len(own.task.classes)
    assert recipe.input_px <= 96 or not any(step.name == "resize" for step in own.steps)
    assert recipe.splits == (own.splits[-1].changed(folds=1),)


def test_a_setting_wins_over_the_smoke_run():
    assert changed("fit.epochs=2", smoke=True).fit.epochs == 2
    assert changed(smoke=True, limit=40).limit == 40


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_every_study_has_a_smoke_run(name: str):
    own = read_study(name)
    study = overridden_study(own, Overrides(is_smoke=True))
    assert [each.name for each in study.members] == [f"{each.name}-smoke" for each in own.members]
    for ensemble, before in zip(study.ensembles, own.ensembles, strict=True):
        assert ensemble.members == tuple(f"{each}-smoke" for each in before.members)


def test_a_recipe_from_before_has_no_limit_and_was_not_changed():
    values = tomllib.loads((RECIPES / f"{VGG16}.toml").read_text())
    recipe = parse_recipe(values, name=VGG16)
    assert (recipe.limit, recipe.overridden) == (0, ())
