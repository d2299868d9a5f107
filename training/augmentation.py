"""How training images are varied, as Keras layers that any backend runs.

The layers stand in front of the network only while it learns; the saved model has none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from models.errors import RecipeError

# What each augmentation's number means, with the range that a recipe may ask for.
AUGMENTATIONS: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "flips": ("1 to flip left-right and up-down at random, 0 not to", 0, 1),
        "quarter_turns": ("1 to turn by multiples of 90° at random, 0 not to", 0, 1),
        "rotation": ("largest rotation, as a share of a full turn", 0, 0.5),
        "zoom": ("largest enlargement or reduction, as a share", 0, 0.5),
        "shear": ("largest shear, as a share", 0, 0.5),
        "translation": ("largest shift, as a share of the side", 0, 0.5),
        "brightness": ("largest change of brightness, as a share of 255", 0, 0.5),
        "contrast": ("largest change of contrast, as a share", 0, 0.9),
        "saturation": ("largest change of saturation, as a share", 0, 0.9),
        "hue": ("largest change of hue, as a share of the circle", 0, 0.5),
        "grey": ("share of images shown without colour", 0, 1),
    }
)


class QuarterTurns(keras.layers.Layer):  # type: ignore[misc]
    """Turns each image of a batch by 0°, 90°, 180° or 270° at random."""

    def __init__(self, *, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, rgb: Any, training: bool = False) -> Any:
        if not training:
            return rgb
        shape = (keras.ops.shape(rgb)[0], 1, 1, 1)
        swap = keras.random.uniform(shape, seed=self.seed_generator) < 0.5
        flip = keras.random.uniform(shape, seed=self.seed_generator) < 0.5
        quarter = keras.ops.flip(keras.ops.transpose(rgb, (0, 2, 1, 3)), axis=1)
        turned = keras.ops.where(swap, quarter, rgb)
        return keras.ops.where(flip, keras.ops.flip(turned, axis=(1, 2)), turned)


def augmentation_layers(strengths: Mapping[str, float], *, seed: int) -> list[Any]:
    """The Keras layers for a recipe's augmentations, in the order of `AUGMENTATIONS`.

    Args:
        strengths: Number of each augmentation; 0 and absent mean none.
        seed: Of every layer.

    Raises:
        RecipeError: An augmentation is unknown or its number is out of range.
    """
    for name, value in strengths.items():
        if name not in AUGMENTATIONS:
            raise RecipeError(
                f"Expected an augmentation of {', '.join(AUGMENTATIONS)}, received {name!r}."
            )
        _, low, high = AUGMENTATIONS[name]
        if not low <= value <= high:
            raise RecipeError(
                f"Expected augmentation.{name} from {low:g} to {high:g}, received {value:g}."
            )
    layers = keras.layers
    shared: dict[str, Any] = {"fill_mode": "reflect"}
    colour: dict[str, Any] = {"value_range": (0, 255)}
    makers: Mapping[str, Callable[[float, int], Any]] = {
        "flips": lambda _, s: layers.RandomFlip("horizontal_and_vertical", seed=s),
        "quarter_turns": lambda _, s: QuarterTurns(seed=s),
        "rotation": lambda v, s: layers.RandomRotation(v, seed=s, **shared),
        "zoom": lambda v, s: layers.RandomZoom(v, seed=s, **shared),
        "shear": lambda v, s: layers.RandomShear(v, v, seed=s, **shared),
        "translation": lambda v, s: layers.RandomTranslation(v, v, seed=s, **shared),
        "brightness": lambda v, s: layers.RandomBrightness(v, seed=s, **colour),
        "contrast": lambda v, s: layers.RandomContrast(v, seed=s, **colour),
        "saturation": lambda v, s: layers.RandomSaturation(
            (0.5 - v / 2, 0.5 + v / 2), seed=s, **colour
        ),
        "hue": lambda v, s: layers.RandomHue(v, seed=s, **colour),
        "grey": lambda v, s: layers.RandomGrayscale(v, seed=s),
    }
    return [
        makers[name](strengths[name], seed + number)
        for number, name in enumerate(AUGMENTATIONS)
        if strengths.get(name, 0) > 0
    ]


def augmented(rgb: np.ndarray, strengths: Mapping[str, float], *, seed: int) -> np.ndarray:
    """The images of a batch, each varied once.

    Args:
        rgb: (n, H, W, 3) uint8.
        strengths: See `augmentation_layers`.
        seed: Of the variation.

    Returns:
        (n, H, W, 3) float32, 0 to 255.
    """
    varied = keras.ops.convert_to_tensor(rgb.astype(np.float32))
    for layer in augmentation_layers(strengths, seed=seed):
        varied = layer(varied, training=True)
    clipped: np.ndarray = np.clip(keras.ops.convert_to_numpy(varied), 0, 255)
    return clipped
