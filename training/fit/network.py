"""How a network learns: the head first, then the whole; resumable, deterministic by seed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from models.answer.openvino_ir import run_by_openvino
from models.architectures import build_model
from models.architectures.heads import LOGITS, POOLED
from models.errors import BundleError
from training.fit.augmentation import augmentation_layers, augmented
from training.fit.balance import chances, class_weights, repeats
from training.fit.batches import Batches, BeginEpoch, Draws
from training.fit.epochs import EpochSeconds, KeepState, TellEpoch, save_weights
from training.fit.freezing import freeze
from training.fit.keep_best import KeepBest
from training.fit.linear_head import SolvedHead, discriminant_head, logistic_head
from training.fit.parts import OUT_OF_FOLD, Part
from training.fit.rounding import rounded
from training.network_outputs import FEW_STEPS, verbosity
from training.progress import EpochListener, Tell, ignore_epoch, ignore_share
from training.recipes.augmentation import MIXES
from training.recipes.recipe import FitPlan, Recipe
from training.stored import write_array

_log = logging.getLogger(__name__)


def frozen_features(
    recipe: Recipe,
    rgb: np.ndarray,
    *,
    n_classes: int,
    path: Path,
    worse: Callable[[int, Tell], np.ndarray] | None = None,
    tell: Tell = ignore_share,
) -> np.ndarray:
    """What the frozen backbone makes of every image, and of augmented copies of it.

    The same for every split of a recipe, so it is computed once and stored.

    Args:
        recipe: Names the backbone, the augmentation and the number of copies.
        rgb: (n, px, px, 3) uint8.
        n_classes: Number of classes.
        path: The .npy file that keeps the features.
        worse: From the number of a copy, from 1, and what hears the share that is made, to what
            it is made of, as `rgb`; without it of the images as they are.
        tell: Hears the share of the work that is done, 0–1.

    Returns:
        (copies, n, ...) float32, pooled where the head pools; no copies where no head is taught
        on its own.
    """
    copies = recipe.fit.head_copies if recipe.fit.head_epochs else 0
    if path.is_file():
        stored: np.ndarray = np.load(path, allow_pickle=False)
        return stored
    if not copies:
        none = np.empty((0, len(rgb), 0), np.float32)
        write_array(path, none)
        return none
    network = network_of(recipe, n_classes)
    network.set_weights([rounded(weight) for weight in network.get_weights()])
    backbone, _ = _cut(network)
    run = _quickest(backbone)
    batch = 64
    rows = []
    for number in range(copies):
        begun = 0.0
        if number and worse is not None:
            begun = 0.5  # of a copy's work; making it takes about as long as its features
            seen = worse(number, partial(_tell_half, tell, number, copies))
        else:
            seen = rgb
        varied = (
            augmented(seen[start : start + batch], recipe.augmentation, seed=start + number)
            if number
            else seen[start : start + batch].astype(np.float32)
            for start in range(0, len(rgb), batch)
        )
        bar = tqdm(varied, total=-(-len(rgb) // batch), desc="Features", leave=False, disable=None)
        answers: list[np.ndarray] = []
        for pixels in bar:
            answers.append(run(pixels))
            done = min(1.0, batch * len(answers) / len(rgb))
            tell((number + begun + (1 - begun) * done) / copies)
        rows.append(np.concatenate(answers))
    features = np.stack(rows)
    write_array(path, features)
    return features


def _tell_half(tell: Tell, number: int, copies: int, share: float) -> None:
    """The first half of a copy's work is done to that share."""
    tell((number + share / 2) / copies)


def fit(
    recipe: Recipe,
    *,
    train: Part,
    validation: Part,
    n_classes: int,
    folder: Path,
    tell: EpochListener = ignore_epoch,
) -> Any:
    """Train a network after a recipe and return it with the weights of its best epoch.

    The state after each epoch lies in ``folder``; a second call goes on where the first stopped.

    Args:
        recipe: The protocol.
        train: What to learn from.
        validation: What chooses the epoch. A head that is solved for has no epochs: it learns
            from these images, too, and leaves its answers on those and these out of fold in
            ``folder / OUT_OF_FOLD``.
        n_classes: Number of classes.
        folder: Where state and history.csv of this run are kept.
        tell: Hears the figures of every epoch.

    Returns:
        A float32 keras.Model from RGB 0–255 to logits, its weights rounded for storage.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(recipe.seed)
    is_mixed = recipe.fit.mixed_precision and bool(keras.distribution.list_devices("gpu"))
    keras.mixed_precision.set_global_policy("mixed_float16" if is_mixed else "float32")
    try:
        network = network_of(recipe, n_classes)
        _fit_head(network, recipe, train, validation, folder, tell)
        if recipe.fit.epochs:
            _fit_whole(network, recipe, train, validation, folder, tell)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    final = network_of(recipe, n_classes)
    final.set_weights([rounded(weight) for weight in network.get_weights()])
    return final


def logits_of_features(model: Any, features: np.ndarray) -> np.ndarray:
    """The logits that a network's head gives for its frozen backbone's features.

    The same as `outputs_of` the images where the backbone was not trained, without its forward
    pass: `frozen_features` are those of the rounded backbone that the final model has.

    Args:
        model: A keras.Model from RGB 0–255 to logits.
        features: (n, ...) float32, see `frozen_features`.
    """
    _, head = _cut(model)
    return np.asarray(head.predict(features, batch_size=256, verbose=0), np.float32)


def network_of(recipe: Recipe, n_classes: int) -> Any:
    """The network of a recipe, a keras.Model from RGB 0–255 to logits that has learned nothing."""
    return build_model(
        recipe.architecture,
        n_classes=n_classes,
        input_px=recipe.input_px,
        head=recipe.head,
        weights=recipe.weights,
        scaling=recipe.scaling,
        seed=recipe.seed,
    )


def _fit_head(
    network: Any, recipe: Recipe, train: Part, validation: Part, folder: Path, tell: EpochListener
) -> None:
    """Teach the head alone on the stored features of the frozen backbone."""
    plan = recipe.fit
    done = folder / "head.weights.h5"
    if done.is_file():
        network.load_weights(done)
        return
    if not plan.head_epochs:
        return
    _, head = _cut(network)
    copies = len(train.features)
    head.compile(
        optimizer=keras.optimizers.Adam(plan.head_learning_rate),
        loss=_loss(plan),
        metrics=["accuracy"],
    )
    n_classes = network.output_shape[-1]
    if plan.is_head_solved:
        found = _solved(recipe, train, validation, n_classes)
        write_array(folder / OUT_OF_FOLD, found.out_of_fold)
        network.get_layer(LOGITS).set_weights([found.kernel, found.bias])
        save_weights(network, done)
        return
    batches = Batches(
        train.features.reshape(-1, *train.features.shape[2:]),
        np.eye(n_classes, dtype=np.float32)[np.tile(train.labels, copies)],
        batch=plan.batch,
        seed=recipe.seed,
        class_weights=class_weights(train.labels, plan.class_weights, n_classes=n_classes),
    )
    head.fit(
        batches,
        shuffle=False,  # they are shuffled by epoch already
        validation_data=(
            validation.features[0],
            np.eye(n_classes, dtype=np.float32)[validation.labels],
        ),
        epochs=plan.head_epochs,
        callbacks=[
            BeginEpoch(batches, head.layers),
            keras.callbacks.EarlyStopping(
                monitor="val_loss", patience=10, restore_best_weights=True
            ),
            TellEpoch(tell, phase="head", epochs=plan.head_epochs),
        ],
        verbose=0,
    )
    save_weights(network, done)


def _solved(recipe: Recipe, train: Part, validation: Part, n_classes: int) -> SolvedHead:
    """The head that is found in one step from both parts."""
    features = np.concatenate([train.features, validation.features], axis=1)
    labels = np.concatenate([train.labels, validation.labels])
    groups = np.concatenate([train.groups, validation.groups])
    if recipe.fit.head_solver == "discriminant":
        sources = np.concatenate([train.sources, validation.sources])
        return discriminant_head(
            features, labels, groups, weights=chances(labels, sources), seed=recipe.seed
        )
    weights = class_weights(labels, recipe.fit.class_weights, n_classes=n_classes)
    return logistic_head(features, labels, groups, weights=weights, seed=recipe.seed)


def _fit_whole(
    network: Any, recipe: Recipe, train: Part, validation: Part, folder: Path, tell: EpochListener
) -> None:
    """Teach backbone and head together, from the epoch that the last run finished."""
    plan = recipe.fit
    best = folder / "best.weights.h5"
    if not (folder / "fitted").is_file():
        freeze(network, plan)
        pixels = keras.Input(network.input_shape[1:], dtype="float32")
        varied = pixels
        augmentations = augmentation_layers(recipe.augmentation, seed=recipe.seed)
        for layer in augmentations:
            varied = layer(varied)
        learner = keras.Model(pixels, network(varied))
        drawn = repeats(train.labels, plan.class_repeats)
        draws = None
        if plan.epoch_steps:
            wanted = chances(train.labels, train.sources)
            draws = Draws(steps=plan.epoch_steps, chances=wanted)
        steps = (plan.epoch_steps or -(-len(drawn) // plan.batch)) * plan.epochs
        learner.compile(
            optimizer=_OPTIMIZERS[plan.optimizer](
                _rate(plan, steps), use_ema=plan.average > 0, ema_momentum=plan.average
            ),
            loss=_loss(plan),
            metrics=["accuracy"],
            run_eagerly=steps <= FEW_STEPS,
        )
        n_classes = network.output_shape[-1]
        one_hot = np.eye(n_classes, dtype=np.float32)
        batches = Batches(
            train.rgb[drawn],
            one_hot[train.labels[drawn]],
            batch=plan.batch,
            seed=recipe.seed,
            alphas={name: recipe.augmentation.get(name, 0.0) for name in MIXES},
            class_weights=class_weights(train.labels, plan.class_weights, n_classes=n_classes),
            draws=draws,
        )
        state, history = KeepState(folder / "epochs"), folder / "history.csv"
        callbacks = [
            BeginEpoch(batches, [*augmentations, *network.layers]),
            # Best weights before the state: a kill between them repeats the epoch, and loses none.
            KeepBest(network, best, plan),
            TellEpoch(tell, phase="whole", epochs=plan.epochs),
            EpochSeconds(history),
            keras.callbacks.CSVLogger(str(history), append=True),
            state,
        ]
        learner.fit(
            batches,
            shuffle=False,
            validation_data=(validation.rgb, one_hot[validation.labels]),
            validation_batch_size=plan.batch,
            initial_epoch=state.restore(learner),
            epochs=plan.epochs,
            callbacks=callbacks,
            verbose=verbosity(),
        )
        (folder / "fitted").touch()
    network.load_weights(best)


_OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamax": keras.optimizers.Adamax,
    "adamw": keras.optimizers.AdamW,
    "sgd": partial(keras.optimizers.SGD, momentum=0.9),
}


def _cut(network: Any) -> tuple[Any, Any]:
    """The network in two: pixels to pooled features, features to logits."""
    border = next(layer for layer in network.layers if layer.name in POOLED).output
    return keras.Model(network.input, border), keras.Model(border, network.output)


def _quickest(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """A network as a function: on a GPU by TensorFlow, elsewhere by OpenVINO if that can run it."""
    if keras.distribution.list_devices("gpu"):
        return lambda pixels: np.asarray(network.predict_on_batch(pixels))
    try:
        return run_by_openvino(network)
    except BundleError as error:
        _log.warning("Features are made by TensorFlow. %s", error)
        return lambda pixels: np.asarray(network.predict_on_batch(pixels))


def _rate(plan: FitPlan, steps: int) -> Any:
    if plan.schedule == "constant":
        return plan.learning_rate
    return keras.optimizers.schedules.CosineDecay(plan.learning_rate, decay_steps=steps, alpha=0.02)


def _loss(plan: FitPlan) -> Any:
    return keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=plan.label_smoothing
    )
