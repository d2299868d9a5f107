"""The estimate of a run's time grows with what the run has to do."""

from dataclasses import replace

import pytest

from models.architectures import ARCHITECTURES
from training.recipes.recipe import read_recipe
from training.runs.estimate import (
    BUNDLE,
    COMPRESSED,
    estimated_seconds,
    expected_seconds,
    in_words,
    parts_of,
)


def test_every_architecture_can_be_estimated() -> None:
    recipe = read_recipe("all-subtypes-efficientnet-lite1")
    for name in ARCHITECTURES:
        assert estimated_seconds(replace(recipe, architecture=name), 100, cores=2) > 0


def test_what_grows_with_the_images_and_the_cores_grows_as_they_do() -> None:
    recipe = read_recipe("all-subtypes-efficientnet-lite1")
    none, once, twice = (estimated_seconds(recipe, n, cores=2) for n in (0, 1000, 2000))
    assert 0 < none < once
    assert twice - once == pytest.approx(once - none)
    reading = parts_of(recipe, 1000)[0].seconds
    half = estimated_seconds(recipe, 1000, cores=1)
    assert half - none - reading == pytest.approx(2 * (once - none - reading))


def test_every_data_set_left_out_is_a_part() -> None:
    recipe = read_recipe("all-subtypes-efficientnet-lite1")
    left_out = replace(recipe, splits=(recipe.splits[0].changed(kind="leave_one_dataset_out"),))
    names = [part.name for part in parts_of(left_out, 100, n_datasets=3)]
    assert len(set(names)) == len(names)
    assert sum("fold" in name for name in names) == 3
    two = replace(left_out, splits=(left_out.splits[0].changed(data_sets=("a", "b")),))
    assert sum("fold" in part.name for part in parts_of(two, 100, n_datasets=3)) == 2


def test_compressed_copies_are_a_part_where_a_run_asks_about_them() -> None:
    cells = read_recipe("all-subtypes-cells")
    assert [part.name for part in parts_of(cells, 100)][-2:] == [COMPRESSED, BUNDLE]
    for other in (
        replace(cells, worsening=None),
        replace(cells, worsening=cells.worsening.changed(jpeg_quality=100)),
        replace(cells, splits=(cells.splits[0].changed(folds=1),)),
        replace(cells, splits=(cells.splits[0].changed(kind="random"),)),
    ):
        assert COMPRESSED not in [part.name for part in parts_of(other, 100)]


def test_earlier_runs_of_this_machine_mend_the_estimate() -> None:
    assert expected_seconds(80, []) == 80
    earlier = [(60, 600), (5000, 6000)]
    assert expected_seconds(80, earlier) == pytest.approx(800)
    assert expected_seconds(4000, earlier) == pytest.approx(4800)


def test_fine_tuning_takes_longer_than_a_head_alone() -> None:
    recipe = read_recipe("all-subtypes-efficientnet-lite1")
    tuned = replace(recipe, fit=recipe.fit.changed(epochs=5))
    assert estimated_seconds(tuned, 1000) > 5 * estimated_seconds(recipe, 1000)


def test_durations_are_told_in_a_readers_units() -> None:
    assert in_words(41) == "about 40 seconds"
    assert in_words(25 * 60) == "about 25 minutes"
    assert in_words(3.1 * 3600) == "about 3 hours"
