"""The estimate of a run's time grows with what the run has to do."""

from dataclasses import replace

import pytest

from models.architectures import ARCHITECTURES
from training.estimate import estimated_seconds, in_words
from training.recipe import read_recipe


def test_every_architecture_can_be_estimated() -> None:
    recipe = read_recipe("all-subtypes-efficientnet-lite1")
    for name in ARCHITECTURES:
        assert estimated_seconds(replace(recipe, architecture=name), 100, cores=2) > 0


def test_twice_the_images_or_half_the_cores_take_twice_as_long() -> None:
    recipe = read_recipe("all-subtypes-efficientnet-lite1")
    once = estimated_seconds(recipe, 1000, cores=2)
    assert estimated_seconds(recipe, 2000, cores=2) == pytest.approx(2 * once)
    assert estimated_seconds(recipe, 1000, cores=1) == pytest.approx(2 * once)


def test_fine_tuning_takes_longer_than_a_head_alone() -> None:
    recipe = read_recipe("all-subtypes-efficientnet-lite1")
    tuned = replace(recipe, fit=replace(recipe.fit, epochs=5))
    assert estimated_seconds(tuned, 1000) > 5 * estimated_seconds(recipe, 1000)


def test_durations_are_told_in_a_readers_units() -> None:
    assert in_words(41) == "about 40 seconds"
    assert in_words(25 * 60) == "about 25 minutes"
    assert in_words(3.1 * 3600) == "about 3 hours"
