"""A study as data: several runs that belong together, and what is made of their answers."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.architectures import architecture
from models.errors import RecipeError
from models.manifest_values import is_bundle_id
from training.audits.findings import LEAKS
from training.recipe import Recipe, parse_recipe, read_recipe
from training.toml_table import Table, find_toml, read_toml

STUDIES = Path(__file__).parent / "studies"
FEATURES = ("frozen", "classical", "tuned")


@dataclass(frozen=True, kw_only=True)
class EnsemblePlan:
    """Members of a study that answer together.

    Attributes:
        name: How the ensemble is called in tables.
        members: Names of members of the study.
        weights: "equal", or "validation": those that make each fold's validation images likeliest.
    """

    name: str
    members: tuple[str, ...]
    weights: str


@dataclass(frozen=True, kw_only=True)
class Study:
    """Several runs and what is compared among them.

    Attributes:
        name, title: Identifier and heading.
        members: The recipes, each run once under its own name.
        ensembles: Members that answer together.
        bench: Features of each member that a bench of classifiers learns from, see FEATURES.
        source: The file's own content.
    """

    name: str
    title: str
    members: tuple[Recipe, ...]
    ensembles: tuple[EnsemblePlan, ...]
    bench: tuple[str, ...]
    source: Mapping[str, Any]


def read_study(name_or_path: str) -> Study:
    """Read a study by its name in training/studies or by the path of a TOML file.

    Raises:
        RecipeError: It is not there, is not TOML, or has a key or a value that is not allowed.
    """
    path = find_toml(name_or_path, STUDIES, what="a study")
    return parse_study(read_toml(path), name=path.stem)


def parse_study(values: Mapping[str, Any], *, name: str) -> Study:
    """Validate a study's values. Raises RecipeError naming key, value and what is allowed."""
    table = Table(values, name="")
    title = table.text("title")
    recipes = [read_recipe(entry) for entry in table.texts("recipes")]
    changes: dict[str, Any] = {}
    task, splits = table.text("task", default=""), table.tables("split")
    allowed = table.texts("allow_leaks", allowed=tuple(LEAKS), default=())
    if task:
        changes["task"] = task
    if allowed:
        changes["allow_leaks"] = list(allowed)
    if splits:
        changes["split"] = list(splits)
    members = [_changed(recipe, changes) for recipe in recipes] if changes else recipes
    sizes = table.wholes("sizes_px", low=32, high=1024)
    if sizes:
        members = [at_size(member, size) for member in members for size in sizes]
    names = table.texts("architectures", default=())
    if names:
        members = [with_architecture(member, each) for member in members for each in names]
    if table.flag("from_scratch", default=False):
        members = [each for member in members for each in (member, from_scratch(member))]
    ensembles = tuple(
        _ensemble(Table(entry, name=f"ensemble[{number}]"), members)
        for number, entry in enumerate(table.tables("ensemble"))
    )
    bench = table.texts("bench", default=())
    table.close(
        known=(
            "title", "recipes", "task", "split", "sizes_px", "architectures", "from_scratch",
            "ensemble", "bench", "allow_leaks",
        )
    )  # fmt: skip
    unknown = [entry for entry in bench if entry not in FEATURES]
    if unknown:
        raise RecipeError(f"Expected bench of {', '.join(FEATURES)}, received {unknown[0]!r}.")
    _check_names([*(member.name for member in members), *(each.name for each in ensembles)])
    return Study(
        name=name,
        title=title,
        members=tuple(members),
        ensembles=ensembles,
        bench=bench,
        source=MappingProxyType(dict(values)),
    )


def at_size(recipe: Recipe, size_px: int) -> Recipe:
    """The recipe with another input size: its resize step and its network change, nothing else.

    Raises:
        RecipeError: The recipe has no resize step.
    """
    steps = copy.deepcopy(recipe.source.get("steps", []))
    resizes = [step for step in steps if step["name"] == "resize"]
    if not resizes:
        raise RecipeError(
            f"Expected a resize step in {recipe.name} for sizes_px, received none. Add one."
        )
    for step in resizes:
        step["parameters"] = {**step.get("parameters", {}), "size_px": size_px}
    model = {**recipe.source["model"], "input_px": size_px}
    title = recipe.title.replace(f"{recipe.input_px} px", f"{size_px} px")
    if f"{size_px} px" not in title:
        title = f"{title}, {size_px} px"
    changes = {"title": title, "steps": steps, "model": model}
    return _changed(recipe, changes, suffix=f"{size_px}px")


def with_architecture(recipe: Recipe, name: str) -> Recipe:
    """The recipe with another network, its weights of the same kind.

    Raises:
        RecipeError: The architecture is unknown, has no weights of that kind, or the recipe
            freezes layers by a name that only its own network has.
    """
    if recipe.fit.frozen_until or recipe.fit.frozen_after:
        raise RecipeError(
            f"Expected no frozen_until or frozen_after in {recipe.name} for architectures, "
            "received one: its layers are those of one network. Write a recipe for each."
        )
    model = {**recipe.source["model"], "architecture": name}
    changes = {"title": f"{recipe.title}, {name}", "model": model}
    varied = _changed(recipe, changes, suffix=name)
    kinds = architecture(name).weights
    if recipe.weights.kind not in kinds:
        raise RecipeError(
            f"Expected architectures with weights of kind {recipe.weights.kind!r}, received "
            f"{name!r}, which takes {', '.join(kinds)}. Leave it out."
        )
    return varied


def from_scratch(recipe: Recipe) -> Recipe:
    """The recipe's network from drawn weights, all of it learning: what pretraining is worth.

    Raises:
        RecipeError: The recipe has no epochs in which the whole network learns.
    """
    if not recipe.fit.epochs:
        raise RecipeError(
            f"Expected fit.epochs above 0 in {recipe.name} for from_scratch, received 0. "
            "Drawn weights that stay frozen tell nothing."
        )
    fit = {**recipe.source["fit"], "head_epochs": 0, "frozen_until": "", "frozen_after": ""}
    model = {**recipe.source["model"], "weights": {"kind": "none"}}
    changes = {"title": f"{recipe.title}, from scratch", "fit": fit, "model": model}
    return _changed(recipe, changes, suffix="from-scratch")


def _changed(recipe: Recipe, changes: Mapping[str, Any], *, suffix: str = "") -> Recipe:
    """The recipe with other top-level values, validated again."""
    name = f"{recipe.name}-{suffix}" if suffix else recipe.name
    return parse_recipe({**copy.deepcopy(dict(recipe.source)), **changes}, name=name)


def _ensemble(table: Table, members: Sequence[Recipe]) -> EnsemblePlan:
    by_name = {member.name: member for member in members}
    plan = EnsemblePlan(
        name=table.text("name"),
        members=table.texts("members", default=tuple(by_name)),
        weights=table.text("weights", allowed=("equal", "validation"), default="equal"),
    )
    table.close(known=tuple(EnsemblePlan.__dataclass_fields__))
    unknown = [name for name in plan.members if name not in by_name]
    if unknown or len(set(plan.members)) < 2:
        raise RecipeError(
            f"Expected ensemble {plan.name!r} of at least two of {', '.join(by_name)}, received "
            f"{', '.join(plan.members) or 'none'}."
        )
    protocols = {
        (by_name[name].task.name, by_name[name].splits, by_name[name].seed) for name in plan.members
    }
    if len(protocols) > 1:
        raise RecipeError(
            f"Expected members of ensemble {plan.name!r} with one task, split and seed, received "
            f"{len(protocols)} different ones. Give the study its own task and [[split]]."
        )
    return plan


def _check_names(names: Sequence[str]) -> None:
    if not names:
        raise RecipeError("Expected at least one recipe in a study, received none. Name one.")
    for name in names:
        if not is_bundle_id(name):
            raise RecipeError(
                f"Expected names of 3 to 64 small letters, digits and hyphens, received {name!r}. "
                "Shorten the recipe's name."
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecipeError(f"Expected each name once in a study, received {twice[0]!r} twice.")
