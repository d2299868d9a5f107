"""How memory and time of `python -m bloodui read --out` grow with the number of images.

    python -m benchmarks.many_pictures [--few 500] [--many 2000] [--side 300] [--model ID]

Drawn pictures, each another, in folders of two sizes; one process each, whose greatest memory is
read when it ends. Wanted: memory the same within a tenth, and a time that grows as the number does,
apart from the start.

    python -m benchmarks.many_pictures --ways [--images 200] [--model ID]

Drawn pictures read one by one, by threads and by processes, in turns.

    python -m benchmarks.many_pictures --ray [--images 200] [--model ID]

On a Ray cluster of one processor and on one of two, from the first record on, so without the
start of its processes. Wanted: two are 1.8 times as fast as one, with the same records.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bloodui.batch.inputs import FileItem, Item
from bloodui.batch.pipeline import GROUP, Options, PlainRecord, grouped, read_group, records_of
from models.answer.loading import load_answerer
from models.bundle.folder import SHIPPED_ROOT

_ROOT = Path(__file__).resolve().parents[1]
_MODEL = "all-subtypes-efficientnet-lite0"
_OPTIONS = Options(is_hashed=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=500)
    parser.add_argument("--many", type=int, default=2_000)
    parser.add_argument("--side", type=int, default=300, help="of a picture, in px")
    parser.add_argument("--model", default=_MODEL)
    parser.add_argument("--ways", action="store_true")
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bloodui-") as folder:
        if asked.ways:
            found = ways(Path(folder), asked.model, asked.images, asked.side, asked.rounds)
        elif asked.ray:
            found = workers(Path(folder), asked.model, asked.images, asked.side)
        else:
            found = growth(Path(folder), asked.model, (asked.few, asked.many), asked.side)
    print(json.dumps(found))


def growth(folder: Path, model: str, sizes: Sequence[int], side_px: int) -> dict[str, Any]:
    """Memory and time of one process for each number of images."""
    found: dict[str, Any] = {}
    for n in sizes:
        pictures = draw(folder / str(n), n, side_px)
        started = time.perf_counter()
        memory_mb = memory_of_command(model, pictures, folder / f"out-{n}")
        found[str(n)] = {"memory_mb": memory_mb, "elapsed_s": round(time.perf_counter() - started)}
    few, many = (found[str(n)] for n in sizes)
    return found | {"memory_ratio": round(many["memory_mb"] / few["memory_mb"], 3)}


def memory_of_command(model: str, pictures: Path, out: Path) -> int:
    """Read a folder by the command; answer with the greatest memory that it held, in MB."""
    command = [sys.executable, "-m", "bloodui", "read", "--model", model]
    command += ["--out", str(out), str(pictures)]
    started = subprocess.Popen(command, cwd=_ROOT, stderr=subprocess.DEVNULL)  # noqa: S603
    _, status, used = os.wait4(started.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"The command ended with {os.waitstatus_to_exitcode(status)}.")
    return round(used.ru_maxrss / 1024)


def ways(folder: Path, model: str, n: int, side_px: int, rounds: int) -> dict[str, Any]:
    """Images a second of each way to read, in turns; medians."""
    items = [FileItem(path=path) for path in sorted(draw(folder / "p", n, side_px).iterdir())]
    bundle = SHIPPED_ROOT / model
    loaded = load_answerer(bundle)

    def one_by_one() -> None:
        for item in items:
            read_group([item], loaded, _OPTIONS)

    def threads() -> None:
        for _ in records_of(items, loaded, _OPTIONS):
            pass

    n_processes = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(n_processes, get_context("spawn")) as pool:

        def processes() -> None:
            groups = list(grouped(items, GROUP))
            for _ in pool.map(_read_there, groups, [str(bundle)] * len(groups)):
                pass

        each: dict[str, Callable[[], None]] = {
            "one_by_one": one_by_one,
            "threads": threads,
            "processes": processes,
        }
        for way in each.values():  # models are loaded, and what is compiled at first is
            way()
        taken: dict[str, list[float]] = {name: [] for name in each}
        for _ in range(rounds):
            for name, way in each.items():
                started = time.perf_counter()
                way()
                taken[name].append(n / (time.perf_counter() - started))
    per_s = {name: round(statistics.median(values), 1) for name, values in taken.items()}
    return {
        "images_per_s": per_s,
        "threads_over_one_by_one": round(per_s["threads"] / per_s["one_by_one"], 2),
        "threads_over_processes": round(per_s["threads"] / per_s["processes"], 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "memory_of_a_process_mb": round(
            resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        ),
    }


def workers(folder: Path, model: str, n: int, side_px: int) -> dict[str, Any]:
    """Images a second of clusters of one and of two processors, and how many records differ."""
    from bloodui.batch.ray_tasks import records_on_ray
    from tests.training.ray_cluster import cluster

    items = [FileItem(path=path) for path in sorted(draw(folder / "p", n, side_px).iterdir())]
    per_s: dict[int, float] = {}
    said: list[list[tuple[str, str]]] = []
    for cpus in (1, 2):
        with cluster(cpus=cpus) as found:
            bundle = SHIPPED_ROOT / model
            groups = records_on_ray(items, bundle, _OPTIONS, address=found.tasks)
            records = list(next(groups))
            n_first, started = len(records), time.perf_counter()
            for group in groups:
                records += group
            per_s[cpus] = (n - n_first) / (time.perf_counter() - started)
        said.append([(each["path"], each["decision"]) for each in records])
    return {
        "images_per_s": {str(cpus): round(value, 1) for cpus, value in per_s.items()},
        "two_over_one": round(per_s[2] / per_s[1], 2),
        "differing": sum(one != two for one, two in zip(*said, strict=True)),
    }


def draw(folder: Path, n: int, side_px: int) -> Path:
    """Write pictures, each another, as JPEG files."""
    folder.mkdir(parents=True)
    for number in range(n):
        coarse = np.random.default_rng(number).integers(90, 255, (24, 24, 3), dtype=np.uint8)
        rgb = cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number:05}.jpg"), rgb)
    return folder


@lru_cache(maxsize=1)
def _loaded(bundle: str) -> Any:
    return load_answerer(Path(bundle))


def _read_there(items: Sequence[Item], bundle: str) -> Sequence[PlainRecord]:
    return read_group(items, _loaded(bundle), _OPTIONS)


if __name__ == "__main__":
    main()
