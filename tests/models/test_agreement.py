"""Agreement of readers and of maps, held against scikit-learn, scipy and what chance gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from drawn.smears import draw
from models.agreement import (
    OVERLAP_BY_CHANCE,
    disagreement,
    kappa,
    maps_in_common,
    pairwise,
    rank_correlation,
    top_overlap,
)
from models.answer.loading import load_answerer
from models.image.micrograph import micrograph_from_rgb
from models.opinion import opinion_on

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_observed_over_expected_agreement(seed):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 4, 60)
    second = np.where(rng.random(60) < 0.6, first, rng.integers(0, 4, 60))
    table = confusion_matrix(first, second) / 60
    by_chance = table.sum(axis=0) @ table.sum(axis=1)
    expected = (np.trace(table) - by_chance) / (1 - by_chance)
    assert kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))
    assert kappa(first, second) == pytest.approx(expected)


def test_kappa_has_no_value_where_chance_explains_everything():
    one, none, two = np.array([1, 1]), np.array([], int), np.array([0, 1])
    assert kappa(one, one) is None
    assert kappa(none, none) is None
    assert kappa(two, two) == 1
    assert kappa(two, two[::-1]) == -1
    assert kappa(one, two) == 0


@pytest.mark.parametrize("seed", range(5))
def test_rank_correlation_is_that_of_the_ranks(seed):
    rng = np.random.default_rng(seed)
    first = rng.random((16, 16))
    second = first + 0.5 * rng.random((16, 16)).round(1)
    ranks = [rankdata(values.ravel()) for values in (first, second)]
    assert rank_correlation(first, second) == pytest.approx(np.corrcoef(*ranks)[0, 1])


def test_an_even_map_agrees_with_nothing():
    even, other = np.zeros((8, 8)), np.arange(64.0).reshape(8, 8)
    assert rank_correlation(even, other) is None
    assert top_overlap(even, other) is None


def test_tops_of_equal_maps_overlap_wholly_and_of_opposite_ones_not_at_all():
    values = np.arange(100.0).reshape(10, 10)
    assert top_overlap(values, 2 * values + 1) == 1
    assert top_overlap(values, -values) == 0


def test_tops_of_unrelated_maps_overlap_by_chance():
    rng = np.random.default_rng(3)
    overlaps = [top_overlap(rng.random((64, 64)), rng.random((64, 64))) for _ in range(50)]
    assert np.mean(overlaps) == pytest.approx(OVERLAP_BY_CHANCE, abs=0.003)


def test_disagreement_is_the_mean_total_variation_of_all_pairs():
    assert disagreement([np.array([1.0, 0.0]), np.array([0.0, 1.0])]) == 1
    assert disagreement([np.array([0.7, 0.3])] * 3) == 0
    three = [np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0])]
    assert disagreement(three) == pytest.approx(2 / 3)


def test_maps_of_models_with_other_steps_meet_on_the_part_that_both_saw(tiny_ensemble):
    ensemble = load_answerer(tiny_ensemble)
    micrograph = micrograph_from_rgb(draw("Pre", seed=3).rgb[:, :180])
    stretched, letterboxed = (
        opinion_on(micrograph, member, class_index=1) for member in ensemble.members
    )
    first, second = maps_in_common((stretched, letterboxed))
    assert first.shape == second.shape
    # The first model saw all of the image, squeezed: its map on the image is its map enlarged.
    assert first[0, 0] == pytest.approx(stretched.explanation.map[0, 0], abs=0.05)
    unexplained = opinion_on(micrograph, ensemble, is_explained=False)
    assert maps_in_common((stretched, unexplained)) is None


def test_pairs_at_once_are_those_one_by_one_and_of_scipy() -> None:
    rng = np.random.default_rng(3)
    # Few levels, so that many pixels are level.
    maps = [*np.round(rng.random((4, 24, 24)), 1), np.zeros((24, 24))]
    correlations, overlaps = pairwise(maps)
    for i, first in enumerate(maps):
        for j, second in enumerate(maps):
            if 4 in (i, j):
                assert np.isnan(correlations[i, j])
                assert np.isnan(overlaps[i, j])
                continue
            expected = spearmanr(first.ravel(), second.ravel()).statistic
            assert correlations[i, j] == pytest.approx(expected)
            assert overlaps[i, j] == pytest.approx(top_overlap(first, second))


def test_a_map_agrees_with_itself_on_the_image(tiny_ensemble):
    ensemble = load_answerer(tiny_ensemble)
    micrograph = micrograph_from_rgb(draw("Early", seed=1).rgb)
    opinion = opinion_on(micrograph, ensemble.members[1], class_index=0)
    first, second = maps_in_common((opinion, opinion))
    assert np.array_equal(first, second)
    assert rank_correlation(first, second) == pytest.approx(1)
