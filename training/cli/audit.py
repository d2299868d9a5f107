"""`python -m training audit`: what gives the labels of a recipe's images away."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.audits.findings import LeakageReport
from training.audits.gate import audit_collection
from training.audits.leakage import audit_leakage
from training.data.collection import collect
from training.data.file_facts import read_facts
from training.data.index import ImageRecord, read_index
from training.data.index_rows import read_rows
from training.data.splits import Split
from training.errors import DatasetError
from training.recipes.recipe import read_recipe

_PARTS = ("train", "validation", "test")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training audit`."""
    parser.add_argument("recipe", help="name of a recipe in training/recipes, or a .toml file")
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument(
        "--split", type=Path, help="CSV of path and part (train, validation, test) to audit instead"
    )
    parser.add_argument("--json", action="store_true", help="write the report as JSON")


def main(arguments: argparse.Namespace) -> int:
    """Write what leaks; exit status 1 where a run of the recipe would refuse to start."""
    report = _report(arguments)
    text = json.dumps(report.to_dict(), indent=1) if arguments.json else "\n".join(report.lines())
    sys.stdout.write(f"{text}\n")
    return 1 if report.refused else 0


def _report(arguments: argparse.Namespace) -> LeakageReport:
    recipe = read_recipe(arguments.recipe)
    collection = collect(recipe, read_index(arguments.index))
    if arguments.split is None:
        return audit_collection(recipe, collection)
    report = audit_leakage(
        collection.records,
        collection.labels,
        {arguments.split.stem: [read_split(arguments.split, collection.records)]},
        facts=read_facts(collection.records, collection.pictures.hashes),
        near_bits=recipe.task.near_bits,
    )
    return replace(report, allowed=recipe.allow_leaks)


def read_split(path: Path, records: Sequence[ImageRecord]) -> Split:
    """Somebody's split from a CSV with the columns path and part; images it lacks are in no part.

    Raises:
        DatasetError: It can't be read as `read_rows` reads, or has another part or an image that
            is none of these.
    """
    numbers = {record.name: number for number, record in enumerate(records)}
    parts: dict[str, list[int]] = {name: [] for name in _PARTS}
    try:
        for row in read_rows(path.read_bytes()):
            parts[row.cells["part"].strip()].append(numbers[row.cells["path"].strip()])
    except (OSError, KeyError) as error:
        raise DatasetError(
            "Expected a CSV with the columns path, of an image of the recipe as the index writes "
            f"it, and part, one of {', '.join(_PARTS)}; received {error}. Correct the file."
        ) from error
    train, validation, test = (np.array(parts[name], np.int64) for name in _PARTS)
    return Split(train=train, validation=validation, test=test)
