"""InceptionV3 and Xception: convolutions of several sizes side by side, then separable ones.

Sources: Szegedy et al. 2015, "Rethinking the Inception Architecture for Computer Vision" (arXiv
1512.00567); Chollet 2016, "Xception: Deep Learning with Depthwise Separable Convolutions" (arXiv
1610.02357).
"""

from __future__ import annotations

from functools import partial

from models.architectures.spec import ArchitectureSpec
from models.architectures.stock import stock_backbone, stock_model

INCEPTION_V3 = ArchitectureSpec(
    name="inceptionv3",
    giga_macs=3.2,
    title="InceptionV3",
    family="Inception",
    default_px=299,
    min_px=75,
    scaling="minus-one-to-one",
    weights=("imagenet", "file", "none"),
    saliency_layer="mixed10",
    source="Szegedy et al. 2015, arXiv 1512.00567; keras.applications",
    backbone=partial(stock_backbone, "InceptionV3"),
    stock=partial(stock_model, "InceptionV3", 299),
)
XCEPTION = ArchitectureSpec(
    name="xception",
    giga_macs=4.7,
    title="Xception",
    family="Inception",
    default_px=299,
    min_px=71,
    scaling="minus-one-to-one",
    weights=("imagenet", "file", "none"),
    saliency_layer="block14_sepconv2_act",
    source="Chollet 2016, arXiv 1610.02357; keras.applications",
    backbone=partial(stock_backbone, "Xception"),
    stock=partial(stock_model, "Xception", 299),
)
