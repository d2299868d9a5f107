"""A model's domain, with what it was shown as none of its classes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from models.answer.domain import Domain
from training.data.collection import Collection, spread_out
from training.data.index import DatasetIndex, ImageRecord
from training.data.none_of_these import NoneImages, none_images
from training.data.sources import sources_of
from training.data.splits import Split
from training.errors import DatasetError
from training.fit.none_of_these import learn_none_of_these
from training.recipes.recipe import Recipe

_log = logging.getLogger(__name__)
MOST_OF_OWN = 1500
"""Number of its own images that the rule learns from, but for those of rare classes."""
_LEAST_OF_A_CLASS = 60


def with_none_of_these(
    domain: Domain,
    recipe: Recipe,
    collection: Collection,
    split: Split,
    *,
    others: Iterable[ImageRecord],
    features_of: Callable[[np.ndarray], np.ndarray],
) -> tuple[Domain, NoneImages | None]:
    """The domain with a rule for what is none of the classes, and what that was learned from; as it
    is, and None, where there is nothing to learn a rule from.

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
    shown = none_images(recipe.task, others=others, own=collection, learned_from=learned_from)
    if shown is None:
        return domain, None
    chosen = _spread_over_classes(learned_from, collection.labels)
    n_none = len(shown.groups)
    _log.info("%d images are shown as none of the classes", n_none)
    none_features = [features_of(batch) for batch in shown.batches(recipe.steps)]
    try:
        none = learn_none_of_these(
            np.concatenate([features_of(collection.pictures.rgb[chosen]), *none_features]),
            np.concatenate([collection.labels[chosen], np.full(n_none, len(recipe.task.classes))]),
            np.concatenate([collection.groups["grouped"][chosen], shown.groups]),
            n_classes=len(recipe.task.classes),
            seed=recipe.seed,
        )
    except DatasetError as error:
        _log.warning("No rule for what is none of the classes: %s", error)
        return domain, None
    return replace(domain, none=none), shown


def limit_in_words(shown: NoneImages, index: DatasetIndex) -> str:
    """What a card says of what was shown, as one of its limits."""
    names = "; ".join(f"{each.name} {each.n_images:,}" for each in sources_of(shown.others))
    fields = f"; its own fields without their cells {len(shown.fields):,}" if shown.fields else ""
    return (
        "Turns away as none of its classes only what looks like the images that it was shown as "
        f"that ({names}{fields}; index {index.sha256[:12]}); what is unlike them may be answered."
    )


def _spread_over_classes(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """At most MOST_OF_OWN of these images, evenly, and all of a class that has few."""
    parts = []
    for label in np.unique(labels[images]):
        mine = images[labels[images] == label]
        share = max(_LEAST_OF_A_CLASS, round(MOST_OF_OWN * len(mine) / len(images)))
        parts.append(spread_out(mine, share))
    return np.sort(np.concatenate(parts))
