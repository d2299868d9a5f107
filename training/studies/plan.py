"""A study as data: several runs that belong together, and what is made of their answers."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from models.architectures import architecture
from models.stored import ReadOnly, Several, Stored, is_id
from training.errors import RecipeError
from training.judge.ensemble import Weights
from training.recipes.edit import changed_values
from training.recipes.overrides import Overrides, overridden_recipe, refuse_unknown_models
from training.recipes.recipe import (
    Architecture,
    InputPx,
    Leaks,
    Recipe,
    SplitPlan,
    TaskName,
    parse_recipe,
    read_recipe,
)
from training.recipes.toml_file import find_toml, read_toml

STUDIES = Path(__file__).parent
BenchFeatures = Literal["frozen", "classical", "tuned"]
BENCH_FEATURES: tuple[BenchFeatures, ...] = get_args(BenchFeatures)


class EnsemblePlan(Stored):
    """Members of a study that answer together."""

    refused_as = RecipeError
    called = "the ensemble"

    name: str
    """How the ensemble is called in tables."""
    members: Several[str] = ()
    """Names of members of the study; all where none is named."""
    weights: Weights = "equal"
    """Or those that make each fold's validation images likeliest."""


class Variant(Stored):
    """Recipes of a study once more, with other values."""

    refused_as = RecipeError
    called = "the variant"

    name: str
    """What their names end with."""
    of: Several[str] = ()
    """Names of recipes; all of the study's where none is named."""
    set: ReadOnly[str, Any]
    """New values by dotted key, as in "fit.batch"; see `training.recipes.edit.changed_values`."""


class StudyFile(Stored):
    """What the TOML file of a study holds."""

    refused_as = RecipeError

    title: str
    """Heading."""
    recipes: Several[str]
    """Names of recipes, or paths of their files."""
    task: TaskName | None = None
    """Instead of each recipe's own."""
    split: Several[SplitPlan] = ()
    """Instead of each recipe's own."""
    allow_leaks: Leaks = ()
    """Instead of each recipe's own."""
    sizes_px: Several[InputPx] = ()
    """Each recipe once at each of these input sizes."""
    architectures: Several[Architecture] = ()
    """Each recipe once with each of these networks."""
    frozen_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Instead of the layers that each recipe freezes by name: this share of any network's."""
    variant: Several[Variant] = ()
    """Recipes once more with other values, beside themselves."""
    from_scratch: bool = False
    """Each recipe a second time, from drawn weights."""
    ensemble: Several[EnsemblePlan] = ()
    """Members that answer together."""
    bench: Several[BenchFeatures] = ()
    """Features of each member that a bench of classifiers learns from."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """Several runs and what is compared among them.

    Attributes:
        name, title: Identifier and heading.
        members: The recipes, each run once under its own name.
        ensembles: Members that answer together.
        bench: Features of each member that a bench of classifiers learns from.
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
    file = StudyFile.from_dict(values)
    members = [read_recipe(entry) for entry in file.recipes]
    recipes = [member.name for member in members]
    unknown = sorted({name for each in file.variant for name in each.of} - set(recipes))
    if unknown:
        raise RecipeError(
            f"A variant is of {unknown[0]!r}, which is no recipe of the study. Name one of "
            f"{', '.join(recipes)}."
        )
    changes = {key: values[key] for key in ("task", "split", "allow_leaks") if values.get(key)}
    if changes:
        members = [
            _changed(member, changes, suffix=_split_in_a_word(member, file.split))
            for member in members
        ]
    if file.frozen_share is not None:
        frozen = {"frozen_until": "", "frozen_after": "", "frozen_share": file.frozen_share}
        members = [
            _changed(member, {"fit": {**member.source["fit"], **frozen}}) for member in members
        ]
    members = [
        each
        for name, member in zip(recipes, members, strict=True)
        for each in (
            member,
            *_variants(member, [v for v in file.variant if not v.of or name in v.of]),
        )
    ]
    if file.sizes_px:
        members = [at_size(member, size) for member in members for size in file.sizes_px]
    if file.architectures:
        names = file.architectures
        members = [with_architecture(member, each) for member in members for each in names]
    if file.from_scratch:
        members = [each for member in members for each in (member, from_scratch(member))]
    ensembles = tuple(_checked(plan, members) for plan in file.ensemble)
    _check_names([*(member.name for member in members), *(each.name for each in ensembles)])
    return Study(
        name=name,
        title=file.title,
        members=tuple(members),
        ensembles=ensembles,
        bench=file.bench,
        source=MappingProxyType(dict(values)),
    )


def _variants(recipe: Recipe, variants: Sequence[Variant]) -> list[Recipe]:
    """The recipe once more for each variant."""
    return [
        parse_recipe(
            {
                **changed_values(recipe, dict(each.set)),
                "title": f"{recipe.title}, {each.name.replace('-', ' ')}",
            },
            name=f"{recipe.name}-{each.name}",
        )
        for each in variants
    ]


def _split_in_a_word(recipe: Recipe, splits: Sequence[SplitPlan]) -> str:
    """What tells a recipe's bundle from that of a study with other splits; "" for its own."""
    if not splits or tuple(splits) == recipe.splits:
        return ""
    if any(plan.kind == "leave_one_dataset_out" for plan in splits):
        return "lodocv"
    folds = max(plan.folds for plan in splits)
    return f"{folds}-folds" if folds > 1 else "one-split"


def overridden_study(study: Study, overrides: Overrides) -> Study:
    """The study with each member changed for one run, under names that say so.

    Raises:
        RecipeError: As `overridden_recipe`, a setting is of no member, or the members of an
            ensemble differ then.
    """
    refuse_unknown_models(overrides, [member.name for member in study.members])
    members = {member.name: overridden_recipe(member, overrides) for member in study.members}
    ensembles = tuple(
        _checked(
            plan.changed(members=tuple(members[name].name for name in plan.members)),
            list(members.values()),
        )
        for plan in study.ensembles
    )
    _check_names([*(member.name for member in members.values()), *(e.name for e in ensembles)])
    return replace(study, members=tuple(members.values()), ensembles=ensembles)


def at_size(recipe: Recipe, size_px: int) -> Recipe:
    """The recipe with another input size: its resize step and its network change, nothing else.

    Raises:
        RecipeError: The recipe has no resize step.
    """
    steps = copy.deepcopy(recipe.source.get("steps", []))
    resizes = [step for step in steps if step["name"] == "resize"]
    if not resizes:
        raise RecipeError(f"{recipe.name} has no resize step, which sizes_px changes. Add one.")
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
            f"{recipe.name} freezes layers by name (frozen_until or frozen_after), and these are "
            "layers of its own network alone. Take them out, or write a recipe for each "
            "architecture."
        )
    model = {**recipe.source["model"], "architecture": name}
    changes = {"title": f"{recipe.title}, {name}", "model": model}
    varied = _changed(recipe, changes, suffix=name)
    kinds = architecture(name).weights
    if recipe.weights.kind not in kinds:
        raise RecipeError(
            f"{name!r} has no weights of kind {recipe.weights.kind!r}, which the recipe asks for; "
            f"it takes {', '.join(kinds)}. Leave it out."
        )
    return varied


def from_scratch(recipe: Recipe) -> Recipe:
    """The recipe's network from drawn weights, all of it learning: what pretraining is worth.

    Raises:
        RecipeError: The recipe has no epochs in which the whole network learns.
    """
    if not recipe.fit.epochs:
        raise RecipeError(
            f"{recipe.name} has fit.epochs 0, and from_scratch needs epochs above 0: weights that "
            "stay as they were drawn tell nothing. Raise it, or leave from_scratch out."
        )
    frozen = {"frozen_until": "", "frozen_after": "", "frozen_share": 0.0}
    fit = {**recipe.source["fit"], "head_epochs": 0, **frozen}
    model = {**recipe.source["model"], "weights": {"kind": "none"}}
    changes = {"title": f"{recipe.title}, from scratch", "fit": fit, "model": model}
    return _changed(recipe, changes, suffix="from-scratch")


def _changed(recipe: Recipe, changes: Mapping[str, Any], *, suffix: str = "") -> Recipe:
    """The recipe with other top-level values, validated again."""
    name = f"{recipe.name}-{suffix}" if suffix else recipe.name
    return parse_recipe({**copy.deepcopy(dict(recipe.source)), **changes}, name=name)


def _checked(plan: EnsemblePlan, members: Sequence[Recipe]) -> EnsemblePlan:
    """The ensemble with its members named. Raises RecipeError where they cannot answer together."""
    by_name = {member.name: member for member in members}
    plan = plan.changed(members=plan.members or tuple(by_name))
    unknown = [name for name in plan.members if name not in by_name]
    if unknown or len(set(plan.members)) < 2:
        raise RecipeError(
            f"The ensemble {plan.name!r} needs at least two members of {', '.join(by_name)}, and "
            f"has {', '.join(plan.members) or 'none'}. Correct its members."
        )
    protocols = {
        (by_name[name].task.name, by_name[name].splits, by_name[name].seed) for name in plan.members
    }
    if len(protocols) > 1:
        raise RecipeError(
            f"The members of the ensemble {plan.name!r} differ in task, split or seed "
            f"({len(protocols)} of them). Give the study its own task and [[split]]."
        )
    return plan


def _check_names(names: Sequence[str]) -> None:
    if not names:
        raise RecipeError("A study without a recipe runs nothing. Name one.")
    for name in names:
        if not is_id(name):
            raise RecipeError(
                f"Expected names of 3 to 64 small letters, digits and hyphens, received {name!r}. "
                "Shorten the recipe's name."
            )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecipeError(f"The study has the name {twice[0]!r} twice. Drop or rename one.")
