"""Pictures in six formats, changed at random: only declared errors, and quickly, may come of them.

python -m tests.models.image.mutations [FILES] [PROCESSES]

Each of so many files (60,000 by default) is one of its format's, overwritten, cut, spliced or grown
in one to six places, and read. Its number alone says what it is. What
is no declared error, takes longer than a second of the processor, prints anything on the process's
standard error, or lifts the process's memory above a gigabyte is named, and ends with status 1.
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from models.errors import MicrographError
from models.image.micrograph import Micrograph, read_micrograph
from tests.models.hostile import bmp, dicom, jpeg, png, tiff, webp
from tests.models.image_files import every_file
from tests.models.tiff_layouts import Layout, stored

FORMATS = {"JPEG": jpeg, "PNG": png, "BMP": bmp, "TIFF": tiff, "WebP": webp, "DICOM": dicom}
MOST_S, MOST_BYTES = 1.0, 10**9
SMALL_CASE_BYTES = 100_000
FILES_A_TASK = 500
CASES = Path(__file__).resolve().parents[3] / "tests" / "cases"

Edit = tuple[str, float, bytes]


@dataclass(frozen=True, kw_only=True)
class Outcomes:
    """What became of a range of files: counts, the slowest, the most memory, what went wrong."""

    n_read: int
    n_refused: int
    slowest_s: float
    peak_bytes: int
    problems: tuple[str, ...]


@cache
def originals() -> dict[str, list[bytes]]:
    """Whole, odd and hostile files of each format."""
    found: dict[str, list[bytes]] = {}
    for kind, module in FORMATS.items():
        named = [data for name, data in every_file().items() if name.startswith(kind)]
        hostile = [family.make(2048) for family in module.FAMILIES.values()]
        found[kind] = named + hostile
    deep = [stored(Layout(meaning=meaning, bits=12)) for meaning in ("rgb", "white is zero")]
    found["TIFF"] += [data for data, _ in deep]
    endings = {".jpg": "JPEG", ".tif": "TIFF", ".dcm": "DICOM", ".bmp": "BMP", ".png": "PNG"}
    for path in sorted(CASES.iterdir()):
        if path.suffix in endings and path.stat().st_size <= SMALL_CASE_BYTES:
            found[endings[path.suffix]].append(path.read_bytes())
    return found


def mutated(data: bytes, edits: list[Edit]) -> bytes:
    """The file after each edit: what is done, where as a share of its length, and with which."""
    for kind, place, payload in edits:
        position = int(place * len(data))
        rest = data[position:]
        if kind == "overwrite":
            rest = payload + rest[len(payload) :]
        elif kind == "insert":
            rest = payload + rest
        elif kind == "delete":
            rest = rest[len(payload) :]
        else:
            rest = b""
        data = data[:position] + rest
    return data


def mutated_file(number: int) -> bytes:
    """File `number`: formats take turns."""
    rng = random.Random(number)  # noqa: S311 - damage, not secrets
    kinds = list(originals())
    files = originals()[kinds[number % len(kinds)]]
    data = rng.choice(files)
    edits = [_edit(rng, files) for _ in range(rng.randint(1, 6))]
    return mutated(data, edits)


def _edit(rng: random.Random, files: list[bytes]) -> Edit:
    """Often near either end, where headers, TIFF directories and tables stand."""
    place = rng.choice([rng.uniform(0, 0.05), rng.random(), rng.random(), rng.uniform(0.9, 1)])
    payload = rng.choice(
        [
            rng.randbytes(rng.randint(1, 16)),
            rng.choice([b"\xff" * 4, b"\x7f" + b"\xff" * 3, bytes(4), bytes(600), b"\xff" * 600]),
            rng.choice(files)[: rng.randint(4, 200)],
        ]
    )
    kind = rng.choices(["overwrite", "insert", "delete", "cut"], weights=[5, 2, 2, 1])[0]
    return kind, place, payload


def read_range(numbers: range) -> Outcomes:
    """Read those files, in this process, and say what became of them."""
    n_read = n_refused = 0
    slowest_s, problems = 0.0, []
    with stderr_in_file() as n_written:
        for number in numbers:
            data = mutated_file(number)
            before, start = n_written(), time.thread_time()
            try:
                n_read += isinstance(read_micrograph(data), Micrograph)
            except MicrographError as error:
                n_refused += 1
                if not (str(error).endswith(".") and 20 < len(str(error)) < 400):
                    problems.append(f"{number}: not a sentence: {error}")
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
                problems.append(f"{number}: {error!r}")
            took = time.thread_time() - start
            slowest_s = max(slowest_s, took)
            if took > MOST_S:
                problems.append(f"{number}: {took:.1f} s")
            if n_written() != before:
                problems.append(f"{number}: printed on standard error")
    peak_bytes = _peak_bytes()
    if peak_bytes > MOST_BYTES:
        problems.append(f"{numbers}: {peak_bytes / 2**20:.0f} MiB")
    return Outcomes(
        n_read=n_read,
        n_refused=n_refused,
        slowest_s=slowest_s,
        peak_bytes=peak_bytes,
        problems=tuple(problems),
    )


@contextmanager
def stderr_in_file() -> Iterator[Callable[[], int]]:
    """Lead the process's standard error, past Python, to a file; gives how much stands in it."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield lambda: os.fstat(file.fileno()).st_size
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak is not None, "Linux tells the peak"
    return 1024 * int(peak[1])


def ranges(n_files: int) -> Iterator[range]:
    """The numbers of the files, a task's at a time."""
    for start in range(0, n_files, FILES_A_TASK):
        yield range(start, min(n_files, start + FILES_A_TASK))


def main() -> int:
    """Read all of them and print what became of them; the exit status."""
    n_files = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    n_processes = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1
    with ProcessPoolExecutor(n_processes, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(read_range, ranges(n_files)))
    problems = [problem for each in found for problem in each.problems]
    lines = [
        *problems,
        f"{n_files:,} mutated files in {len(FORMATS)} formats: {sum(f.n_read for f in found):,} "
        f"read, {sum(f.n_refused for f in found):,} refused, {len(problems)} problems; slowest "
        f"{max(f.slowest_s for f in found):.2f} s, at most "
        f"{max(f.peak_bytes for f in found) / 2**20:.0f} MiB",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
