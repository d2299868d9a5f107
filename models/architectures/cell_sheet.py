"""A network of one cell, asked about each tile of a sheet of cells, whose answers are pooled.

A bag of instances with mean pooling (Ilse et al. 2018, arXiv 1802.04712): the feature map of the
sheet is that of its tiles side by side, each scaled so that its mean over rows and columns is the
mean over the cells that there are. With a linear head a cell's share of a logit is then a sum over
its own tile, and nothing of the picture but its cells has any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from models.architectures.spec import ArchitectureSpec, KerasTensor

CELLS_MAP = "cells_map"
"""Name of the layer whose output is the feature map of the whole sheet."""
# A tile whose values spread less than this, as the Lite networks scale them, holds no cell: four
# grey levels.
_EVEN = 4.0 / 128.0


def of_each_cell(
    backbone: Callable[[KerasTensor], KerasTensor],
    per_side: int,
    scaled: KerasTensor,
) -> KerasTensor:
    """The feature map of a sheet of cells, whose tiles don't see each other.

    Args:
        backbone: Of one tile.
        per_side: Tiles along each side of the sheet.
        scaled: (N, px, px, 3), the sheet after scaling; px is a multiple of per_side.
    """
    from keras import layers, ops

    n_tiles, side = per_side**2, scaled.shape[1] // per_side
    tiles = _cut(scaled, per_side, side, 3)
    spread = ops.std(tiles, axis=(1, 2, 3))
    is_cell = ops.cast(spread > _EVEN, "float32")
    of_sheet = ops.reshape(is_cell, (-1, n_tiles))
    share = n_tiles * of_sheet / ops.maximum(ops.sum(of_sheet, axis=1, keepdims=True), 1.0)
    features = backbone(tiles)
    height, channels = features.shape[1], features.shape[3]
    weighed = features * ops.reshape(share, (-1, 1, 1, 1))
    parts = ops.reshape(weighed, (-1, per_side, per_side, height, height, channels))
    whole = ops.reshape(
        ops.transpose(parts, (0, 1, 3, 2, 4, 5)),
        (-1, per_side * height, per_side * height, channels),
    )
    return layers.Activation("linear", name=CELLS_MAP)(whole)


def _cut(scaled: KerasTensor, per_side: int, side: int, channels: int) -> KerasTensor:
    """The tiles of each sheet, one after the other, (N · per_side², side, side, channels)."""
    from keras import ops

    parts = ops.reshape(scaled, (-1, per_side, side, per_side, side, channels))
    return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4, 5)), (-1, side, side, channels))


def cells_of(spec: ArchitectureSpec, *, per_side: int) -> ArchitectureSpec:
    """The architecture that asks another one about each cell of a sheet."""
    return replace(
        spec,
        name=f"{spec.name}-cells",
        title=f"{spec.title}, cell by cell",
        default_px=96 * per_side,
        min_px=spec.min_px * per_side,
        saliency_layer=CELLS_MAP,
        domain_layer="",
        depths=(),
        per_side=per_side,
        backbone=partial(of_each_cell, spec.backbone, per_side),
        stock=None,
        weights=("package", "none"),
        cut_from=spec.cut_from or spec.name,
        source=f"{spec.source}; bag of Ilse et al. 2018, arXiv 1802.04712",
    )
