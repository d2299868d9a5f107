"""Images that nobody uses leave the memory of the server, whether their window is open or not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, browsing, serving
from tests.bloodui.operate import open_dashboard, settle, upload_files
from tests.bloodui.tiny import STRICT

pytestmark = BROWSER_MARKS

IDLE_S = 12
DECLINED = "Declined: no opinion on this image"
SIDE_PX, N_IMAGES = 4000, 4
PIXELS_MB = N_IMAGES * SIDE_PX * SIDE_PX * 3 / 1e6
"""192 MB: far more than what a server's memory goes up and down by itself."""


@pytest.fixture(scope="module")
def server(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard whose site drops images after twelve seconds without use."""
    folder = tmp_path_factory.mktemp("idle")
    settings = {
        "BLOODUI_MODELS": str(model_root),
        "BLOODUI_MODEL": STRICT,  # declines everything, and so makes no maps of large images
        "BLOODUI_STATE": str(folder / "state"),
        "BLOODUI_IDLE_MINUTES": str(IDLE_S / 60),
    }
    with serving(settings, folder / "log.txt") as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


def memory_mb(server: Server) -> float:
    """What the server holds in memory."""
    status = Path(f"/proc/{server.process_id}/status").read_text("ascii")
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", status)
    return int(kilobytes) / 1000


def grey_file(shade: int, side_px: int = SIDE_PX) -> dict[str, object]:
    """A picture of one grey, by default a large one in a small file."""
    grey = np.full((side_px, side_px, 3), shade, np.uint8)
    data = cv2.imencode(".png", grey)[1].tobytes()
    return {"name": f"anna-{shade}.png", "mimeType": "image/png", "buffer": data}


def give(page: Page, *files: dict[str, object]) -> None:
    """Upload pictures, and wait until each is answered."""
    upload_files(page, files)
    expect(page.get_by_text(DECLINED)).to_be_visible(timeout=LOADING_MS)
    settle(page)


def falls_below(server: Server, limit_mb: float, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while memory_mb(server) > limit_mb:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True


def test_images_of_a_window_that_was_closed_leave_the_memory_without_another_visitor(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    # What is loaded or taken from the system once.
    give(open_dashboard(page, server), *(grey_file(100 + n) for n in range(N_IMAGES)))
    high_mb = memory_mb(server)
    page.context.close()
    assert falls_below(server, high_mb - 0.6 * PIXELS_MB, 60)
    time.sleep(2)
    before_mb = memory_mb(server)
    page = browser.new_page()
    give(open_dashboard(page, server), *(grey_file(120 + n) for n in range(N_IMAGES)))
    assert memory_mb(server) > before_mb + 0.6 * PIXELS_MB
    page.context.close()
    assert falls_below(server, before_mb + 0.25 * PIXELS_MB, 60), (
        f"{before_mb:.0f} MB before, {memory_mb(server):.0f} MB long after"
    )
    assert "anna" not in server.log.read_text()


def test_a_window_that_nobody_uses_loses_its_images_by_itself_and_says_so(
    browser: Browser, server: Server
) -> None:
    page = browser.new_page()
    open_dashboard(page, server)
    before_mb = memory_mb(server)
    give(page, *(grey_file(140 + n) for n in range(N_IMAGES)))
    assert memory_mb(server) > before_mb + 0.6 * PIXELS_MB
    expect(page.get_by_text("nobody used them for 0.2 minutes")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Try a drawn demo image")).to_be_visible()
    settle(page)
    assert "anna" not in page.content()
    assert falls_below(server, before_mb + 0.25 * PIXELS_MB, 60)
    give(page, grey_file(160, side_px=300))
    expect(page.get_by_text("Your images were dropped")).to_have_count(0)
    for _ in range(3):  # who uses them keeps them
        page.wait_for_timeout(1000 * IDLE_S / 2)
        page.get_by_role("tab", name="Drawn demo image").click()
        page.get_by_role("tab", name="Upload").click()
    expect(page.get_by_text(DECLINED)).to_be_visible()
    page.context.close()
