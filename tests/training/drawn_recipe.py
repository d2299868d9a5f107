"""The smallest recipe that runs on drawn smears: a head on an AlexNet of drawn weights."""

from __future__ import annotations


def drawn_recipe(*, head_epochs: int = 1, split: str = 'kind = "random"') -> str:
    """Its TOML.

    Args:
        head_epochs: Passes of the head.
        split: What stands in the one [[split]].
    """
    return f"""
title = "Drawn, 64 px"
task = "all-subtypes"
model = {{ architecture = "alexnet", input_px = 64, weights = {{ kind = "none" }} }}
steps = [{{ name = "resize", parameters = {{ size_px = 64, fit = "stretch" }} }}]
fit = {{ head_epochs = {head_epochs}, epochs = 0 }}
split = [{{ {split} }}]
"""
