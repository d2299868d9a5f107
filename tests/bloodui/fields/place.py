"""A dashboard with small models for cells, and its Fields page as a person operates it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, expect

from drawn.fields import draw_cells
from models.cells.count import KINDS
from tests.bloodui.dashboard import Server, serving
from tests.bloodui.operate import choose, settle, upload_files
from tests.bloodui.tiny import jpeg_of

WHITE = [kind for kind in KINDS if kind not in ("erythroblast", "other")]


@contextmanager
def fields_server(cell_root: Path, folder: Path) -> Iterator[Server]:
    """A dashboard with the small models for cells."""
    settings = {
        "BLOODUI_MODELS": str(cell_root),
        "BLOODUI_STATE": str(folder / "state"),
        "BLOODUI_MEMORY_MB": "500",
    }
    with serving(settings, folder / "log.txt") as running:
        yield running


def drawn_field(n_cells: int, *, seed: int = 1) -> bytes:
    """A field with so many cells of several kinds, as a JPEG file."""
    kinds = ["blast", "lymphocyte", "neutrophil", "monocyte", "eosinophil"]
    field = draw_cells([kinds[number % len(kinds)] for number in range(n_cells)], seed=seed)
    return jpeg_of(np.ascontiguousarray(field.rgb))


def open_fields(page: Page, server: Server, model: str = "Tiny cells") -> None:
    """Open the page by its address, and choose a model."""
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/fields")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Fields", timeout=60_000)
    settle(page)
    choose(page, "Model for cells", model)


def give(page: Page, *fields: bytes) -> None:
    """Upload fields, and wait for their cells."""
    files = [
        {"name": f"patient-{number}.jpg", "mimeType": "image/jpeg", "buffer": data}
        for number, data in enumerate(fields)
    ]
    upload_files(page, files)
    expect(tiles(page).first).to_be_visible(timeout=300_000)
    settle(page)


def tiles(page: Page, column: str | None = None) -> Locator:
    """The cells of the gallery, or those of one of its columns, in their order."""
    if column is None:
        return page.locator(".columns .tile")
    return page.get_by_role("listbox", name=column, exact=True).get_by_role("option")


def numbers(page: Page) -> dict[str, int]:
    """Number of cells in each column, as its tiles say."""
    columns = page.locator(".columns section").all()
    return {
        column.get_attribute("aria-label") or "": column.locator(".tile").count()
        for column in columns
    }


def counts(page: Page) -> dict[str, int]:
    """Number of cells of each white kind, as the server's differential says."""
    rows = page.locator(".bloodui-differential .kind").all()
    return {
        row.locator(".name").inner_text(): int(row.locator(".n").inner_text().split()[0])
        for row in rows
    }


def limits(page: Page, kind: str) -> str:
    """The exact limits of a kind, as the page has them."""
    rows = page.locator(".bloodui-differential .kind").filter(has_text=kind)
    return rows.locator(".limits").inner_text().splitlines()[0]


def expect_counted(page: Page, wanted: dict[str, int]) -> None:
    """Wait until the server's differential has the white cells of these columns, all at once.

    It may still show what it was before, whose kinds can be these by the way.
    """
    white = {kind: wanted[kind] for kind in WHITE}
    deadline = time.monotonic() + 30
    while counts(page) != white:
        assert time.monotonic() < deadline, f"{counts(page)} instead of {white}"
        page.wait_for_timeout(100)


def largest_column(page: Page) -> str:
    """The kind of white cells with the most cells."""
    held = numbers(page)
    return max(WHITE, key=lambda kind: held[kind])


def drag(tile: Locator, column: Locator) -> None:
    """Drag one of the first cells beside others of its height.

    A page that is scrolled while the button is down drags what then lies beneath the pointer.
    """
    tile.drag_to(column, target_position={"x": 15, "y": 90})
