"""A dashboard gives opinions, with their maps, without TensorFlow in its memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, serving
from tests.bloodui.operate import go, open_dashboard, settle

pytestmark = BROWSER_MARKS


def libraries_of(process_id: int) -> str:
    return Path(f"/proc/{process_id}/maps").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard of the shipped models that nobody has asked yet."""
    folder = tmp_path_factory.mktemp("unasked")
    with serving({"BLOODUI_STATE": str(folder / "state")}, folder / "log.txt") as running:
        yield running


def test_two_pages_answer_with_a_map_and_no_tensorflow_is_loaded(
    server: Server, page: Page
) -> None:
    open_dashboard(page, server)
    page.get_by_role("button", name="Try a drawn demo image").click()
    answer = page.get_by_text(re.compile("(Answered|Abstained|Not proven): ")).first
    expect(answer).to_be_visible(timeout=LOADING_MS)
    settle(page)
    go(page, "Compare")
    expect(page.get_by_role("heading", name="Compare models")).to_be_visible()
    settle(page)
    libraries = libraries_of(server.process_id)
    assert "libopenvino" in libraries
    assert "libtensorflow" not in libraries
