"""Several models that answer together: the mean of their probabilities, and whose files hold."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.answer.ensemble import (
    Ensemble,
    ensemble_logits,
    member_contents,
    write_ensemble,
)
from models.answer.loading import load_answerer, load_model
from models.answer.prediction import softmax
from models.bundle.archive import export_bundle, unpacked
from models.bundle.folder import pin_bundle, read_bundle, verify_bundle, verify_unpinned
from models.bundle.manifest import Manifest, Member
from models.bundle.pins import survey_root
from models.errors import BundleError, BundleTamperedError
from models.opinion import opinion_on

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ensemble(tiny_ensemble: Path) -> Ensemble:
    loaded = load_answerer(tiny_ensemble)
    assert isinstance(loaded, Ensemble)
    return loaded


@pytest.fixture(scope="module")
def micrograph():
    from drawn.smears import draw
    from models.image.micrograph import micrograph_from_rgb

    return micrograph_from_rgb(draw("Pre", seed=3).rgb[:, :180])


def test_the_answer_is_the_weighted_mean_of_the_members_probabilities(ensemble, micrograph):
    opinion = opinion_on(micrograph, ensemble)
    first, second = (each.prediction.probabilities for each in opinion.members)
    assert np.allclose(opinion.prediction.probabilities, 0.75 * first + 0.25 * second)
    assert not np.allclose(first, second)
    assert opinion.manifest.id == "tiny-ensemble"


def test_each_member_says_what_it_says_alone(ensemble, micrograph):
    opinion = opinion_on(micrograph, ensemble)
    for member, said in zip(ensemble.members, opinion.members, strict=True):
        alone = opinion_on(micrograph, member)
        assert np.allclose(alone.prediction.probabilities, said.prediction.probabilities)
        assert said.manifest == member.manifest
        assert np.array_equal(alone.pictures[-1].rgb, said.pictures[-1].rgb)


def test_the_first_member_lends_its_map_for_the_class_of_the_ensemble(ensemble, micrograph):
    opinion = opinion_on(micrograph, ensemble)
    assert opinion.explanation.class_index == opinion.prediction.top_class
    lead = opinion_on(micrograph, ensemble.members[0], class_index=opinion.prediction.top_class)
    assert np.allclose(opinion.explanation.map, lead.explanation.map)
    assert opinion.members[1].explanation is None


def test_a_temperature_sharpens_the_mean_as_it_would_a_softmax():
    answers = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1]])
    logits = ensemble_logits(answers, np.array([0.5, 0.5]))
    assert np.allclose(softmax(logits, 1.0), [0.6, 0.3, 0.1])
    squared = np.array([0.6, 0.3, 0.1]) ** 2
    assert np.allclose(softmax(logits, 0.5), squared / squared.sum())


def test_a_manifest_of_an_ensemble_is_read_as_it_was_written(tiny_ensemble):
    manifest = verify_bundle(tiny_ensemble)
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert [member.weight for member in manifest.members] == [0.75, 0.25]


def test_the_manifest_of_one_network_does_not_speak_of_members(tiny_bundle):
    assert "members" not in verify_bundle(tiny_bundle).to_dict()


@pytest.mark.parametrize("weights", [(0.75,), (0.75, 0.75), (1.0, 0.0)])
def test_weights_that_do_not_sum_to_one_are_refused(tiny_ensemble, weights):
    manifest = verify_bundle(tiny_ensemble)
    with pytest.raises(BundleError, match="member"):
        manifest.changed(
            members=tuple(
                Member(id=f"model-{number}", title="A", weight=weight)
                for number, weight in enumerate(weights)
            ),
        )


def test_an_altered_member_is_refused_by_name(tiny_ensemble, tmp_path):
    copy = tmp_path / tiny_ensemble.name
    shutil.copytree(tiny_ensemble, copy)
    network = copy / "member-2.model.keras"
    network.write_bytes(network.read_bytes() + b"\0")
    with pytest.raises(BundleTamperedError, match=r"member-2\.model\.keras"):
        load_answerer(copy)


def test_a_member_that_its_own_manifest_does_not_know_is_refused(tiny_ensemble):
    contents = read_bundle(tiny_ensemble)
    files = dict(contents.files)
    files["member-1.model.keras"] = files["member-2.model.keras"]
    with pytest.raises(BundleTamperedError, match=r"model\.keras"):
        member_contents(replace(contents, files=files))


def test_members_in_another_order_are_refused(tiny_ensemble, tmp_path):
    contents = read_bundle(tiny_ensemble)
    members = member_contents(contents)
    manifest = contents.manifest.changed(files={})
    with pytest.raises(BundleError, match="order"):
        write_ensemble(
            tmp_path / "out",
            members=members[::-1],
            manifest=manifest,
            card=load_answerer(tiny_ensemble).card,
        )
    assert not (tmp_path / "out").exists()


def test_members_of_other_classes_are_refused(ensemble):
    manifest = ensemble.manifest.changed(classes=("a", "b", "c", "d"))
    with pytest.raises(BundleError, match="classes"):
        replace(ensemble, manifest=manifest)


def test_whoever_needs_one_network_is_told_the_members(tiny_ensemble):
    with pytest.raises(BundleError, match="tiny-efficientnet-lite0, turned"):
        load_model(tiny_ensemble)


def test_an_ensemble_is_exported_and_taken_in_again(tiny_ensemble):
    with unpacked(export_bundle(tiny_ensemble)) as bundle:
        assert verify_bundle(bundle) == verify_bundle(tiny_ensemble)


@pytest.fixture
def shared(tiny_ensemble: Path, tmp_path: Path) -> Path:
    """The ensemble in a root that holds its members as bundles of their own."""
    for member in member_contents(read_bundle(tiny_ensemble)):
        written = tmp_path / "written" / member.manifest.id
        written.mkdir(parents=True)
        for name, data in {**member.files, "manifest.json": member.manifest.to_json()}.items():
            (written / name).write_bytes(data)
        pin_bundle(tmp_path / "root", written)
    pin_bundle(tmp_path / "root", tiny_ensemble, shares_members=True)
    return tmp_path / "root" / tiny_ensemble.name


def test_an_ensemble_beside_its_members_holds_no_copy_of_them(shared, tiny_ensemble):
    assert sorted(each.name for each in shared.iterdir()) == ["card.json", "manifest.json"]
    assert read_bundle(shared) == read_bundle(tiny_ensemble)
    assert export_bundle(shared) == export_bundle(tiny_ensemble)


def test_an_ensemble_in_a_root_without_its_members_holds_them(tiny_ensemble, tmp_path):
    pin_bundle(tmp_path, tiny_ensemble, shares_members=True)
    assert (tmp_path / tiny_ensemble.name / "member-2.model.keras").is_file()


def test_an_altered_bundle_of_a_member_is_refused_by_the_ensemble(shared):
    network = shared.parent / "turned-efficientnet-lite0" / "model.keras"
    network.write_bytes(network.read_bytes() + b"\0")
    with pytest.raises(BundleTamperedError, match=r"borrows files of 'turned-efficientnet-lite0'"):
        read_bundle(shared)


def test_an_ensemble_whose_member_is_not_sound_is_not_offered_and_says_what_it_needs(shared):
    root = shared.parent
    assert shared.name in {each.id for each in survey_root(root).manifests}
    shutil.rmtree(root / "turned-efficientnet-lite0")
    for take_line_out in (False, True):
        if take_line_out:
            pins = root / "SHA256SUMS"
            lines = pins.read_text().splitlines(keepends=True)
            pins.write_text("".join(line for line in lines if "turned" not in line))
        listing = survey_root(root)
        assert [each.id for each in listing.manifests] == ["tiny-efficientnet-lite0"]
        assert "borrows files of 'turned-efficientnet-lite0'" in str(listing.refused[shared.name])
    with pytest.raises(BundleTamperedError, match=r"borrows files of 'turned"):
        load_answerer(shared)


def test_whoever_asks_whether_it_is_whole_by_itself_is_told_what_it_lacks(shared):
    with pytest.raises(BundleTamperedError, match=r"lacks 'member-1\.card\.json'"):
        verify_bundle(shared, may_borrow=False)
    with pytest.raises(BundleTamperedError, match=r"lacks 'member-1\.card\.json'"):
        verify_unpinned(shared)


def test_an_ensemble_that_borrows_is_pinned_again_as_it_is(shared, tiny_ensemble):
    pin_bundle(shared.parent, tiny_ensemble, shares_members=True)
    assert read_bundle(shared) == read_bundle(tiny_ensemble)
