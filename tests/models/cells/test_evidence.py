"""Each cell is taken away in turn, and what moves the answer is found to be what does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodui.render.evidence_words import evidence_in_words
from drawn.smears import draw
from models.answer.ensemble import Ensemble
from models.answer.loading import load_answerer, load_model
from models.answer.prediction import log_odds, softmax
from models.cells.evidence import Evidence, carriers_of, evidence_on, order_of, weigh
from models.cells.parts import (
    BLOCKS_PER_SIDE,
    MOST_CELLS,
    ErasablePicture,
    PictureParts,
    part_masks,
    parts_of,
    parts_seen,
)
from models.finding.find import find_cells
from models.finding.stain import counts_of, empty_density, nuclear_level, stain_levels
from models.image.cell_mask import background_colour
from models.image.micrograph import micrograph_from_rgb
from models.opinion import opinion_on
from models.preprocessing import Step, StepPicture, picture_steps
from tests.models.finding.test_find import CYTOPLASM, NUCLEUS, disc, lymphocyte, paper, seen

PLACES = [(70, 80), (250, 90), (430, 100), (120, 300), (330, 310)]


def field() -> np.ndarray:
    """Five lymphocytes on paper, 0.2 µm a pixel."""
    rgb = paper()
    for x, y in PLACES:
        lymphocyte(rgb, x, y)
    return seen(rgb)


def as_seen(rgb: np.ndarray, *, size_px: int = 256) -> StepPicture:
    """A field as a network sees it: letterboxed."""
    steps = (Step(name="resize", parameters={"size_px": size_px, "fit": "letterbox"}),)
    return picture_steps(rgb, steps)[-1]


def found_parts(rgb: np.ndarray, picture: StepPicture) -> PictureParts:
    return parts_of(rgb, picture.region, um_per_px=0.2)


def dark_at(
    picture: StepPicture, place: tuple[int, int], *, reach_px: int = 15
) -> tuple[slice, slice]:
    left, top, right, bottom = picture.region
    scale = picture.rgb.shape[1] / (right - left), picture.rgb.shape[0] / (bottom - top)
    x, y = round((place[0] - left) * scale[0]), round((place[1] - top) * scale[1])
    return np.s_[y - reach_px : y + reach_px, x - reach_px : x + reach_px]


class CountsDarkPixels:
    """A network of two classes: the first one's logit is how many dark pixels are in places."""

    def __init__(self, picture: StepPicture, weights: dict[int, float]) -> None:
        self.windows = [(dark_at(picture, PLACES[n]), w) for n, w in weights.items()]
        self.n_asked = 0

    def __call__(self, views: Sequence[np.ndarray]) -> np.ndarray:
        (rgb,) = views
        self.n_asked += len(rgb)
        dark = rgb[..., 1] < 110
        first = sum(weight * dark[:, *at].mean(axis=(1, 2)) for at, weight in self.windows)
        return np.stack([np.asarray(first), np.full(len(rgb), 0.1)], axis=1)


def evidence(weights: dict[int, float], class_index: int = 0) -> Evidence:
    rgb = field()
    picture = as_seen(rgb)
    ask = CountsDarkPixels(picture, weights)
    return weigh(
        found_parts(rgb, picture), [picture], ask, class_index=class_index, classes=("A", "B")
    )


def test_the_cell_that_the_network_looks_at_carries_all_of_the_answer() -> None:
    found = evidence({3: 4.0})
    assert found.kind == "cells"
    assert [part.name for part in found.parts] == [f"cell {n}" for n in range(1, 6)]
    assert found.carriers == (3,)
    assert found.weights[3] > 0.5
    assert np.abs(np.delete(found.weights, 3)).max() < 0.01
    assert not found.weights.flags.writeable


def test_a_weight_is_how_far_the_log_odds_fall() -> None:
    rgb = field()
    picture = as_seen(rgb)
    parts = found_parts(rgb, picture)
    ask = CountsDarkPixels(picture, {1: 3.0, 4: -2.0})
    found = weigh(parts, [picture], ask, class_index=0, classes=("A", "B"))
    erased = ErasablePicture(picture, parts)
    whole, without = ask([np.stack([erased.without(()), erased.without((1,))])])
    odds = [np.log(softmax(row, 1.0)[0] / softmax(row, 1.0)[1]) for row in (whole, without)]
    assert found.weights[1] == pytest.approx(odds[0] - odds[1])
    assert found.weights[1] > 0.5
    assert found.weights[4] < -0.3
    assert found.order[0] == 1
    assert found.order[-1] == 4
    assert found.probability == pytest.approx(softmax(whole, 1.0)[0])


def test_a_cell_that_speaks_for_one_class_speaks_against_the_other() -> None:
    first, second = evidence({2: 4.0}, 0), evidence({2: 4.0}, 1)
    assert first.weights == pytest.approx(-second.weights)
    assert second.carriers == ()
    assert second.class_name == "B"


def test_what_is_left_of_the_answer_without_its_cells_is_told() -> None:
    found = evidence({0: 4.0, 3: 2.0})
    assert found.without_carriers.n_gone == 1
    assert found.without_carriers.keeps_class
    assert found.probability > found.without_carriers.probability
    assert found.without_half.n_gone == 3
    assert not found.without_half.keeps_class
    assert found.without_all.n_gone == 5
    assert found.without_all.first_class == "B"
    assert found.without_all.probability == pytest.approx(1 / (1 + np.exp(0.1)), abs=1e-6)
    assert not found.reads_the_picture


def test_a_network_that_looks_at_the_slide_is_seen_to_read_the_picture() -> None:
    rgb = field()
    picture = as_seen(rgb)

    def ask(views: Sequence[np.ndarray]) -> np.ndarray:
        light = np.median(views[0][..., 1], axis=(1, 2))
        return np.stack([light / 50, np.zeros(len(light))], axis=1)

    found = weigh(found_parts(rgb, picture), [picture], ask, class_index=0, classes=("A", "B"))
    assert found.reads_the_picture
    assert found.carriers == ()
    assert found.without_all.probability == pytest.approx(found.probability, abs=1e-3)


@pytest.mark.parametrize(
    ("weights", "order", "carriers"),
    [
        ([0.0, 3.0, 1.0, 1.0], (1, 2, 3, 0), (1,)),
        ([1.0, 1.0, 1.0, 1.0], (0, 1, 2, 3), (0, 1, 2)),
        ([-5.0, 0.4, 0.5], (2, 1, 0), (2,)),
        ([-1.0, -2.0], (0, 1), ()),
        ([0.001, 0.002], (1, 0), ()),
    ],
)
def test_the_carriers_are_the_fewest_with_more_than_half(
    weights: list[float], order: tuple[int, ...], carriers: tuple[int, ...]
) -> None:
    values = np.array(weights)
    assert order_of(values) == order
    assert carriers_of(values) == carriers


def test_log_odds_are_those_of_the_softmax_and_never_saturate() -> None:
    logits = np.array([[2.0, 1.0, -1.0], [200.0, -100.0, 0.0]])
    share = softmax(logits[0], 1.0)[0]
    assert log_odds(logits, 0)[0] == pytest.approx(np.log(share / (1 - share)))
    assert log_odds(logits, 0)[1] == pytest.approx(200.0)


def test_a_painted_out_field_has_no_nuclei_any_more() -> None:
    rgb = field()
    cv2.circle(rgb, (250, 250), 18, (205, 150, 140), -1, cv2.LINE_AA)  # a red cell stays
    picture = as_seen(rgb)
    parts = found_parts(rgb, picture)
    assert len(parts.parts) == 5
    um_per_px = 0.2 * 500 / 256
    assert len(find_cells(picture.rgb, um_per_px=um_per_px).cells) == 5
    nothing = ErasablePicture(picture, parts).without(range(5), rest_too=True)
    assert not find_cells(nothing, um_per_px=um_per_px).cells
    assert np.abs(nothing.astype(int) - picture.rgb)[118:138, 118:138].max() == 0


@pytest.mark.parametrize("seed", [3, 5])
def test_where_cells_of_a_drawn_smear_were_no_nuclear_stain_is_left(seed: int) -> None:
    """By the level that parted nuclei in the whole picture: the finder's own follows what is there,
    and without any nucleus it takes the deepest red cells for some."""
    rgb = draw("Pre", seed=seed).rgb
    picture = as_seen(rgb, size_px=448)
    parts = parts_of(rgb, picture.region)
    assert parts.kind == "cells"
    light = background_colour(picture.rgb)
    empty_below = empty_density(picture.rgb, light)
    before, _ = stain_levels(picture.rgb, light, empty_below)
    level = nuclear_level(counts_of(before))
    erased = ErasablePicture(picture, parts)
    nothing = erased.without(range(len(parts.parts)), rest_too=True)
    after, _ = stain_levels(nothing, light, empty_below)
    was_cell = erased.masks.any(axis=0)
    assert (before > level)[was_cell].mean() > 0.5
    assert (after > level)[was_cell].mean() < 0.005


def test_only_the_cell_that_is_taken_away_is_another() -> None:
    rgb = field()
    picture = as_seen(rgb)
    parts = found_parts(rgb, picture)
    erased = ErasablePicture(picture, parts)
    without = erased.without((2,))
    moved = np.abs(without.astype(int) - picture.rgb).max(axis=2) > 0
    near = cv2.dilate(erased.masks[2].astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert moved[erased.masks[2]].mean() > 0.8
    assert not moved[~near].any()
    assert np.array_equal(erased.without(()), picture.rgb)


def test_the_order_in_which_cells_go_makes_no_difference_to_what_is_left() -> None:
    """Touching cells, too: what is painted over the one is none of the other."""
    rgb = paper()
    for x, y in [(150, 150), (190, 150), (300, 150), (300, 192)]:
        lymphocyte(rgb, x, y)
    rgb = seen(rgb)
    picture = as_seen(rgb)
    parts = found_parts(rgb, picture)
    assert len(parts.parts) == 4
    erased = ErasablePicture(picture, parts)
    first, second = erased.without((0, 1, 2, 3)), erased.without((3, 1, 0, 2))
    assert np.abs(first.astype(int) - second).max() <= 1
    assert first[..., 1].min() > 150


def test_cells_outside_of_what_the_network_sees_are_no_part_of_it() -> None:
    rgb = field()
    steps = (Step(name="resize", parameters={"size_px": 128, "fit": "centre_crop"}),)
    picture = picture_steps(rgb, steps)[-1]
    names = [part.name for part in found_parts(rgb, picture).parts]
    assert names == ["cell 1", "cell 2", "cell 3", "cell 4", "cell 5"]
    narrow = parts_of(rgb, (0.0, 0.0, 200.0, 200.0), um_per_px=0.2)
    assert [part.name for part in narrow.parts][:1] == (
        ["cell 1"] if narrow.kind == "cells" else ["nucleus"]
    )


def one_cell() -> np.ndarray:
    rgb = paper(180, 180)
    disc(rgb, 90, 90, 60, CYTOPLASM)
    disc(rgb, 90, 90, 35, NUCLEUS)
    return seen(rgb)


def test_a_picture_of_one_cell_has_a_nucleus_cytoplasm_and_surroundings() -> None:
    rgb = one_cell()
    picture = as_seen(rgb, size_px=128)
    parts = parts_of(rgb, picture.region, um_per_px=0.1)
    assert parts.kind == "parts"
    assert [part.name for part in parts.parts] == ["nucleus", "cytoplasm", "surroundings"]
    masks = part_masks(parts, picture)
    assert (masks.sum(axis=0) == 1).all()
    scale = (128 / 180) ** 2
    assert masks[0].sum() == pytest.approx(np.pi * 35**2 * scale, rel=0.2)
    assert masks[:2].sum() == pytest.approx(np.pi * 66**2 * scale, rel=0.2)
    erased = ErasablePicture(picture, parts)
    cytoplasm_left = erased.without((0,))[64, 64]
    assert np.abs(cytoplasm_left.astype(int) - CYTOPLASM).max() < 40
    nucleus_left = erased.without((1, 2))[64, 64]
    assert np.abs(nucleus_left.astype(int) - NUCLEUS).max() < 12
    nothing = erased.without((0, 1, 2)).astype(int)
    assert np.ptp(nothing.reshape(-1, 3), axis=0).max() < 25


def test_tissue_is_weighed_in_blocks() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(-20, 20, (200, 200, 1))
    rgb = np.clip(np.array([150, 80, 160]) + noise, 0, 255).astype(np.uint8)
    rgb[:40, :3] = 250
    picture = as_seen(rgb, size_px=120)
    parts = parts_of(rgb, picture.region)
    assert parts.kind == "blocks"
    assert len(parts.parts) == BLOCKS_PER_SIDE**2
    masks = part_masks(parts, picture)
    assert masks.any(axis=0).mean() > 0.9
    assert masks.sum(axis=0).max() <= 4  # edges may be shared
    erased = ErasablePicture(picture, parts)
    blurred, sharp = erased.without(range(36))[30:], picture.rgb[30:]
    assert blurred.std(axis=(0, 1)).max() < 0.5 * sharp.std(axis=(0, 1)).min()


def test_of_very_many_cells_the_largest_are_weighed_and_the_others_go_last() -> None:
    rgb = paper(1300, 1300)
    for y in range(60, 1260, 95):
        for x in range(60, 1260, 95):
            lymphocyte(rgb, x, y)
    rgb = seen(rgb)
    picture = as_seen(rgb, size_px=256)
    parts = found_parts(rgb, picture)
    assert len(parts.parts) == MOST_CELLS
    assert len(parts.rest) == 13 * 13 - MOST_CELLS
    erased = ErasablePicture(picture, parts)
    weighed, everything = (
        erased.without(range(MOST_CELLS), rest_too=rest)[..., 1].min() for rest in (False, True)
    )
    assert weighed < 130
    assert everything > 180


def test_a_model_is_asked_and_the_card_says_how_far_to_believe_it(tiny_bundle: Path) -> None:
    model = load_model(tiny_bundle)
    opinion = opinion_on(micrograph_from_rgb(draw("Pre", seed=3).rgb), model)
    found = evidence_on(opinion, model)
    assert found.kind == "cells"
    assert found.check is None
    assert found.class_name == opinion.prediction.classes[opinion.prediction.top_class]
    assert found.probability == pytest.approx(float(opinion.prediction.probabilities.max()))
    other = next(name for name in model.manifest.classes if name != found.class_name)
    assert evidence_on(opinion, model, class_name=other).class_name == other


def test_an_ensemble_is_asked_as_a_whole(tiny_ensemble: Path) -> None:
    ensemble = load_answerer(tiny_ensemble)
    assert isinstance(ensemble, Ensemble)
    opinion = opinion_on(micrograph_from_rgb(draw("Pre", seed=3).rgb), ensemble)
    found = evidence_on(opinion, ensemble)
    assert found.probability == pytest.approx(
        float(opinion.prediction.probabilities.max()), abs=1e-5
    )
    assert len(found.weights) == len(found.parts) >= 5


def test_of_a_sheet_each_tile_is_a_part_and_is_emptied_alone() -> None:
    rgb = field()
    picture = picture_steps(rgb, [Step(name="cell_sheet", parameters={"size_px": 288})])[-1]
    parts = parts_seen(rgb, picture)
    assert (parts.kind, len(parts.parts), parts.rest) == ("cells", 5, ())
    x, y = (parts.parts[0].outlines[0][[0, 2]].mean(axis=0)).tolist()
    assert min(np.hypot(x - place[0], y - place[1]) for place in PLACES) < 5
    without = ErasablePicture(picture, parts).without([1, 3])
    for number in range(9):
        tile = without[picture.tile(number)]
        if number in (1, 3):
            assert (tile == 255).all()
        else:
            assert np.array_equal(tile, picture.rgb[picture.tile(number)])
    assert (ErasablePicture(picture, parts).without(range(5), rest_too=True) == 255).all()

    def dark(views: Sequence[np.ndarray]) -> np.ndarray:  # the first class, whatever is gone
        return np.tile([3.0, 0.0], (len(views[0]), 1))

    found = weigh(parts, [picture], dark, class_index=0, classes=("A", "B"))
    assert found.without_all.keeps_class
    assert not found.reads_the_picture
    assert "where no cell is found it declines" in " ".join(evidence_in_words(found))


def test_cells_of_the_original_are_found_again_on_a_sheet() -> None:
    rgb = field()
    picture = picture_steps(rgb, [Step(name="cell_sheet", parameters={"size_px": 288})])[-1]
    masks = part_masks(found_parts(rgb, as_seen(rgb)), picture)
    assert masks.any(axis=(1, 2)).all()
    assert masks.sum(axis=0).max() == 1
