"""A study as data: what stands in one is checked before anything runs."""

import tomllib
from typing import Any

import pytest

from training.errors import RecipeError
from training.recipes.recipe import RECIPES
from training.studies.plan import (
    STUDIES,
    Study,
    parse_study,
    read_study,
)

SPLIT = {"kind": "random", "test": 0.25, "validation": 0.25}


@pytest.fixture
def recipe(tmp_path) -> str:
    """A recipe of this test's own, as a file."""
    text = """
title = "Drawn, 64 px"
task = "all-subtypes"
model = { architecture = "alexnet", input_px = 64, weights = { kind = "none" } }
steps = [{ name = "resize", parameters = { size_px = 64, fit = "stretch" } }]
fit = { head_epochs = 2, epochs = 1 }
split = [{ kind = "random" }, { kind = "grouped" }]
"""
    path = tmp_path / "drawn.toml"
    path.write_text(text)
    return str(path)


def study(recipe: str, **values: Any) -> Study:
    return parse_study({"title": "T", "recipes": [recipe], **values}, name="study")


@pytest.mark.parametrize("name", sorted(entry.stem for entry in STUDIES.glob("*.toml")))
def test_every_study_of_the_project_can_be_read(name):
    found = read_study(name)
    # something to compare: runs, folds, data sets or classifiers
    plans = [plan for member in found.members for plan in member.splits]
    assert (
        len(found.members) > 1
        or found.bench
        or any(plan.folds > 1 or plan.kind == "leave_one_dataset_out" for plan in plans)
    )


def test_najjars_size_study_is_four_runs_that_differ_in_size_alone():
    members = read_study("najjar-2025-sizes").members
    original = tomllib.loads((RECIPES / "najjar-2025-vgg16.toml").read_text())
    assert [member.input_px for member in members] == [300, 250, 200, 150]
    for member in members:
        assert [step.parameters["size_px"] for step in member.steps] == [member.input_px]
        assert f"{member.input_px} px" in member.title
        assert dict(member.source["fit"]) == original["fit"]
        assert member.fit == members[0].fit
        assert member.splits == members[0].splits


def test_sizes_change_the_resize_step_and_the_network_and_nothing_else(recipe):
    small, large = study(recipe, sizes_px=[64, 96]).members
    assert (small.name, large.name) == ("drawn-64px", "drawn-96px")
    assert large.title == "Drawn, 96 px"
    assert large.steps[0].parameters == {"size_px": 96, "fit": "stretch"}
    assert large.source["model"]["input_px"] == large.input_px == 96
    assert small.fit == large.fit


def test_architectures_take_turns_in_one_protocol(recipe):
    members = study(recipe, architectures=["alexnet", "mobilenet"]).members
    assert [member.architecture for member in members] == ["alexnet", "mobilenet"]
    assert len({member.fit for member in members}) == 1


def test_a_variant_stands_beside_its_recipe_and_differs_in_what_it_sets(recipe):
    own, small = study(
        recipe, variant=[{"name": "batch-8", "of": ["drawn"], "set": {"fit.batch": 8}}]
    ).members
    assert (own.name, small.name) == ("drawn", "drawn-batch-8")
    assert small.fit == own.fit.changed(batch=8)
    assert small.title == f"{own.title}, batch 8"
    with pytest.raises(RecipeError, match=r"'fit\.batches'|batches"):
        study(recipe, variant=[{"name": "wrong", "set": {"fit.batches": 8}}])
    with pytest.raises(RecipeError, match="'another', which is no recipe of the study"):
        study(recipe, variant=[{"name": "x", "of": ["another"], "set": {"fit.batch": 4}}])


def test_a_variant_is_found_under_its_recipes_name_where_the_study_splits_anew(recipe):
    variant = {"name": "batch-8", "of": ["drawn"], "set": {"fit.batch": 8}}
    members = study(recipe, variant=[variant], split=[{"kind": "random", "folds": 2}]).members
    assert [each.name for each in members] == ["drawn-2-folds", "drawn-2-folds-batch-8"]


def test_drawn_weights_all_learn_whatever_share_was_frozen(recipe):
    own, twin = study(recipe, frozen_share=0.5, from_scratch=True).members
    assert (own.fit.frozen_share, twin.fit.frozen_share) == (0.5, 0.0)


def test_a_share_frozen_goes_with_every_architecture(tmp_path, recipe):
    text = (tmp_path / "drawn.toml").read_text()
    text = text.replace("epochs = 1 }", 'epochs = 1, frozen_until = "conv3" }')
    (tmp_path / "drawn.toml").write_text(text)
    with pytest.raises(RecipeError, match="layers of its own network"):
        study(recipe, architectures=["alexnet", "vgg16"])
    both = study(recipe, architectures=["alexnet", "vgg16"], frozen_share=0.4).members
    assert [member.architecture for member in both] == ["alexnet", "vgg16"]
    assert {(m.fit.frozen_share, m.fit.frozen_until) for m in both} == {(0.4, "")}


def test_other_splits_than_the_recipes_are_in_the_name(recipe):
    for splits, name in (
        ([{"kind": "random"}, {"kind": "grouped"}], "drawn"),
        ([{"kind": "random", "folds": 5}], "drawn-5-folds"),
        ([{"kind": "grouped", "test": 0.3}], "drawn-one-split"),
        ([{"kind": "leave_one_dataset_out"}], "drawn-lodocv"),
    ):
        assert study(recipe, split=splits).members[0].name == name


def test_from_scratch_adds_a_twin_with_drawn_weights_that_all_learn(tmp_path, recipe):
    path = tmp_path / "pretrained.toml"
    text = (tmp_path / "drawn.toml").read_text().replace('"none"', '"file"', 1)
    text = text.replace(
        'kind = "file"', f'kind = "file", path = "w.h5", sha256 = "{"0" * 64}"'
    ).replace("epochs = 1 }", 'epochs = 1, frozen_until = "pool2" }')
    path.write_text(text)
    pretrained, scratch = study(str(path), from_scratch=True).members
    assert scratch.name == "pretrained-from-scratch"
    assert (pretrained.weights.kind, scratch.weights.kind) == ("file", "none")
    assert scratch.fit.head_epochs == 0
    assert scratch.fit.frozen_until == ""
    assert pretrained.fit.frozen_until == "pool2"


def test_a_study_may_set_task_and_splits_for_all_members(recipe):
    plan = {"kind": "leave_one_dataset_out", "validation": 0.2}
    member = study(recipe, task="blast-or-normal", split=[plan]).members[0]
    assert member.task.name == "blast-or-normal"
    assert [split.kind for split in member.splits] == ["leave_one_dataset_out"]


def test_an_ensemble_is_of_all_members_unless_some_are_named(recipe):
    found = study(
        recipe,
        sizes_px=[64, 80, 96],
        ensemble=[
            {"name": "everyone"},
            {"name": "two", "members": ["drawn-64px", "drawn-96px"], "weights": "validation"},
        ],
    )
    assert found.ensembles[0].members == ("drawn-64px", "drawn-80px", "drawn-96px")
    assert found.ensembles[0].weights == "equal"
    assert found.ensembles[1].weights == "validation"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sizes_px": [16]}, "sizes_px"),
        ({"sizes_px": [64, 64]}, "drawn-64px"),
        ({"architectures": ["vgg-19"]}, r"architectures\[0\] to be one of .* Did you mean 'vgg19'"),
        ({"split": [{"kind": "sideways"}]}, "leave_one_dataset_out"),
        ({"split": [SPLIT, SPLIT]}, "twice"),
        ({"ensemble": [{"name": "alone"}]}, "at least two"),
        ({"ensemble": [{"name": "odd", "members": ["drawn", "missing"]}]}, "missing"),
        ({"bench": ["tea leaves"]}, "tea leaves"),
        ({"size_px": [64]}, "size_px"),
        ({"recipes": []}, "without a recipe"),
        ({"recipes": ["no-such-recipe"]}, "no-such-recipe"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(recipe, values, message):
    with pytest.raises(RecipeError, match=message):
        study(recipe, **values)


def test_an_ensemble_over_different_splits_is_refused_before_anything_runs(recipe, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text((tmp_path / "drawn.toml").read_text().replace("title", "seed = 8\ntitle", 1))
    with pytest.raises(RecipeError, match="differ in task, split or seed"):
        study(recipe, recipes=[recipe, str(other)], ensemble=[{"name": "mixed"}])


def test_frozen_layers_of_one_network_are_not_sought_in_another(recipe, tmp_path):
    text = (tmp_path / "drawn.toml").read_text()
    text = text.replace("epochs = 1 }", 'epochs = 1, frozen_until = "pool2" }')
    (tmp_path / "drawn.toml").write_text(text)
    with pytest.raises(RecipeError, match="frozen_until"):
        study(recipe, architectures=["mobilenet"])


def test_an_architecture_without_weights_of_the_kind_is_refused():
    values = {
        "title": "T",
        "recipes": ["all-subtypes-efficientnet-lite1"],
        "architectures": ["alexnet"],
    }
    with pytest.raises(RecipeError, match="'package'"):
        parse_study(values, name="study")


def test_drawn_weights_that_never_learn_are_refused(recipe, tmp_path):
    text = (tmp_path / "drawn.toml").read_text().replace("epochs = 1 }", "epochs = 0 }")
    (tmp_path / "drawn.toml").write_text(text)
    with pytest.raises(RecipeError, match="epochs above 0"):
        study(recipe, from_scratch=True)


def test_an_unknown_study_is_refused_with_those_that_are_known():
    with pytest.raises(RecipeError, match="najjar-2025-sizes"):
        read_study("no-such-study")
