"""Frozen features in OpenVINO against TensorFlow, and fine-tuning against Keras's `model.fit`.

    python -m benchmarks training [--images 256] [--px 224] [--repeats 5]

Features: the same EfficientNet-Lite0 on the same pictures in memory, in batches: as `models.answer`
runs it, by Keras's `predict_on_batch`, and by `training.fit.network.frozen_features`, which is what
trainings call. Fine-tuning: as `python -m benchmarks.feeding` has it, smaller by default.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import feeding
from benchmarks.clock import in_turn
from benchmarks.networks import lite0
from benchmarks.result import Figure

BATCH = 32


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--images", type=int, default=256, help="for the features")
    parser.add_argument("--px", type=int, default=224, help="their side")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fit-images", type=int, default=448, help="to fine-tune on; 0: not")
    parser.add_argument("--fit-px", type=int, default=128)
    parser.add_argument("--fit-epochs", type=int, default=3)
    parser.add_argument("--fit-repeats", type=int, default=1)


def measure(arguments: argparse.Namespace) -> Sequence[Figure]:
    """All figures; see the module."""
    return (*features(arguments), *(fine_tuning(arguments) if arguments.fit_images else ()))


def features(arguments: argparse.Namespace) -> Sequence[Figure]:
    """Images a second of frozen features."""
    import keras

    from training.fit.network import frozen_features

    n, px = arguments.images, arguments.px
    rgb = np.random.default_rng(0).integers(0, 256, (n, px, px, 3), dtype=np.uint8)
    network, compiled = lite0(px)
    pooled = keras.Model(network.input, network.layers[-2].output)
    recipe = feeding.recipe_at(px, 1, head_epochs=1)
    parts = [rgb[start : start + BATCH].astype(np.float32) for start in range(0, n, BATCH)]

    def trainings() -> None:
        with tempfile.TemporaryDirectory() as folder:
            frozen_features(recipe, rgb, n_classes=8, path=Path(folder) / "features.npy")

    taken = in_turn(
        {
            "runtime": lambda _: [compiled.forward(part).means for part in parts],
            "tensorflow": lambda _: [pooled.predict_on_batch(part) for part in parts],
            "trainings": lambda _: trainings(),
        },
        repeats=arguments.repeats,
    )
    words = {
        "runtime": "frozen features by models.answer (OpenVINO)",
        "tensorflow": "the same by Keras's predict_on_batch",
        "trainings": "by training.fit.network.frozen_features, its start and its file included",
    }
    return (
        Figure(
            name="features_ratio",
            meaning="frozen features a second in OpenVINO over TensorFlow",
            value=taken.ratio("tensorflow", "runtime"),
            at_least=2.5,
        ),
        Figure(
            name="processor_features_ratio",
            meaning="features_ratio of processor time",
            value=taken.processor_ratio("tensorflow", "runtime"),
        ),
        Figure(
            name="trainings_ratio",
            meaning="what trainings call over TensorFlow, images a second",
            value=taken.ratio("tensorflow", "trainings"),
        ),
        *(
            Figure(
                name=f"{side}_per_s",
                meaning=meaning,
                value=n / taken.median_s(side),
                unit="images/s",
            )
            for side, meaning in words.items()
        ),
    )


def fine_tuning(arguments: argparse.Namespace) -> Sequence[Figure]:
    """Images a second of fine-tuning."""
    found = feeding.measure(
        n_images=arguments.fit_images,
        px=arguments.fit_px,
        epochs=arguments.fit_epochs,
        n_repeats=arguments.fit_repeats,
    )
    return (
        Figure(
            name="fine_tuning_ratio",
            meaning="fine-tuning by training.fit over model.fit on arrays, images a second",
            value=found.ratio,
            at_least=feeding.WANTED,
        ),
        *(
            Figure(
                name=name,
                meaning=f"fine-tuning by {side}",
                value=found.per_s(side),
                unit="images/s",
            )
            for name, side in (("fit_per_s", feeding.OURS), ("keras_fit_per_s", feeding.PEER))
        ),
    )
