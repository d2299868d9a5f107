"""VGG16 and VGG19: stacks of 3×3 convolutions.

Source: Simonyan and Zisserman 2014, "Very Deep Convolutional Networks for Large-Scale Image
Recognition" (arXiv 1409.1556).
"""

from __future__ import annotations

from functools import partial

from models.architectures.spec import ArchitectureSpec
from models.architectures.stock import stock_backbone, stock_model

_SOURCE = "Simonyan and Zisserman 2014, arXiv 1409.1556; keras.applications"

VGG16 = ArchitectureSpec(
    name="vgg16",
    giga_macs=15.3,
    title="VGG16",
    family="VGG",
    default_px=224,
    min_px=32,
    scaling="caffe-bgr",
    weights=("imagenet", "package", "file", "none"),
    saliency_layer="block5_conv3",
    source=_SOURCE,
    backbone=partial(stock_backbone, "VGG16"),
    stock=partial(stock_model, "VGG16", 224),
)
VGG19 = ArchitectureSpec(
    name="vgg19",
    giga_macs=19.5,
    title="VGG19",
    family="VGG",
    default_px=224,
    min_px=32,
    scaling="caffe-bgr",
    weights=("imagenet", "file", "none"),
    saliency_layer="block5_conv4",
    source=_SOURCE,
    backbone=partial(stock_backbone, "VGG19"),
    stock=partial(stock_model, "VGG19", 224),
)
