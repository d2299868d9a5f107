"""Memory and time of `python -m bloodui read` from few pictures to many; duplicates among hashes.

    python -m benchmarks scale [--few 1000] [--many 20000] [--hashes 100000] [--side 224]

Drawn smears, each another, in folders of two sizes, read by the command itself in a process of its
own. Memory is the greatest that it and its children had at one moment, looked at five times a
second. The time of one picture is taken off both, which is the start. Then near-duplicates among
hashes of chance with planted pairs, all of which must be found.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks.clock import seconds
from benchmarks.peers import MODEL
from benchmarks.pictures import write_jpegs
from benchmarks.result import Figure

ROOT = Path(__file__).resolve().parent.parent
_LOOK_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a run of the command took."""

    n: int
    elapsed_s: float
    processor_s: float
    peak_mb: float
    records: tuple[bytes, ...]


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--many", type=int, default=20_000)
    parser.add_argument("--hashes", type=int, default=100_000)
    parser.add_argument("--side", type=int, default=224, help="of the pictures, in pixels")
    parser.add_argument("--model", default=MODEL, help="id of an installed model")


def measure(arguments: argparse.Namespace) -> Sequence[Figure]:
    """All figures; see the module."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        paths = write_jpegs(place / "many", arguments.many, size_px=arguments.side)
        one, few = (
            read(linked(place / str(n), paths[:n]), n, arguments.model) for n in (1, arguments.few)
        )
        many = read(place / "many", arguments.many, arguments.model)
    return (
        Figure(
            name="memory_ratio",
            meaning=f"greatest memory with {many.n:,} pictures over that with {few.n:,}",
            value=many.peak_mb / few.peak_mb,
            at_least=0.9,
            at_most=1.1,
        ),
        Figure(
            name="time_ratio",
            meaning=f"seconds a picture, without the start, with {many.n:,} over {few.n:,}",
            value=_each(many.elapsed_s, one.elapsed_s, many.n)
            / _each(few.elapsed_s, one.elapsed_s, few.n),
            at_least=0.9,
            at_most=1.1,
        ),
        Figure(
            name="processor_time_ratio",
            meaning="the same of processor time, which other work on the machine hardly moves",
            value=_each(many.processor_s, one.processor_s, many.n)
            / _each(few.processor_s, one.processor_s, few.n),
        ),
        Figure(
            name="duplicates_s",
            meaning=f"near-duplicates among {arguments.hashes:,} hashes",
            value=duplicates_s(arguments.hashes),
            unit="s",
            at_most=30,
        ),
        Figure(name="few_mb", meaning=f"memory, {few.n:,}", value=few.peak_mb, unit="MB"),
        Figure(name="many_mb", meaning=f"memory, {many.n:,}", value=many.peak_mb, unit="MB"),
        Figure(name="start_s", meaning="one picture", value=one.elapsed_s, unit="s"),
        Figure(name="few_s", meaning=f"{few.n:,} pictures", value=few.elapsed_s, unit="s"),
        Figure(name="many_s", meaning=f"{many.n:,} pictures", value=many.elapsed_s, unit="s"),
    )


def _each(seconds_of_n: float, seconds_of_one: float, n: int) -> float:
    """Seconds of a further picture."""
    return (seconds_of_n - seconds_of_one) / (n - 1)


def read(folder: Path, n: int, model_id: str, *options: str) -> Reading:
    """Read a folder by the command, with these further options.

    Raises:
        RuntimeError: The command did not give a record for each picture.
    """
    command = [sys.executable, "-m", "bloodui", "read", "--model", model_id, *options, str(folder)]
    began, worked = time.perf_counter(), _processor_s()
    peak = 0.0
    with (
        tempfile.TemporaryFile() as records,
        tempfile.TemporaryFile() as words,
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, stdout=records, stderr=words
        ) as process,
    ):
        while process.poll() is None:
            peak = max(peak, memory_mb(process.pid))
            time.sleep(_LOOK_S)
        elapsed_s = time.perf_counter() - began
        records.seek(0)
        lines = tuple(records)
        if process.returncode != 0 or len(lines) != n:
            words.seek(0)
            raise RuntimeError(
                f"The command ended with {process.returncode} and {len(lines)} records of {n}: "
                f"{words.read()[-500:].decode(errors='replace')}"
            )
    processor_s = _processor_s() - worked
    return Reading(n=n, elapsed_s=elapsed_s, processor_s=processor_s, peak_mb=peak, records=lines)


def _processor_s() -> float:
    """Processor time of all processes that this one started, and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def memory_mb(process_id: int) -> float:
    """Resident memory of a process and its children now; 0 where it has ended."""
    try:
        process = psutil.Process(process_id)
        family = [process, *process.children(recursive=True)]
        return float(sum(each.memory_info().rss for each in family)) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def duplicates_s(n: int) -> float:
    """Seconds for the near-duplicates of so many hashes, of which 1 % have a planted twin.

    Raises:
        RuntimeError: Not every planted pair was found.
    """
    from training.data.duplicates import near_pairs

    rng = np.random.default_rng(0)
    hashes = rng.random((n, 256)) < 0.5
    n_twins = max(1, n // 100)
    twins = hashes[:n_twins].copy()
    twins[:, :10] ^= True
    hashes[-n_twins:] = twins
    found: list[np.ndarray] = []
    elapsed_s = seconds(lambda: found.append(near_pairs(hashes)))
    planted = {(number, n - n_twins + number) for number in range(n_twins)}
    missing = planted - {(int(first), int(second)) for first, second, _ in found[0]}
    if missing:
        raise RuntimeError(f"{len(missing)} of {n_twins} planted pairs were not found.")
    return elapsed_s


def linked(folder: Path, paths: Sequence[Path]) -> Path:
    """A folder of the same files under further names."""
    folder.mkdir()
    for path in paths:
        os.link(path, folder / path.name)
    return folder
