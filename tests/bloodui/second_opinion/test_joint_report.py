"""The report on several images shows the evidence by cells that the page has, and says what it has
not."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.images import Outcome
from bloodui.reports.batch import batch_html
from bloodui.reports.html import ReportRequest
from bloodui.second_opinion.batch import _entry
from bloodui.second_opinion.download import NOT_WORKED_OUT
from models.bundle.card import Card, read_card
from models.bundle.manifest import CARD_FILE
from models.cells.evidence import Evidence
from tests.bloodui.app_pages import opinions, page_text, plain, tray, upload
from tests.bloodui.map_checks import EVIDENCE_OF, root_of_checked
from tests.bloodui.tiny import SHY

pytestmark = pytest.mark.slow

MADE = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def app_root(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of models of which Shy passed the check of evidence by cells."""
    return root_of_checked(model_root, tmp_path_factory.mktemp("joint"), EVIDENCE_OF)


@pytest.fixture
def app_model() -> str:
    return SHY


def reported(app: AppTest, card: Card) -> tuple[list[ReportRequest], str]:
    """What the report on all images of the page holds of each, and its text."""
    asked = {each.opinion.micrograph.sha256: each.opinion for each in opinions(app).values()}
    entries = [
        _entry(
            Outcome(image=image, opinion=asked[image.micrograph.sha256], error=None),
            "Abstained",
            is_named=False,
            card=card,
            evidence_of=lambda opinion: next(
                (
                    each
                    for each in tray(app).beside.get(opinion.micrograph.sha256, {}).values()
                    if isinstance(each, Evidence)
                ),
                None,
            ),
        )
        for image in tray(app).images.values()
    ]
    html = batch_html(entries, card, (), version="1", made=MADE)
    return [each.report for each in entries if each.report], plain(html)


def test_the_joint_report_draws_and_says_what_the_page_does_of_images_that_were_open(
    app: AppTest, app_root: Path, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    page = upload(app, smear_jpeg, other_jpeg)
    assert not page.exception
    card = read_card(app_root / SHY / CARD_FILE)
    (opened, other), html = reported(page, card)
    assert isinstance(opened.evidence, Evidence)
    assert opened.is_map_shown
    assert " ".join(opened.sentences[:2]) in html
    told = [re.sub(r"\s+", " ", each) for each in opened.sentences]
    assert all(each in re.sub(r"\s+", " ", page_text(page)) for each in told)
    assert html.count("what moved the answer outlined") == 1
    # The other one was never open: that is said, and nothing of a map that nobody asked for.
    assert other.evidence is None
    assert other.sentences == (NOT_WORKED_OUT,)
    assert html.count("was not worked out for this image yet") == 1
    assert "No map is drawn" not in html
    assert "Saliency map" not in html


def test_once_the_other_image_was_open_it_is_in_the_joint_report_and_stays_with_another_map(
    app: AppTest, app_root: Path, smear_jpeg: bytes, other_jpeg: bytes
) -> None:
    page = upload(app, smear_jpeg, other_jpeg)
    page = page.button(key=f"open:{list(tray(page).images)[1]}").click().run()
    method = next(box for box in page.selectbox if box.label == "Method")
    page = method.select(next(o for o in method.options if o.startswith("Grad-CAM"))).run()
    assert not page.exception
    requests, html = reported(page, read_card(app_root / SHY / CARD_FILE))
    assert all(each.evidence is not None for each in requests)
    assert html.count("what moved the answer outlined") == 2
    assert "not worked out" not in html
