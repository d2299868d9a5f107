"""How hard a JPEG was compressed."""

from __future__ import annotations

import numpy as np
from PIL import Image

NOT_TOLD = 0
"""Of data that was compressed with loss and does not say how hard."""
_MEAN_OF_LUMINANCE = 57.625
"""Of the table K.1 in annex K of ITU-T T.81, which libjpeg scales by its quality."""


def jpeg_quality(image: Image.Image) -> int:
    """The quality at which libjpeg would compress as hard, 1 to 100, or NOT_TOLD.

    By the mean of the table that the first component, brightness, is quantized by: tables of
    other programs get the nearest. Below about 20, where entries end at 255, a few too many.

    Args:
        image: A JPEG as Pillow opened it.
    """
    components = getattr(image, "layer", ())
    number = components[0][3] if components else 0
    table = getattr(image, "quantization", {}).get(number)
    if table is None or len(table) != 64:
        return NOT_TOLD
    scale = 100 * float(np.mean(table)) / _MEAN_OF_LUMINANCE
    quality = 100 - scale / 2 if scale <= 100 else 5000 / scale
    return int(np.clip(round(quality), 1, 100))
