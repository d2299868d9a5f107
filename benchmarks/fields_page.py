"""Milliseconds until a moved cell and a scrolled gallery are drawn, in a Chromium, at 300 cells.

python -m benchmarks.fields_page [--cells 300] [--repeats 40] [--models FOLDER]

A drawn field is given to the page Fields of a dashboard of its own; then cells are moved by keys,
each time until the browser has drawn the next frame, and the gallery is scrolled frame by frame.
How long the server's differential takes to follow is measured, too. Prints medians and the slowest
of twenty; wanted: at most 200 ms to move a cell and for a frame of scrolling.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

_MOVES = """async (n) => {
  const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
  const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const times = [];
  for (let i = 0; i < n; i++) {
    const key = new KeyboardEvent("keydown", { key: String(1 + (i % 9)), bubbles: true });
    const from = performance.now();
    root.querySelector(".tile.open").dispatchEvent(key);
    await drawn();
    times.push(performance.now() - from);
    await new Promise((done) => setTimeout(done, 250));
  }
  return times;
}"""
_FRAMES = """async (n) => {
  const root = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
  const columns = root.querySelector(".columns");
  const times = [];
  let before = performance.now();
  for (let i = 0; i < n; i++) {
    columns.scrollTop += i % 40 < 20 ? 60 : -60;
    await new Promise((done) => requestAnimationFrame(done));
    times.push(performance.now() - before);
    before = performance.now();
  }
  return times.slice(1);
}"""


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--models", type=Path, help="a folder of bundles with a model for cells")
    request = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(request.cells, request.repeats, request.models, Path(folder))


def measure(n_cells: int, repeats: int, models: Path | None, folder: Path) -> None:
    """Give a field of so many cells to a dashboard, and print how long things take."""
    from playwright.sync_api import expect

    from tests.bloodui.dashboard import browsing, serving
    from tests.bloodui.fields.place import drawn_field, tiles
    from tests.bloodui.operate import settle, upload

    settings = {"BLOODUI_STATE": str(folder / "state"), "BLOODUI_MEMORY_MB": "500"}
    if models is not None:
        settings["BLOODUI_MODELS"] = str(models.resolve())
    field = drawn_field(n_cells)
    with serving(settings, folder / "log.txt") as server, browsing() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(120_000)
        page.goto(f"{server.url}/fields")
        settle(page)
        started = time.perf_counter()
        upload(page, field)
        expect(tiles(page).first).to_be_visible(timeout=300_000)
        print(f"{tiles(page).count()} cells on the screen after {_s(started)} s")
        settle(page)
        tiles(page).first.click()
        _print("moved", page.evaluate(_MOVES, repeats))
        _print("frame of scrolling", page.evaluate(_FRAMES, 3 * repeats))
        follows = []
        differential = page.locator(".bloodui-differential")
        for number in range(min(repeats, 10)):
            settle(page)
            before, started = differential.inner_text(), time.perf_counter()
            page.keyboard.press(str(1 + number % 2))
            while differential.inner_text() == before and time.perf_counter() - started < 5:
                page.wait_for_timeout(10)
            if differential.inner_text() != before:
                follows.append(1000 * (time.perf_counter() - started))
        _print("the differential follows", follows)


def _print(what: str, times_ms: list[float]) -> None:
    ordered = sorted(times_ms)
    slow = ordered[int(0.95 * (len(ordered) - 1))]
    print(f"{what}: {statistics.median(ordered):.0f} ms, slowest of twenty {slow:.0f} ms")


def _s(started: float) -> str:
    return f"{time.perf_counter() - started:.1f}"


if __name__ == "__main__":
    main()
