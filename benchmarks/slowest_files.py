"""How long, and with how much memory, does intake read the worst files that it lets in?

python -m benchmarks.slowest_files

Every family of hostile files at 49 MiB, and the hungriest kinds of picture at 49 million pixels,
each in a process of its own: processor time, peak of memory above what the libraries take, and the
longest that another thread of the process waited meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.models.hostile import bmp, dicom, jpeg, png, tiff, webp
from tests.models.hostile.pictures import PICTURES

ROOT = Path(__file__).resolve().parents[1]
LENGTH = 49 * 2**20
SIDE_PX = 7000
READING = """
import re, sys, threading, time
from pathlib import Path
from models.image.micrograph import read_micrograph
import cv2, pydicom, pydicom.pixels

def peak():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) / 1024

def watch():
    last = time.perf_counter()
    while not done.wait(0.005):
        now = time.perf_counter()
        waits.append(now - last)
        last = now

data = Path(sys.argv[1]).read_bytes()
waits, done = [0.0], threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
before, start = peak(), time.thread_time()
try:
    read_micrograph(data)
    outcome = "read"
except Exception as error:
    outcome = type(error).__name__
took = time.thread_time() - start
done.set()
watcher.join()
print(f"{took:.2f} s, {peak() - before:.0f} MiB, others waited {max(waits):.2f} s, {outcome}")
"""


def main() -> None:
    """Measure, and print a line a file."""
    for name, make in files():
        with tempfile.NamedTemporaryFile() as file:
            file.write(make())
            file.flush()
            command = [sys.executable, "-c", READING, file.name]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
        print(f"{name}: {done.stdout.strip()}", flush=True)


def files() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Every file's name and its maker."""
    for module in (jpeg, png, bmp, tiff, webp, dicom):
        kind = module.__name__.rpartition(".")[2].upper()
        for name, family in module.FAMILIES.items():
            yield f"{kind}: {name}", lambda family=family: family.make(LENGTH)  # type: ignore[misc]
    for name, make in PICTURES.items():
        yield f"{name}, {SIDE_PX} × {SIDE_PX}", lambda make=make: make(SIDE_PX)  # type: ignore[misc]


if __name__ == "__main__":
    main()
