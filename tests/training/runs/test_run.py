"""A whole run on drawn smears: what it leaves behind, and what a stop does to it."""

import csv
import gc
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from models.answer.answer_bound import bound_of, emptied_curve, risk_curve
from models.answer.reference import read_reference
from models.bundle.card import read_card
from models.bundle.folder import verify_bundle
from models.bundle.manifest import IR_NETWORK
from training.__main__ import main
from training.data.index import read_index
from training.errors import DatasetError
from training.judge.predictions import read_predictions
from training.recipes.recipe import RECIPES, Recipe, parse_recipe
from training.runs.run import run

# A run that is torn down leaves Keras's CSV log open, as a kill would; pytest sees it later.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def recipe(
    *,
    splits: tuple[str, ...] = ("random", "grouped"),
    network: str = "efficientnet-lite0",
    **fit: object,
) -> Recipe:
    """A small recipe on drawn smears: 64 px, the head alone unless epochs are asked for."""
    values = tomllib.loads((RECIPES / "all-subtypes-efficientnet-lite0.toml").read_text())
    kind = "package" if network == "efficientnet-lite0" else "none"
    values["model"] |= {"input_px": 64, "architecture": network, "weights": {"kind": kind}}
    values["steps"] = [{"name": "resize", "parameters": {"size_px": 64, "fit": "stretch"}}]
    values["fit"] = {"head_epochs": 20, "epochs": 0, "batch": 16, "class_weights": "sqrt", **fit}
    values["split"] = [{"kind": kind, "test": 0.25, "validation": 0.25} for kind in splits]
    return parse_recipe(values, name="drawn-subtypes")


@pytest.fixture(scope="module")
def index_path(tmp_path_factory) -> Path:
    return write_synthetic_dataset(
        tmp_path_factory.mktemp("drawn"),
        labels=("Benign", "Early", "Pre", "Pro"),
        n_per_label=24,
        seed=1,
    )


@pytest.fixture(scope="module")
def finished(index_path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("run")
    run(recipe(), read_index(index_path), out)
    return out


def test_a_run_leaves_a_bundle_whose_hashes_hold(finished):
    manifest = verify_bundle(finished / "bundle")
    assert manifest.classes == ("Benign", "Early", "Pre", "Pro")
    assert manifest.data.n_images == 96
    assert (finished / "bundle" / IR_NETWORK).is_file()
    assert 0 < manifest.answer_threshold <= 1


def test_the_card_holds_both_splits_with_the_colour_baseline(finished):
    card = read_card(finished / "bundle" / "card.json")
    for split in ("random", "grouped"):
        model = card.evaluation(split=split)
        baseline = card.evaluation(split=split, subject="six colour numbers")
        assert model.figure("accuracy").n == baseline.figure("accuracy").n > 15
        assert sum(map(sum, model.confusion)) == model.figure("accuracy").n
    assert card.sources[0].name == "Drawn smears"


def test_the_card_says_how_long_one_image_takes(finished):
    timing = read_card(finished / "bundle" / "card.json").timing
    assert 0 < timing.low_ms <= timing.median_ms <= timing.high_ms
    assert timing.n >= 20


def test_every_test_image_of_the_matrix_can_be_found_again(finished, index_path):
    card = read_card(finished / "bundle" / "card.json")
    known = {record.name for record in read_index(index_path).records}
    for split in ("random", "grouped"):
        predictions = read_predictions(finished / split)
        for truth, row in enumerate(card.evaluation(split=split).confusion):
            for answer, count in enumerate(row):
                assert len(predictions.in_cell(truth, answer)) == count
        assert set(predictions.paths) <= known


def test_a_finished_run_is_not_trained_again(finished, index_path):
    stored = finished / "grouped" / "fold-0" / "logits.npz"
    before = stored.stat().st_mtime_ns
    (finished / "bundle").rename(finished / "first-bundle")
    run(recipe(), read_index(index_path), finished)
    assert stored.stat().st_mtime_ns == before
    first, second = (
        verify_bundle(finished / name).files["model.keras"] for name in ("first-bundle", "bundle")
    )
    assert first == second


def test_a_head_by_logistic_regression_is_tuned_on_all_that_it_learned_from(index_path, tmp_path):
    head = recipe(
        splits=("grouped",),
        network="colour-numbers",
        head_solver="logistic",
        head_epochs=1,
        head_copies=1,
    )
    task = head.task.changed(empty_fields_of=("synthetic",))
    head = replace(head, has_openvino=False, task=task)
    manifest = run(head, read_index(index_path), tmp_path / "run")
    assert not (tmp_path / "run" / "bundle" / IR_NETWORK).exists()
    assert verify_bundle(tmp_path / "run" / "bundle") == manifest
    # on validation images, whose cells were painted out
    shares = [each.answered for each in manifest.emptied]
    assert shares == sorted(shares)
    assert manifest.emptied[-1].threshold == 0.0
    assert 0 < manifest.emptied[0].n_images <= 24
    judged = read_predictions(tmp_path / "run" / "grouped")
    tuned = read_predictions(tmp_path / "run" / "grouped" / "validation")
    assert len(tuned.labels) + len(judged.labels) == 96
    reference = read_reference((tmp_path / "run" / "bundle" / "reference.npz").read_bytes())
    assert len(reference.conformal.scores) == len(tuned.labels)
    assert len(np.unique(reference.conformal.groups)) == len(np.unique(tuned.groups))


def test_a_run_whose_model_reads_the_picture_answers_nothing(index_path, tmp_path, monkeypatch):
    proven = risk_curve(np.full(60, 0.0), np.zeros(60, bool), np.arange(60))
    sees_all = emptied_curve(np.full(20, 0.9999), np.ones(20, bool))
    monkeypatch.setattr("training.judge.judgement._risk_of_fold", lambda *_: proven)
    made = {}
    for name, emptied in (("held", sees_all), ("free", ())):
        monkeypatch.setattr("training.runs.run.emptied_answers", lambda *_, e=emptied, **__: e)
        head = recipe(
            splits=("grouped",),
            network="colour-numbers",
            head_solver="logistic",
            head_epochs=1,
            head_copies=1,
        )
        out = tmp_path / name
        manifest = run(replace(head, has_openvino=False), read_index(index_path), out)
        assert manifest.emptied == emptied
        figures = read_card(out / "bundle" / "card.json").evaluation(split="grouped").figures
        made[name] = manifest, {figure.name: figure.value for figure in figures}
    (held, figures), (free, free_figures) = made["held"], made["free"]
    assert held.risk == free.risk == proven
    assert bound_of(held, 0.05).held_back == sees_all[-1]
    assert free.answer_threshold == bound_of(free, 0.05).threshold == 0
    assert held.answer_threshold > 0  # fitted to few mistakes, as where nothing is proven
    assert free_figures["answered where 5 % may be wrong"] == 1
    assert figures["answered where 5 % may be wrong"] == 0
    assert "wrong of those answered" not in figures


def test_a_stopped_run_goes_on_with_the_next_epoch(index_path, tmp_path, monkeypatch):
    import keras

    class Stop(Exception):
        pass

    def stop(self, epoch, logs=None):
        if epoch == 1:
            raise Stop

    from training.fit import network as fit_module

    plan = recipe(splits=("random",), network="alexnet", epochs=2, head_epochs=1)
    monkeypatch.setattr(fit_module.KeepBest, "on_epoch_begin", stop, raising=False)
    with pytest.raises(Stop):
        run(plan, read_index(index_path), tmp_path)
    monkeypatch.undo()
    gc.collect()
    seen: list[int] = []
    monkeypatch.setattr(
        fit_module.KeepBest,
        "on_epoch_begin",
        lambda self, epoch, logs=None: seen.append(epoch),
        raising=False,
    )
    keras.utils.clear_session()
    run(plan, read_index(index_path), tmp_path)
    assert seen == [1]
    history = np.genfromtxt(tmp_path / "random/fold-0/history.csv", delimiter=",", names=True)
    assert history["epoch"].tolist() == [0, 1]
    monkeypatch.undo()
    keras.utils.clear_session()
    run(plan, read_index(index_path), tmp_path / "never-stopped")
    resumed, whole = (
        np.load(folder / "random/fold-0/logits.npz")["test"]
        for folder in (tmp_path, tmp_path / "never-stopped")
    )
    np.testing.assert_allclose(resumed, whole, atol=1e-4)


def test_a_corrupt_image_stops_the_run_before_training_and_is_named(index_path, tmp_path):
    import shutil

    folder = tmp_path / "data"
    shutil.copytree(index_path.parent, folder)
    index = read_index(folder / "index.csv")
    victim = index.records[5]
    victim.path.write_bytes(victim.path.read_bytes()[:200])
    with pytest.raises(DatasetError, match=victim.name):
        run(recipe(), index, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bundle_is_taught_what_is_none_of_its_classes(finished, index_path, tmp_path):
    """Cells cut out on black, by another index; its own images stay of its kind."""
    others = write_synthetic_dataset(
        tmp_path / "others", labels=("blast-cutout",), n_per_label=60, seed=5
    )
    rows = list(csv.DictReader(others.read_text("utf-8").splitlines()))
    with others.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(row | {"dataset": "c_nmc", "label": "all"} for row in rows)
    out = tmp_path / "taught"
    words = [str(finished / "bundle"), "--index", str(index_path), "--others", str(others)]
    assert main(["none-of-these", *words, "--out", str(out)]) == 0
    manifest, before = verify_bundle(out), verify_bundle(finished / "bundle")
    changed = {name for name in manifest.files if manifest.files[name] != before.files[name]}
    assert changed == {"card.json", "reference.npz"}
    none = read_reference((out / "reference.npz").read_bytes()).domain.none
    assert none.bias.shape == (5,)
    assert read_reference((finished / "bundle/reference.npz").read_bytes()).domain.none is None
    card = read_card(out / "card.json")
    assert "none of its classes" in card.limits[-1]
    assert [*card.limits[:-1]] == [*read_card(finished / "bundle/card.json").limits]
    rows = {row.kind: row.turned_away for row in card.domain}
    assert 0 < rows["c_nmc"].n < 60  # those that it was not shown
    assert rows["c_nmc"].value > 0.9
    assert rows["own test images"].value < 0.2
