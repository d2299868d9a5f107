"""The confusion matrix without a browser: what stands in its cells."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from bloodui.widgets.confusion import BY_RATE


def _page() -> None:
    from bloodui.widgets.confusion import show_confusion

    show_confusion(("A", "B"), ((3, 1), (0, 0)), key="lacking")


def test_a_class_that_was_never_tested_has_no_share_and_breaks_nothing() -> None:
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert [each.label for each in app.button] == ["A answered A: **3**", "A answered B: **1**"]
    app.button_group(key="lacking-unit").set_value(BY_RATE).run()
    assert not app.exception
    assert [each.label for each in app.button] == ["A answered A: **75**", "A answered B: **25**"]
    drawn = " ".join(each.value for each in app.get("html") if isinstance(each.value, str))
    assert re.findall(r'aria-label="([^"]+)"', drawn) == ["B answered A: 0", "B answered B: 0"]
