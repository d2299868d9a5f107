"""Every sign of Markdown that Streamlit knows stays text in a real Chromium."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bloodui.render.text import as_plain
from tests.bloodui.dashboard import BROWSER_MARKS, ROOT, browsing, free_port, wait_until_it_listens

pytestmark = BROWSER_MARKS

SIGNS = (
    "![x](http://marker.invalid/a.png)",
    "[a](http://marker.invalid)",
    "[a]: http://marker.invalid",
    "see http://marker.invalid/x?y=1&z=2 now",
    "(https://marker.invalid)",
    "HTTP://marker.invalid",
    "www.marker.invalid",
    "http://www.marker.invalid",
    "http://ada@marker.invalid",
    "a.b@c-d.e",
    "mailto:ada@marker.invalid",
    "<http://marker.invalid>",
    "<img src=http://marker.invalid/a.png>",
    "<script>alert(1)</script>",
    "<!-- x -->",
    "&lt;b&gt; &copy; &#60;",
    "[x](javascript:alert(1))",
    ":material/home:",
    ":material_home:",
    ":streamlit:",
    ":smile::heart:",
    ":+1:",
    "12:30:45",
    "$x^2$",
    "$$x$$",
    ":red[x]",
    ":red-badge[x]",
    ":help[x]",
    ":small[x]",
    "::video[x]{a=b}",
    ":::note",
    "# x",
    "- x",
    "+ x",
    "* x",
    "1. x",
    "1) x",
    "> x",
    "- [ ] x",
    "===",
    "---",
    "***",
    "    x",
    "```js",
    "`x`",
    "~~x~~",
    "**x** __x__ _x_",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "x\n\n# y\n- z",
    "x\ty",
    "x\u2028y",
    "x\u202ey",
    "x\x00y\x1bz",
    "[^1]",
    "[^1]: x",
    "\\",
    "x\\",
)
SCRIPT = """
import streamlit as st
from bloodui.widgets.tables import show_table
from bloodui.render.text import as_markdown
from tests.bloodui.render.test_text_browser import SIGNS

for number, sign in enumerate(SIGNS):
    words = as_markdown(sign)
    with st.container(key=f"sign-{number}"):
        st.markdown(words)
        st.markdown(f"before {words} after")
        st.markdown(f"**title**  \\n{words}")
        st.markdown(f"- {words}")
        st.markdown(f"**{words}**")
        st.caption(words)
        st.button(words, key=f"button-{number}")
        show_table([{sign: sign}])
st.text("All is drawn.")
"""
N_PLACES = 9
# The elements of these places, and of ":gray[]", which parts a text where an address would be.
DRAWN = """element => [...element.querySelectorAll(
    '[data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]')].map(
    each => [each.textContent, [...each.querySelectorAll('*')].filter(
        inner => !/^(P|BR|UL|LI|STRONG)$/.test(inner.tagName)
            && (inner.tagName != 'SPAN' || inner.textContent)).map(inner => inner.outerHTML)])"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """The signs as Streamlit draws them."""
    script, log, port = tmp_path / "signs.py", tmp_path / "log.txt", free_port()
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            wait_until_it_listens(port, process, log)
            with browsing() as chromium:
                page = chromium.new_page()
                page.goto(f"http://127.0.0.1:{port}")
                expect(page.get_by_text("All is drawn.")).to_be_visible(timeout=120_000)
                yield page
        finally:
            process.kill()


def test_every_sign_of_markdown_is_drawn_as_it_is_written(page: Page) -> None:
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=60_000)
    wrong = []
    for number, sign in enumerate(SIGNS):
        found = page.locator(f".st-key-sign-{number}").evaluate(DRAWN)
        assert len(found) == N_PLACES
        wrong += [
            f"{sign!r} became {text!r} {elements}"
            for text, elements in found
            if as_plain(sign) not in text or elements
        ]
    assert not wrong, "\n".join(wrong)
