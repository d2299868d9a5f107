"""Maps that mark cells pass; maps that know nothing, or that no weights change, fail."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from drawn.smears import draw
from models.bundle.card import SaliencyCheck
from training.audits.saliency import Viewed, agreements, centred_gaussian, check_maps, random_map
from training.audits.saliency_fidelity import fidelity
from training.errors import DatasetError

PX = 64
FOLLOWS, FROZEN = (0.1, 0.2), (0.1, 0.95)


def both(share: np.ndarray) -> np.ndarray:
    """A share of each picture as the probability of the first of two classes."""
    return np.stack([share, 1 - share], axis=1)


def stained(rgb: np.ndarray) -> np.ndarray:
    """A model that looks at nothing but dark stain: more of it, more of its first class."""
    darkness = np.clip(140 - rgb[..., 1].astype(np.float32), 0, None).mean(axis=(1, 2))
    return both(1 - np.exp(-darkness / 10))


def corner(side: int) -> np.ndarray:
    """A Gaussian in the corners, where no cell is."""
    return np.roll(centred_gaussian(side), side // 2, axis=(0, 1))


@pytest.fixture(scope="module")
def images() -> list[Viewed]:
    """Drawn smears with three maps: the nuclei themselves, the same again, and a corner."""
    found = []
    for seed in range(10):
        drawn = draw("blast", seed=seed)
        rgb = cv2.resize(drawn.rgb, (PX, PX), interpolation=cv2.INTER_AREA)
        cells = cv2.resize(drawn.nucleus_mask.astype(np.float32), (PX, PX)) > 0.5
        marks = cells.astype(np.float32)
        maps = {"mask": marks, "frozen": marks, "corner": corner(PX)}
        found.append(Viewed(rgb=rgb, cells=cells, group=seed // 2, class_index=0, maps=maps))
    return found


@pytest.fixture(scope="module")
def checks(images: list[Viewed]) -> dict[str, SaliencyCheck]:
    unchanged = {"mask": FOLLOWS, "frozen": FROZEN, "corner": FOLLOWS}
    return {check.method: check for check in check_maps(stained, images, unchanged)}


def test_a_map_that_is_the_cells_passes(checks: dict[str, SaliencyCheck]) -> None:
    check = checks["mask"]
    assert check.share.own.value == 1
    assert check.deletion.own.value < check.deletion.random
    assert check.insertion.own.value > check.insertion.random
    assert check.beats_gaussian
    assert check.beats_random
    assert check.passes
    assert (check.n, check.groups) == (10, 5)


def test_a_gaussian_in_the_corner_fails(checks: dict[str, SaliencyCheck]) -> None:
    check = checks["corner"]
    assert not check.beats_gaussian
    assert not check.beats_random
    assert not check.passes


def test_a_map_that_no_weights_change_fails_however_well_it_lies(
    checks: dict[str, SaliencyCheck],
) -> None:
    check = checks["frozen"]
    assert check.beats_gaussian
    assert check.beats_random
    assert not check.follows_weights
    assert not check.passes


def test_leads_are_differences_on_the_same_images(checks: dict[str, SaliencyCheck]) -> None:
    for check in checks.values():
        for measure, sign in ((check.share, 1), (check.deletion, -1), (check.insertion, 1)):
            lead = sign * (measure.own.value - measure.gaussian)
            assert measure.over_gaussian.value == pytest.approx(lead)
            assert measure.over_random.low <= measure.over_random.value <= measure.over_random.high


def test_a_random_map_has_on_cells_what_an_even_one_has(
    images: list[Viewed], checks: dict[str, SaliencyCheck]
) -> None:
    check = checks["mask"]
    assert check.share.random == pytest.approx(check.even_share, abs=0.15)
    assert check.even_share == pytest.approx(np.mean([image.cells.mean() for image in images]))


def test_methods_with_one_map_agree_wholly_and_others_do_not(images: list[Viewed]) -> None:
    found = {(pair.first, pair.second): pair for pair in agreements(images)}
    assert found["mask", "frozen"].rank_correlation == pytest.approx(1)
    assert found["mask", "frozen"].top_overlap == pytest.approx(1)
    assert found["mask", "corner"].rank_correlation < 0.5


def test_images_of_one_group_give_no_verdict(images: list[Viewed]) -> None:
    with pytest.raises(DatasetError, match="at least two groups"):
        check_maps(stained, images[:2], {"mask": FOLLOWS})


def region_model(region: tuple[slice, slice]) -> Callable[[np.ndarray], np.ndarray]:
    """A model whose probability is the mean brightness of a known region."""
    return lambda rgb: both(rgb[:, region[0], region[1]].mean(axis=(1, 2, 3)) / 255)


def test_removing_what_matters_costs_more_than_removing_what_chance_marks() -> None:
    region = (slice(8, 24), slice(36, 52))
    rgb = np.zeros((PX, PX, 3), np.uint8)
    rgb[region] = 255
    what_matters = np.zeros((PX, PX), np.float32)
    what_matters[region] = 1
    maps = {"what matters": what_matters, "random": random_map(PX, seed=3)}
    found = fidelity(region_model(region), rgb, maps, class_index=0)
    assert found["what matters"].deletion < found["random"].deletion
    assert found["what matters"].insertion > found["random"].insertion
    # It is told of the class that is asked for.
    other = fidelity(region_model(region), rgb, maps, class_index=1)
    assert other["what matters"].deletion > other["random"].deletion


def test_an_even_picture_tells_maps_not_apart() -> None:
    rgb = np.full((PX, PX, 3), 128, np.uint8)
    maps = {"one": random_map(PX, seed=1), "level": np.zeros((PX, PX), np.float32)}
    found = fidelity(region_model((slice(0, 9), slice(0, 9))), rgb, maps, class_index=0)
    for each in found.values():
        assert each.deletion == pytest.approx(128 / 255)
        assert each.insertion == pytest.approx(128 / 255)
