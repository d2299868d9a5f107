"""Take the pictures of the documentation from the running app, on drawn smears only.

BLOODUI_MODEL=all-subtypes-efficientnet-lite0 make app
PYTHONPATH=. .venv/bin/python docs/make_pictures.py
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cv2
from playwright.sync_api import sync_playwright

from training.datasets.synthetic import draw

IMAGES = Path(__file__).parent / "images"
ADDRESS = os.environ.get("BLOODUI_ADDRESS", "http://127.0.0.1:8501")


def main() -> None:
    """Write docs/images/second-opinion.png: an opinion on a drawn smear, at 1280 px."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        drawn = Path(folder) / "drawn.png"
        cv2.imwrite(str(drawn), cv2.cvtColor(draw("Pre", seed=5).rgb, cv2.COLOR_RGB2BGR))
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(ADDRESS)
        page.locator("input[type=file]").first.set_input_files(drawn)
        page.get_by_role("heading", name="Probabilities").wait_for(timeout=180_000)
        page.get_by_role("heading", name="The model in brief").wait_for(timeout=180_000)
        page.locator(".js-plotly-plot").first.wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        page.screenshot(path=IMAGES / "second-opinion.png")
        browser.close()


if __name__ == "__main__":
    main()
