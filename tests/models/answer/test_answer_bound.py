"""From where on a model may answer: a bound over groups, or never."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models.answer.answer_bound import (
    answer_bound,
    bound_of_file,
    emptied_at,
    emptied_curve,
    groups_needed,
    least_jpeg_quality,
    proof_in_words,
    risk_curve,
)
from models.answer.prediction import AnswerRules, Prediction, predict_from_logits
from models.bundle.folder import read_manifest
from models.bundle.manifest import CompressedRisk, Emptied, Manifest, Risk
from models.errors import BundleError
from models.rate import hoeffding_bound


@pytest.fixture(scope="module")
def bare(tiny_bundle: Path) -> Manifest:
    """A manifest of before, which answers from one half on."""
    changes = {"temperature": 1.0, "answer_threshold": 0.5, "risk": ()}
    return read_manifest(tiny_bundle).changed(**changes)


def curve_of(
    n_groups: int, n_wrong: int, *, confidence: float = 0.97, each: int = 3
) -> tuple[Risk, ...]:
    """Of groups whose images are all answered alike, the first of them wrongly."""
    groups = np.repeat(np.arange(n_groups), each)
    return risk_curve(np.full(len(groups), confidence), groups < n_wrong, groups)


def test_five_per_cent_need_45_groups_without_an_error() -> None:
    assert groups_needed(0.05) == 45
    assert answer_bound(curve_of(44, 0), 0.05).threshold is None
    assert answer_bound(curve_of(45, 0), 0.05).threshold == 0.0
    assert "44 groups of images" in answer_bound(curve_of(44, 0), 0.05).in_words
    assert "needs 45 without an error" in answer_bound(curve_of(44, 0), 0.05).in_words


def test_a_group_counts_once_however_many_images_it_has() -> None:
    groups = np.concatenate([np.zeros(1000, int), np.arange(1, 60)])
    wrong = groups == 0
    (whole,) = risk_curve(np.full(len(groups), 0.3), wrong, groups)
    assert whole.wrong == pytest.approx(1 / 60)
    assert whole.n_groups == 60
    # a group of which a part is wrong counts for that part
    half = risk_curve(
        np.full(4, 0.3), np.array([True, False, False, False]), np.array([0, 0, 1, 1])
    )
    assert half[0].wrong == pytest.approx(0.25)


def test_too_many_errors_are_told_apart_from_too_few_groups() -> None:
    bound = answer_bound(curve_of(100, 20), 0.05)
    assert bound.threshold is None
    assert "too many were wrong" in bound.in_words
    assert answer_bound(curve_of(100, 20), 0.4).threshold == 0.0


def _rows(*rows: tuple[float, float, float, int]) -> tuple[Risk, ...]:
    """Risks of threshold, share answered, bound and groups."""
    return tuple(
        Risk(threshold=at, answered=answered, wrong=0.0, bound=bound, n_groups=n_groups)
        for at, answered, bound, n_groups in rows
    )


def test_the_loosest_threshold_before_the_first_that_fails_is_taken() -> None:
    rows = _rows((0.99, 0.6, 0.03, 90), (0.9, 0.7, 0.06, 95), (0.5, 0.9, 0.04, 100))
    bound = answer_bound(rows, 0.05)
    assert (bound.threshold, bound.n_groups) == (0.99, 90)
    assert "Proven on 90 groups of images" in bound.in_words
    assert answer_bound(rows, 0.1).threshold == 0.5
    assert answer_bound(rows[1:], 0.05).threshold is None


def test_thresholds_with_few_answers_or_few_groups_are_passed_over() -> None:
    few_answers = _rows((0.99, 0.49, 0.3, 80), (0.9, 0.5, 0.04, 80))
    assert answer_bound(few_answers, 0.05).threshold == 0.9
    few_groups = _rows((0.99, 0.6, 0.06, 40), (0.9, 0.7, 0.04, 80))
    assert answer_bound(few_groups, 0.05).threshold == 0.9
    # where those groups could have proven it, the first failure ends it
    enough = _rows((0.99, 0.6, 0.06, 45), (0.9, 0.7, 0.04, 80))
    assert answer_bound(enough, 0.05).threshold is None


FIELDS = 40


def emptied_of(n_sure: int, *, confidence: float = 0.97, n_foreign: int = 0) -> tuple[Emptied, ...]:
    """Of 40 fields without cells so many are answered like one with them, if they are no longer of
    the model's own kind not even these."""
    sure = np.where(np.arange(FIELDS) < n_sure, confidence, 0.3)
    return emptied_curve(sure, np.arange(FIELDS) >= n_foreign)


def test_a_model_that_answers_without_cells_reads_the_picture_and_never_answers() -> None:
    rows = _rows((0.95, 0.6, 0.03, 90), (0.9, 0.7, 0.04, 95))
    bound = answer_bound(rows, 0.05, emptied_of(3))
    assert bound.threshold is None
    assert bound.held_back == emptied_at(emptied_of(3), 0.95)
    assert (
        "would still answer 7.5 % of its own fields (n 40), were it asked to be 95 % sure;"
        in bound.in_words
    )
    assert "reads the picture, not only the cells" in bound.in_words
    # two of 40 are allowed; so is what it takes for another kind
    for allowed in (emptied_of(2), emptied_of(30, n_foreign=28), ()):
        bound = answer_bound(rows, 0.05, allowed)
        assert (bound.threshold, bound.held_back) == (0.9, None)


def test_a_share_just_above_what_is_wanted_is_told_apart_from_it() -> None:
    sure = np.where(np.arange(1999) < 100, 0.97, 0.3)  # 5.0025 %
    bound = answer_bound(_rows((0.95, 0.6, 0.03, 90)), 0.05, emptied_curve(sure, sure > 0))
    assert bound.threshold is None
    assert "5.003 % of its own fields (n 1999)" in bound.in_words
    assert "at most 5.000 % were wanted" in bound.in_words


def test_one_that_answers_without_cells_only_when_unsure_answers_when_it_is_sure(
    bare: Manifest,
) -> None:
    rows = _rows((0.95, 0.6, 0.03, 90), (0.9, 0.7, 0.04, 95))
    held = emptied_of(20, confidence=0.92)
    bound = answer_bound(rows, 0.05, held)
    assert (bound.threshold, bound.n_groups) == (0.95, 90)
    assert bound.held_back is not None
    assert (bound.held_back.threshold, bound.held_back.answered) == (0.9, 0.5)
    manifest = bare.changed(risk=rows, emptied=held)
    assert manifest == Manifest.from_json(manifest.to_json())
    words = proof_in_words(manifest, 0.05)
    assert "from a probability of 0.95 (from 0.9 it would answer 50.0 % of its own" in words
    assert "With all cells painted out it answers 0.0 % of its own fields (n 40)." in words
    assert bound_of_file(manifest, 0.05, 95) == bound
    logits = np.log(np.array([0.93, 0.04, 0.02, 0.01]))
    assert predict_from_logits(logits, manifest).decision == "abstained"
    assert predict_from_logits(logits, manifest.changed(emptied=())).decision == "answered"


def test_of_thresholds_between_those_of_the_fields_the_looser_one_counts() -> None:
    curve = emptied_of(20, confidence=0.92)
    shares = {at: found.answered for at in (0.93, 0.95) if (found := emptied_at(curve, at))}
    assert shares == {0.93: 0.5, 0.95: 0.0}
    assert emptied_at((), 0.93) is None
    assert emptied_curve(np.zeros(0), np.zeros(0, bool)) == ()


def test_the_site_s_limit_and_that_of_fields_without_cells_are_two() -> None:
    rows = _rows((0.95, 0.6, 0.03, 90), (0.9, 0.7, 0.08, 95))
    held = emptied_of(20, confidence=0.92)
    assert answer_bound(rows, 0.2).threshold == 0.9
    assert answer_bound(rows, 0.2, held).threshold == 0.95
    # where its errors already hold it back, nothing is said of cells
    assert answer_bound(rows, 0.05, held).held_back is None


def test_a_curve_of_fields_that_ends_before_the_risk_does_is_refused(bare: Manifest) -> None:
    rows = _rows((0.95, 0.6, 0.03, 90), (0.5, 0.7, 0.04, 95))
    curve = emptied_of(2)
    assert bare.changed(risk=rows, emptied=curve[-2:]).emptied
    with pytest.raises(BundleError, match="reach down to the loosest threshold"):
        bare.changed(risk=rows, emptied=curve[:-2])


@pytest.mark.parametrize(
    "change",
    [
        lambda row: [row, row],
        lambda row: [row, row | {"threshold": 0.95}],
        lambda row: [row | {"answered": 1.5}],
        lambda row: [row | {"n_images": 0}],
        lambda row: [row | {"n_images": 10**3000}],
        lambda row: [row, row | {"threshold": 0.8, "answered": 0.05}],
        lambda row: [row, row | {"threshold": 0.8, "n_images": 41}],
        lambda row: [row | {"answered": float("nan")}],
        lambda row: [row | {"threshold": 0.9 - n / 100} for n in range(51)],
    ],
    ids=[
        "twice",
        "rising",
        "more than all",
        "of none",
        "of too many",
        "fewer",
        "others",
        "no number",
        "too many",
    ],
)
def test_answers_without_cells_that_no_run_writes_are_refused(
    bare: Manifest, change: Callable[[dict[str, float]], list[dict[str, float]]]
) -> None:
    row = Emptied(threshold=0.9, answered=0.1, n_images=40).model_dump()
    assert bare.from_dict(bare.to_dict() | {"emptied": [row]}).emptied
    with pytest.raises(BundleError, match="emptied"):
        bare.from_dict(bare.to_dict() | {"emptied": change(row)})


@pytest.mark.parametrize(
    "change",
    [
        lambda row: [row, row],
        lambda row: [row, row | {"threshold": 0.99}],
        lambda row: [row | {"wrong": 0.5}],
        lambda row: [row | {"bound": float("nan")}],
        lambda row: [row | {"threshold": 0.9 - n / 100} for n in range(51)],
    ],
    ids=["twice", "rising", "bound below what it bounds", "no number", "too many"],
)
def test_a_curve_that_no_run_writes_is_refused(
    bare: Manifest, change: Callable[[dict[str, float]], list[dict[str, float]]]
) -> None:
    row = _rows((0.9, 0.7, 0.04, 80))[0].model_dump()
    assert bare.from_dict(bare.to_dict() | {"risk": [row]}).risk
    with pytest.raises(BundleError, match=r"risk|bound"):
        bare.from_dict(bare.to_dict() | {"risk": change(row)})


def test_the_bound_holds_nine_times_of_ten() -> None:
    """Of drawn laboratories the true share is known: from 0.7 on 5.7 %, from 0.6 on 7.6 % wrong."""
    rng = np.random.default_rng(0)
    found, hoped = [], []
    for _ in range(200):
        sure = rng.uniform(0.5, 1.0, 2000)
        wrong = rng.random(2000) < 0.38 * (1 - sure)
        curve = risk_curve(sure, wrong, np.arange(2000))
        found.append(answer_bound(curve, 0.075).threshold)
        hoped.append(min(each.threshold for each in curve if each.wrong <= 0.075))
    proven = [threshold for threshold in found if threshold is not None]
    assert len(proven) > 100
    assert sum(threshold < 0.7 for threshold in proven) <= 20
    assert sum(threshold < 0.7 for threshold in hoped) > 60  # what was measured, without a bound


@pytest.mark.parametrize(("mean", "n"), [(0.0, 45), (0.02, 100), (0.5, 3), (1.0, 10)])
def test_the_bound_is_above_the_mean_and_narrows(mean: float, n: int) -> None:
    assert mean <= hoeffding_bound(mean, n, confidence=0.9) <= 1
    narrower = hoeffding_bound(mean, 4 * n, confidence=0.9)
    assert narrower <= hoeffding_bound(mean, n, confidence=0.9)
    assert hoeffding_bound(mean, n, confidence=0.99) >= hoeffding_bound(mean, n, confidence=0.9)


def _said(manifest: Manifest, **rules: float) -> Prediction:
    logits = np.array([4.0, 0.0, 0.0, 0.0], np.float32)  # the first at 94.8 %
    return predict_from_logits(logits, manifest, rules=AnswerRules(**rules))


def test_what_is_not_proven_is_no_answer_but_keeps_its_opinion(bare: Manifest) -> None:
    said = _said(bare)
    assert said.decision == "unproven"
    assert "it was not measured from which" in said.reason
    assert said.classes[said.top_class] in said.reason
    few = _said(bare.changed(risk=curve_of(20, 0)))
    assert few.decision == "unproven"
    assert "on 20 groups of images" in few.reason
    assert _said(bare.changed(answer_threshold=0.96)).decision == "abstained"


def test_the_site_chooses_how_many_may_be_wrong(bare: Manifest) -> None:
    manifest = bare.changed(risk=curve_of(100, 5))
    assert _said(manifest).decision == "unproven"
    said = _said(manifest, error_limit=0.2)
    assert said.decision == "answered"
    assert "at most 20 % of answers wrong" in said.reason


def test_a_threshold_that_is_proven_goes_before_the_manifests(bare: Manifest) -> None:
    groups = np.tile(np.arange(80), 2)
    sure = np.repeat([0.999, 0.93], 80)
    curve = risk_curve(sure, np.repeat([False, True], 80), groups)
    manifest = bare.changed(answer_threshold=0.1, risk=curve)
    said = _said(manifest)
    assert (said.decision, said.threshold) == ("abstained", 0.95)


def test_a_compressed_file_is_answered_by_the_curve_of_its_quality(bare: Manifest) -> None:
    """As it is from 0.0 on, at 75 from 0.9, at 50 never: 20 of 80 groups are wrong."""
    groups = np.tile(np.arange(80), 2)
    sure = np.repeat([0.97, 0.85], 80)
    curves = {
        75: risk_curve(sure, np.concatenate([np.zeros(80, bool), groups[80:] < 20]), groups),
        50: curve_of(80, 20),
    }
    compressed = [
        CompressedRisk(jpeg_quality=quality, risk=risk) for quality, risk in curves.items()
    ]
    manifest = bare.changed(risk=curve_of(80, 0), risk_compressed=tuple(compressed))
    assert read_back(manifest) == manifest
    assert least_jpeg_quality(manifest) == 50
    assert least_jpeg_quality(bare) == 90
    for quality, decision, threshold in (
        (None, "answered", 0.0),
        (100, "answered", 0.0),
        (90, "answered", 0.0),
        (89, "answered", 0.9),
        (75, "answered", 0.9),
        (74, "unproven", bare.answer_threshold),
        (50, "unproven", bare.answer_threshold),
        (49, "unproven", bare.answer_threshold),
    ):
        said = predict_from_logits(np.array([5.0, 0, 0, 0]), manifest, jpeg_quality=quality)
        assert (said.decision, said.threshold) == (decision, threshold), quality
        assert said.compressed == (threshold == 0.9), quality
        assert ("in a file that was compressed this hard" in said.reason) == said.compressed
    words = proof_in_words(manifest, 0.05)
    assert "from a probability of 0, JPEG files of quality 75 to 89 from 0.9." in words
    assert "JPEG files below quality 75 are not answered." in words
    assert "JPEG" not in proof_in_words(bare, 0.05)


def test_no_compressed_file_is_answered_where_a_better_one_is_not(bare: Manifest) -> None:
    good = CompressedRisk(jpeg_quality=75, risk=curve_of(80, 0))
    unproven = bare.changed(risk=curve_of(80, 20), risk_compressed=(good,))
    assert bound_of_file(unproven, 0.05, None).threshold is None
    assert bound_of_file(unproven, 0.05, 80).threshold is None
    stricter = risk_curve(
        np.repeat([0.97, 0.85], 80),
        np.concatenate([np.zeros(80, bool), np.arange(80) < 20]),
        np.tile(np.arange(80), 2),
    )
    middle = CompressedRisk(jpeg_quality=75, risk=stricter)
    worst = CompressedRisk(jpeg_quality=50, risk=curve_of(80, 0))
    manifest = bare.changed(risk=curve_of(80, 0), risk_compressed=(middle, worst))
    assert bound_of_file(manifest, 0.05, 60).threshold == 0.9
    lost = bare.changed(
        risk=curve_of(80, 0),
        risk_compressed=(CompressedRisk(jpeg_quality=75, risk=curve_of(80, 20)), worst),
    )
    assert bound_of_file(lost, 0.05, 60).threshold is None


@pytest.mark.parametrize("qualities", [(75, 75), (50, 75), (90,)])
def test_curves_of_compressed_images_that_no_run_writes_are_refused(
    bare: Manifest, qualities: tuple[int, ...]
) -> None:
    values = bare.changed(risk=curve_of(80, 0)).to_dict()
    curve = [each.to_dict() for each in curve_of(80, 0)]
    values["risk_compressed"] = [{"jpeg_quality": q, "risk": curve} for q in qualities]
    with pytest.raises(BundleError, match="risk_compressed"):
        Manifest.from_dict(values)
    values["risk_compressed"] = [{"jpeg_quality": 75, "risk": []}]
    with pytest.raises(BundleError, match="risk"):
        Manifest.from_dict(values)


def read_back(manifest: Manifest) -> Manifest:
    return Manifest.from_dict(json.loads(manifest.to_json()))


def test_a_manifest_without_a_curve_is_written_as_before(bare: Manifest) -> None:
    assert b"risk" not in bare.to_json()
    measured = bare.changed(risk=curve_of(50, 1))
    assert Manifest.from_json(measured.to_json()) == measured
