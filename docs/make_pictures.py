"""Take the pictures of README and tour from the running app: the demo's fields and drawn smears.

PYTHONPATH=. .venv/bin/python docs/make_pictures.py [NAME…]

Starts a dashboard of its own with an empty state folder, does what the tour tells, and writes
docs/images/*.png: fields, first opinion, comparison, what if, quiz, a training run and its matrix.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page

from tests.bloodui import operate
from tests.bloodui.dashboard import browsing, serving

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
MODEL = "all-subtypes-cells"
PATIENCE_MS = 120_000
RUN = "drawn-subtypes-trial"


def main() -> None:
    """Write every picture, or those named on the command line, at 1280 px."""
    chosen = sys.argv[1:]
    if unknown := {*chosen} - PICTURES.keys():
        sys.exit(f"No picture is called {unknown.pop()}. There are {', '.join(PICTURES)}.")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"BLOODUI_STATE": f"{folder}/state", "BLOODUI_MODEL": MODEL, "BLOODUI_DATA": ""}
        with serving(settings, Path(folder, "log.txt")) as server, browsing() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.set_default_timeout(PATIENCE_MS)
            page.goto(server.url)
            page.get_by_role("heading", name="Second opinion").wait_for()
            for take in PICTURES if not chosen else [each for each in PICTURES if each in chosen]:
                PICTURES[take](page)


def first_opinion(page: Page) -> None:
    """A drawn smear, what the model says of it, and where it looked."""
    open_page(page, "Second opinion")
    take_drawing(page)
    page.get_by_text("What the model saw, step by step").wait_for()
    page.wait_for_timeout(3000)
    page.get_by_role("heading", name="Image 1").evaluate("found => found.scrollIntoView()")
    page.mouse.wheel(0, -90)
    keep(page, "second-opinion")


def fields(page: Page) -> None:
    """A real field of the demonstration (BCCD, MIT licence), its cells outlined and sorted."""
    open_page(page, "Fields")
    page.get_by_role("button", name="Open the demo: real fields").click()
    page.get_by_text("BCCD").first.wait_for()
    page.wait_for_timeout(6000)
    keep(page, "fields")


def comparison(page: Page) -> None:
    """Models of one task on one drawn smear."""
    open_page(page, "Compare")
    take_drawing(page)
    page.get_by_text("What each model is, and what the signs mean").wait_for()
    page.get_by_role("heading", name="Image 1").evaluate("found => found.scrollIntoView()")
    page.mouse.wheel(0, -90)
    keep(page, "compare")


def what_if(page: Page) -> None:
    """The same smear, paler than it was drawn."""
    open_page(page, "What if")
    take_drawing(page)
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
    fill(page, "Epochs of the whole network", "4")
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
    page.get_by_role("radio", name="ALL subtypes").click()
    page.get_by_role("button", name=f"Remove {RUN} (run)").wait_for()
    page.wait_for_timeout(2000)
    operate.choose(page, "Look closer at", f"{RUN} (run)")
    page.get_by_role("heading", name="How it learned").wait_for()
    page.get_by_text("Cells show").evaluate("found => found.scrollIntoView()")
    page.mouse.wheel(0, -90)
    keep(page, "confusion-matrix")


def take_drawing(page: Page) -> None:
    """Have a drawn smear at hand, on whatever page it was taken in."""
    demo = page.get_by_role("button", name="Try a drawn demo image")
    if demo.count():
        demo.click()


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


PICTURES = {
    "fields": fields,
    "second-opinion": first_opinion,
    "compare": comparison,
    "what-if": what_if,
    "quiz": quiz,
    "training": training_run,
    "confusion-matrix": matrix,
}


if __name__ == "__main__":
    main()
