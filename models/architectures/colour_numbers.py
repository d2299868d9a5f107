"""No network at all: the colours of an image, for a baseline that has never seen a cell.

With a head that pools "mean_and_deviation" a classifier knows six numbers: the mean and the
standard deviation of red, green and blue. What it reaches on a task needs no look at cells.
"""

from __future__ import annotations

from models.architectures.spec import ArchitectureSpec, KerasTensor


def _backbone(scaled: KerasTensor) -> KerasTensor:
    from keras import layers

    return layers.Activation("linear", name="colours")(scaled)


COLOUR_NUMBERS = ArchitectureSpec(
    name="colour-numbers",
    giga_macs=0.001,
    title="Colours alone",
    family="Baseline",
    default_px=224,
    min_px=1,
    scaling="minus-one-to-one",
    weights=("none",),
    saliency_layer="colours",
    source="Swain and Ballard 1991, 'Color indexing', for the idea that colour alone tells classes",
    backbone=_backbone,
)
