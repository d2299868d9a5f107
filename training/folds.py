"""The folds of a run: each learns by itself, and leaves its network and its answers in a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from training.audits.gate import pass_leakage_audit
from training.collection import Collection, splits_of
from training.datasets.splits import Split
from training.progress import EpochListener, unheard
from training.recipe import Recipe, SplitPlan


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
    _features(recipe, collection, out)
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
    fitted_logits(recipe, collection, split, fold_folder(out, plan, number), unheard)


def _features(recipe: Recipe, collection: Collection, out: Path) -> np.ndarray:
    from training.fit import frozen_features

    n_classes = len(recipe.task.classes)
    path = out / "features.npy"
    return frozen_features(recipe, collection.pictures.rgb, n_classes=n_classes, path=path)


def fold_folder(out: Path, plan: SplitPlan, number: int) -> Path:
    """Where a run in ``out`` keeps what one fold of a split plan leaves."""
    return out / plan.kind / f"fold-{number}"


def tuned_on(recipe: Recipe, split: Split) -> np.ndarray:
    """The images that temperature, threshold and prediction sets are taken from, as (n,) int.

    The validation part; of a head by logistic regression all images that it learned from, since
    each has an answer of a head that did not learn from its group.
    """
    if recipe.fit.head_epochs and recipe.fit.head_solver == "logistic":
        return np.concatenate([split.train, split.validation])
    return split.validation


def fitted_logits(
    recipe: Recipe, collection: Collection, split: Split, folder: Path, tell: EpochListener
) -> dict[str, np.ndarray]:
    """Logits of the images `tuned_on` and of the test part, as "validation" and "test".

    They are stored, so that a resumed run need not refit.
    """
    import keras

    from training.fit import fit, logits_of, logits_of_features
    from training.parts import OUT_OF_FOLD, Part

    stored = folder / "logits.npz"
    if not stored.is_file():
        rgb, labels = collection.pictures.rgb, collection.labels
        features = _features(recipe, collection, folder.parents[1])
        train, validation = (
            Part(
                rgb=rgb[part],
                labels=labels[part],
                features=features[:, part],
                groups=collection.groups["grouped"][part],
            )
            for part in (split.train, split.validation)
        )
        model = fit(
            recipe,
            train=train,
            validation=validation,
            n_classes=len(recipe.task.classes),
            folder=folder,
            tell=tell,
        )
        model.save(folder / "model.keras")
        answers = {
            name: logits_of(model, rgb[part])
            if recipe.fit.epochs
            else logits_of_features(model, features[0, part])
            for name, part in (("validation", split.validation), ("test", split.test))
        }
        if (folder / OUT_OF_FOLD).is_file():
            answers["validation"] = np.load(folder / OUT_OF_FOLD, allow_pickle=False)
        temporary = folder / "logits.part.npz"
        np.savez(temporary, allow_pickle=False, **answers)
        temporary.replace(stored)
        keras.utils.clear_session()
    with np.load(stored, allow_pickle=False) as archive:
        return {name: archive[name] for name in ("validation", "test")}
