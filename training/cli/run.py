"""`python -m training run`: train, judge and bundle a model after a recipe."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.data.index import read_index
from training.recipes.recipe import read_recipe
from training.runs.run import run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training run`."""
    parser.add_argument("recipe", help="name of a recipe in training/recipes, or a .toml file")
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")


def main(arguments: argparse.Namespace) -> int:
    """Run a recipe and leave its bundle under OUT/bundle."""
    recipe = read_recipe(arguments.recipe)
    run(recipe, read_index(arguments.index), arguments.out)
    return 0
