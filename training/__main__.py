"""`python -m training`: run a recipe, measure the data, draw smears."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys

from models.command import stdout_may_close
from models.errors import BlooduiError
from models.files import disk_error_in_words
from models.tensorflow_environment import LEARNING, tell_tensorflow

# subcommand → (module that does it, what it does)
_COMMANDS = {
    "run": ("training.cli.run", "train, judge and bundle a model after a recipe"),
    "study": ("training.cli.study", "run several recipes and compare them"),
    "reproduce": ("training.cli.reproduce", "do one of the five papers again, its figures beside"),
    "ensemble": ("training.cli.ensemble", "make one model of several finished runs"),
    "bench": ("training.cli.bench", "try classical classifiers on a recipe's images"),
    "curves": ("training.cli.curves", "draw how the networks of a run learned, as one HTML file"),
    "audit": ("training.cli.audit", "find what gives a recipe's labels away"),
    "audit-card": (
        "training.cli.audit_card",
        "audit a bundle: shortcuts, worse images, domain, maps, mistakes, into its card",
    ),
    "none-of-these": (
        "training.cli.none_of_these",
        "teach a bundle what is none of its classes, and measure its domain again",
    ),
    "answer-bound": (
        "training.cli.answer_bound",
        "measure how often a bundle's answers are wrong over patients, into its manifest",
    ),
    "data": ("training.cli.data", "fetch, index and check data sets"),
    "duplicates": ("training.cli.duplicates", "list exact and near duplicates of an index"),
    "pin": ("training.cli.pin", "take a bundle into a folder of bundles, pinned by hash"),
    "results": ("training.cli.results", "write docs/results.md from the cards of bundles"),
    "quality-limits": ("training.cli.quality_limits", "measure limits of image quality"),
    "schema": ("training.cli.schema", "write the JSON schemas of what is stored"),
    "step-defaults": (
        "training.cli.step_defaults",
        "measure the defaults of preprocessing steps",
    ),
    "synthetic": ("training.cli.synthetic", "draw smears with known cells"),
    "synthetic-statistics": (
        "training.cli.synthetic_statistics",
        "measure what drawn smears should look like",
    ),
}


_GO_ON = ("run", "study", "reproduce", "bench")
"""What goes on where it was when the same command is given again."""


def main(words: list[str] | None = None) -> int:
    """Run one subcommand; exit status 0, 2 with one sentence on what to correct, or 130 where it
    was stopped.
    """
    tell_tensorflow(LEARNING)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="How a bundle comes to be. For research and teaching, not for diagnosis.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    words = sys.argv[1:] if words is None else words
    chosen = next((word for word in words if word in _COMMANDS), None)
    for name, (module, purpose) in _COMMANDS.items():
        subparser = commands.add_parser(name, help=purpose, description=purpose)
        if name == chosen:
            importlib.import_module(module).add_arguments(subparser)
    arguments = parser.parse_args(words)
    try:
        status: int = importlib.import_module(_COMMANDS[arguments.command][0]).main(arguments)
    except (BlooduiError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise  # `stdout_may_close` ends the program
        why = disk_error_in_words(error) if isinstance(error, OSError) else str(error)
        print(f"error: {why}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        kept = " What is done is kept, and the same command goes on from there."
        print(f"Stopped.{kept if arguments.command in _GO_ON else ''}", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    with stdout_may_close():
        sys.exit(main())
