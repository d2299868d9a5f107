"""What each depth of EfficientNet-Lite0 knows of lymphoma by case, and what choosing one costs.

python -m docs.experiments.lymphoma_texture --index INDEX

Takes images, steps and folds over cases of the recipe `lymphoma-subtypes-efficientnet-lite0`, and
gives the head the mean and the standard deviation of each channel after one block. A row a block:
the share of images named rightly on the folds' test parts. Whoever takes the best of them chose by
test images. The last row chooses the block anew in each fold, by the likelihood of the other
folds' cases alone: what such a choice is worth on new cases.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from models.answer.prediction import softmax
from models.architectures import HEADS, build_model
from training.data.collection import Collection, collect, splits_of
from training.data.index import read_index
from training.fit.balance import class_weights
from training.fit.linear_head import logistic_head
from training.judge.bootstrap import bootstrap_figures
from training.recipes.recipe import Recipe, read_recipe

_BATCH = 8


def main() -> None:
    """Measure, and print a line for each block and one for the choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, required=True)
    recipe = read_recipe("lymphoma-subtypes-efficientnet-lite0")
    collection = collect(recipe, read_index(parser.parse_args().index))
    features = texture_of_blocks(recipe, collection.pictures.rgb)
    right, losses = judged(recipe, collection, features)
    groups = collection.groups["grouped"]
    for name, hits in right.items():
        print(f"{name}: {in_words(hits, groups)}", flush=True)
    chosen = [min(fold, key=fold.__getitem__) for fold in losses]
    folds = splits_of(collection, recipe.splits[-1], seed=recipe.seed)
    nested = np.zeros(len(groups))
    for name, fold in zip(chosen, folds, strict=True):
        nested[fold.test] = right[name][fold.test]
    print(f"chosen in each fold ({', '.join(chosen)}): {in_words(nested, groups)}")


def texture_of_blocks(recipe: Recipe, rgb: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and standard deviation of the channels after each block, as (n, 2 channels)."""
    import keras

    network = build_model(
        "efficientnet-lite0",
        n_classes=2,
        input_px=recipe.input_px,
        head=HEADS["linear"],
        weights=recipe.weights,
    )
    names = {layer.name for layer in network.layers}
    ends = [name.removesuffix("_project_bn") for name in names if name.endswith("_project_bn")]
    blocks = [
        network.get_layer(f"{end}_add" if f"{end}_add" in names else f"{end}_project_bn")
        for end in sorted(ends, key=lambda end: int(end.removeprefix("block")))
    ]
    outputs = []
    for layer in blocks:
        mean = keras.ops.mean(layer.output, axis=(1, 2))
        outputs += [mean, keras.ops.std(layer.output, axis=(1, 2))]
    found = keras.Model(network.input, outputs).predict(rgb, batch_size=_BATCH, verbose=0)
    pairs = zip(found[::2], found[1::2], strict=True)
    return {
        f"{layer.name}, stride {recipe.input_px // layer.output.shape[1]}": np.hstack(pair)
        for layer, pair in zip(blocks, pairs, strict=True)
    }


def judged(
    recipe: Recipe, collection: Collection, features: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Of each block, which images it named rightly; of each fold, every block's loss within it."""
    labels, groups = collection.labels, collection.groups["grouped"]
    right = {name: np.zeros(len(labels)) for name in features}
    losses = []
    for fold in splits_of(collection, recipe.splits[-1], seed=recipe.seed):
        learn = np.concatenate([fold.train, fold.validation])
        n_classes = len(recipe.task.classes)
        weights = class_weights(labels[learn], recipe.fit.class_weights, n_classes=n_classes)
        inner = {}
        for name, values in features.items():
            head = logistic_head(
                values[np.newaxis, learn], labels[learn], groups[learn], weights=weights
            )
            logits = values[fold.test] @ head.kernel + head.bias
            right[name][fold.test] = logits.argmax(axis=1) == labels[fold.test]
            shares = softmax(head.out_of_fold, 1.0)[np.arange(len(learn)), labels[learn]]
            inner[name] = float(-np.log(np.clip(shares, 1e-12, None)).mean())
        losses.append(inner)
    return right, losses


def in_words(hits: np.ndarray, groups: np.ndarray) -> str:
    """The share with its interval over cases."""
    figure = bootstrap_figures(lambda rows: {"accuracy": float(hits[rows].mean())}, groups)[0]
    return f"{figure.in_percent}, n {figure.n}"


if __name__ == "__main__":
    main()
