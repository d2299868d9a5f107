"""Which images are the same picture, to the byte or to the eye."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from training.datasets.index import read_index

_HASH_SIDE = 16
# 26 of 256 bits: cells on black are alike up to about 40 without being the same cell; smear fields
# are not, so their tasks ask for more (decision 3, measured by `python -m training duplicates`).
NEAR_BITS = 26


def perceptual_hash(rgb: np.ndarray) -> np.ndarray:
    """A picture's 256-bit perceptual hash (DCT, Zauner 2010), as 256 booleans.

    Args:
        rgb: (H, W, 3) uint8.
    """
    import imagehash

    return np.asarray(imagehash.phash(Image.fromarray(rgb), hash_size=_HASH_SIDE).hash).ravel()


def near_pairs(hashes: np.ndarray, *, max_bits: int = NEAR_BITS) -> np.ndarray:
    """Every pair of pictures whose hashes differ in at most ``max_bits`` bits.

    Args:
        hashes: (n, 256) bool.
        max_bits: Largest Hamming distance of a near-duplicate, in bits of 256.

    Returns:
        (pairs, 3) int: first, second (first < second), distance in bits.
    """
    signs = hashes.astype(np.float32) * 2 - 1
    bits = hashes.shape[1]
    found = [np.empty((0, 3), np.int64)]
    for start in range(0, len(signs), 512):
        distance = np.rint((bits - signs[start : start + 512] @ signs.T) / 2).astype(np.int64)
        row, column = np.nonzero(distance <= max_bits)
        keep = row + start < column
        row, column = row[keep], column[keep]
        found.append(np.stack([row + start, column, distance[row, column]], axis=1))
    return np.concatenate(found)


def merge_groups(groups: Sequence[str], pairs: np.ndarray) -> tuple[int, ...]:
    """Group numbers in which every pair, and everything tied to it, stands together.

    Args:
        groups: A name for each image; images of one name belong together.
        pairs: (n, 2 or more) int, image numbers that belong together.
    """
    parent = list(range(len(groups)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    first_of: dict[str, int] = {}
    for item, name in enumerate(groups):
        parent[root(item)] = root(first_of.setdefault(name, item))
    for first, second in pairs[:, :2].tolist():
        parent[root(first)] = root(second)
    return tuple(root(item) for item in range(len(groups)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training duplicates`."""
    parser.add_argument("--index", type=Path, required=True, help="index.csv of the images")
    parser.add_argument("--dataset", help="only this data set")
    parser.add_argument("--bits", type=int, default=NEAR_BITS, help="largest distance, of 256")


def main(arguments: argparse.Namespace) -> int:
    """Write every pair of duplicates as CSV: distance in bits, first, second."""
    import csv
    import sys

    from training.datasets.pictures import read_hashes

    wanted = arguments.dataset
    records = [
        record for record in read_index(arguments.index).records if wanted in (None, record.dataset)
    ]
    pairs = near_pairs(read_hashes(records), max_bits=arguments.bits)
    table = csv.writer(sys.stdout)
    table.writerow(("bits", "first", "second"))
    for first, second, bits in sorted(pairs.tolist(), key=lambda pair: pair[2]):
        table.writerow((bits, records[first].name, records[second].name))
    return 0
