"""Copies of images made worse before their steps: in a named way, by chance, the same each time."""

from pathlib import Path

import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from models.image.degradation import NOTHING, Degradation, degrade
from models.preprocessing import apply_steps
from training.data.collection import collect
from training.data.index import read_index
from training.data.pictures import drawn_degradation, read_degraded, read_rgb, read_worse
from training.errors import RecipeError
from training.recipes.recipe import RECIPES, Worsening, parse_recipe
from training.recipes.toml_file import read_toml
from training.runs.folds import features_of

HARD = Worsening(jpeg_quality=10, blur_percent=2.0, scale=0.2)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    return read_index(
        write_synthetic_dataset(
            folder, labels=("Benign", "Early", "Pre", "Pro"), n_per_label=4, seed=1
        )
    )


def recipe_with(**fit: object):
    values = read_toml(RECIPES / "all-subtypes-frozen.toml")
    values["model"] |= {"input_px": 64, "weights": {"kind": "none"}}
    values["steps"] = [{"name": "resize", "parameters": {"size_px": 64, "fit": "stretch"}}]
    values["augmentation"] = {}
    values["fit"] = {"head_epochs": 1, "epochs": 0, "head_copies": 3, **fit}
    values["worsening"] = HARD.model_dump()
    return parse_recipe(values, name="made-worse")


def test_the_same_seed_makes_the_same_copies_and_another_others(drawn) -> None:
    steps = recipe_with().steps
    one, again, other = (read_worse(drawn.records, steps, HARD, seed=seed) for seed in (1, 1, 2))
    assert one.shape == (16, 64, 64, 3)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("named", "key", "none", "most"),
    [
        (Worsening(jpeg_quality=30), "jpeg_quality", 100, 30),
        (Worsening(blur_percent=3.0), "blur_percent", 0.0, 3.0),
        (Worsening(scale=0.1), "scale", 1.0, 0.1),
    ],
)
def test_a_way_that_is_named_goes_up_to_its_bound_and_no_further(named, key, none, most) -> None:
    chance = np.random.default_rng(0)
    drawn = [drawn_degradation(named, chance) for _ in range(400)]
    values = np.array([getattr(each, key) for each in drawn])
    low, high = sorted((none, most))
    assert low <= values.min() < low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) < values.max() <= high
    others = {name for name in Worsening.model_fields if name != key}
    assert all(getattr(each, name) == getattr(NOTHING, name) for each in drawn for name in others)


def test_each_way_that_is_named_is_taken_about_as_often() -> None:
    chance = np.random.default_rng(0)
    drawn = [drawn_degradation(HARD, chance) for _ in range(600)]
    taken = [
        sum(getattr(d, n) != getattr(NOTHING, n) for d in drawn) for n in Worsening.model_fields
    ]
    assert all(150 < n < 250 for n in taken)
    assert sum(taken) <= 600  # one way each


def test_a_worse_picture_is_what_the_degradation_makes_of_it(drawn) -> None:
    steps, records = recipe_with().steps, drawn.records[:3]
    done = Degradation(jpeg_quality=20)
    found = read_degraded(records, steps, [done] * 3)
    expected = np.stack([apply_steps(degrade(read_rgb(each), done), steps) for each in records])
    assert np.array_equal(found, expected)


def test_what_is_made_is_told_up_to_the_end(drawn) -> None:
    heard: list[float] = []
    read_worse(drawn.records, recipe_with().steps, HARD, seed=0, tell=heard.append)
    assert heard == sorted(heard)
    assert (len(heard), heard[-1]) == (16, 1.0)


def test_where_no_way_is_named_copies_are_the_images_themselves(drawn) -> None:
    steps = recipe_with().steps
    clean = np.stack([apply_steps(read_rgb(each), steps) for each in drawn.records])
    assert np.array_equal(read_worse(drawn.records, steps, Worsening(), seed=0), clean)


def test_a_head_learns_from_features_of_the_worse_copies(drawn, tmp_path: Path) -> None:
    recipe = recipe_with()
    collection = collect(recipe, drawn)
    features = features_of(recipe, collection, tmp_path / "worse")
    plain = features_of(
        parse_recipe({**recipe.source, "worsening": {}}, name="as-they-are"),
        collection,
        tmp_path / "plain",
    )
    assert features.shape == plain.shape
    assert np.array_equal(features[0], plain[0])  # the images as they are
    assert np.array_equal(plain[1], plain[0])  # no augmentation, no worsening
    moved = [np.abs(features[copy] - features[0]).mean() for copy in (1, 2)]
    assert min(moved) > 0
    assert not np.array_equal(features[1], features[2])


def test_worsening_without_copies_is_refused() -> None:
    with pytest.raises(RecipeError, match="there are none"):
        recipe_with(head_copies=1)
