"""Stain jitter: each dye a little stronger or weaker, as between two laboratories.

Source: Tellez et al. 2018, "Whole-Slide Mitosis Detection in H&E Breast Histology Using PHH3 as a
Reference" (IEEE Trans. Med. Imaging 37:2126–2136): colours are unmixed into stains as Ruifrok and
Johnston 2001 do (Anal. Quant. Cytol. Histol. 23:291–299), each stain's concentration c becomes
α·c + β with α from 1 − σ to 1 + σ and β from −σ to σ, and the stains are mixed again.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from models.image.stains import mixing_matrix

# Where the optical density is below this (natural logarithm), a pixel is background more than
# tissue (Macenko et al. 2009); β fades out with it, so that white stays white.
_BACKGROUND_DENSITY = 0.15


class StainJitter(keras.layers.Layer):  # type: ignore[misc]
    """Changes the concentration of each of two stains, image by image.

    White (no dye) and black (background cut away) stay as they are, and so does whatever the two
    stains don't explain.
    """

    def __init__(self, sigma: float, *, stain: str, seed: int, **arguments: Any) -> None:
        """Jitter by σ.

        Args:
            sigma: Largest relative change of a concentration, and largest shift of it in units
                of optical density (natural logarithm).
            stain: Key of models.image.stains.TARGETS.
            seed: Of the changes.
        """
        super().__init__(**arguments)
        self.sigma = sigma
        mix = mixing_matrix(stain)
        self._mix = mix.astype(np.float32)
        self._unmix = np.linalg.inv(mix).astype(np.float32)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, rgb: Any, training: bool = False) -> Any:
        """The batch with its stains changed; (n, H, W, 3), 0 to 255."""
        if not training:
            return rgb
        ops = keras.ops
        light = ops.cast(rgb, "float32")
        # One grey level is added, so that 0 has a density and 255 has none.
        density = -ops.log((ops.clip(light, 0.0, 255.0) + 1.0) / 256.0)
        stains = ops.matmul(density, self._unmix)
        n_images = ops.shape(rgb)[0]
        shares, shifts = (
            keras.random.uniform(
                (n_images, 1, 1, 3), -self.sigma, self.sigma, seed=self.seed_generator
            )
            * np.array([1.0, 1.0, 0.0], np.float32)  # the third is no stain but the rest
            for _ in range(2)
        )
        presence = ops.clip(
            ops.mean(density, axis=-1, keepdims=True) / _BACKGROUND_DENSITY, 0.0, 1.0
        )
        change = ops.matmul(stains * shares + shifts * presence, self._mix)
        changed = ops.clip((light + 1.0) * ops.exp(-change) - 1.0, 0.0, 255.0)
        is_black = ops.max(light, axis=-1, keepdims=True) <= 0.0
        return ops.cast(ops.where(is_black, light, changed), rgb.dtype)
