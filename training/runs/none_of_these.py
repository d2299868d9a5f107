"""A model's domain, with what it was shown as none of its classes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from models.answer.domain import Domain
from training.data.collection import Collection, spread_out
from training.data.index import ImageRecord
from training.data.none_of_these import none_images
from training.data.splits import Split
from training.errors import DatasetError
from training.fit.none_of_these import learn_none_of_these
from training.recipes.recipe import Recipe

_log = logging.getLogger(__name__)
MOST_OF_OWN = 1500
"""Largest number of its own images that the rule learns from."""


def with_none_of_these(
    domain: Domain,
    recipe: Recipe,
    collection: Collection,
    split: Split,
    *,
    others: Iterable[ImageRecord],
    features_of: Callable[[np.ndarray], np.ndarray],
) -> Domain:
    """The domain with a rule for what is none of the classes; as it is where there is nothing to
    learn one from.

    Args:
        domain: Without such a rule.
        recipe: What the model was trained after.
        collection: Its images.
        split: The model learned from its first two parts.
        others: Images of an index, see `none_images`.
        features_of: The domain's features (n, d) of prepared pictures (n, px, px, 3) uint8.

    Raises:
        DatasetError: A file is not a readable image.
    """
    learned_from = np.sort(np.concatenate([split.train, split.validation]))
    shown = none_images(
        recipe.task, recipe.steps, others=others, own=collection, learned_from=learned_from
    )
    if shown is None:
        return domain
    chosen = spread_out(learned_from, MOST_OF_OWN)
    n_none = len(shown.rgb)
    _log.info("%d images are shown as none of the classes", n_none)
    features = [features_of(collection.pictures.rgb[chosen]), features_of(shown.rgb)]
    try:
        none = learn_none_of_these(
            np.concatenate(features),
            np.concatenate([collection.labels[chosen], np.full(n_none, len(recipe.task.classes))]),
            np.concatenate([collection.groups["grouped"][chosen], shown.groups]),
            seed=recipe.seed,
        )
    except DatasetError as error:
        _log.warning("No rule for what is none of the classes: %s", error)
        return domain
    return replace(domain, none=none)
