"""Images a second of fine-tuning by `training.fit.network.fit`, against Keras's `model.fit` alone.

python -m benchmarks.feeding [--images 448] [--px 128] [--epochs 4] [--repeats 2]

The same on both sides: the drawn smears, as arrays in memory, with rare classes repeated; the
network, its weights and which of its layers learn; the augmentation layers in front of it; batch,
loss, optimizer, rate, precision, and validation after each epoch. Both run in this process in turn,
every other time in the other order.

Ours alone: batches of our own instead of Keras's shuffled arrays, and what stands around
`model.fit` in `fit`: after each epoch the best weights, the history, the record's figures, and
the weights and optimizer to go on from.

Counted are the images learned from between the end of the first epoch and the end of the last,
so neither building the networks, nor tracing, nor preparing the arrays. What ours does after an
epoch takes as long after a short one as after a long one, and these epochs are shorter than those
of real trainings: the ratio of a real one is nearer to 1. Without mixup and cutmix.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from drawn.smears import draw
from models.architectures import build_model
from models.tensorflow_environment import LEARNING, tell_tensorflow
from training.fit.balance import repeats
from training.recipes.recipe import RECIPES, Recipe, parse_recipe

if TYPE_CHECKING:
    from training.fit.parts import Part

RECIPE = "all-subtypes-efficientnet-lite0"
WANTED = 0.95
# One Benign for two of each other, about as in the real set, so that some images are repeated.
LABELS = ("Benign", "Early", "Pre", "Pro", "Early", "Pre", "Pro")


def recipe_at(px: int, epochs: int, *, head_epochs: int = 0) -> Recipe:
    """The recipe that our fine-tuned model is made by, at another size; the head not on its own."""
    values = tomllib.loads((RECIPES / f"{RECIPE}.toml").read_text(encoding="utf-8"))
    values["model"]["input_px"] = px
    values["steps"] = [{"name": "resize", "parameters": {"size_px": px, "fit": "stretch"}}]
    values["fit"] |= {"head_epochs": head_epochs, "epochs": epochs, "head_copies": 1}
    values["fit"] |= {"patience": 0, "class_weights": "none"}
    values["fit"] |= {"optimizer": "adam", "schedule": "cosine"}  # as the peer has them
    return parse_recipe(values, name="feeding")


def drawn_part(recipe: Recipe, n_images: int, *, first_seed: int) -> Part:
    """A number of drawn smears, each of a patient of its own."""
    from training.fit.parts import Part

    names = [LABELS[number % len(LABELS)] for number in range(n_images)]
    classes = tuple(recipe.task.classes)
    return Part(
        rgb=np.stack(
            [
                draw(name, seed=first_seed + number, size_px=recipe.input_px).rgb
                for number, name in enumerate(names)
            ]
        ),
        labels=np.array([classes.index(name) for name in names]),
        features=np.empty((0, n_images, 0), np.float32),
        groups=np.arange(n_images),
        sources=np.zeros(n_images, int),
    )


def ours(recipe: Recipe, train: Part, validation: Part) -> list[float]:
    """When each epoch of `fit` ended, in seconds of the performance counter."""
    from training.fit.network import fit

    ends: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        fit(
            recipe,
            train=train,
            validation=validation,
            n_classes=len(recipe.task.classes),
            folder=Path(folder),
            tell=lambda *_: ends.append(time.perf_counter()),
        )
    return ends


def keras_alone(recipe: Recipe, train: Part, validation: Part) -> list[float]:
    """When each epoch of a bare `model.fit` on the same arrays ended."""
    import keras

    from training.fit.augmentation import augmentation_layers
    from training.fit.freezing import freeze

    plan, n_classes = recipe.fit, len(recipe.task.classes)
    keras.utils.set_random_seed(recipe.seed)
    has_gpu = bool(keras.distribution.list_devices("gpu"))
    keras.mixed_precision.set_global_policy("mixed_float16" if has_gpu else "float32")
    try:
        network = build_model(
            recipe.architecture,
            n_classes=n_classes,
            input_px=recipe.input_px,
            head=recipe.head,
            weights=recipe.weights,
            seed=recipe.seed,
        )
        freeze(network, plan)
        varied = pixels = keras.Input((recipe.input_px, recipe.input_px, 3), dtype="float32")
        for layer in augmentation_layers(recipe.augmentation, seed=recipe.seed):
            varied = layer(varied)
        learner = keras.Model(pixels, network(varied))
        drawn = repeats(train.labels, plan.class_repeats)
        one_hot = np.eye(n_classes, dtype=np.float32)
        rate = keras.optimizers.schedules.CosineDecay(
            plan.learning_rate, decay_steps=-(-len(drawn) // plan.batch) * plan.epochs, alpha=0.02
        )
        learner.compile(
            optimizer=keras.optimizers.Adam(rate),
            loss=keras.losses.CategoricalCrossentropy(
                from_logits=True, label_smoothing=plan.label_smoothing
            ),
            metrics=["accuracy"],
        )
        ends: list[float] = []
        learner.fit(
            train.rgb[drawn],
            one_hot[train.labels[drawn]],
            validation_data=(validation.rgb, one_hot[validation.labels]),
            batch_size=plan.batch,
            validation_batch_size=plan.batch,
            epochs=plan.epochs,
            callbacks=[
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
                )
            ],
            verbose=1 if sys.stderr.isatty() else 2,
        )
    finally:
        keras.mixed_precision.set_global_policy("float32")
    return ends


def seconds_an_epoch(ends: Sequence[float]) -> float:
    """Mean seconds of the epochs after the first."""
    return (ends[-1] - ends[0]) / (len(ends) - 1)


OURS, PEER = "training.fit.network", "model.fit"


@dataclass(frozen=True, kw_only=True)
class Feeding:
    """What was measured: images of an epoch, and each side's seconds of an epoch, once a round."""

    n_learned: int
    taken: Mapping[str, list[float]]

    @property
    def ratio(self) -> float:
        """Images a second of ours over those of Keras alone."""
        return statistics.median(self.taken[PEER]) / statistics.median(self.taken[OURS])

    def per_s(self, side: str) -> float:
        """Images a second of a side."""
        return self.n_learned / statistics.median(self.taken[side])


def measure(*, n_images: int, px: int, epochs: int, n_repeats: int) -> Feeding:
    """Train both in turn; the first of at least two epochs is not counted."""
    # As `python -m training` does; before TensorFlow is loaded.
    tell_tensorflow(LEARNING)
    import keras

    recipe = recipe_at(px, epochs)
    train = drawn_part(recipe, n_images, first_seed=0)
    n_validation = max(len(LABELS), n_images // 8)
    validation = drawn_part(recipe, n_validation, first_seed=n_images)
    n_learned = len(repeats(train.labels, recipe.fit.class_repeats))
    taken: dict[str, list[float]] = {OURS: [], PEER: []}
    sides = [(OURS, ours), (PEER, keras_alone)]
    for number in range(n_repeats):
        for name, learn in sides if number % 2 == 0 else sides[::-1]:
            taken[name].append(seconds_an_epoch(learn(recipe, train, validation)))
            keras.backend.clear_session()
    return Feeding(n_learned=n_learned, taken=taken)


def main() -> None:
    """Measure both in turn, and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=448, help="images to learn from")
    parser.add_argument("--px", type=int, default=128, help="their side")
    parser.add_argument(
        "--epochs", type=int, default=4, help="at least 2: the first is not counted"
    )
    parser.add_argument("--repeats", type=int, default=2, help="trainings on each side")
    arguments = parser.parse_args()
    if arguments.epochs < 2 or arguments.images < len(LABELS) or arguments.repeats < 1:
        parser.error(f"at least 2 epochs, {len(LABELS)} images and 1 repetition are needed")
    found = measure(
        n_images=arguments.images,
        px=arguments.px,
        epochs=arguments.epochs,
        n_repeats=arguments.repeats,
    )
    print(
        f"{arguments.images} drawn smears of {arguments.px} px, {found.n_learned} an epoch with "
        f"repeats; {arguments.epochs} epochs, the first not counted"
    )
    for name, seconds in found.taken.items():
        shown = ", ".join(f"{found.n_learned / value:.1f}" for value in seconds)
        middle = statistics.median(seconds)
        print(f"{name}: median {found.per_s(name):.1f} images/s ({shown}), {middle:.1f} s an epoch")
    print(f"ratio of medians: {found.ratio:.3f} (wanted: at least {WANTED})")


if __name__ == "__main__":
    main()
