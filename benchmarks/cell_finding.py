"""Are the white cells of smear fields found? Against the boxes of three public sets.

python -m benchmarks.cell_finding DATA [--half develop|judge|both] [--digest]
python -m benchmarks.cell_finding --speed

DATA is a folder with bccd/ (field/, boxes/*.xml) and txl_fields/ (raabin/, bcd/, boxes/*.txt).
Every other field, in order of names, is for development; the others judge. A cell is found where
the middle of its nucleus lies in a true box, each box once. Found cells in no box count against
precision; those that the picture's edge cuts stand apart, since they are not counted. With
--digest: a hash of all that was found in each set, to compare two versions of the code. With
--speed: seconds and memory for drawn fields, each in a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image
from scipy.stats import binomtest

from drawn.smears import draw
from models.finding.find import FoundCells, find_cells
from models.image.micrograph import FIELD_LIMITS, read_micrograph

SETS = ("bccd", "raabin", "bcd")
_WHITE_CELL = "0"


@dataclass(frozen=True, kw_only=True)
class Truth:
    """A field and the boxes of its white cells, (n, 4) left, top, right, bottom in px."""

    path: Path
    boxes: np.ndarray


@dataclass(kw_only=True)
class Tally:
    """What was found in the fields of one set."""

    found: int = 0
    missed: int = 0
    beyond: int = 0
    beyond_cut_off: int = 0
    words: list[str] = field(default_factory=list)
    fields: list[FoundCells] = field(default_factory=list)


def truths(data: Path, name: str) -> list[Truth]:
    """The fields of a set, in order of names."""
    if name == "bccd":
        files = sorted((data / "bccd" / "field").iterdir())
        return [Truth(path=path, boxes=_of_voc(data, path)) for path in files]
    files = sorted((data / "txl_fields" / name).iterdir())
    return [Truth(path=path, boxes=_of_yolo(data, path)) for path in files]


def _of_voc(data: Path, path: Path) -> np.ndarray:
    tree = ElementTree.parse(data / "bccd" / "boxes" / f"{path.stem}.xml")  # noqa: S314 - as above
    boxes = [
        [float(each.findtext(f"bndbox/{key}") or 0) for key in ("xmin", "ymin", "xmax", "ymax")]
        for each in tree.getroot().iter("object")
        if each.findtext("name") == "WBC"
    ]
    return np.array(boxes).reshape(-1, 4)


def _of_yolo(data: Path, path: Path) -> np.ndarray:
    height, width = read_micrograph(path.read_bytes()).rgb.shape[:2]
    lines = (data / "txl_fields" / "boxes" / f"{path.stem}.txt").read_text("utf-8").split("\n")
    rows = [line.split() for line in lines if line.startswith(_WHITE_CELL)]
    centres = np.array([[float(value) for value in row[1:]] for row in rows]).reshape(-1, 4)
    half = centres[:, 2:] / 2
    shares = np.concatenate([centres[:, :2] - half, centres[:, :2] + half], axis=1)
    return shares * (width, height, width, height)


def count(truth: Truth, cells: FoundCells, tally: Tally) -> None:
    """Add what was found in one field."""
    left = list(range(len(truth.boxes)))
    for cell in cells.cells:
        x, y = cell.centre
        inside = [
            i
            for i in left
            if truth.boxes[i, 0] <= x <= truth.boxes[i, 2]
            and truth.boxes[i, 1] <= y <= truth.boxes[i, 3]
        ]
        if inside:
            left.remove(inside[0])
            tally.found += 1
        elif cell.is_cut_off:
            tally.beyond_cut_off += 1
        else:
            tally.beyond += 1
            tally.words.append(f"{truth.path.name}: found at {x:.0f}, {y:.0f}, where no box is")
    tally.missed += len(left)
    for i in left:
        box = ", ".join(f"{value:.0f}" for value in truth.boxes[i])
        tally.words.append(f"{truth.path.name}: missed the box {box}")


def _rate(hits: int, n: int) -> str:
    if n == 0:
        return "none"
    interval = binomtest(hits, n).proportion_ci(method="exact")
    return f"{hits / n:.3f} ({interval.low:.3f} to {interval.high:.3f}, n {n})"


def measure_set(data: Path, name: str, half: str) -> Tally:
    """What is found in one set's fields of that half."""
    chosen = {"develop": slice(0, None, 2), "judge": slice(1, None, 2), "both": slice(None)}
    tally = Tally()
    for truth in truths(data, name)[chosen[half]]:
        cells = find_cells(read_micrograph(truth.path.read_bytes()).rgb)
        tally.fields.append(cells)
        count(truth, cells, tally)
    return tally


def _lines(name: str, half: str, tally: Tally) -> Iterator[str]:
    n_true, counted = tally.found + tally.missed, tally.found + tally.beyond
    yield f"{name}, {half}: recall {_rate(tally.found, n_true)}"
    yield f"  precision of what is counted {_rate(tally.found, counted)}"
    yield f"  cut off at the edge and in no box: {tally.beyond_cut_off}"
    for words in tally.words:
        yield f"  {words}"


def _drawn_fields(folder: Path) -> Iterator[tuple[str, Path]]:
    """Fields of 1.8, 50 and 100 megapixels, each with its title, written one after the other."""
    rgb = np.ascontiguousarray(draw("Pre", seed=0, size_px=1344, extent=6).rgb)
    larger = np.kron(rgb, np.ones((2, 2, 1), np.uint8))
    for title, picture in (
        ("1.8 megapixels", rgb),
        ("50 megapixels", np.tile(larger, (3, 3, 1))[:7072, :7072]),
        ("100 megapixels", np.tile(larger, (4, 4, 1))[:10_000, :10_000]),
    ):
        path = folder / "field.jpg"
        Image.fromarray(picture).save(path, quality=85)
        yield title, path


def _speed() -> None:
    """Seconds and memory, each field in a process of its own."""
    with TemporaryDirectory() as folder:
        for title, path in _drawn_fields(Path(folder)):
            print(f"{title}:", flush=True)
            subprocess.run(  # noqa: S603 - this module, and a file just written
                [sys.executable, "-m", "benchmarks.cell_finding", "--one", str(path)], check=True
            )


def _one(path: Path) -> None:
    """Read a field, find its cells, after a first small part with all that is loaded once."""
    before_mib, start_s = _peak_mib(), time.perf_counter()
    rgb = read_micrograph(path.read_bytes(), FIELD_LIMITS).rgb
    print(
        f"  read in {time.perf_counter() - start_s:.1f} s, {_peak_mib():.0f} MiB at most, "
        f"{before_mib:.0f} before"
    )
    find_cells(rgb[:256, :256])
    wall, cpu = time.perf_counter(), time.process_time()
    cells = find_cells(rgb)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"  {len(cells.cells)} cells found in {wall:.1f} s ({cpu:.1f} s of a processor, "
        f"{500 * cpu / len(cells.cells):.1f} for 500 cells), {_peak_mib():.0f} MiB at most"
    )


def _peak_mib() -> float:
    """Of this process; `ru_maxrss` would be its parent's, too."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def digest_of(fields: Iterable[FoundCells]) -> str:
    """A hash of all that was found, to the last bit: the same before and after a change, or not."""
    digest = hashlib.sha256()
    for field_cells in fields:
        digest.update(repr((field_cells.scale, field_cells.light)).encode())
        for cell in field_cells.cells:
            outlines = [each.tolist() for each in (cell.outline, *cell.nucleus_outlines)]
            digest.update(repr((cell, outlines)).encode())
    return digest.hexdigest()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--half", choices=("develop", "judge", "both"), default="both")
    parser.add_argument("--digest", action="store_true")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    request = parser.parse_args()
    if request.speed:
        _speed()
    if request.one is not None:
        _one(request.one)
    if request.data is not None:
        for name in SETS:
            tally = measure_set(request.data, name, request.half)
            for line in _lines(name, request.half, tally):
                print(line, flush=True)
            if request.digest:
                print(f"  digest {digest_of(tally.fields)}", flush=True)


if __name__ == "__main__":
    main()
