"""What augmentations there are and how strong each may be, as data; imports no Keras."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
        "horizontal_flip": ("1 to flip left-right at random, 0 not to", 0, 1),
        "stain_jitter_he": ("largest change of haematoxylin and of eosin, as a share", 0, 0.3),
        "stain_jitter_giemsa": ("largest change of each dye of a Giemsa stain, as a share", 0, 0.3),
        "exposure": ("largest change of every grey level by one factor, as a share", 0, 0.9),
        "mixup": ("α of the Beta distribution that two images are blended by", 0, 5),
        "cutmix": ("α of the Beta distribution of the area cut out of another image", 0, 5),
    }
)

MIXES = ("mixup", "cutmix")
"""Augmentations that mix two images and their labels; the others change one image alone."""


def check_augmentations(strengths: Mapping[str, float]) -> None:
    """Make sure that every augmentation is known and its number in range.

    Args:
        strengths: Number of each augmentation, by name.

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
