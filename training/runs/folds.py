"""The folds of a run: each learns by itself, and leaves its network and its answers in a folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from models.files import file_beside
from training.audits.gate import pass_leakage_audit
from training.data.collection import Collection, splits_of
from training.data.pictures import read_worse
from training.data.splits import Split
from training.network_outputs import outputs_of
from training.progress import EpochListener, Tell, ignore_epoch, ignore_share
from training.recipes.recipe import Recipe, SplitPlan, Worsening


def prepare(recipe: Recipe, collection: Collection, out: Path) -> list[int]:
    """Store what the folds of a run share, and answer with the folds of each split plan.

    Args:
        recipe: The protocol.
        collection: Its images, see `collect`.
        out: Folder of the run.

    Raises:
        LeakageError: Something gives the labels away that the recipe does not allow by name.
    """
    pass_leakage_audit(recipe, collection, out)
    features_of(recipe, collection, out)
    return [len(splits_of(collection, plan, seed=recipe.seed)) for plan in recipe.splits]


def fit_fold(
    recipe: Recipe, collection: Collection, out: Path, *, plan: SplitPlan, number: int
) -> None:
    """Train the network of one fold; a `run` in the same folder then need not.

    Folds know nothing of each other, so several may be trained at once, each in its own process.

    Args:
        recipe: The protocol.
        collection: Its images, see `collect`.
        out: Folder of the run.
        plan: Which of the recipe's split plans.
        number: Which fold of it, from 0.
    """
    split = splits_of(collection, plan, seed=recipe.seed)[number]
    fitted_logits(recipe, collection, split, fold_folder(out, plan, number), ignore_epoch)


def features_of(
    recipe: Recipe,
    collection: Collection,
    out: Path,
    *,
    tell: Tell = ignore_share,
) -> np.ndarray:
    """What a run in ``out`` stores of every image for all its folds, see `frozen_features`."""
    from training.fit.network import frozen_features

    n_classes = len(recipe.task.classes)
    path = out / "features.npy"
    worse = None
    if recipe.worsening is not None:
        worse = partial(_worse_copy, recipe, collection, recipe.worsening)
    rgb = collection.pictures.rgb
    return frozen_features(recipe, rgb, n_classes=n_classes, path=path, worse=worse, tell=tell)


def _worse_copy(
    recipe: Recipe, collection: Collection, worsening: Worsening, copy: int, tell: Tell
) -> np.ndarray:
    seed = recipe.seed + copy
    return read_worse(collection.records, recipe.steps, worsening, seed=seed, tell=tell)


def fold_folder(out: Path, plan: SplitPlan, number: int) -> Path:
    """Where a run in ``out`` keeps what one fold of a split plan leaves."""
    return out / plan.kind / f"fold-{number}"


def tuned_on(recipe: Recipe, split: Split) -> np.ndarray:
    """The images that temperature, threshold and prediction sets are taken from, as (n,) int.

    The validation part; of a head that is solved for all images that it learned from, since
    each has an answer of a head that did not learn from its group.
    """
    if recipe.fit.is_head_solved:
        return np.concatenate([split.train, split.validation])
    return split.validation


def fitted_logits(
    recipe: Recipe, collection: Collection, split: Split, folder: Path, listener: EpochListener
) -> dict[str, np.ndarray]:
    """Logits of the images `tuned_on` and of the test part, as "validation" and "test".

    They are stored, so that a resumed run need not refit.
    """
    import keras

    from training.fit.network import fit, logits_of_features
    from training.fit.parts import OUT_OF_FOLD, Part

    stored = folder / "logits.npz"
    if not stored.is_file():
        rgb, labels = collection.pictures.rgb, collection.labels
        features = features_of(recipe, collection, folder.parents[1])
        datasets = [record.dataset for record in collection.records]
        sources = np.unique(datasets, return_inverse=True)[1]
        train, validation = (
            Part(
                rgb=rgb[part],
                labels=labels[part],
                features=features[:, part],
                groups=collection.groups["grouped"][part],
                sources=sources[part],
            )
            for part in (split.train, split.validation)
        )
        model = fit(
            recipe,
            train=train,
            validation=validation,
            n_classes=len(recipe.task.classes),
            folder=folder,
            tell=listener,
        )
        model.save(folder / "model.keras")
        answers = {
            name: outputs_of(model, rgb[part])
            if recipe.fit.epochs
            else logits_of_features(model, features[0, part])
            for name, part in (("validation", split.validation), ("test", split.test))
        }
        if (folder / OUT_OF_FOLD).is_file():
            answers["validation"] = np.load(folder / OUT_OF_FOLD, allow_pickle=False)
        with file_beside(stored) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **answers)
        keras.utils.clear_session()
    with np.load(stored, allow_pickle=False) as archive:
        return {name: archive[name] for name in ("validation", "test")}
