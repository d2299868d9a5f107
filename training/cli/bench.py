"""`python -m training bench`: try classical classifiers on a recipe's images."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.cli.overrides import add_override_arguments, overrides_of
from training.data.index import read_index
from training.recipes.overrides import overridden_recipe, refuse_unknown_models
from training.recipes.recipe import read_recipe
from training.studies.feature_bench import run_bench
from training.studies.plan import BENCH_FEATURES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training bench`."""
    parser.add_argument("recipe", help="name of a recipe in training/recipes, or a .toml file")
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--out", type=Path, required=True, help="folder of the tables")
    parser.add_argument(
        "--features",
        nargs="+",
        choices=BENCH_FEATURES,
        default=["frozen"],
        help="of the frozen network, of classical formulas, of the network that --run tuned",
    )
    parser.add_argument("--run", type=Path, help="folder of a finished run of the recipe")
    add_override_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Write the tables of a bench."""
    recipe, overrides = read_recipe(arguments.recipe), overrides_of(arguments)
    refuse_unknown_models(overrides, [recipe.name])
    recipe = overridden_recipe(recipe, overrides)
    run_bench(
        recipe,
        read_index(arguments.index),
        arguments.out,
        features=arguments.features,
        tuned_by=arguments.run,
    )
    return 0
