"""Which images are the same picture, to the byte or to the eye."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.recipes.recipe import NEAR_BITS

_HASH_SIDE = 16
# Up to so many pictures all are compared with all, a block of them at a time.
_FEW, _BLOCK = 2_000, 512
# Bits of a part whose values are tabulated; pairs that are compared in full at once.
_LONGEST_PART, _MOST_AT_ONCE = 22, 2**20
# A pair that is picked out costs about as much as so many of all pairs in a matrix product.
_WORTH = 8


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
        hashes: (n, bits) bool.
        max_bits: Largest Hamming distance of a near-duplicate, in bits.

    Returns:
        (pairs, 3) int: first, second (first < second), distance in bits; sorted.
    """
    found = np.concatenate([np.empty((0, 3), np.int64), *_near(hashes, max_bits)])
    return np.unique(found, axis=0)


def near_groups(hashes: np.ndarray, *, max_bits: int = NEAR_BITS) -> tuple[tuple[int, ...], ...]:
    """The pictures that are alike, directly or by way of others, in groups of two and more.

    Thousands of pictures of one hash take no more memory than that: their pairs are not listed.

    Args:
        hashes, max_bits: As of `near_pairs`.

    Returns:
        Numbers of pictures, ascending within a group; groups by their first picture.
    """
    unique, place = np.unique(np.packbits(hashes, axis=1), axis=0, return_inverse=True)
    forest = _Forest(len(unique))
    bits = np.unpackbits(unique, axis=1, count=hashes.shape[1]).astype(bool)
    for pairs in _near(bits, max_bits):
        for first, second in pairs[:, :2].tolist():
            forest.join(first, second)
    members: dict[int, list[int]] = {}
    for picture, number in enumerate(place.ravel().tolist()):
        members.setdefault(forest.root(number), []).append(picture)
    return tuple(tuple(each) for each in members.values() if len(each) > 1)


def _near(hashes: np.ndarray, max_bits: int) -> Iterator[np.ndarray]:
    """The pairs of `near_pairs` in blocks of bounded size, some of them more than once.

    Of hashes cut into ``max_bits // 2 + 1`` parts, two that differ in so few bits have a part in
    which they differ in one bit at most (the pigeonhole principle; Norouzi et al., 2012, "Fast
    search in Hamming space with multi-index hashing"). Only such pairs are compared in full,
    where they are few enough for that to be faster than comparing all.
    """
    n, n_bits = hashes.shape
    n_parts = max_bits // 2 + 1
    parts = [hashes[:, part::n_parts] for part in range(min(n_parts, n_bits))]
    if n > _FEW and parts[0].shape[1] <= _LONGEST_PART:
        tables = [_Table.of(part) for part in parts]
        if _WORTH * sum(table.n_candidates for table in tables) < n * n:
            packed = _words(hashes)
            for table in tables:
                for first, second in table.candidates():
                    distance = np.bitwise_count(packed[first] ^ packed[second]).sum(1, np.int64)
                    near = distance <= max_bits
                    yield np.stack([first[near], second[near], distance[near]], axis=1)
            return
    yield from _near_among_all(hashes, max_bits)


def _near_among_all(hashes: np.ndarray, max_bits: int) -> Iterator[np.ndarray]:
    signs = hashes.astype(np.float32) * 2 - 1
    bits = hashes.shape[1]
    for start in range(0, len(signs), _BLOCK):
        # Only those that come later: the others were compared with these before
        distance = (bits - signs[start : start + _BLOCK] @ signs[start:].T) / 2
        row, column = np.nonzero(distance < max_bits + 0.5)
        later = row < column
        row, column = row[later], column[later]
        between = np.rint(distance[row, column]).astype(np.int64)
        yield np.stack([row + start, column + start, between], axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Table:
    """The pictures by the value of one part of their hashes.

    Attributes:
        values: (n,) int64.
        order: (n,) pictures, by value.
        starts: (2**bits + 1,) where the pictures of each value begin in `order`.
        masks: What a value is changed by to those that differ in one bit at most.
    """

    values: np.ndarray
    order: np.ndarray
    starts: np.ndarray
    masks: tuple[int, ...]

    @classmethod
    def of(cls, part: np.ndarray) -> _Table:
        """The table of a part, (n, bits) bool."""
        n_bits = part.shape[1]
        values = part.astype(np.int64) @ (1 << np.arange(n_bits))
        counts = np.bincount(values, minlength=1 << n_bits)
        return cls(
            values=values,
            order=np.argsort(values, kind="stable"),
            starts=np.concatenate([[0], np.cumsum(counts)]),
            masks=(0, *(1 << bit for bit in range(n_bits))),
        )

    @property
    def n_candidates(self) -> int:
        """How many pairs `candidates` looks at, each in both orders."""
        counts = np.diff(self.starts)
        every = np.arange(len(counts))
        return sum(int(counts @ counts[every ^ mask]) for mask in self.masks)

    def candidates(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pairs (first < second) that differ here in one bit at most, in bounded blocks."""
        for mask in self.masks:
            begins = self.starts[self.values ^ mask]
            ends = np.cumsum(self.starts[(self.values ^ mask) + 1] - begins)
            low, done = 0, 0
            while low < len(ends):
                high = max(low + 1, int(np.searchsorted(ends, done + _MOST_AT_ONCE, "right")))
                lengths = np.diff(ends[low:high], prepend=done)
                first = np.repeat(np.arange(low, high), lengths)
                within = np.arange(len(first)) - np.repeat(ends[low:high] - done - lengths, lengths)
                second = self.order[np.repeat(begins[low:high], lengths) + within]
                later = first < second
                yield first[later], second[later]
                low, done = high, int(ends[high - 1])


def _words(hashes: np.ndarray) -> np.ndarray:
    """Hashes (n, bits) bool as (n, words) uint64."""
    spare = -hashes.shape[1] % 64
    return np.packbits(np.pad(hashes, ((0, 0), (0, spare))), axis=1).view(np.uint64)


def merge_groups(groups: Sequence[str], pairs: np.ndarray) -> tuple[int, ...]:
    """Group numbers in which every pair, and everything tied to it, stands together.

    Args:
        groups: A name for each image; images of one name belong together.
        pairs: (n, 2 or more) int, image numbers that belong together.
    """
    forest = _Forest(len(groups))
    first_of: dict[str, int] = {}
    for item, name in enumerate(groups):
        forest.join(item, first_of.setdefault(name, item))
    for first, second in pairs[:, :2].tolist():
        forest.join(first, second)
    return tuple(forest.root(item) for item in range(len(groups)))


class _Forest:
    """Numbers 0 to n - 1 in groups, which are joined (union-find)."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, item: int) -> int:
        """The number that stands for an item's group."""
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, item: int, other: int) -> None:
        """Put an item's group into another item's."""
        self._parent[self.root(item)] = self.root(other)
