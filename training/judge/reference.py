"""What a finished model knows of its own limits: its prediction sets and its domain."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.answer.domain import learn_domain
from models.answer.prediction_set import ConformalScores
from models.answer.reference import Reference
from models.architectures import architecture
from training.data.collection import Collection, spread_out
from training.data.splits import Split
from training.network_outputs import outputs_of
from training.recipes.recipe import Recipe

_MOST_IMAGES = 1500


def reference_of(
    model: Any,
    recipe: Recipe,
    collection: Collection,
    split: Split,
    conformal: ConformalScores,
) -> Reference:
    """What goes into the bundle of a model.

    Args:
        model: A keras.Model from RGB 0–255 to logits.
        recipe: What it was trained after.
        collection: The images.
        split: Which of them it learned from, and which are validation.
        conformal: How hard the images that it was tuned on were for it.

    Returns:
        Without a domain where all images are of one group: nothing tells what another's are like.
    """
    spec = architecture(recipe.architecture)
    layer = spec.domain_layer or spec.saliency_layer
    known = np.sort(np.concatenate([split.train, split.validation]))
    chosen = spread_out(known, _MOST_IMAGES)
    groups = collection.groups["grouped"][chosen]
    if len(np.unique(groups)) < 2:
        return Reference(conformal=conformal, domain=None)
    features = domain_features(model, layer, collection.pictures.rgb[chosen])
    return Reference(
        conformal=conformal,
        domain=learn_domain(
            layer,
            features,
            collection.labels[chosen],
            groups,
        ),
    )


def domain_features(model: Any, layer: str, rgb: np.ndarray) -> np.ndarray:
    """What a network makes of prepared pictures (n, px, px, 3) in a layer: its means over rows and
    columns, (n, d) float32."""
    import keras

    pooled = keras.Model(model.input, keras.ops.mean(model.get_layer(layer).output, axis=(1, 2)))
    return outputs_of(pooled, rgb)
