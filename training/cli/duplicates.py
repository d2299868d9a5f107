"""`python -m training duplicates`: exact and near duplicates of an index, as CSV."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from models.table_cell import as_cell
from training.data.duplicates import near_pairs
from training.data.index import read_index
from training.data.pictures import read_hashes
from training.recipes.recipe import NEAR_BITS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training duplicates`."""
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--dataset", help="only this data set")
    parser.add_argument("--bits", type=int, default=NEAR_BITS, help="largest distance, of 256")


def main(arguments: argparse.Namespace) -> int:
    """Write every pair of duplicates as CSV: distance in bits, first, second."""
    wanted = arguments.dataset
    records = [
        record for record in read_index(arguments.index).records if wanted in (None, record.dataset)
    ]
    pairs = near_pairs(read_hashes(records), max_bits=arguments.bits)
    table = csv.writer(sys.stdout)
    table.writerow(("bits", "first", "second"))
    for first, second, bits in sorted(pairs.tolist(), key=lambda pair: pair[2]):
        table.writerow((bits, as_cell(records[first].name), as_cell(records[second].name)))
    return 0
