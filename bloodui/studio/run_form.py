"""Data, recipe and changes → an order for a run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import streamlit as st

from bloodui.data_sets import DataSets
from bloodui.render.text import as_markdown
from bloodui.studio import augmentation
from bloodui.studio.data_check import check_form
from bloodui.studio.studio import RunOrder, Studio
from bloodui.widgets import messages
from bloodui.widgets.index_form import index_form
from training.jobs import JobLimits
from training.recipes.recipe import (
    RECIPES,
    Recipe,
    parse_recipe,
    read_recipe,
)
from training.runs.estimate import duration_in_words, estimated_seconds

# Key in a recipe → (label, smallest, largest, step)
_NUMBERS: Mapping[str, tuple[str, float, float, float]] = {
    "model.input_px": ("Input size (px)", 32, 1024, 16),
    "fit.epochs": ("Epochs of the whole network", 0, 500, 1),
    "fit.head_epochs": ("Epochs of the head", 0, 1000, 1),
    "fit.batch": ("Batch (images)", 1, 1024, 8),
    "seed": ("Seed", 0, 2**31 - 1, 1),
}
_RATE = "fit.learning_rate"
_CHECK = "Check these images first"


def run_form(sets: DataSets, studio: Studio) -> RunOrder | None:
    """Ask for data, recipe and changes; returns an order when the run is started.

    What is wrong with the values is said beside them, and then the run cannot be started.
    """
    index = index_form(sets, key="run")
    recipe = _recipe_form()
    if index is None:
        return None
    counts: dict[str, int] | None = None
    with messages.errors_shown(index.parent.name), st.spinner("Reading the index"):
        counts = sets.counts(index, recipe.task)
    if counts is None:
        check_form(sets, index, None, key="run", form="run", title=_CHECK)
        return None
    st.caption(
        f"{sum(counts.values()):,} images: "
        + ", ".join(f"{as_markdown(name)} {count:,}" for name, count in counts.items())
        + f". {as_markdown(sets.left_over(index, recipe.task))}"
    )
    text = _changes_form(recipe)
    if text is None:
        return None
    changed = parse_recipe(tomllib.loads(text), name=recipe.name)
    with st.expander(
        "What the network is shown: the recipe's augmentations", key="run-augmentations"
    ):
        augmentation.show_preview(changed)
    seconds = estimated_seconds(changed, sum(counts.values()))
    name = st.text_input(
        "Name of the model",
        value=f"{recipe.name}-2"[:64],
        key=f"run-name-{recipe.name}",
        max_chars=64,
    )
    hours = st.number_input("Stop after (hours; 0 for never)", 0.0, 240.0, 0.0, key="run-hours")
    audits = st.checkbox(
        "Check shortcuts, domain and maps when it is finished",
        value=True,
        key="run-audits",
        help="Takes some minutes more. Whoever promotes the model then reads on its card what it "
        "goes by, what it turns away, and which maps may be believed.",
    )
    check_form(sets, index, changed, key="run", form="run", title=_CHECK)
    wanted = st.button(
        "Start the run", type="primary", icon=":material/play_arrow:", key="run-start"
    )
    expected, is_learned = studio.expected_seconds(seconds)
    st.caption(duration_in_words(expected, is_learned=is_learned))
    if not wanted:
        return None
    limits = JobLimits(minutes=60 * hours) if hours else None
    return RunOrder(
        recipe=text,
        index=index,
        name=name.strip(),
        limits=limits,
        audits=audits,
        estimated_s=seconds,
    )


def _recipe_form() -> Recipe:
    names = sorted(path.stem for path in RECIPES.glob("*.toml"))
    ours = "all-subtypes-efficientnet-lite0"
    name = st.selectbox(
        "Recipe",
        names,
        index=names.index(ours) if ours in names else 0,
        key="run-recipe",
        help="A protocol as data: task, network, preprocessing, augmentation, splits and fit.",
    )
    recipe = read_recipe(name)
    splits = ", ".join(
        f"{plan.kind.replace('_', ' ')}" + (f" in {plan.folds} folds" if plan.folds > 1 else "")
        for plan in recipe.splits
    )
    st.caption(
        f"{as_markdown(recipe.title)}. Task: {as_markdown(recipe.task.title)}. "
        f"Network: {as_markdown(recipe.architecture)}. Splits: {splits}."
    )
    return recipe


def _changes_form(recipe: Recipe) -> str | None:
    """The recipe's TOML with the changes of the form, or None while they are not allowed."""
    from training.recipes.edit import changed_recipe

    own: Mapping[str, float] = {
        "model.input_px": recipe.input_px,
        "fit.epochs": recipe.fit.epochs,
        "fit.head_epochs": recipe.fit.head_epochs,
        "fit.batch": recipe.fit.batch,
        "seed": recipe.seed,
        _RATE: recipe.fit.learning_rate,
    }
    changes: dict[str, int | float | str] = {}
    with st.expander("Change the recipe", key="run-changes"):
        columns = st.columns(3)
        for place, (key, (label, low, high, step)) in enumerate(_NUMBERS.items()):
            value = columns[place % 3].number_input(
                label,
                int(low),
                int(high),
                int(own[key]),
                int(step),
                key=f"run-{recipe.name}-{key}",
            )
            if value != own[key]:
                changes[key] = int(value)
        rate = columns[2].number_input(
            "Learning rate of the whole network",
            1e-7,
            1.0,
            float(own[_RATE]),
            format="%.7f",
            key=f"run-{recipe.name}-{_RATE}",
        )
        if abs(rate - own[_RATE]) > 1e-9:
            changes[_RATE] = float(rate)
    with messages.errors_shown():
        return changed_recipe(recipe, changes)
    return None
