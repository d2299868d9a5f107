"""The domain check: its own kind is let in, others are not, and a bundle keeps what that takes."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from models.answer.domain import ACCEPTED_OF_OWN, NoneOfThese, judge_domain, learn_domain
from models.answer.prediction_set import ConformalScores
from models.answer.reference import Reference, read_reference
from models.errors import BundleError

pytestmark = pytest.mark.slow

CLASSES = ("Benign", "Early")


def features(rng: np.random.Generator, n: int) -> np.ndarray:
    """Two classes that lie in three of forty directions, with a little of all others."""
    labels = np.arange(n) % 2
    basis = np.random.default_rng(0).normal(0, 1, (3, 40))
    along = rng.normal(0, 1, (n, 3)) + 4 * labels[:, None] * np.array([1, 0, 0])
    return (along @ basis + rng.normal(0, 0.1, (n, 40))).astype(np.float32)


@pytest.fixture(scope="module")
def domain():
    rng = np.random.default_rng(1)
    return learn_domain("layer", features(rng, 600), np.arange(600) % 2, np.arange(600))


def test_about_a_twentieth_of_its_own_kind_is_turned_away(domain):
    new = features(np.random.default_rng(2), 2000)
    accepted = (domain.distances(new) <= domain.limit).mean()
    assert accepted == pytest.approx(ACCEPTED_OF_OWN, abs=0.04)


def patients(rng: np.random.Generator, n: int, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of patients who differ more from one another than one's images do."""
    own = np.repeat(rng.normal(0, 1.5, (n, 40)), images, axis=0)
    return features(rng, n * images) + own.astype(np.float32), np.repeat(np.arange(n), images)


def test_a_twentieth_is_turned_away_of_new_patients_not_of_known_ones():
    """In the mean of twelve samples of 60 patients, since one sample's limit varies by itself."""
    shares = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        known, groups = patients(rng, 60, 10)
        new, _ = patients(rng, 100, 10)
        for tied in (groups, np.arange(600)):
            domain = learn_domain("layer", known, np.arange(600) % 2, tied)
            shares.append((domain.distances(new) > domain.limit).mean())
    by_patient, by_image = np.mean(np.reshape(shares, (12, 2)), axis=0)
    assert 0.02 < by_patient <= 1 - ACCEPTED_OF_OWN + 0.01
    assert by_image > 2 * by_patient


def test_with_few_patients_the_farthest_of_those_left_out_is_the_limit():
    known, groups = patients(np.random.default_rng(9), 6, 40)
    domain = learn_domain("layer", known, np.arange(240) % 2, groups)
    farthest = []
    for group in range(6):
        others = groups != group
        without = learn_domain("layer", known[others], np.arange(200) % 2, groups[others])
        farthest.append(without.distances(known[~others]).max())
    assert domain.limit == pytest.approx(max(farthest), rel=1e-6)
    assert domain.limit > domain.distances(known).max()


@pytest.mark.parametrize("sizes", [(100, 5, 5), (50, 1), (3, 3), (400, 20)])
def test_groups_of_any_size_give_a_limit_that_means_something(sizes: tuple[int, ...]):
    """Its own are within it, and what is not like them at all is beyond."""
    n = sum(sizes)
    known = features(np.random.default_rng(11), n)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    domain = learn_domain("layer", known, np.arange(n) % 2, groups)
    assert (domain.distances(known) <= domain.limit).mean() >= 0.5
    far = known + 100 * np.random.default_rng(12).normal(0, 1, known.shape).astype(np.float32)
    assert (domain.distances(far) > domain.limit).all()


def test_images_of_one_patient_are_no_domain():
    known = features(np.random.default_rng(10), 20)
    with pytest.raises(BundleError, match="two groups"):
        learn_domain("layer", known, np.arange(20) % 2, np.zeros(20, int))


def test_what_lies_in_other_directions_is_outside_however_small_they_are(domain):
    rng = np.random.default_rng(3)
    odd = features(rng, 100) + rng.normal(0, 0.4, (100, 40)).astype(np.float32)
    assert (domain.distances(odd) > domain.limit).mean() > 0.99


def test_what_lies_too_far_in_its_own_directions_is_outside(domain):
    far = 6 * features(np.random.default_rng(4), 50)
    assert (domain.distances(far) > domain.limit).mean() > 0.9


def test_the_nearest_training_images_are_of_the_images_class(domain):
    new = features(np.random.default_rng(5), 60)
    firsts = [judge_domain(row, domain, CLASSES).nearest[0][0] for row in new]
    truth = [CLASSES[number % 2] for number in range(60)]
    assert np.mean([a == b for a, b in zip(firsts, truth, strict=True)]) > 0.9


def test_the_verdict_says_how_far_and_what_the_limit_is(domain):
    inside = judge_domain(features(np.random.default_rng(6), 1)[0], domain, CLASSES)
    outside = judge_domain(np.full(40, 50.0), domain, CLASSES)
    assert inside.is_inside
    assert "of the kind" in inside.reason
    assert not outside.is_inside
    assert f"{outside.distance:.2f}" in outside.measured
    assert f"{domain.limit:.2f}" in outside.measured
    assert sum(number for _, number in outside.nearest) == 10


def test_a_reference_is_read_as_it_was_written_byte_for_byte(domain):
    conformal = ConformalScores(
        scores=np.linspace(0, 1, 20), labels=np.arange(20) % 2, groups=np.arange(20)
    )
    reference = Reference(conformal=conformal, domain=domain)
    data = reference.to_bytes()
    assert data == reference.to_bytes()
    read = read_reference(data)
    new = features(np.random.default_rng(7), 10)
    assert np.array_equal(read.domain.distances(new), domain.distances(new))
    assert np.array_equal(read.conformal.scores, conformal.scores)
    assert read.domain.layer == "layer"
    assert read_reference(replace(reference, domain=None).to_bytes()).domain is None


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_reference_is_refused(data):
    with pytest.raises(BundleError, match=r"reference\.npz"):
        read_reference(data)


def packed(name: str, content: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return data.getvalue()


def array_file(shape: tuple[int, ...], content: bytes) -> bytes:
    held = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(held, header)
    return held.getvalue() + content


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (bytes(100 * 2**20), "more than 64 MB"),
        (array_file((10**15,), bytes(80)), "another size than it says"),
        (array_file((-10,), bytes(80)), "another size than it says"),
        (b"\x93NUMPY\x02\x00" + bytes(80), "not in"),
    ],
)
def test_arrays_larger_than_their_file_holds_take_no_memory(content, why):
    data = packed("conformal_scores.npy", content)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match=why):
            read_reference(data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_arrays_that_do_not_fit_are_refused(domain):
    conformal = ConformalScores(scores=np.zeros(2), labels=np.zeros(2, int), groups=np.arange(2))
    broken = replace(domain, axes=domain.axes[:1])
    with pytest.raises(BundleError, match="fit"):
        read_reference(Reference(conformal=conformal, domain=broken).to_bytes())


@pytest.fixture(scope="module")
def with_none(domain):
    """The same domain, where what is above 2 along the first feature is none of the classes."""
    kernel = np.zeros((40, 3), np.float32)
    kernel[0, 2] = 1.0
    none = NoneOfThese(kernel=kernel, bias=np.array([0, 0, np.log(2) - 2], np.float32))
    return replace(domain, none=none)


def test_what_is_none_of_the_classes_is_outside_however_near_it_lies(domain, with_none):
    new = features(np.random.default_rng(8), 400)
    is_none = new[:, 0] > 2
    assert 20 < is_none.sum() < 380
    near = domain.distances(new) <= domain.limit
    assert np.array_equal(domain.foreignness(new) <= 1, near)
    assert np.array_equal(with_none.foreignness(new) <= 1, near & ~is_none)
    assert np.array_equal(with_none.distances(new), domain.distances(new))
    inside = [judge_domain(row, with_none, CLASSES).is_inside for row in new]
    assert np.array_equal(inside, near & ~is_none)


def test_the_verdict_says_none_of_the_classes_only_of_what_lies_near(domain, with_none):
    new = features(np.random.default_rng(8), 400)
    near = new[domain.distances(new) <= domain.limit]
    verdict = judge_domain(near[near[:, 0].argmax()], with_none, CLASSES)
    assert verdict.is_none
    assert not verdict.is_inside
    assert "none of the model's classes" in verdict.reason
    assert "none of its classes" in verdict.measured
    assert verdict.distance <= verdict.limit
    far = judge_domain(np.full(40, 50.0), with_none, CLASSES)
    inside = judge_domain(near[near[:, 0].argmin()], with_none, CLASSES)
    assert inside.is_inside
    for other in (far, inside):
        assert not other.is_none
        assert "none" not in other.reason


def test_the_rule_for_none_of_the_classes_is_kept_and_one_that_does_not_fit_is_refused(with_none):
    conformal = ConformalScores(scores=np.zeros(2), labels=np.zeros(2, int), groups=np.arange(2))
    read = read_reference(Reference(conformal=conformal, domain=with_none).to_bytes()).domain
    new = features(np.random.default_rng(7), 50)
    assert np.array_equal(read.foreignness(new), with_none.foreignness(new))
    for none in (
        NoneOfThese(kernel=with_none.none.kernel[:39], bias=with_none.none.bias),
        NoneOfThese(kernel=with_none.none.kernel, bias=np.array([0, 0, np.nan], np.float32)),
        NoneOfThese(kernel=with_none.none.kernel[:, :1], bias=with_none.none.bias[:1]),
    ):
        with pytest.raises(BundleError, match=r"reference\.npz"):
            read_reference(
                Reference(conformal=conformal, domain=replace(with_none, none=none)).to_bytes()
            )
