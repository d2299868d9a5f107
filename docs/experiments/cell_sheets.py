"""How cells of a sheet are best pooled; what a model says of smears whose cells are painted out;
what a run's models answer, class by class.

    python -m docs.experiments.cell_sheets pooling --index INDEX
    python -m docs.experiments.cell_sheets answered RUN
    python -m docs.experiments.cell_sheets painted BUNDLE… --index INDEX [--images 60]

Pooling: frozen features of EfficientNet-Lite0 at stride 16, of each tile of the recipe
all-subtypes-cells, and logistic regression in five folds over the recipe's own groups (blocks and
duplicates); a line for each pooling and strength of the penalty.

Painted: test images of the first bundle's own split (others may have learned from some of them),
all nucleated cells painted over from their surroundings (Telea 2004) in the picture that is given
to each model; a line of what it decides.

Answered: of a finished run, its test images by groups, each by a model that had not seen its
group: a line for each class, from the probability on from which the bundle answers.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, bound_of
from models.answer.loading import load_answerer
from models.bundle.folder import read_bundle, read_manifest
from models.finding.find import find_cells
from models.image.micrograph import micrograph_from_rgb, read_micrograph
from models.opinion import opinion_on
from models.preprocessing.cell_sheet import EMPTY_LEVEL
from training.audits.subject import read_subject
from training.data.collection import collect, spread_out
from training.data.index import DatasetIndex, read_index
from training.judge.predictions import read_predictions
from training.recipes.recipe import read_recipe

RECIPE = "all-subtypes-cells"
STRENGTHS = (0.003, 0.03, 0.3)
_FOLDS = 5
# So far beyond a cell's outline its stain still shows, as a share of its picture's shorter side.
_HALO_SHARE = 0.015


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("pooling", "painted", "answered"))
    parser.add_argument("folders", type=Path, nargs="*", metavar="BUNDLE or RUN")
    parser.add_argument("--index", type=Path)
    parser.add_argument("--images", type=int, default=60)
    arguments = parser.parse_args()
    if arguments.what == "answered":
        lines: Iterator[str] = (line for run in arguments.folders for line in answered(run))
    elif arguments.index is None:
        parser.error("Give the --index of the images.")
    elif arguments.what == "pooling":
        lines = pooling(read_index(arguments.index))
    else:
        lines = painted(arguments.folders, read_index(arguments.index), arguments.images)
    for line in lines:
        print(line, flush=True)


def answered(run: Path) -> Iterator[str]:
    """A line for each class: how many are named rightly, and what is answered with it."""
    bound = bound_of(read_manifest(run / "bundle"), DEFAULT_ERROR_LIMIT)
    yield f"from {bound.threshold}: {bound.in_words}"
    if bound.threshold is None:
        return
    found = read_predictions(run / "grouped")
    is_sure = found.probabilities.max(axis=1) >= bound.threshold
    for number, name in enumerate(found.classes):
        true, said = found.labels == number, found.answers == number
        given = is_sure & said
        yield (
            f"{name}: {int((true & found.is_right).sum())} of {int(true.sum())} named rightly, "
            f"{int((true & is_sure).sum())} answered; of {int(given.sum())} answers with this "
            f"class {int((given & ~found.is_right).sum())} wrong"
        )


def pooling(index: DatasetIndex) -> Iterator[str]:
    """A line for each way to pool and each strength: images named rightly, out of fold."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    collection = collect(read_recipe(RECIPE), index)
    owners, features = _features(collection.pictures.rgb)
    n = len(collection.labels)
    counts = np.maximum(np.bincount(owners, minlength=n), 1)[:, None]

    def mean(values: np.ndarray) -> np.ndarray:
        sums = np.zeros((n, values.shape[1]))
        np.add.at(sums, owners, values)
        return sums / counts

    half = features.shape[1] // 2
    means, squares = mean(features), mean(np.square(features, dtype=np.float64))
    spread = np.sqrt(np.maximum(squares - means**2, 0))
    ways = {
        "mean over cells": means[:, :half],
        "mean over cells of mean and deviation": means,
        "mean and deviation over cells": np.hstack([means[:, :half], spread[:, :half]]),
        "mean and deviation over cells, of both": np.hstack([means, spread]),
    }
    groups = collection.groups["grouped"]
    yield f"{n} images, {len(np.unique(groups))} groups, {len(owners)} cells"
    for name, rows in ways.items():
        for strength in STRENGTHS:
            right = np.zeros(n, bool)
            folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
            for learn, judge in folds.split(rows, collection.labels, groups):
                head = make_pipeline(
                    StandardScaler(), LogisticRegression(C=strength, max_iter=400)
                ).fit(rows[learn], collection.labels[learn])
                right[judge] = head.predict(rows[judge]) == collection.labels[judge]
            yield f"{name}, C = {strength}: {right.mean():.4f}"


def _features(sheets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each cell the number of its sheet, (m,), and mean and deviation of its map, (m, 224)."""
    import keras

    from models.answer.openvino_ir import run_by_openvino
    from models.architectures import HEADS, build_model
    from models.architectures.weights import WeightsSource

    n, side = len(sheets), sheets.shape[1] // 3
    tiles = sheets.reshape(n, 3, side, 3, side, 3).swapaxes(2, 3).reshape(-1, side, side, 3)
    shown = np.flatnonzero(tiles.min(axis=(1, 2, 3)) < EMPTY_LEVEL)
    network = build_model(
        "efficientnet-lite0-stride16",
        n_classes=2,
        input_px=side,
        head=HEADS["linear"],
        weights=WeightsSource(kind="package"),
    )
    found = network.get_layer("block10_add").output
    mean, deviation = keras.ops.mean(found, axis=(1, 2)), keras.ops.std(found, axis=(1, 2))
    run = run_by_openvino(
        keras.Model(network.input, keras.ops.concatenate([mean, deviation], axis=-1))
    )
    batches = np.array_split(shown, -(-len(shown) // 64))
    return shown // 9, np.concatenate([run(tiles[part].astype(np.float32)) for part in batches])


def painted(bundles: Sequence[Path], index: DatasetIndex, n_images: int) -> Iterator[str]:
    """What each model decides on test images of the first as they are, and without any cell."""
    subject = read_subject(read_bundle(bundles[0]), index)
    chosen = spread_out(np.sort(subject.split.test), n_images)
    seen = [read_micrograph(subject.records[item].read_bytes()) for item in chosen]
    bare = [micrograph_from_rgb(_without_cells(each.rgb)) for each in seen]
    for bundle in bundles:
        model = load_answerer(bundle)
        before, after, kept = Counter[str](), Counter[str](), 0
        for micrograph, without_cells in zip(seen, bare, strict=True):
            opinion, without = (
                opinion_on(each, model, is_explained=False) for each in (micrograph, without_cells)
            )
            before[opinion.decision] += 1
            after[without.decision] += 1
            kept += (
                without.decision in ("answered", "unproven")
                and opinion.prediction is not None
                and without.prediction is not None
                and without.prediction.top_class == opinion.prediction.top_class
            )
        yield (
            f"{bundle.name}: {len(seen)} smears; as they are {dict(before)}; cells painted out "
            f"{dict(after)}, {kept} of them sure of the class of before"
        )


def _without_cells(rgb: np.ndarray) -> np.ndarray:
    """The picture with every nucleated cell painted over, those at the edge too."""
    gone = np.zeros(rgb.shape[:2], np.uint8)
    for cell in find_cells(rgb).cells:
        cv2.fillPoly(gone, [cell.outline], 1)
    halo = max(1, round(_HALO_SHARE * min(rgb.shape[:2])))
    gone = cv2.dilate(gone, np.ones((2 * halo + 1, 2 * halo + 1), np.uint8))
    return np.asarray(cv2.inpaint(np.ascontiguousarray(rgb), gone, 3, cv2.INPAINT_TELEA))


if __name__ == "__main__":
    main()
