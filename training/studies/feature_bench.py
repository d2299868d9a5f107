"""The bench of classifiers on what a recipe's images become: deep or classical features."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.architectures import HEADS
from training.data.collection import Collection, collect, splits_of
from training.data.index import DatasetIndex
from training.errors import DatasetError
from training.network_outputs import outputs_of
from training.recipes.recipe import Recipe, SplitPlan
from training.stored import claim_folder, read_or_make, write_array, write_json, write_table
from training.studies.bench import CLASSIFIERS, BenchRow, bench, bench_tuned, best_of
from training.studies.classical_features import classical_features

_log = logging.getLogger(__name__)


def run_bench(
    recipe: Recipe,
    index: DatasetIndex,
    out: Path,
    *,
    features: Sequence[str],
    tuned_by: Path | None = None,
) -> list[dict[str, Any]]:
    """Try every classifier on a recipe's images and splits, and the best one on each split's
    validation images with its hyperparameters searched; write bench.json and bench.csv.

    A classifier that has finished is not tried again when a stopped bench goes on.

    Args:
        recipe: Gives images, preprocessing, splits, and the network of deep features.
        index: The images.
        out: Folder of the tables.
        features: Some of BENCH_FEATURES: "frozen" is the last feature map of the network before it
            learned, averaged; "classical" is `classical_features`; "tuned" is what stands before
            the last layer of the networks that a run of this recipe trained, fold by fold.
        tuned_by: Folder of that run.

    Returns:
        One row a split, kind of features and classifier, as the table has them, each with the
        name of the recipe as its model.

    Raises:
        DatasetError: The folder holds another bench, or no run has left the tuned networks.
    """
    if "tuned" in features and tuned_by is None:
        raise DatasetError("Tuned features come from a run, and none was named. Give its folder.")
    claim_folder(out, {"recipe": dict(recipe.source), "index": index.sha256})
    collection = collect(recipe, index)
    rows = [
        {"model": recipe.name, **_row(plan, kind, stored)}
        for kind in features
        for plan in recipe.splits
        for stored in _stored_rows(recipe, collection, plan, kind, out, tuned_by)
    ]
    write_json(out / "bench.json", rows)
    write_table(out / "bench.csv", rows)
    return rows


def _stored_rows(
    recipe: Recipe,
    collection: Collection,
    plan: SplitPlan,
    kind: str,
    out: Path,
    tuned_by: Path | None,
) -> list[BenchRow]:
    """What `bench` says of each classifier, from the folder where it was said before."""
    splits = splits_of(collection, plan, seed=recipe.seed)
    if kind == "tuned":
        matrices = [
            _tuned(collection, Path(tuned_by or out) / plan.kind / f"fold-{number}")
            for number in range(len(splits))
        ]
    else:
        make = {"frozen": _frozen, "classical": _classical}[kind]
        matrices = [make(recipe, collection, out)] * len(splits)

    folder = out / plan.kind / kind

    def stored(file: str, judge: Callable[..., BenchRow], names: str | tuple[str, ...]) -> BenchRow:
        def made() -> dict[str, Any]:
            _log.info("%s features, %s split: %s", kind, plan.kind, file)
            groups = collection.groups["grouped"]
            row = judge(names, matrices, collection.labels, groups, splits, seed=recipe.seed)
            return row.to_dict()

        path = folder / f"{file}.json"
        row = BenchRow.from_dict(read_or_make(path, made))
        if row.figures and row.validation is None and all(len(each.validation) for each in splits):
            path.unlink()  # of before, when nothing was noted of the validation parts
            row = BenchRow.from_dict(read_or_make(path, made))
        return row

    rows = [stored(name, bench, name) for name in CLASSIFIERS]
    best = best_of(rows)
    return [*rows, *([stored("tuned", bench_tuned, best)] if best else [])]


def _row(plan: SplitPlan, kind: str, stored: BenchRow) -> dict[str, Any]:
    """A line of the table: the best known names first, each figure with its interval."""
    row: dict[str, Any] = {"features": kind, "split": plan.kind, "classifier": stored.classifier}
    row["n"] = ""
    for figure in stored.figures:
        row["n"] = figure.n
        row[figure.name] = figure.value
        row[f"{figure.name} low"] = figure.low
        row[f"{figure.name} high"] = figure.high
    return {**row, "seconds": stored.seconds, "note": stored.note}


def _frozen(recipe: Recipe, collection: Collection, out: Path) -> np.ndarray:
    """The frozen network's features of every image, averaged over rows and columns."""
    from training.fit.network import frozen_features

    pooled = replace(
        recipe, head=HEADS["linear"], fit=recipe.fit.changed(head_epochs=1, head_copies=1)
    )
    features = frozen_features(
        pooled,
        collection.pictures.rgb,
        n_classes=len(recipe.task.classes),
        path=out / "frozen.npy",
    )
    matrix: np.ndarray = features[0]
    return matrix


def _classical(recipe: Recipe, collection: Collection, out: Path) -> np.ndarray:
    path = out / "classical.npy"
    if not path.is_file():
        write_array(path, classical_features(collection.pictures.rgb))
    stored: np.ndarray = np.load(path, allow_pickle=False)
    return stored


def _tuned(collection: Collection, folder: Path) -> np.ndarray:
    """What stands before the last layer of the network that a fold's training left."""
    import keras

    network = folder / "model.keras"
    if not network.is_file():
        raise DatasetError(
            f"The run {folder.name} holds no trained network. "
            "Run the recipe first, and name that run's folder."
        )
    path = folder / "features.npy"
    if not path.is_file():
        model = keras.saving.load_model(network, compile=False)
        before_last = keras.Model(model.input, model.layers[-1].input)
        write_array(path, outputs_of(before_last, collection.pictures.rgb))
        keras.utils.clear_session()
    stored: np.ndarray = np.load(path, allow_pickle=False)
    return stored
