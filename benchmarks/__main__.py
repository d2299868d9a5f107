"""Speed and memory, each against a peer in one run.

    python -m benchmarks opinion|start|batch|concurrency|scale|ray_workers|training [--json]
    python -m benchmarks report FOLDER

With --json, the result goes to standard output as JSON, whose first keys are the ratios by name;
words go to standard error. `report` writes docs/performance.md from a folder of such results.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import batch, concurrency, opinion, ray_workers, report, scale, start, training
from benchmarks.result import Result, this_machine
from models.tensorflow_environment import LEARNING, tell_tensorflow

BENCHMARKS = {
    "opinion": opinion,
    "start": start,
    "batch": batch,
    "concurrency": concurrency,
    "scale": scale,
    "ray_workers": ray_workers,
    "training": training,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one benchmark, or write the report; the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in BENCHMARKS.items():
        command = commands.add_parser(
            name,
            description=module.__doc__,
            help=(module.__doc__ or "").splitlines()[0],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_options(command)
        command.add_argument("--json", action="store_true", help="write the result as JSON")
    writing = commands.add_parser("report", help="write docs/performance.md from results")
    writing.add_argument("folder", type=Path, help="where results lie as *.json")
    writing.add_argument("--out", type=Path, default=report.PERFORMANCE)
    request = parser.parse_args(given)
    if request.command == "report":
        report.write(request.folder, request.out)
        return 0
    tell_tensorflow(LEARNING)
    machine, began = this_machine(), time.perf_counter()
    # Whatever a library prints, only the result reaches stdout.
    with contextlib.redirect_stdout(sys.stderr):
        figures = BENCHMARKS[request.command].measure(request)
    shown = [each for each in given if each != "--json"]
    result = Result(
        benchmark=request.command,
        command=shlex.join(("python", "-m", "benchmarks", *shown)),
        date=dt.datetime.now(dt.UTC).date(),
        elapsed_s=round(time.perf_counter() - began, 1),
        machine=machine,
        figures=figures,
    )
    if request.json:
        print(result.as_json())
    print(result.in_words(), file=sys.stderr if request.json else sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
