"""The options that change a recipe for one run: `--set`, `--limit` and `--smoke`."""

from __future__ import annotations

import argparse

from training.recipes.overrides import Overrides, read_settings


def add_override_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, the same for every command that runs recipes."""
    parser.add_argument(
        "--set",
        metavar="[MODEL:]KEY=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="another value for one key of the recipe, in TOML, as in fit.epochs=1 or "
        "split.0.folds=2; with MODEL: for the recipe of that name alone; may be given several "
        "times",
    )
    parser.add_argument(
        "--limit",
        type=_positive,
        metavar="N",
        help="take N images, spread over classes, data sets and groups",
    )
    parser.add_argument(
        "--smoke",
        action="store_true",
        help="show that it runs: drawn weights, one epoch, the last split once, few small pictures",
    )


def overrides_of(arguments: argparse.Namespace) -> Overrides:
    """What the options change. Raises RecipeError where a setting is not KEY=VALUE."""
    of_models = read_settings(arguments.settings)
    values = of_models.pop("")
    return Overrides(
        values=values,
        of_models=of_models,
        limit=arguments.limit,
        is_smoke=arguments.smoke,
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


_positive.__name__ = "whole number from 1 on"  # argparse's errors name it
