"""An ensemble made of finished runs: judged on their common test images, set on validation."""

import shutil
import tomllib
from dataclasses import replace

import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from models.answer.answer_bound import emptied_curve
from models.bundle.card import parse_card, read_card, write_card
from models.bundle.folder import (
    SHIPPED_ROOT,
    BundleContents,
    folder_beside,
    read_bundle,
    verify_bundle,
)
from models.bundle.manifest import member_file
from tests.test_house import sha256_of
from training.__main__ import main
from training.audits.with_card import write_with_card
from training.cli.answer_bound import refuse_what_was_learned
from training.data.index import read_index
from training.errors import DatasetError
from training.judge.predictions import read_predictions
from training.recipes.recipe import parse_recipe
from training.registry.promotion import Registry
from training.runs.ensemble_bundle import EnsembleOrder, make_ensemble
from training.runs.run import run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs of one split with networks of drawn weights, and one of another split."""
    folder = tmp_path_factory.mktemp("runs")
    index = read_index(
        write_synthetic_dataset(
            folder / "drawn", labels=("Benign", "Early", "Pre", "Pro"), n_per_label=12, seed=1
        )
    )
    outs = []
    for name, size_px, seed in (("small", 64, 1), ("smaller", 72, 1), ("elsewhere", 64, 2)):
        recipe = parse_recipe(
            tomllib.loads(f"""
title = "Drawn, {size_px} px"
task = "all-subtypes"
seed = {seed}
model = {{ architecture = "alexnet", input_px = {size_px}, weights = {{ kind = "none" }} }}
steps = [{{ name = "resize", parameters = {{ size_px = {size_px}, fit = "stretch" }} }}]
fit = {{ head_epochs = 1, epochs = 0 }}
split = [{{ kind = "grouped", validation = 0.25 }}]
"""),
            name=f"drawn-{name}",
        )
        outs.append(folder / name)
        run(recipe, index, outs[-1])
    return outs


@pytest.fixture(scope="module")
def order(runs) -> EnsembleOrder:
    return EnsembleOrder(id="drawn-together", title="Together", runs=tuple(runs[:2]))


@pytest.fixture(scope="module")
def bundle(order, tmp_path_factory):
    out = tmp_path_factory.mktemp("made") / "bundle"
    make_ensemble(order, out)
    return out


def test_its_figures_are_those_of_the_mean_on_the_common_test_images(bundle, runs):
    tested = [read_predictions(run / "grouped") for run in runs[:2]]
    answers = np.mean([each.probabilities for each in tested], axis=0).argmax(axis=1)
    accuracy = read_card(bundle / "card.json").evaluation(split="grouped").figure("accuracy")
    assert accuracy.n == len(tested[0].labels)
    assert accuracy.value == pytest.approx((answers == tested[0].labels).mean())


def test_it_has_its_members_and_the_baseline_beside_it(bundle):
    manifest = verify_bundle(bundle)
    assert [member.id for member in manifest.members] == ["drawn-small", "drawn-smaller"]
    assert [member.weight for member in manifest.members] == [0.5, 0.5]
    card = read_card(bundle / "card.json")
    assert card.evaluation(split="grouped", subject="six colour numbers") is not None


def test_weights_of_validation_leave_every_member_in(order, tmp_path):
    weighed = make_ensemble(replace(order, weights="validation"), tmp_path / "bundle")
    weights = [member.weight for member in weighed.members]
    assert sum(weights) == pytest.approx(1)
    assert min(weights) > 0


def test_runs_that_were_judged_on_other_images_are_refused(order, runs, tmp_path):
    with pytest.raises(DatasetError, match="other images than the first"):
        make_ensemble(replace(order, runs=(runs[0], runs[2])), tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_runs_whose_networks_are_of_different_splits_are_refused(order, runs, tmp_path):
    """A run ships the network of its last split, so an ensemble is judged on that one."""
    other = shutil.copytree(runs[1], tmp_path / "other")
    contents = read_bundle(other / "bundle")
    card = read_card(other / "bundle" / "card.json")
    splits = [{"kind": "grouped"}, {"kind": "random"}]
    write_card(card.changed(recipe={**card.recipe, "split": splits}), other / "bundle/card.json")
    shutil.copytree(other / "grouped", other / "random")
    files = contents.manifest.files | {"card.json": sha256_of(other / "bundle" / "card.json")}
    manifest = contents.manifest.changed(files=files)
    (other / "bundle" / "manifest.json").write_bytes(manifest.to_json())
    with pytest.raises(DatasetError, match="kinds of split: grouped, random"):
        make_ensemble(replace(order, runs=(runs[0], other)), tmp_path / "bundle")


def test_one_run_is_no_ensemble(order, runs, tmp_path):
    with pytest.raises(DatasetError, match="two runs"):
        make_ensemble(replace(order, runs=(runs[0], runs[0])), tmp_path / "bundle")


def test_it_knows_of_cells_no_more_than_its_worst_member(order, runs, tmp_path):
    curves = [
        emptied_curve(np.repeat([0.97, 0.2], [n, 40 - n]), np.ones(40, bool)) for n in (1, 12)
    ]
    out = tmp_path / "bundle"
    folders = []
    for number, (made, curve) in enumerate(zip(runs, (*curves, ()), strict=True)):
        folders.append(shutil.copytree(made, tmp_path / f"{number}"))
        contents = read_bundle(made / "bundle")
        manifest = contents.manifest.changed(emptied=curve)
        shutil.rmtree(folders[-1] / "bundle")
        with folder_beside(folders[-1] / "bundle") as folder:
            told = BundleContents(manifest=manifest, files=contents.files)
            write_with_card(told, parse_card(contents.files["card.json"]), folder)
    made = make_ensemble(replace(order, runs=tuple(folders[:2])), out)
    assert [each.answered for each in made.emptied] == [each.answered for each in curves[1]]
    assert made.risk_compressed == ()


def test_an_ensemble_is_promoted_like_any_model(bundle, tmp_path):
    registry = Registry(root=tmp_path, others=())
    event = registry.promote(bundle, by="a tester", reason="for a test")
    assert registry.aliases() == {"all-subtypes": "drawn-together"}
    assert len(event.model_sha256) == 64


def test_a_bundle_from_before_gets_the_curve_that_its_run_measured(bundle, runs, tmp_path):
    """Of a network and of an ensemble, whose curve is not in the manifest."""
    index = runs[0].parent / "drawn" / "index.csv"
    members = []
    for number, made in enumerate((runs[0] / "bundle", runs[1] / "bundle", bundle)):
        contents = read_bundle(made)
        old, new = tmp_path / f"{number}-old", tmp_path / f"{number}-new"
        before = BundleContents(manifest=contents.manifest.changed(risk=()), files=contents.files)
        with folder_beside(old) as folder:
            write_with_card(before, parse_card(contents.files["card.json"]), folder)
        given = [word for each in members for word in ("--member", str(each))]
        command = ["answer-bound", str(old), "--index", str(index), "--out", str(new)]
        assert main([*command, *(given if contents.manifest.members else [])]) == 0
        members.append(new)
        measured, found = contents.manifest.risk, verify_bundle(new).risk
        assert measured
        assert [each.n_groups for each in found] == [each.n_groups for each in measured]
        for name in ("threshold", "answered", "wrong", "bound"):
            values = [getattr(each, name) for each in found]
            assert values == pytest.approx([getattr(each, name) for each in measured], abs=1e-6)


def test_what_a_network_learned_from_tells_nothing_of_new_patients(bundle):
    """Of a logistic head, of several folds and of a split by image no curve is made afterwards."""
    contents = read_bundle(bundle)
    card = read_card(SHIPPED_ROOT / "lymphoma-subtypes-efficientnet-lite0" / "card.json")
    with pytest.raises(DatasetError, match="learned from its validation part"):
        refuse_what_was_learned(card, "lymphoma")
    own = parse_card(contents.files[member_file(1, "card.json")])
    refuse_what_was_learned(own, "own")
    for split, why in (
        ({"kind": "grouped", "folds": 3}, "several parts"),
        ({"kind": "leave_one_dataset_out"}, "several parts"),
        ({"kind": "random"}, "by image"),
    ):
        with pytest.raises(DatasetError, match=why):
            refuse_what_was_learned(own.changed(recipe=own.recipe | {"split": [split]}), "own")
