"""Kinds of blood cells by frozen networks: which picture of a cell, and which features of it.

python -m docs.experiments.frozen_cells --index INDEX [--of NAME…] [--shrinkage S…]
    [--without SET…] [--keep FOLDER]

Takes the cells of the task `blood-cells`, as they are, and ALL-IDB2's healthy ones, which nothing
learns from, since their kind is not told: they are no blasts. A linear discriminant on the features
(shrinkage 0.2 by default; kinds and laboratories weigh as in the recipe). Each way and shrinkage
has a line for people of Johns Hopkins (and of C-NMC) left out in five folds, and one for each
laboratory left out: AUROC of blasts among eight kinds, balanced accuracy over the kinds that are
there, blasts that have "blast" first, and lymphocytes, monocytes and neutrophils that have. Nothing
is chosen here; who takes the best way chose by these cells.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from docs.experiments.cell_figures import NORMAL
from models.answer.openvino_ir import run_by_openvino
from models.answer.prediction import softmax
from models.architectures import HEADS, build_model
from models.architectures.weights import WeightsSource
from models.cells.count import BLAST, OTHER
from models.preprocessing import Step
from training.data.collection import Collection, collect
from training.data.index import read_index
from training.fit.balance import chances
from training.fit.linear_head import discriminants
from training.recipes.recipe import read_recipe

RECIPE = "blood-cells-mobilenet"
BY_PEOPLE = ("jhu_cells", "c_nmc")
LEFT_OUT = ("jhu_cells", "marrow_cells", "pbc_barcelona", "c_nmc", "all_idb2")
NO_KIND = "all_idb2/healthy"
LITE = ("block4_add", "block10_add", "block14_add", "top_relu")
VGG = ("block3_pool", "block4_pool", "block5_pool")
MOBILE = ("conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_8_relu", "conv_pw_11_relu")
SQUEEZE = ("fire3_concat", "fire5_concat", "fire7_concat", "fire9_concat")
_BATCH = 16


def square(multiple: float, side: int, *further: Step) -> tuple[Step, ...]:
    """Steps to a white-balanced square around the nucleus."""
    return (
        Step(name="white_balance", parameters={"level": 240}),
        Step(name="nucleus_square", parameters={"size_px": side, "multiple": multiple}),
        *further,
    )


STAIN = Step(name="reinhard", parameters={})
WAYS = {
    "lite, 1.8 at 128": ("efficientnet-lite0", LITE, 128, square(1.8, 128)),
    "squeezenet, 1.8 at 128": ("squeezenet", SQUEEZE, 128, square(1.8, 128)),
    "mobilenet, 1.8 at 128": ("mobilenet", MOBILE, 128, square(1.8, 128)),
    "vgg, 1.8 at 128": ("vgg16", VGG, 128, square(1.8, 128)),
    "mobilenet, 1.8 at 160": ("mobilenet", MOBILE, 160, square(1.8, 160)),
    "mobilenet, 3.2 at 160": ("mobilenet", MOBILE, 160, square(3.2, 160)),
    "mobilenet, 1.8 at 128, stain moved": ("mobilenet", MOBILE, 128, square(1.8, 128, STAIN)),
}
"""Network, layers whose maps are described, side in pixels, and steps."""


def main() -> None:
    """Measure, and print the lines of each way, then of all together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--of", nargs="*", default=[*WAYS], choices=[*WAYS], help="these ways")
    parser.add_argument("--shrinkage", nargs="*", type=float, default=[0.2], help="0 to 1")
    parser.add_argument("--without", nargs="*", default=[], help="data sets nothing learns from")
    parser.add_argument("--keep", type=Path, help="folder for features, so that they are made once")
    arguments = parser.parse_args()
    index = read_index(arguments.index)
    task = read_recipe(RECIPE).task
    lymphocytes = (*task.classes["lymphocyte"], NO_KIND)  # for want of a kind; see `answers`
    task = task.changed(classes={**task.classes, "lymphocyte": lymphocytes})
    found = []
    collection, collected = None, None
    for name in arguments.of:
        architecture, layers, side, steps = WAYS[name]
        kept = f"{name}, with {NO_KIND.replace('/', ' ')}, {index.sha256[:12]}.npy"
        path = arguments.keep / kept if arguments.keep else None
        recipe = replace(read_recipe(RECIPE), task=task, steps=steps, input_px=side)
        if collection is None or (steps != collected and not (path and path.exists())):
            collection, collected = collect(recipe, index), steps
        if path is not None and path.exists():
            found.append(np.load(path))
        else:
            found.append(described(architecture, layers, side, collection.pictures.rgb))
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, found[-1])
        for line in lines(name, found[-1], collection, arguments):
            print(line, flush=True)
    if len(found) > 1 and collection is not None:
        for line in lines("all of these", np.hstack(found), collection, arguments):
            print(line, flush=True)


def described(architecture: str, layers: Sequence[str], side: int, rgb: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of the channels of these layers, (n, d) float32."""
    import keras

    network = build_model(
        architecture,
        n_classes=2,
        input_px=side,
        head=HEADS["linear"],
        weights=WeightsSource(kind="package"),
    )
    maps = [network.get_layer(layer).output for layer in layers]
    parts = [f(each, axis=(1, 2)) for each in maps for f in (keras.ops.mean, keras.ops.std)]
    run = run_by_openvino(keras.Model(network.input, keras.ops.concatenate(parts, axis=-1)))
    return np.concatenate(
        [run(rgb[n : n + _BATCH].astype(np.float32)) for n in range(0, len(rgb), _BATCH)]
    )


def lines(
    name: str, features: np.ndarray, collection: Collection, asked: argparse.Namespace
) -> Iterator[str]:
    """For each shrinkage a line for people left out, and one for each laboratory."""
    shrinkages: list[float] = asked.shrinkage
    sets = np.array([record.dataset for record in collection.records])
    groups = collection.groups["grouped"]
    for laboratory in BY_PEOPLE:
        home = np.flatnonzero(sets == laboratory)
        shares = np.zeros((len(shrinkages), len(sets), len(collection.classes)))
        for _, judge in GroupKFold(5).split(home, groups=groups[home]):
            judged = home[judge]
            others = ~np.isin(groups, groups[judged]) & ~np.isin(sets, asked.without)
            learn = np.flatnonzero(others)
            shares[:, judged] = answers(features, collection, learn, judged, shrinkages)
        for found, shrinkage in zip(shares, shrinkages, strict=True):
            told = figures(found[home], home, collection)
            yield f"{name}, shrinkage {shrinkage:g}, people of {laboratory}: {told}"
    for laboratory in LEFT_OUT:
        judged = np.flatnonzero(sets == laboratory)
        learn = np.flatnonzero(~np.isin(sets, [laboratory, *asked.without]))
        each = answers(features, collection, learn, judged, shrinkages)
        for found, shrinkage in zip(each, shrinkages, strict=True):
            told = figures(found, judged, collection)
            yield f"{name}, shrinkage {shrinkage:g}, {laboratory} left out: {told}"


def answers(
    features: np.ndarray,
    collection: Collection,
    learn: np.ndarray,
    judge: np.ndarray,
    shrinkages: Sequence[float],
) -> np.ndarray:
    """Probabilities (shrinkages, n, classes); cells without a kind are not learned from."""
    records, labels = collection.records, collection.labels
    learn = np.array([n for n in learn if f"{records[n].dataset}/{records[n].label}" != NO_KIND])
    sets = np.unique([records[n].dataset for n in learn], return_inverse=True)[1]
    heads = discriminants(
        features[np.newaxis, learn],
        labels[learn],
        chances(labels[learn], sets),
        shrinkages,
        n_classes=len(collection.classes),
    )
    return np.stack([softmax(features[judge] @ kernel + bias, 1.0) for kernel, bias in heads])


def figures(shares: np.ndarray, images: np.ndarray, collection: Collection) -> str:
    """AUROC of blasts, balanced accuracy, and what has "blast" first, in words."""
    names = np.array(collection.classes)
    truth = names[collection.labels[images]]
    counted = truth != OTHER
    shares, truth = shares[counted], truth[counted]
    kinds = names != OTHER
    said = names[kinds][shares[:, kinds].argmax(axis=1)]
    first = names[shares.argmax(axis=1)]
    blasts = truth == BLAST
    auroc = f"{roc_auc_score(blasts, shares[:, names == BLAST][:, 0]):.3f}" if blasts.any() else "–"
    right = [(said[truth == kind] == kind).mean() for kind in np.unique(truth)]
    normal = np.isin(truth, NORMAL)
    return (
        f"n {len(truth)}, AUROC {auroc}, balanced accuracy {np.mean(right):.3f} of {len(right)} "
        f"kinds, blasts found {(first[blasts] == BLAST).sum()} of {blasts.sum()}, normal as blast "
        f"{(first[normal] == BLAST).sum()} of {normal.sum()}"
    )


if __name__ == "__main__":
    main()
