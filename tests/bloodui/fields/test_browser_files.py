"""The files of the browser's side: text is text, and every command of the page has a test."""

from __future__ import annotations

import re
from pathlib import Path

from bloodui.fields.component import BROWSER

FILES = {path.name: path.read_text("utf-8") for path in BROWSER.iterdir()}
TESTS = "".join(
    Path(__file__).with_name(name).read_text("utf-8")
    for name in ("test_fields_controls.py", "test_gallery_browser.py")
)


def test_nothing_that_comes_as_data_becomes_markup_or_code() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|"
        r"\beval\b|new Function|DOMParser|srcdoc|javascript:"
    )
    found = {name: forbidden.findall(text) for name, text in FILES.items()}
    assert not any(found.values()), found


def test_nothing_is_loaded_from_elsewhere() -> None:
    for name, text in FILES.items():
        addresses = re.findall(r"https?://[^\s\"')]+", text)
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, name
        assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|@import", text), name
    imported = {
        module for text in FILES.values() for module in re.findall(r'from "\./([^"]+)"', text)
    }
    assert imported < FILES.keys()


def test_every_command_of_the_page_is_used_in_a_test_by_its_name() -> None:
    text = "\n".join(FILES.values())
    buttons = {
        "undo": "Undo",
        "redo": "Redo",
        "doubtful": "Only doubtful",
        "several": "Choose several",
        "smaller": "Smaller cells",
        "larger": "Larger cells",
        "close": "Close",
        "Field before": "Field before",
        "Next field": "Next field",
        "Zoom out": "Zoom out",
        "Zoom in": "Zoom in",
        "Fit": "Fit",
    }
    made = set(re.findall(r'button\("[^"]+", "(\w+)"', text))
    made |= set(re.findall(r'zoom\("[^"]+", "([^"]+)"', text))
    made |= set(re.findall(r'dataset\.command = "(\w+)"', text))
    assert made == buttons.keys()
    unused = [name for name in buttons.values() if f'name="{name}"' not in TESTS]
    assert not unused
    keys = ("Control+z", "Control+y", "Control+a", '"0"', "Escape", "Shift+Arrow", '"d"', '"f"')
    assert not [key for key in keys if key not in TESTS]
