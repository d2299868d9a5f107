"""`python -m training synthetic-statistics`: measure what drawn smears should look like."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

from drawn.statistics import (
    MAX_IMAGES_PER_CLASS,
    QUANTILES,
    STATISTICS_PATH,
    class_to_dict,
    measure_index,
)
from training.errors import DatasetError
from training.stored import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `python -m training synthetic-statistics`."""
    parser.add_argument("--index", type=Path, required=True, help="index CSV of the real images")
    parser.add_argument("--out", type=Path, default=STATISTICS_PATH, help="JSON to write")
    parser.add_argument("--max-per-class", type=int, default=MAX_IMAGES_PER_CLASS)
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")


def main(arguments: argparse.Namespace) -> int:
    """Measure the real classes and write their statistics, whole or not at all.

    Raises:
        DatasetError: The index cannot be measured, or shows too little of a class.
    """
    statistics = measure_index(
        arguments.index, max_per_class=arguments.max_per_class, seed=arguments.seed
    )
    for label, entry in statistics.items():
        if not np.isfinite(entry.colour_mean).all():
            raise DatasetError(
                f"A colour of class {label} is in none of its {entry.n_images} images. "
                "Measure more images a class."
            )
    content = {
        "schema": 1,
        "command": "python -m training synthetic-statistics --index INDEX",
        "index_sha256": hashlib.sha256(arguments.index.read_bytes()).hexdigest(),
        "max_per_class": arguments.max_per_class,
        "seed": arguments.seed,
        "quantiles": QUANTILES,
        "classes": {label: class_to_dict(entry) for label, entry in statistics.items()},
    }
    write_text(arguments.out, json.dumps(content, indent=1) + "\n")
    return 0
