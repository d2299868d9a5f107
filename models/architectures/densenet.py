"""DenseNet121: every layer of a block sees the outputs of all before it.

Source: Huang et al. 2016, "Densely Connected Convolutional Networks" (arXiv 1608.06993).
"""

from __future__ import annotations

from functools import partial

from models.architectures.spec import ArchitectureSpec
from models.architectures.stock import stock_backbone, stock_model

DENSENET121 = ArchitectureSpec(
    name="densenet121",
    giga_macs=2.9,
    title="DenseNet121",
    family="DenseNet",
    default_px=224,
    min_px=32,
    scaling="imagenet-mean-std",
    weights=("imagenet", "file", "none"),
    saliency_layer="relu",
    source="Huang et al. 2016, arXiv 1608.06993; keras.applications",
    backbone=partial(stock_backbone, "DenseNet121"),
    stock=partial(stock_model, "DenseNet121", 224),
)
