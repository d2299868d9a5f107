"""What a recipe had to allow stands in red on its model's card, and in reports."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.reports.card import card_html
from bloodui.reports.html import ReportRequest, report_html
from drawn.smears import draw
from models.bundle.card import AllowedLeak, Card, DataSource
from models.bundle.manifest import Manifest
from models.image.micrograph import micrograph_from_rgb
from models.image.quality import assess_quality
from models.opinion import Opinion

SHIPPED = Path(__file__).resolve().parents[3] / "models" / "shipped"
LEAK = AllowedLeak(name="label-from-size", finding="one: the size <b>tells</b> the label.")


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    path = next(SHIPPED.glob("all-subtypes-efficientnet-lite0/manifest.json"))
    return Manifest.from_json(path.read_bytes())


def a_card(*leaks: AllowedLeak) -> Card:
    source = DataSource(name="Drawn", citation="none", licence="Apache-2.0", n_images=1)
    return Card(summary="S.", sources=(source,), evaluations=(), limits=(), allowed_leaks=leaks)


def _page(card: object, manifest: object) -> None:
    from bloodui.widgets.card import show_card

    show_card(card, manifest)  # type: ignore[arg-type]


def test_the_card_says_in_red_what_its_recipe_allowed(manifest: Manifest) -> None:
    app = AppTest.from_function(_page, args=(a_card(LEAK), manifest), default_timeout=60).run()
    (stamp,) = app.error
    plain = stamp.value.replace("\\", "")
    assert "Trained in spite of label-from-size.** one: the size" in plain
    assert (
        not AppTest.from_function(_page, args=(a_card(), manifest), default_timeout=60).run().error
    )


def test_a_report_says_it_too_and_escapes_it(manifest: Manifest) -> None:
    micrograph = micrograph_from_rgb(draw("Pre", seed=3).rgb)
    quality = assess_quality(micrograph, manifest.quality_limits)
    request = ReportRequest(
        label="Image 1",
        is_drawn=True,
        opinion=Opinion.declined(micrograph, quality, manifest),
        card=a_card(LEAK),
        headline="Declined",
        is_map_shown=False,
        sentences=(),
        figures=(),
        opacity=0.5,
        contour=False,
    )
    made = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
    page = report_html(request, version="1", made=made)
    first, _, named = page.partition("Trained in spite of label-from-size: one")
    assert named
    plain = "Something other than the cells gave the labels away in what this model learned from."
    assert plain in first
    assert plain in card_html(request.card, manifest, version="1", made=made)
    twice = a_card(LEAK.changed(name="duplicates-across-sides"))
    assert "Some of what this model was tested on was also in what it learned from." in report_html(
        replace(request, card=twice), version="1", made=made
    )
    assert "&lt;b&gt;tells" in page
    unstamped = replace(request, card=a_card())
    assert 'class="leak"' not in report_html(unstamped, version="1", made=made)
