"""AML or APL by the cell alone: what squares around the nucleus tell of a patient.

python -m docs.experiments.aml_or_apl --index INDEX

Takes the images of the recipe `aml-or-apl-efficientnet-lite0` but for the erythroblasts among them
(`_ERB_` in the name), which are no blasts, and its folds over patients. Each picture is seen as the
recipe does, or as a square around its nucleus; each is described by the mean, or mean and standard
deviation, of the channels of the frozen network at one of two depths, and a head is found by
logistic regression. A line a way: AUROC of single cells and of patients (mean of their cells'
log-odds) on the folds' test parts. Whoever takes the best of them chose by test images. The last
line chooses anew in each fold, by the likelihood of the other folds' patients alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from docs.experiments.frozen_cells import described, square
from models.answer.prediction import softmax
from models.preprocessing import Step
from training.data.collection import collect, splits_of
from training.data.index import DatasetIndex, read_index
from training.data.splits import Split
from training.fit.balance import class_weights
from training.fit.linear_head import logistic_head
from training.judge.bootstrap import bootstrap_figures
from training.recipes.recipe import read_recipe

RECIPE = "aml-or-apl-efficientnet-lite0"
NO_BLAST = "_ERB_"
DEPTHS = {"stride 16": "block10_add", "last layer": "top_relu"}
SQUARES = ((1.8, 128), (2.5, 160), (3.2, 192), (2.5, 224))
"""Multiples of the nucleus and sides in pixels."""


def main() -> None:
    """Measure, and print a line for each way and one for the choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, required=True)
    whole = read_index(parser.parse_args().index)
    index = replace(whole, records=tuple(r for r in whole.records if NO_BLAST not in r.name))
    recipe = read_recipe(RECIPE)
    logits: dict[str, np.ndarray] = {}
    losses: dict[str, list[float]] = {}
    for name, features, labels, groups, folds in ways(index):
        weights = recipe.fit.class_weights
        logits[name], losses[name] = judged(features, labels, groups, folds, weights)
        print(f"{name}: {in_words(logits[name], labels, groups)}", flush=True)
    chosen = [min(losses, key=lambda name: losses[name][k]) for k in range(len(folds))]
    nested = np.zeros(len(labels))
    for name, fold in zip(chosen, folds, strict=True):
        nested[fold.test] = logits[name][fold.test]
    print(f"chosen in each fold ({'; '.join(chosen)}): {in_words(nested, labels, groups)}")


def ways(
    index: DatasetIndex,
) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray, tuple[Split, ...]]]:
    """Each way's name and features (n, d), with labels, patients and folds."""
    recipe = read_recipe(RECIPE)
    pictures: dict[str, tuple[tuple[Step, ...], int]] = {
        f"as the recipe, {recipe.input_px} px": (recipe.steps, recipe.input_px)
    }
    for multiple, side in SQUARES:
        pictures[f"square of {multiple} nuclei, {side} px"] = (square(multiple, side), side)
    for picture, (steps, side) in pictures.items():
        collection = collect(replace(recipe, steps=steps, input_px=side), index)
        splits = tuple(splits_of(collection, recipe.splits[-1], seed=recipe.seed))
        labels, groups = collection.labels, collection.groups["grouped"]
        for depth, layer in DEPTHS.items():
            found = described("efficientnet-lite0", (layer,), side, collection.pictures.rgb)
            half = found.shape[1] // 2
            yield f"{picture}, {depth}, mean", found[:, :half], labels, groups, splits
            yield f"{picture}, {depth}, mean and deviation", found, labels, groups, splits


def judged(
    features: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray,
    folds: tuple[Split, ...],
    balance: str,
) -> tuple[np.ndarray, list[float]]:
    """Log-odds of APL of each cell by the fold that judges it, and each fold's loss within it."""
    odds, losses = np.zeros(len(labels)), []
    for fold in folds:
        learn = np.concatenate([fold.train, fold.validation])
        weights = class_weights(labels[learn], balance, n_classes=2)
        head = logistic_head(
            features[np.newaxis, learn], labels[learn], groups[learn], weights=weights
        )
        logits = features[fold.test] @ head.kernel + head.bias
        odds[fold.test] = logits[:, 1] - logits[:, 0]
        shares = softmax(head.out_of_fold, 1.0)[np.arange(len(learn)), labels[learn]]
        losses.append(float(-np.log(np.clip(shares, 1e-12, None)).mean()))
    return odds, losses


def in_words(odds: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> str:
    """AUROC of cells, with its interval over patients, and of patients."""
    (cells,) = bootstrap_figures(
        lambda rows: {"AUROC": float(roc_auc_score(labels[rows], odds[rows]))}, groups
    )
    people = np.unique(groups)
    means = np.array([odds[groups == each].mean() for each in people])
    truths = np.array([labels[groups == each][0] for each in people])
    (patients,) = bootstrap_figures(
        lambda rows: {"AUROC": float(roc_auc_score(truths[rows], means[rows]))}, people
    )
    return (
        f"cells {cells.in_decimals}, n {cells.n}; patients {patients.in_decimals}, n {len(people)}"
    )


if __name__ == "__main__":
    main()
