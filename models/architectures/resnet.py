"""ResNet50 and ResNet101: residual blocks with bottlenecks.

Source: He et al. 2015, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385).
"""

from __future__ import annotations

from functools import partial

from models.architectures.spec import ArchitectureSpec
from models.architectures.stock import stock_backbone, stock_model

_SOURCE = "He et al. 2015, arXiv 1512.03385; keras.applications"

RESNET50 = ArchitectureSpec(
    name="resnet50",
    giga_macs=3.9,
    title="ResNet50",
    family="ResNet",
    default_px=224,
    min_px=32,
    scaling="caffe-bgr",
    weights=("imagenet", "file", "none"),
    saliency_layer="conv5_block3_out",
    source=_SOURCE,
    backbone=partial(stock_backbone, "ResNet50"),
    stock=partial(stock_model, "ResNet50", 224),
)
RESNET101 = ArchitectureSpec(
    name="resnet101",
    giga_macs=7.6,
    title="ResNet101",
    family="ResNet",
    default_px=224,
    min_px=32,
    scaling="caffe-bgr",
    weights=("imagenet", "file", "none"),
    saliency_layer="conv5_block3_out",
    source=_SOURCE,
    backbone=partial(stock_backbone, "ResNet101"),
    stock=partial(stock_model, "ResNet101", 224),
)
