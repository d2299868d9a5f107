"""Seconds that a recipe on frozen features takes for a whole data set, stage by stage.

python -m benchmarks.frozen_recipe [--index INDEX] [--recipe all-subtypes-frozen]

INDEX is an index.csv; by default that of the folder BLOODUI_DATA. The run is that of
`python -m training run` in a process of its own, held to two cores, into a temporary folder.
The whole is from the start of the process to its end. The stages come from what the run tells of
its progress and, within a stage, from a stopwatch around the functions that do the work; what
none of them has is "the rest" (saving each fold's network, calibration, tables).
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.tensorflow_environment import LEARNING, tell_tensorflow
from training.progress import EpochDone

ROOT = Path(__file__).resolve().parent.parent
WANTED_S = 120
CORES = 2
# module, function, stage; none of them calls another.
WATCHED = (
    ("training.data.collection", "read_pictures", "reading the images"),
    ("training.data.collection", "near_pairs", "duplicates"),
    ("training.data.collection", "merge_groups", "duplicates"),
    ("training.fit.network", "frozen_features", "features"),
    ("training.fit.network", "fit", "heads"),
    ("training.runs.run", "six_colour_probabilities", "colour baseline"),
    ("training.runs.run", "evaluate", "evaluation"),
)
BUNDLE = "writing the bundle"


class Clock:
    """Hears how a run goes on, and measures what its stages take."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.told: list[tuple[str, float]] = []
        self.n_epochs = 0

    def stage(self, text: str, share: float) -> None:
        """Note when a stage of the run begins."""
        self.told.append((text, time.perf_counter()))

    def epoch(self, done: EpochDone) -> None:
        """Count the epochs of the heads."""
        self.n_epochs += 1

    def watched(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """The function, its seconds counted for a stage."""

        @functools.wraps(function)
        def timed(*values: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*values, **options)
            finally:
                self.seconds[stage] += time.perf_counter() - began

        return timed


def run_here(recipe_name: str, index: Path, out: Path) -> dict[str, Any]:
    """Run the recipe in this process, and answer what it took."""
    from models.bundle.card import read_card
    from training.data.index import read_index
    from training.recipes.recipe import read_recipe
    from training.runs.run import run

    clock = Clock()
    for module_name, name, stage in WATCHED:
        module = importlib.import_module(module_name)
        setattr(module, name, clock.watched(getattr(module, name), stage))
    began = time.perf_counter()
    manifest = run(read_recipe(recipe_name), read_index(index), out, progress=clock)
    ended = time.perf_counter()
    clock.seconds[BUNDLE] = ended - clock.told[-1][1]
    starts = [*(moment for _, moment in clock.told), ended]
    card = read_card(out / "bundle" / "card.json")
    return {
        "seconds": dict(clock.seconds),
        "told": [
            (text, after - moment)
            for (text, moment), after in zip(clock.told, starts[1:], strict=True)
        ],
        "run": ended - began,
        "n_epochs": clock.n_epochs,
        "n_images": manifest.data.n_images,
        "accuracy": {
            entry.split: entry.figure("accuracy").value
            for entry in card.evaluations
            if entry.subject == "model"
        },
    }


def measure(recipe_name: str, index: Path) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole process, and what it says of its stages."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.frozen_recipe", "--recipe", recipe_name]
        command += ["--index", str(index.absolute()), "--here", folder]
        started = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own command
            command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        whole_s = time.perf_counter() - started
    return whole_s, json.loads(done.stdout.splitlines()[-1])


def show(whole_s: float, found: dict[str, Any]) -> None:
    """Print what was measured."""
    print(f"{found['n_images']} images, {len(os.sched_getaffinity(0))} cores at hand, {CORES} used")
    for text, seconds in found["told"]:
        print(f"told: {text}: {seconds:.1f} s")
    stages = {"starting and ending the process": whole_s - found["run"], **found["seconds"]}
    stages["the rest"] = whole_s - sum(stages.values())
    for name, seconds in stages.items():
        note = f", {found['n_epochs']} epochs" if name == "heads" else ""
        print(f"{name}: {seconds:.1f} s{note}")
    for split, accuracy in found["accuracy"].items():
        print(f"accuracy, {split} split: {accuracy:.4f}")
    print(f"whole: {whole_s:.1f} s (wanted: at most {WANTED_S} s)")


def main() -> None:
    """Measure in another process, or be that process."""
    data = os.environ.get("BLOODUI_DATA", "")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="all-subtypes-frozen")
    parser.add_argument("--index", type=Path, default=Path(data) / "index.csv" if data else None)
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.index is None:
        parser.error("name an index.csv by --index, or its folder by BLOODUI_DATA")
    if arguments.here is None:
        show(*measure(arguments.recipe, arguments.index))
        return
    # As `python -m training` does; before TensorFlow is loaded, which counts the cores too.
    tell_tensorflow(LEARNING)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    print(json.dumps(run_here(arguments.recipe, arguments.index, arguments.here)))


if __name__ == "__main__":
    main()
