import tomllib

import numpy as np
import pytest

from training.errors import RecipeError
from training.fit.preview import preview
from training.recipes.recipe import RECIPES, Recipe, parse_recipe


def recipe(**augmentation: float) -> Recipe:
    values = tomllib.loads((RECIPES / "all-subtypes-efficientnet-lite0.toml").read_text())
    values["model"]["input_px"] = 32
    values["steps"] = [{"name": "resize", "parameters": {"size_px": 32, "fit": "stretch"}}]
    values["augmentation"] = augmentation
    values["fit"] |= {"epochs": 1}
    return parse_recipe(values, name="preview")


def smear() -> np.ndarray:
    rgb = np.full((60, 80, 3), (230, 220, 225), np.uint8)
    rgb[10:40, 10:30] = (100, 50, 140)
    return rgb


def test_versions_have_the_network_s_size_and_differ_from_each_other():
    versions = preview(recipe(quarter_turns=1, stain_jitter_giemsa=0.2), smear(), 6, 1)
    assert versions.shape == (6, 32, 32, 3)
    assert versions.dtype == np.uint8
    assert len({version.tobytes() for version in versions}) == 6


def test_a_seed_gives_the_same_versions():
    plan = recipe(flips=1, exposure=0.3)
    assert np.array_equal(preview(plan, smear(), 3, 4), preview(plan, smear(), 3, 4))
    assert not np.array_equal(preview(plan, smear(), 3, 4), preview(plan, smear(), 3, 5))


@pytest.mark.parametrize("mix", ["mixup", "cutmix"])
def test_a_partner_is_mixed_in_where_the_recipe_mixes(mix):
    black = np.zeros((20, 20, 3), np.uint8)
    plain = preview(recipe(**{mix: 1.0}), smear(), 4, 1)
    mixed = preview(recipe(**{mix: 1.0}), smear(), 4, 1, partner=black)
    assert plain.min() >= 50
    assert mixed.mean() < plain.mean()


def test_no_versions_at_all_is_refused():
    with pytest.raises(RecipeError, match="received 0"):
        preview(recipe(), smear(), 0, 1)
