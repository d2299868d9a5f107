"""What a card says first of what its model is not good for."""

from __future__ import annotations

from collections.abc import Sequence

from training.data.collection import chosen_images, taken_in_words
from training.data.index import ImageRecord
from training.recipes.overrides import change_in_words
from training.recipes.recipe import Recipe

_FEW_GROUPS = 10


def known_limits(recipe: Recipe, records: Sequence[ImageRecord]) -> tuple[str, ...]:
    """The limits of a recipe's models, each a sentence: what was changed in the protocol, how many
    images were left out, and which classes rest on few groups come before those of its task.

    Args:
        recipe: What the model was trained after.
        records: The index.

    Raises:
        DatasetError: A class has no image.
    """
    found = [
        change_in_words(recipe) if recipe.overridden else "",
        taken_in_words(recipe, records),
        few_groups_in_words(recipe, records),
    ]
    return (*filter(None, found), *recipe.task.limits)


def few_groups_in_words(recipe: Recipe, records: Sequence[ImageRecord]) -> str:
    """Which classes rest on few patients, subjects, cases or slides, in a sentence; "" for none.

    A class of whose images some have no known group is left out: nobody knows how many it has.
    """
    chosen, labels = chosen_images(recipe, records)
    few = []
    for number, name in enumerate(recipe.task.classes):
        people = [
            record.person for record, label in zip(chosen, labels, strict=True) if label == number
        ]
        n_groups = len(set(people))
        if all(people) and n_groups < _FEW_GROUPS:
            few.append(f"{name} {n_groups}")
    if not few:
        return ""
    return (
        f"Images of few patients, subjects or cases ({', '.join(few)}): figures on unseen ones "
        "rest on few, and vary from one to the next."
    )
