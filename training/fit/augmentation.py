"""How training images are varied, as Keras layers that any backend runs.

The layers stand in front of the network only while it learns; the saved model has none of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from training.fit.stain_jitter import StainJitter
from training.recipes.augmentation import Augmentation


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


class ShearByAngle(keras.layers.Layer):  # type: ignore[misc]
    """Shears each image by an angle of its own, as Keras's ImageDataGenerator does.

    The pixel at x, y from the middle shows what stood at x − y sin φ, y cos φ (`shear_range` in
    keras.src.legacy.preprocessing.image.apply_affine_transform), φ from −degrees to degrees.
    """

    def __init__(self, degrees: float, *, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.radians = math.radians(degrees)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, rgb: Any, training: bool = False) -> Any:
        if not training:
            return rgb
        ops = keras.ops
        n, rows = ops.shape(rgb)[0], rgb.shape[1]
        angle = keras.random.uniform((n, 1), -self.radians, self.radians, seed=self.seed_generator)
        return ops.cast(sheared(ops.cast(rgb, "float32"), angle, rows), rgb.dtype)


def sheared(rgb: Any, radians: Any, rows: int) -> Any:
    """Images (n, rows, columns, 3), each sheared by its angle (n, 1), mirrored at the border."""
    ops = keras.ops
    middle = rows / 2 - 0.5
    sine, cosine = ops.sin(radians), ops.cos(radians)
    none, one = ops.zeros_like(sine), ops.ones_like(sine)
    # x' = x − sin φ (y − middle), y' = middle + cos φ (y − middle)
    columns = [one, -sine, sine * middle, none, cosine, middle - cosine * middle, none, none]
    return ops.image.affine_transform(
        rgb,
        ops.concatenate(columns, axis=1),
        interpolation="bilinear",
        fill_mode="reflect",
        data_format="channels_last",
    )


class Exposure(keras.layers.Layer):  # type: ignore[misc]
    """Multiplies every grey level of an image by one factor from 1 − share to 1 + share."""

    def __init__(self, share: float, *, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.share = share
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, rgb: Any, training: bool = False) -> Any:
        if not training:
            return rgb
        factor = keras.random.uniform(
            (keras.ops.shape(rgb)[0], 1, 1, 1),
            1 - self.share,
            1 + self.share,
            seed=self.seed_generator,
        )
        return keras.ops.clip(rgb * keras.ops.cast(factor, rgb.dtype), 0, 255)


class Blur(keras.layers.Layer):  # type: ignore[misc]
    """Blends each image with its blurred self, by a random share, as a lens out of focus does."""

    def __init__(self, sigma_px: float, *, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        reach = math.ceil(2.5 * sigma_px)
        weights = np.exp(-np.square(np.arange(-reach, reach + 1) / sigma_px) / 2)
        self._reach = reach
        # Red, green and blue each by itself, first along the rows and then along the columns.
        self._row = np.tile((weights / weights.sum())[None, :, None, None], (1, 1, 3, 1))
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, rgb: Any, training: bool = False) -> Any:
        if not training:
            return rgb
        ops = keras.ops
        edge = [[0, 0], [self._reach] * 2, [self._reach] * 2, [0, 0]]
        row = ops.convert_to_tensor(self._row, rgb.dtype)
        blurred = ops.depthwise_conv(ops.pad(rgb, edge, mode="reflect"), row)
        blurred = ops.depthwise_conv(blurred, ops.transpose(row, (1, 0, 2, 3)))
        share = keras.random.uniform((ops.shape(rgb)[0], 1, 1, 1), seed=self.seed_generator)
        return rgb + ops.cast(share, rgb.dtype) * (blurred - rgb)


class Noise(keras.layers.Layer):  # type: ignore[misc]
    """Adds noise of a strength of its own to each image, as dim light and compression do."""

    def __init__(self, levels: float, *, seed: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.levels = levels
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, rgb: Any, training: bool = False) -> Any:
        if not training:
            return rgb
        strength = keras.random.uniform(
            (keras.ops.shape(rgb)[0], 1, 1, 1), 0, self.levels, seed=self.seed_generator
        )
        noise = keras.random.normal(keras.ops.shape(rgb), seed=self.seed_generator) * strength
        return keras.ops.clip(rgb + keras.ops.cast(noise, rgb.dtype), 0, 255)


def augmentation_layers(strengths: Mapping[str, float], *, seed: int) -> list[Any]:
    """The Keras layers for a recipe's augmentations: geometry first, then stain, light and focus.

    Args:
        strengths: Number of each augmentation; 0 and absent mean none. MIXES have no layer: see
            training.fit.mixing.
        seed: Of every layer.

    Raises:
        RecipeError: An augmentation is unknown or its number is out of range.
    """
    Augmentation.from_dict(strengths)
    layers = keras.layers
    shared: dict[str, Any] = {"fill_mode": "reflect"}
    colour: dict[str, Any] = {"value_range": (0, 255)}
    makers: Mapping[str, Callable[[float, int], Any]] = {
        "flips": lambda _, s: layers.RandomFlip("horizontal_and_vertical", seed=s),
        "horizontal_flip": lambda _, s: layers.RandomFlip("horizontal", seed=s),
        "quarter_turns": lambda _, s: QuarterTurns(seed=s),
        "rotation": lambda v, s: layers.RandomRotation(v, seed=s, **shared),
        "zoom": lambda v, s: layers.RandomZoom(v, seed=s, **shared),
        "shear": lambda v, s: layers.RandomShear(v, v, seed=s, **shared),
        "shear_degrees": lambda v, s: ShearByAngle(v, seed=s),
        "translation": lambda v, s: layers.RandomTranslation(v, v, seed=s, **shared),
        "stain_jitter_he": lambda v, s: StainJitter(v, stain="hematoxylin_eosin", seed=s),
        "stain_jitter_giemsa": lambda v, s: StainJitter(v, stain="wright_giemsa", seed=s),
        "brightness": lambda v, s: layers.RandomBrightness(v, seed=s, **colour),
        "exposure": lambda v, s: Exposure(v, seed=s),
        "contrast": lambda v, s: layers.RandomContrast(v, seed=s, **colour),
        "saturation": lambda v, s: layers.RandomSaturation(
            (0.5 - v / 2, 0.5 + v / 2), seed=s, **colour
        ),
        "hue": lambda v, s: layers.RandomHue(v, seed=s, **colour),
        "grey": lambda v, s: layers.RandomGrayscale(v, seed=s),
        "blur": lambda v, s: Blur(v, seed=s),
        "noise": lambda v, s: Noise(v, seed=s),
    }
    # Seeds go by the order of the fields, so that a new one leaves the others' draws alone.
    seeds = {name: seed + number for number, name in enumerate(Augmentation.model_fields)}
    return [
        make(strengths[name], seeds[name])
        for name, make in makers.items()
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
