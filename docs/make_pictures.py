"""Take the pictures of README and tour from the running app, on drawn smears only.

PYTHONPATH=. .venv/bin/python docs/make_pictures.py [NAME…]

Starts a dashboard of its own with an empty state folder, does what the tour tells, and writes
docs/images/*.png: first opinion, comparison, what if, quiz, a training run and its matrix.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
MODEL = "all-subtypes-efficientnet-lite0"
PATIENCE_MS = 120_000
RUN = "drawn-subtypes-trial"


def main() -> None:
    """Write every picture, or those named on the command line, at 1280 px."""
    chosen = sys.argv[1:]
    IMAGES.mkdir(exist_ok=True)
    with dashboard() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        page.get_by_role("heading", name="Second opinion").wait_for()
        for take in PICTURES if not chosen else [each for each in PICTURES if each in chosen]:
            PICTURES[take](page)
        browser.close()


def first_opinion(page: Page) -> None:
    """A drawn smear, what the model says of it, and where it looked."""
    open_page(page, "Second opinion")
    page.get_by_role("button", name="Try a drawn demo image").click()
    page.get_by_role("heading", name="The model in brief").wait_for()
    page.get_by_role("heading", name="Image 1").evaluate("found => found.scrollIntoView()")
    page.mouse.wheel(0, -90)
    keep(page, "second-opinion")


def comparison(page: Page) -> None:
    """Models of one task on one drawn smear."""
    open_page(page, "Compare")
    page.get_by_role("button", name="Try a drawn demo image").click()
    page.get_by_role("heading", name="What each model is").wait_for()
    page.get_by_role("heading", name="Image 1").evaluate("found => found.scrollIntoView()")
    page.mouse.wheel(0, -90)
    keep(page, "compare")


def what_if(page: Page) -> None:
    """The same smear, paler than it was drawn."""
    open_page(page, "What if")
    page.get_by_role("button", name="Try a drawn demo image").click()
    page.get_by_text("After: nothing").wait_for()
    handle = page.get_by_role("slider", name="Nuclear stain")
    handle.focus()
    for _ in range(10):
        handle.press("ArrowLeft")
    page.get_by_text("After: stains 50 %").wait_for()
    page.get_by_text("As received").scroll_into_view_if_needed()
    keep(page, "what-if")


def quiz(page: Page) -> None:
    """The form that makes a quiz of drawn smears."""
    open_page(page, "Quiz")
    page.get_by_text("Images of each").first.wait_for()
    keep(page, "quiz")


def training_run(page: Page) -> None:
    """A small run on drawn smears, finished, with its curves."""
    open_page(page, "Training")
    page.get_by_role("tab", name="Data sets").click()
    page.get_by_text("Draw smears to try a training on").click()
    fill(page, "Images of each class", "24")
    page.get_by_role("button", name="Draw", exact=False).last.click()
    page.get_by_text("Drawn: drawn-subtypes").wait_for()
    open_page(page, "About")
    open_page(page, "Training")
    page.get_by_role("tab", name="New run").click()
    page.get_by_text("96 images: Benign 24").wait_for()
    page.get_by_text("Change the recipe").click()
    fill(page, "Input size (px)", "64")
    fill(page, "Epochs of the head", "8")
    fill(page, "Name of the model", RUN)
    page.get_by_role("button", name="Start the run").click()
    page.get_by_text("It is queued and goes on").wait_for()
    page.get_by_role("tab", name="Runs").click()
    page.get_by_text("Finished.", exact=True).wait_for()
    keep(page, "training")


def matrix(page: Page) -> None:
    """That run's confusion matrix."""
    open_page(page, "Evaluation")
    page.get_by_role("heading", name="The surest mistakes").wait_for()
    page.locator(".js-plotly-plot", has_text="Answered").first.scroll_into_view_if_needed()
    keep(page, "confusion-matrix")


def open_page(page: Page, name: str) -> None:
    """Go to a page by the navigation, and wait until it is there."""
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=name, level=1).first.wait_for()
    page.wait_for_timeout(2000)


def fill(page: Page, label: str, text: str) -> None:
    """Give a text or number field its value."""
    field = page.get_by_label(label, exact=True).first
    field.fill(text)
    field.press("Tab")
    page.wait_for_timeout(1500)


def keep(page: Page, name: str) -> None:
    """Wait until nothing moves, and write what is to be seen."""
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")
    page.wait_for_timeout(3000)
    page.screenshot(path=IMAGES / f"{name}.png")


@contextmanager
def dashboard() -> Iterator[str]:
    """A dashboard with an empty state folder, until the block ends; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as state:
        environment = os.environ | {"BLOODUI_STATE": state, "BLOODUI_MODEL": MODEL}
        environment.pop("BLOODUI_DATA", None)
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        server = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()


def wait_for(port: int) -> None:
    """Return once the server takes connections; fail after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("The dashboard did not start within a minute.")


PICTURES = {
    "second-opinion": first_opinion,
    "compare": comparison,
    "what-if": what_if,
    "quiz": quiz,
    "training": training_run,
    "confusion-matrix": matrix,
}


if __name__ == "__main__":
    main()
