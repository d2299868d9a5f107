"""`python -m training`: run a recipe, measure the data, draw smears."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys

from models.errors import BlooduiError

# subcommand → (module that does it, what it does)
_COMMANDS = {
    "run": ("training.run", "train, judge and bundle a model after a recipe"),
    "study": ("training.study", "run several recipes and compare them"),
    "ensemble": ("training.ensemble_bundle", "make one model of several finished runs"),
    "bench": ("training.feature_bench", "try classical classifiers on a recipe's images"),
    "audit": ("training.audits.leakage_command", "find what gives a recipe's labels away"),
    "audit-card": (
        "training.audits.card_audit_command",
        "audit a bundle: shortcuts, worse images, domain, maps, mistakes, into its card",
    ),
    "data": ("training.datasets.data_command", "fetch, index and check data sets"),
    "duplicates": ("training.datasets.duplicates", "list exact and near duplicates of an index"),
    "pin": ("training.pin", "take a bundle into a folder of bundles, pinned by hash"),
    "results": ("training.results", "write docs/results.md from the cards of bundles"),
    "quality-limits": ("training.datasets.quality_limits", "measure limits of image quality"),
    "step-defaults": (
        "training.datasets.step_defaults",
        "measure the defaults of preprocessing steps",
    ),
    "synthetic": ("training.datasets.synthetic_dataset", "draw smears with known cells"),
    "synthetic-statistics": (
        "training.datasets.synthetic_statistics",
        "measure what drawn smears should look like",
    ),
}


def main(words: list[str] | None = None) -> int:
    """Run one subcommand; exit status 0, or 2 with one sentence on what to mend."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # TensorFlow leaves oneDNN off on processors without AVX-512; with it they learn twice as fast.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
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
    except BlooduiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
