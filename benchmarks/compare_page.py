"""Seconds that the page Compare takes for six models on one image, against the six asked alone.

python -m benchmarks.compare_page [--repeats 7]

The page runs as Streamlit runs it, without a browser, on an image that it has not seen; then the
same models answer and explain the same image, one after the other, without a page. All are loaded
and warm, and answer outside their domain, too, since the images are drawn. Prints the medians and
their ratio; wanted: at most 1.3.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as state:
        os.environ["BLOODUI_STATE"] = state
        pages, alone = measure(repeats)
    page_s, alone_s = statistics.median(pages), statistics.median(alone)
    print(f"page {page_s:.2f} s, six models alone {alone_s:.2f} s, ratio {page_s / alone_s:.2f}")


def measure(repeats: int) -> tuple[list[float], list[float]]:
    """Seconds of the page and of the models alone, once for each of a number of images."""
    from streamlit.testing.v1 import AppTest

    from bloodui import session
    from bloodui.inventory import read_inventory
    from bloodui.settings import settings_from
    from drawn.smears import draw
    from models.image.micrograph import read_micrograph
    from models.opinion import opinion_on
    from tests.bloodui.visitor import enter

    enter()
    installed = read_inventory(settings_from(os.environ)).models[:6]
    loaded = [session.model(each) for each in installed]
    pictures = [png(draw("Pre", seed=seed).rgb) for seed in range(repeats + 1)]

    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=600).run()
    page = page.switch_page("pages/compare.py").run()
    page = page.multiselect[0].set_value([each.manifest.id for each in installed]).run()
    pages, alone = [], []
    for number, picture in enumerate(pictures):
        if number:
            page = page.button(key="remove-all").click().run()
        page.file_uploader[0].set_value([("a.png", picture, "image/png")])
        insist(page)
        started = time.perf_counter()
        page = page.run()
        pages.append(time.perf_counter() - started)
        if page.exception:
            raise SystemExit(f"The page failed: {page.exception}")
        started = time.perf_counter()
        micrograph = read_micrograph(picture)
        for model in loaded:
            opinion_on(micrograph, model, despite_domain=True)
        alone.append(time.perf_counter() - started)
        print(f"image {number}: page {pages[-1]:.2f} s, alone {alone[-1]:.2f} s", flush=True)
    return pages[1:], alone[1:]  # the first image compiles


def insist(page: AppTest) -> None:
    """Switch on the answers outside a model's domain, once the page shows the switch."""
    for toggle in page.toggle:
        if toggle.label.startswith("Answers outside"):
            toggle.set_value(True)


def png(rgb: object) -> bytes:
    """The picture as a PNG file."""
    import cv2

    return bytes(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1])


if __name__ == "__main__":
    main()
