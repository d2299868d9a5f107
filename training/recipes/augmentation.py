"""What augmentations there are and how strong each may be, as data; imports no Keras."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from models.stored import Stored
from training.errors import RecipeError

MIXES = ("mixup", "cutmix")
"""Augmentations that mix two images and their labels; the others change one image alone."""

# The order of the fields settles the seed of each augmentation: add new ones at the end.
_Switch = Annotated[float, Field(ge=0, le=1)]
_ToThird = Annotated[float, Field(ge=0, le=0.3)]
_ToHalf = Annotated[float, Field(ge=0, le=0.5)]
_ToNine = Annotated[float, Field(ge=0, le=0.9)]
_Levels = Annotated[float, Field(ge=0, le=30)]
_Pixels = Annotated[float, Field(ge=0, le=4)]
_Degrees = Annotated[float, Field(ge=0, le=45)]
_Alpha = Annotated[float, Field(ge=0, le=5)]


class Augmentation(Stored):
    """How training images are varied; 0 for not at all."""

    refused_as = RecipeError
    called = "the augmentation"

    flips: _Switch = 0.0
    """1 to flip left-right and up-down at random."""
    quarter_turns: _Switch = 0.0
    """1 to turn by multiples of 90° at random."""
    rotation: _ToHalf = 0.0
    """Largest rotation, as a share of a full turn."""
    zoom: _ToHalf = 0.0
    """Largest enlargement or reduction, as a share."""
    shear: _ToHalf = 0.0
    """Largest shear of rows and of columns, as a share."""
    translation: _ToHalf = 0.0
    """Largest shift, as a share of the side."""
    brightness: _ToHalf = 0.0
    """Largest change of brightness, as a share of 255."""
    contrast: _ToNine = 0.0
    """Largest change of contrast, as a share."""
    saturation: _ToNine = 0.0
    """Largest change of saturation, as a share."""
    hue: _ToHalf = 0.0
    """Largest change of hue, as a share of the circle."""
    grey: _Switch = 0.0
    """Share of images shown without colour."""
    horizontal_flip: _Switch = 0.0
    """1 to flip left-right at random."""
    stain_jitter_he: _ToThird = 0.0
    """Largest change of haematoxylin and of eosin, as a share."""
    stain_jitter_giemsa: _ToThird = 0.0
    """Largest change of each dye of a Giemsa stain, as a share."""
    exposure: _ToNine = 0.0
    """Largest change of every grey level by one factor, as a share."""
    mixup: _Alpha = 0.0
    """α of the Beta distribution that two images are blended by."""
    cutmix: _Alpha = 0.0
    """α of the Beta distribution of the area cut out of another image."""
    blur: _Pixels = 0.0
    """Standard deviation of a Gaussian, in pixels of the input, that up to all of an image is
    blurred by."""
    noise: _Levels = 0.0
    """Largest standard deviation of noise, in grey levels."""
    shear_degrees: _Degrees = 0.0
    """Largest angle of a shear, in degrees, as `shear_range` of Keras's ImageDataGenerator is."""
