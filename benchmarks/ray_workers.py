"""A folder read on a Ray cluster of two workers against one of one, each worker one thread.

    python -m benchmarks ray_workers [--images 2000] [--side 224]

Drawn smears, read by `python -m bloodui read --ray` in a process of its own. Both clusters are real
and on this machine, one after the other. The time of one group of pictures is taken off both, which
is the start: joining the cluster, its processes, the model in each. Needs requirements-ray.txt.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers import MODEL
from benchmarks.pictures import write_jpegs
from benchmarks.result import Figure
from benchmarks.scale import linked, read
from bloodui.batch.pipeline import GROUP

WORKERS = (1, 2)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--side", type=int, default=224, help="of the pictures, in pixels")
    parser.add_argument("--model", default=MODEL, help="id of an installed model")


def measure(arguments: argparse.Namespace) -> Sequence[Figure]:
    """All figures; see the module."""
    from tests.training.ray_cluster import cluster

    n, n_first = arguments.images, min(GROUP, arguments.images - 1)
    begun_s, all_s, rows = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        paths = write_jpegs(place / "all", n, size_px=arguments.side)
        first = linked(place / "first", paths[:n_first])
        for workers in WORKERS:
            with cluster(cpus=workers) as found:
                options = ("--ray", found.tasks)
                begun_s[workers] = read(first, n_first, arguments.model, *options).elapsed_s
                everything = read(place / "all", n, arguments.model, *options)
                all_s[workers], rows[workers] = everything.elapsed_s, everything.records
    one, two = ((all_s[each] - begun_s[each]) / (n - n_first) for each in WORKERS)
    others = sum(json.loads(a) != json.loads(b) for a, b in zip(*rows.values(), strict=True))
    return (
        Figure(
            name="workers_ratio",
            meaning="images a second of two workers over one, without the start",
            value=one / two,
            at_least=1.8,
        ),
        Figure(
            name="whole_ratio",
            meaning="the same of the whole command, its start included",
            value=all_s[1] / all_s[2],
        ),
        Figure(
            name="other_rows",
            meaning=f"records of two workers that are not those of one, of {n:,}",
            value=others,
            unit="records",
            at_most=0,
        ),
        Figure(name="one_per_s", meaning="one worker", value=1 / one, unit="images/s"),
        Figure(name="two_per_s", meaning="two workers", value=1 / two, unit="images/s"),
    )
