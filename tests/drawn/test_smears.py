"""Drawn smears: like their class in numbers, with masks that hold, and always named as drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from drawn.dataset import mask_of
from drawn.errors import DrawingError
from drawn.measures import measure
from drawn.segmentation import nucleated_cells, to_lab
from drawn.smears import (
    CAPTION,
    SMEAR_CLASSES,
    DrawnSmear,
    draw,
    labels_of_task,
)
from drawn.statistics import ClassStatistics, read_statistics, summarise

FIELDS = ("Benign", "Early", "Pre", "Pro")
TISSUES = ("CLL", "FL", "MCL")
N_DRAWN = 6

_drawn: dict[str, list[DrawnSmear]] = {}


def drawn(label: str) -> list[DrawnSmear]:
    """Some pictures of a class, drawn once for all tests."""
    if label not in _drawn:
        _drawn[label] = [draw(label, seed=500 + i) for i in range(N_DRAWN)]
    return _drawn[label]


def statistics_of_drawn(label: str) -> ClassStatistics:
    kind = read_statistics()[label].kind
    has_masks = label in ("blast", "normal")  # as the real ones have, which were measured by them
    return summarise(
        [measure(d.rgb, kind, mask_of(d) if has_masks else None) for d in drawn(label)], kind
    )


@pytest.mark.parametrize("label", SMEAR_CLASSES)
def test_same_seed_gives_the_same_bytes_and_another_seed_another_picture(label: str) -> None:
    first, again, other = (draw(label, seed=seed, size_px=96) for seed in (3, 3, 4))
    assert first.rgb.tobytes() == again.rgb.tobytes()
    assert first.cell_mask.tobytes() == again.cell_mask.tobytes()
    assert not np.array_equal(first.rgb, other.rgb)


@pytest.mark.parametrize("label", SMEAR_CLASSES)
def test_every_drawing_says_that_it_is_drawn_and_cannot_be_altered(label: str) -> None:
    picture = draw(label, seed=1, size_px=80)
    assert picture.caption == CAPTION == "Drawn image, not a patient's"
    assert picture.rgb.shape == (80, 80, 3)
    assert picture.rgb.dtype == np.uint8
    assert not any(
        a.flags.writeable
        for a in (picture.rgb, picture.cell_mask, picture.nucleus_mask, picture.cell_numbers)
    )


@pytest.mark.parametrize("label", SMEAR_CLASSES)
def test_colours_of_drawn_pictures_follow_their_class(label: str) -> None:
    stored, found = read_statistics()[label], statistics_of_drawn(label)
    spread = np.sqrt(np.diag(stored.colour_covariance)).reshape(-1, 3)
    for name, sd in zip(stored.colour_names, spread, strict=True):
        # 6: about what eyes call near (CIE76); and three standard errors of the few drawn
        allowed = 6 + 3 * float(np.linalg.norm(sd)) / np.sqrt(N_DRAWN)
        distance = float(np.linalg.norm(found.colour(name) - stored.colour(name)))
        if name == "cytoplasm" and np.isnan(distance):
            continue  # in few fields a cell stands so much alone that its rim can be measured
        assert distance < allowed, f"{name}: {distance:.1f}, allowed {allowed:.1f}"


@pytest.mark.parametrize("label", FIELDS)
def test_fields_hold_as_many_cells_of_the_size_as_their_class(label: str) -> None:
    stored, found = read_statistics()[label].numbers, statistics_of_drawn(label).numbers
    count = stored["nucleated_cells"]
    error = 3 * count.sd / np.sqrt(N_DRAWN)
    assert abs(found["nucleated_cells"].mean - count.mean) < error
    for name, tolerance in (
        ("nucleus_diameter_px", 0.2),
        ("red_cell_diameter_px", 0.15),
        ("red_cell_height_per_width", 0.1),
        ("red_cell_share", 0.3),
        ("chromatin_sd", 0.35),
    ):
        assert found[name].mean == pytest.approx(stored[name].mean, rel=tolerance), name


@pytest.mark.parametrize(
    "label", ["AML", "APL", "blast", "normal", "blast-cutout", "normal-cutout"]
)
def test_single_cells_have_the_size_of_their_class(label: str) -> None:
    stored, found = read_statistics()[label].numbers, statistics_of_drawn(label).numbers
    size = "cell_diameter_px" if label.endswith("cutout") else "nucleus_diameter_px"
    assert found[size].mean == pytest.approx(stored[size].mean, rel=0.25)
    assert found["chromatin_sd"].mean == pytest.approx(stored["chromatin_sd"].mean, rel=0.4)


@pytest.mark.parametrize("label", TISSUES)
def test_tissue_is_as_dense_and_as_sharp_as_its_class(label: str) -> None:
    stored, found = read_statistics()[label].numbers, statistics_of_drawn(label).numbers
    assert found["nucleus_spacing_px"].mean == pytest.approx(
        stored["nucleus_spacing_px"].mean, rel=0.12
    )
    assert found["focus"].mean == pytest.approx(stored["focus"].mean, abs=0.3)


def test_follicles_make_drawn_follicular_lymphoma_the_most_nodular() -> None:
    nodularity = {label: statistics_of_drawn(label).numbers["nodularity"].mean for label in TISSUES}
    assert max(nodularity, key=nodularity.__getitem__) == "FL"


def test_blasts_fill_their_cells_with_nucleus_more_than_normal_cells() -> None:
    def share(label: str) -> float:
        return float(np.mean([d.nucleus_mask.sum() / d.cell_mask.sum() for d in drawn(label)]))

    assert share("blast") > 0.75 > share("normal")


@pytest.mark.parametrize("label", SMEAR_CLASSES)
def test_nucleus_mask_lies_in_the_cells_where_the_picture_is_dark(label: str) -> None:
    for picture in drawn(label):
        assert picture.nucleus_mask.any()
        assert not (picture.nucleus_mask & ~picture.cell_mask).any()
        lightness = to_lab(picture.rgb)[..., 0]
        if label.endswith("cutout"):
            assert lightness[~picture.cell_mask].max() < 1
            continue
        inside, outside = lightness[picture.nucleus_mask], lightness[~picture.cell_mask]
        # pale Pro-B nuclei differ by 10, H&E nuclei between pink fibres by about as much
        assert np.median(inside) < np.median(outside) - 8


@pytest.mark.parametrize("label", [*FIELDS, "blast", "AML"])
def test_nucleus_mask_is_what_segmentation_by_colour_finds(label: str) -> None:
    overlaps = []
    for picture in drawn(label):
        found = nucleated_cells(picture.rgb)
        both = (found & picture.nucleus_mask).sum()
        overlaps.append(2 * both / max(found.sum() + picture.nucleus_mask.sum(), 1))
    assert np.mean(overlaps) > 0.8  # Dice


def test_pictures_of_one_patient_share_a_stain_and_patients_differ() -> None:
    def stain(patient: int, seed: int) -> np.ndarray:
        colours = measure(draw("Pre", seed=seed, patient=patient).rgb, "field").colours
        return np.concatenate([colours[name] for name in ("background", "red_cell", "nucleus")])

    patients = np.array([[stain(p, 10 * p + i) for i in range(3)] for p in range(6)])
    within = np.linalg.norm(patients - patients.mean(axis=1, keepdims=True), axis=2).mean()
    means = patients.mean(axis=1)
    between = np.linalg.norm(means - means.mean(axis=0), axis=1).mean()
    assert between > 1.2 * within


def test_a_larger_picture_shows_the_same_field() -> None:
    small, large = draw("Pre", seed=9), draw("Pre", seed=9, size_px=448)
    shrunk = cv2.resize(large.cell_mask.astype(np.uint8), (224, 224), interpolation=cv2.INTER_AREA)
    agreement = np.mean((shrunk > 0) == small.cell_mask)
    assert agreement > 0.95


def test_labels_of_a_task_are_its_models_classes() -> None:
    assert labels_of_task("all-subtypes") == FIELDS
    names = {SMEAR_CLASSES[label].class_name for label in labels_of_task("blood-cancer-8")}
    assert names == {*FIELDS, "AML", *TISSUES}


@pytest.mark.parametrize(
    ("label", "seed", "size_px"), [("Late", 0, None), ("Pre", -1, None), ("Pre", 0, 8)]
)
def test_what_cannot_be_drawn_is_refused_with_what_was_expected(
    label: str, seed: int, size_px: int | None
) -> None:
    with pytest.raises(DrawingError, match="Expected"):
        draw(label, seed=seed, size_px=size_px)


@pytest.mark.parametrize("label", SMEAR_CLASSES)
def test_drawn_pictures_are_good_enough_to_be_read(label: str) -> None:
    from models.image.micrograph import micrograph_from_rgb
    from models.image.quality import assess_quality, quality_limits

    limits = quality_limits(SMEAR_CLASSES[label].modality)
    for picture in drawn(label)[:4]:
        report = assess_quality(micrograph_from_rgb(picture.rgb), limits)
        assert report.passed, report.reasons


def test_each_drawn_cell_has_a_number_of_its_own() -> None:
    picture = draw("Early", seed=1)
    numbers = np.unique(picture.cell_numbers)
    assert len(numbers) > 5
    assert numbers[0] == 0
    assert ((picture.cell_numbers > 0) == picture.cell_mask).mean() > 0.999
    for number in numbers[1:]:
        parts, _ = cv2.connectedComponents((picture.cell_numbers == number).astype(np.uint8))
        assert parts <= 3, "a cell under which another was drawn lies in one piece or two"


def test_a_wider_field_has_as_many_more_cells_of_the_same_size() -> None:
    usual, wide = draw("Early", seed=4), draw("Early", seed=4, size_px=448, extent=2)
    n_usual, n_wide = (len(np.unique(each.cell_numbers)) - 1 for each in (usual, wide))
    assert 2.5 * n_usual <= n_wide <= 5.5 * n_usual
    sizes = [
        np.median(np.unique(each.cell_numbers[each.cell_mask], return_counts=True)[1])
        for each in (usual, wide)
    ]
    assert 0.7 * sizes[0] <= sizes[1] <= 1.4 * sizes[0]


@pytest.mark.parametrize(("label", "extent"), [("Early", 0), ("Early", 9), ("AML", 2)])
def test_an_extent_that_cannot_be_drawn_is_refused(label: str, extent: int) -> None:
    with pytest.raises(DrawingError, match="Expected an extent"):
        draw(label, seed=0, size_px=96, extent=extent)
