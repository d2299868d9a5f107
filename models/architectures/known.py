"""Every architecture, by name. Read-only: an architecture is code, not configuration."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from models.architectures.alexnet import ALEXNET
from models.architectures.cell_sheet import cells_of
from models.architectures.colour_numbers import COLOUR_NUMBERS
from models.architectures.densenet import DENSENET121
from models.architectures.efficientnet import EFFICIENTNET_B0, EFFICIENTNET_B3
from models.architectures.efficientnet_lite import (
    EFFICIENTNET_LITE0,
    EFFICIENTNET_LITE0_STRIDE16,
    EFFICIENTNET_LITE1,
    EFFICIENTNET_LITE2,
)
from models.architectures.inception import INCEPTION_V3, XCEPTION
from models.architectures.mobilenet import MOBILENET, MOBILENET_STRIDE16, MOBILENET_V2
from models.architectures.resnet import RESNET50, RESNET101
from models.architectures.spec import ArchitectureSpec
from models.architectures.squeezenet import SQUEEZENET
from models.architectures.vgg import VGG16, VGG19
from models.errors import ArchitectureError

ARCHITECTURES: Mapping[str, ArchitectureSpec] = MappingProxyType(
    {
        "alexnet": ALEXNET,
        "colour-numbers": COLOUR_NUMBERS,
        "densenet121": DENSENET121,
        "efficientnet-lite0": EFFICIENTNET_LITE0,
        "efficientnet-lite0-stride16": EFFICIENTNET_LITE0_STRIDE16,
        "efficientnet-lite0-stride16-cells": cells_of(EFFICIENTNET_LITE0_STRIDE16, per_side=3),
        "efficientnet-lite1": EFFICIENTNET_LITE1,
        "efficientnet-lite2": EFFICIENTNET_LITE2,
        "efficientnetb0": EFFICIENTNET_B0,
        "efficientnetb3": EFFICIENTNET_B3,
        "inceptionv3": INCEPTION_V3,
        "mobilenet": MOBILENET,
        "mobilenet-stride16": MOBILENET_STRIDE16,
        "mobilenetv2": MOBILENET_V2,
        "resnet101": RESNET101,
        "resnet50": RESNET50,
        "squeezenet": SQUEEZENET,
        "vgg16": VGG16,
        "vgg19": VGG19,
        "xception": XCEPTION,
    }
)


def architecture(name: str) -> ArchitectureSpec:
    """The architecture of that name.

    Raises:
        ArchitectureError: There is none; the message lists those that there are.
    """
    try:
        return ARCHITECTURES[name]
    except KeyError:
        raise ArchitectureError(
            f"Expected an architecture of {', '.join(ARCHITECTURES)}; received {name!r}. "
            "Choose one of these."
        ) from None
