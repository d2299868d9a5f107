"""What an architecture is: a backbone, the scaling it expects and where it can be explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

WeightsKind = Literal["imagenet", "package", "file", "none"]
Scaling = Literal[
    "minus-one-to-one", "caffe-bgr", "imagenet-mean-std", "imagenet-mean", "lite", "zero-to-one"
]

# A Keras symbolic tensor. Keras is untyped and imported lazily, so the hint says no more.
KerasTensor = Any


@dataclass(frozen=True, kw_only=True)
class ArchitectureSpec:
    """One backbone that can be built with any head, at any input size from its minimum on.

    Attributes:
        name: Key in the registry, such as "efficientnet-lite0".
        title: Name for a reader.
        family: Family that the reader may group by.
        giga_macs: Multiply-accumulates of one image at 224 px, in 10^9, of the backbone: from the
            paper that introduced it, scaled by area where it gives them for another size; counted
            from the layers where no paper has them.
        default_px: Side of the square input that its authors trained at, in pixels.
        min_px: Smallest side that leaves the last feature map at least one pixel, in pixels.
        scaling: What happens to RGB 0–255 before the first convolution.
        weights: Kinds of pretrained weights that can be had.
        saliency_layer: Name of the layer whose output is the last convolutional feature map,
            after its activation, still with rows and columns.
        per_side: Tiles along each side of the sheet of cells that it takes; 0 for a whole picture.
        domain_layer: Name of the layer whose mean over rows and columns tells whether an image is
            of the kind that a model learned from: one of the middle, which has not yet forgotten
            what the classes do not need. The saliency layer where "".
        source: The paper that describes it.
        backbone: Adds the backbone to a scaled tensor (N, px, px, 3); answers its feature map.
        stock: Answers the backbone of keras.applications alone, with weights "imagenet"
            (downloaded on first use) or None (drawn); None where Keras has no such backbone.
        depths: Names of layers, from shallow to deep, at which a head that describes textures at
            several depths takes the feature maps; empty where none were chosen.
        cut_from: Name of the architecture whose first layers these are, and whose package of
            weights they take theirs from; "" for a whole one.
    """

    name: str
    title: str
    family: str
    giga_macs: float
    default_px: int
    min_px: int
    scaling: Scaling
    weights: tuple[WeightsKind, ...]
    saliency_layer: str
    source: str
    backbone: Callable[[KerasTensor], KerasTensor]
    stock: Callable[[str | None], Any] | None = None
    depths: tuple[str, ...] = ()
    cut_from: str = ""
    per_side: int = 0
    domain_layer: str = ""
