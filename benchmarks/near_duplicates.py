"""How long the search for near-duplicates takes among many perceptual hashes.

    python -m benchmarks.near_duplicates [--hashes 100000]

Random hashes of 256 bits, of which 1,000 are others with up to 26 bits turned. Wanted: at most
30 s among 100,000, and every planted pair found. The peer is the matrix product of all with all,
on as many as fit into a fifth of that, and extrapolated by the square.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from training.data import duplicates
from training.recipes.recipe import NEAR_BITS

_N_PLANTED = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hashes", type=int, default=100_000)
    n = parser.parse_args().hashes
    rng = np.random.default_rng(0)
    hashes = rng.random((n, 256)) < 0.5
    for number in range(_N_PLANTED):
        hashes[n - 1 - number] = hashes[number]
        turned = rng.choice(256, size=number % (NEAR_BITS + 1), replace=False)
        hashes[n - 1 - number, turned] ^= True
    started = time.perf_counter()
    found = {(a, b) for a, b, _ in duplicates.near_pairs(hashes).tolist()}
    elapsed_s = time.perf_counter() - started
    missed = {(number, n - 1 - number) for number in range(_N_PLANTED)} - found
    few = hashes[: n // 5]
    started = time.perf_counter()
    for _ in duplicates._near_among_all(few, NEAR_BITS):  # noqa: SLF001 - the peer
        pass
    peer_s = 25 * (time.perf_counter() - started)
    print(
        json.dumps(
            {
                "hashes": n,
                "elapsed_s": round(elapsed_s, 2),
                "wanted_s": 30,
                "planted": _N_PLANTED,
                "missed": len(missed),
                "all_with_all_s_extrapolated": round(peer_s, 1),
                "ratio_to_peer": round(elapsed_s / peer_s, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
