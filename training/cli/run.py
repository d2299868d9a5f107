"""`python -m training run`: train, judge and bundle a model after a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.cli.overrides import add_override_arguments, overrides_of
from training.data.index import read_index
from training.recipes.overrides import overridden_recipe, refuse_unknown_models
from training.recipes.recipe import read_recipe
from training.runs.run import run
from training.stored import alone_in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training run`."""
    parser.add_argument("recipe", help="name of a recipe in training/recipes, or a .toml file")
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    add_override_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run a recipe and leave its bundle under OUT/bundle."""
    recipe, overrides = read_recipe(arguments.recipe), overrides_of(arguments)
    refuse_unknown_models(overrides, [recipe.name])
    recipe = overridden_recipe(recipe, overrides)
    index = read_index(arguments.index)
    with alone_in(arguments.out):
        run(recipe, index, arguments.out)
    return 0
