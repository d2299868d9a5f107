"""The images by which a bundle can be judged: those that its own network has not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.data.collection import Collection, collect, splits_of
from training.data.index import DatasetIndex
from training.data.splits import Split
from training.errors import DatasetError
from training.recipes.recipe import parse_recipe

if TYPE_CHECKING:
    from models.answer.runtime import Model


def own_split(model: Model, index: DatasetIndex) -> tuple[Collection, Split]:
    """The images that a model was made from, and the split that its network comes from.

    That is the first fold of its recipe's last split, whose network the bundle holds. Of an
    ensemble it is asked of each member, and the test images must be the same (`read_subject`).

    Raises:
        DatasetError: The index is another, so that its test part could hold images that the
            model learned from, or the bundle holds no recipe.
    """
    data = model.manifest.data
    if index.sha256 != data.index_sha256:
        raise DatasetError(
            f"This is not the index that the model was made of: SHA-256 {index.sha256[:12]}… "
            f"instead of {data.index_sha256[:12]}…. With it, images that the model learned from "
            "could not be told from those it had not seen. Give the index of its run."
        )
    if not model.card.recipe:
        raise DatasetError(
            "The bundle's card holds no recipe, so it is not known which images the model learned "
            "from. Make the bundle with: python -m training run."
        )
    recipe = parse_recipe(model.card.recipe, name=model.manifest.id)
    collection = collect(recipe, index)
    return collection, splits_of(collection, recipe.splits[-1], seed=recipe.seed)[0]
