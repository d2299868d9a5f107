"""The switch under the probabilities tells how steady the answer is, once it is on."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bloodui.second_opinion.steadiness import ranges_html, views_in_words
from models.answer.steadiness import Steadiness
from tests.bloodui.app_pages import APP, page_text, tray, upload
from tests.bloodui.tiny import TINY

pytestmark = pytest.mark.slow

SWITCH = "How steady is the answer?"


def steadiness(*firsts: int, classes: tuple[str, ...] = ("Benign", "Pre", "Pro")) -> Steadiness:
    """Eight views, each of which puts one class first at 60 %."""
    rows = np.full((8, len(classes)), 0.4 / (len(classes) - 1))
    rows[np.arange(8), firsts] = 0.6
    return Steadiness(classes=classes, probabilities=rows)


def opened(root: Path, model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(root))
    monkeypatch.setitem(os.environ, "BLOODUI_MODEL", model)
    return AppTest.from_file(str(APP), default_timeout=300).run()


def switched_on(page: AppTest) -> AppTest:
    return next(each for each in page.toggle if each.label == SWITCH).set_value(True).run()


def test_the_sentence_counts_the_views_and_names_what_the_others_say() -> None:
    assert views_in_words(steadiness(*[1] * 7, 0)) == "7 of 8 views put Pre first; 1 Benign."
    assert views_in_words(steadiness(*[2] * 8)) == "8 of 8 views put Pro first."


def test_the_chart_gives_mean_and_range_of_every_class_and_escapes_its_name() -> None:
    page = ranges_html(steadiness(*[1] * 4, *[0] * 4, classes=("<b>", "Pre")))
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert page.count(">50.0\u202f%<small") == 2
    assert page.count(">40.0\u202f% to 60.0\u202f%</small>") == 2
    assert page.count('role="listitem"') == 2


def steadiness_held(page: AppTest) -> list[object]:
    """What is kept beside the images of the tray."""
    beside = tray(page).beside.values()
    return [each for held in beside for each in held.values() if isinstance(each, Steadiness)]


def test_nothing_is_computed_before_it_is_asked_for(
    model_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, smear_jpeg: bytes
) -> None:
    page = upload(opened(model_root, TINY, monkeypatch, tmp_path), smear_jpeg)
    assert not page.exception
    assert "of 8 views put" not in page_text(page)
    assert steadiness_held(page) == []
    page = switched_on(page)
    assert not page.exception
    assert "of 8 views put" in page_text(page)
    assert "Range over eight views" in page_text(page)
    assert "first member" not in page_text(page)
    (held,) = steadiness_held(page)
    page.run()
    (after,) = steadiness_held(page)
    assert after is held


def test_of_an_ensemble_the_first_member_is_asked_and_named(
    tiny_ensemble: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, smear_jpeg: bytes
) -> None:
    page = opened(tiny_ensemble.parent, tiny_ensemble.name, monkeypatch, tmp_path)
    page = switched_on(upload(page, smear_jpeg))
    assert not page.exception
    assert "Of Tiny alone, the first member of this ensemble." in page_text(page)
