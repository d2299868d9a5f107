"""MobileNet and MobileNetV2: depthwise separable convolutions, then inverted residuals.

Sources: Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications" (arXiv 1704.04861); Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear
Bottlenecks" (arXiv 1801.04381).
"""

from __future__ import annotations

from functools import partial

from models.architectures.spec import ArchitectureSpec
from models.architectures.stock import stock_backbone, stock_model

MOBILENET = ArchitectureSpec(
    name="mobilenet",
    giga_macs=0.57,
    title="MobileNet",
    family="MobileNet",
    default_px=224,
    min_px=32,
    scaling="minus-one-to-one",
    weights=("imagenet", "package", "file", "none"),
    saliency_layer="conv_pw_13_relu",
    source="Howard et al. 2017, arXiv 1704.04861; keras.applications",
    backbone=partial(stock_backbone, "MobileNet"),
    stock=partial(stock_model, "MobileNet", 224),
)
# Up to its last feature map of one sixteenth of the input's side; its depths:
# docs/experiments/blood-cells.md.
MOBILENET_STRIDE16 = ArchitectureSpec(
    name="mobilenet-stride16",
    giga_macs=0.49,
    title="MobileNet up to stride 16",
    family="MobileNet",
    default_px=224,
    min_px=32,
    scaling="minus-one-to-one",
    weights=("package", "none"),
    saliency_layer="conv_pw_11_relu",
    source="Howard et al. 2017, arXiv 1704.04861; keras.applications",
    backbone=partial(stock_backbone, "MobileNet", until="conv_pw_11_relu"),
    depths=("conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_8_relu", "conv_pw_11_relu"),
    cut_from="mobilenet",
)
MOBILENET_V2 = ArchitectureSpec(
    name="mobilenetv2",
    giga_macs=0.30,
    title="MobileNetV2",
    family="MobileNet",
    default_px=224,
    min_px=32,
    scaling="minus-one-to-one",
    weights=("imagenet", "file", "none"),
    saliency_layer="out_relu",
    source="Sandler et al. 2018, arXiv 1801.04381; keras.applications",
    backbone=partial(stock_backbone, "MobileNetV2"),
    stock=partial(stock_model, "MobileNetV2", 224),
)
