"""Spoilt images are declined with a reason, images as they are released are not."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from drawn.smears import draw
from models.errors import BundleError
from models.image.micrograph import micrograph_from_rgb, read_micrograph
from models.image.quality import (
    MEASURES,
    MODALITIES,
    MeasureLimit,
    QualityLimits,
    assess_quality,
    measure_quality,
    quality_limits,
)
from training.data.spoiling import (
    SPOILT,
    blurred,
    exposed,
    faded,
    fields_without_cells,
    grainy,
    with_glare,
    without_colour,
)

DATASETS = {
    "taleghani_all": "smear",
    "bccd": "smear",
    "jhu_aml": "cell",
    "pbc_barcelona": "cell",
    "all_idb2": "cell",
    "c_nmc": "cell",
    "jtsc": "cell",
    "cellavision": "cell",
    "orlov_lymphoma": "histology",
}


@pytest.fixture(scope="module")
def smear() -> np.ndarray:
    return draw("Pre", seed=5).rgb


def limit(**values: float) -> MeasureLimit:
    """A limit of focus with the values given."""
    sides = ("declined_below", "warned_below", "warned_above", "declined_above")
    given = {side: values.get(side) for side in sides}
    return MeasureLimit(name="focus", unit="", source="Set for a test.", **given)


def verdict_of(rgb: np.ndarray, modality: str) -> str:
    return assess_quality(micrograph_from_rgb(rgb), quality_limits(modality)).verdict


def real_images(data_dir: Path, dataset: str, n: int) -> list[np.ndarray]:
    """Images of a data set, evenly spread over it."""
    with (data_dir / "index.csv").open(encoding="utf-8") as stream:
        paths = [row["path"] for row in csv.DictReader(stream) if row["dataset"] == dataset]
    chosen = paths[:: max(1, len(paths) // n)][:n]
    return [read_micrograph((data_dir / path).read_bytes()).rgb for path in chosen]


def test_drawn_smear_is_good_enough_and_says_nothing_against_it(smear: np.ndarray) -> None:
    report = assess_quality(micrograph_from_rgb(smear), quality_limits("smear"))
    assert report.passed
    assert {measure.name for measure in report.measures} == set(MEASURES)
    assert len(report.reasons) == sum(measure.verdict != "good" for measure in report.measures)


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("name", sorted(fields_without_cells()))
def test_pictures_that_show_nothing_are_declined(modality: str, name: str) -> None:
    assert verdict_of(fields_without_cells()[name], modality) == "declined"


@pytest.mark.parametrize("modality", ["smear", "mixed"])
@pytest.mark.parametrize(
    ("spoiler", "measure"),
    [
        ("blur σ 4 px", "focus"),
        ("blur σ 8 px", "focus"),
        ("noise σ 80", "grain"),
        ("exposure × 0.1", "brightness"),
        ("exposure × 3", "overexposed"),
        ("no colour", "stain"),
        ("no colour", "cells"),
    ],
)
def test_spoilt_smear_is_declined_for_what_was_spoilt(
    smear: np.ndarray, modality: str, spoiler: str, measure: str
) -> None:
    report = assess_quality(micrograph_from_rgb(SPOILT[spoiler](smear)), quality_limits(modality))
    assert not report.passed
    judged = {one.name: one for one in report.measures}[measure]
    assert judged.verdict == "declined"
    assert judged.sentence in report.reasons


@pytest.mark.parametrize(
    ("measure", "spoil", "amounts", "falls"),
    [
        ("focus", lambda rgb, sigma: blurred(rgb, sigma_px=sigma), (1, 2, 4, 8), True),
        ("grain", lambda rgb, sigma: grainy(rgb, sigma=sigma), (5, 10, 20, 40), False),
        ("brightness", lambda rgb, factor: exposed(rgb, factor=factor), (0.8, 0.4, 0.2), True),
        ("underexposed", lambda rgb, factor: exposed(rgb, factor=factor), (0.4, 0.2, 0.1), False),
        ("overexposed", lambda rgb, factor: exposed(rgb, factor=factor), (1.2, 1.5, 2, 3), False),
        ("stain", lambda rgb, share: faded(rgb, share=share), (0.8, 0.5, 0.25, 0.1), True),
    ],
    ids=["focus", "grain", "brightness", "underexposed", "overexposed", "stain"],
)
def test_measure_follows_what_is_spoilt(
    smear: np.ndarray,
    measure: str,
    spoil: Callable[[np.ndarray, float], np.ndarray],
    amounts: tuple[float, ...],
    falls: bool,
) -> None:
    values = [measure_quality(smear)[measure]]
    values += [measure_quality(spoil(smear, amount))[measure] for amount in amounts]
    steps = np.diff(values)
    assert (steps < 0).all() if falls else (steps > 0).all()


@pytest.mark.parametrize("radius_share", [1 / 8, 1 / 6, 1 / 4])
def test_glare_is_the_area_of_the_reflection(radius_share: float) -> None:
    darker = exposed(draw("Pre", seed=5).rgb, factor=0.75)
    clean = measure_quality(darker)["glare"]
    spoilt = measure_quality(with_glare(darker, radius_share=radius_share))["glare"]
    assert clean == pytest.approx(0, abs=0.5)
    assert spoilt == pytest.approx(100 * np.pi * radius_share**2, rel=0.1)


def test_white_background_is_not_glare() -> None:
    rgb = np.full((300, 300, 3), 255, np.uint8)
    cv2.circle(rgb, (150, 150), 60, (110, 60, 150), -1)
    assert measure_quality(rgb)["glare"] == 0


def test_contrast_and_brightness_do_not_count_as_focus(smear: np.ndarray) -> None:
    focus = measure_quality(smear)["focus"]
    assert measure_quality(exposed(smear, factor=0.6))["focus"] == pytest.approx(focus, rel=0.05)
    assert measure_quality(faded(smear, share=0.6))["focus"] == pytest.approx(focus, rel=0.05)


def test_large_images_are_measured_at_the_standard_scale_in_under_a_second() -> None:
    cell = draw("blast", seed=3).rgb
    standard = cv2.resize(cell, (512, 512), interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(standard, (4096, 4096), interpolation=cv2.INTER_CUBIC)
    start_s = time.process_time()
    measured = measure_quality(large)
    elapsed_s = time.process_time() - start_s
    assert elapsed_s < 1
    assert measured["size"] == 4096
    expected = measure_quality(standard)
    for name in ("focus", "brightness", "stain", "cells"):
        assert measured[name] == pytest.approx(expected[name], rel=0.2), name


def test_grey_image_has_no_stain_and_no_cells(smear: np.ndarray) -> None:
    measured = measure_quality(without_colour(smear))
    assert measured["stain"] == 0
    assert measured["cells"] == 0


def test_verdict_is_the_worst_and_declined_reasons_come_first(smear: np.ndarray) -> None:
    focus = measure_quality(smear)["focus"]
    warned = limit(declined_below=focus / 2, warned_below=focus * 2)
    declined = MeasureLimit(
        name="cells",
        unit="%",
        source="Set for a test.",
        declined_below=101.0,
        warned_below=None,
        warned_above=None,
        declined_above=None,
    )
    limits = QualityLimits(modality="smear", measures=(warned, declined))
    report = assess_quality(micrograph_from_rgb(smear), limits)
    assert report.verdict == "declined"
    assert report.reasons == (MEASURES["cells"].low, MEASURES["focus"].low)
    usable = QualityLimits(modality="smear", measures=(warned,))
    assert assess_quality(micrograph_from_rgb(smear), usable).verdict == "usable"
    assert assess_quality(micrograph_from_rgb(smear), usable).passed


def test_value_on_a_limit_is_still_inside_it() -> None:
    edges = limit(declined_below=1, warned_below=2, warned_above=3, declined_above=4)
    values = (0.9, 1, 1.9, 2, 3, 3.1, 4, 4.1)
    assert [edges.verdict(value) for value in values] == [
        "declined",
        "usable",
        "usable",
        "good",
        "good",
        "usable",
        "usable",
        "declined",
    ]


def test_sentence_says_on_which_side_of_the_limits_a_value_lies(smear: np.ndarray) -> None:
    focus = measure_quality(smear)["focus"]
    for values, sentence in (
        ({"declined_above": focus / 2}, MEASURES["focus"].high),
        ({"declined_below": focus * 2}, MEASURES["focus"].low),
        ({}, MEASURES["focus"].good),
    ):
        limits = QualityLimits(modality="smear", measures=(limit(**values),))
        assert assess_quality(micrograph_from_rgb(smear), limits).measures[0].sentence == sentence


def test_limits_out_of_order_or_not_finite_are_refused() -> None:
    with pytest.raises(BundleError, match="low to high"):
        limit(declined_below=2, warned_below=1)
    with pytest.raises(BundleError, match=r"declined_above of the limit .* a number, received nan"):
        limit(declined_above=float("nan"))


def test_unknown_measures_and_modalities_are_refused_with_the_known_ones() -> None:
    with pytest.raises(BundleError, match="focus"):
        MeasureLimit(
            name="colour",
            unit="",
            source="",
            declined_below=None,
            warned_below=None,
            warned_above=None,
            declined_above=None,
        )
    with pytest.raises(ValueError, match="histology"):
        quality_limits("ultrasound")
    with pytest.raises(BundleError, match="histology"):
        QualityLimits(modality="ultrasound", measures=())


@pytest.mark.parametrize("modality", MODALITIES)
def test_limits_survive_json_and_every_one_says_where_it_comes_from(modality: str) -> None:
    limits = quality_limits(modality)
    assert QualityLimits.from_dict(json.loads(json.dumps(limits.to_dict()))) == limits
    assert {one.name for one in limits.measures} == set(MEASURES)
    for one in limits.measures:
        assert one.unit == MEASURES[one.name].unit
        assert one.declined_below is not None or one.declined_above is not None
        assert ("n = " in one.source) != (modality == "mixed")
        assert "eclined" in one.source


@pytest.mark.parametrize("side", ["declined_below", "warned_below"])
def test_mixed_limits_are_the_loosest(side: str) -> None:
    for name in ("size", "focus", "brightness", "stain", "cells"):
        values = {
            modality: getattr(
                next(one for one in quality_limits(modality).measures if one.name == name), side
            )
            for modality in MODALITIES
        }
        assert values["mixed"] == min(values.values())


@pytest.mark.parametrize("dataset", DATASETS)
def test_real_images_pass_and_the_same_images_blurred_do_not(data_dir: Path, dataset: str) -> None:
    images = real_images(data_dir, dataset, 12)
    modality = DATASETS[dataset]
    assert all(verdict_of(rgb, modality) != "declined" for rgb in images)
    assert all(verdict_of(rgb, "mixed") != "declined" for rgb in images)
    assert all(verdict_of(blurred(rgb, sigma_px=8), modality) == "declined" for rgb in images[:4])
    assert all(verdict_of(faded(rgb, share=0.1), modality) == "declined" for rgb in images[:4])


def test_smears_without_nucleated_cells_are_mostly_declined(data_dir: Path) -> None:
    # 18 of the 20 red-cell smears at hand.
    with (data_dir / "index.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["label"] == "chula_red_cells"]
    verdicts = [
        verdict_of(read_micrograph((data_dir / row["path"]).read_bytes()).rgb, "smear")
        for row in rows
    ]
    assert verdicts.count("declined") >= 0.75 * len(rows)
