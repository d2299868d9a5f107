"""The report holds what the page showed, whole and escaped, and asks nothing of the network."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bloodui.reports.html import ReportRequest, report_html
from models.card import Card
from models.micrograph import micrograph_from_rgb
from models.opinion import Opinion, opinion_on
from models.runtime import Model, load_model
from tests.bloodui.conftest import SHY, STRICT, TINY
from training.datasets.synthetic import CAPTION, draw

MADE = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
NASTY = '<script>alert("x")</script>'


@pytest.fixture(scope="module")
def model(model_root: Path) -> Model:
    return load_model(model_root / TINY)


@pytest.fixture(scope="module")
def opinion(model: Model) -> Opinion:
    return opinion_on(micrograph_from_rgb(draw("Pre", seed=3).rgb), model)


def a_request(opinion: Opinion, card: Card, **changes: object) -> ReportRequest:
    request = ReportRequest(
        label="Image 1",
        is_drawn=True,
        opinion=opinion,
        card=card,
        headline="Answered: Pre, 41.0 %",
        sentences=("62 % of the map lies on stained cells.",),
        figures=({"Measured": "Accuracy", "Model": "91.3 % (88.1 to 94.2), n = 321"},),
        opacity=0.5,
        contour=True,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def test_report_holds_the_numbers_the_hashes_the_version_and_the_date(
    model: Model, opinion: Opinion
) -> None:
    page = report_html(a_request(opinion, model.card), version="9.8.7", made=MADE)
    assert opinion.prediction is not None
    for name, probability in zip(
        opinion.prediction.classes, opinion.prediction.probabilities, strict=True
    ):
        assert name in page
        assert f"{100 * probability:.1f} %" in page
    assert opinion.micrograph.sha256 in page
    assert opinion.manifest.id in page
    for sha256 in opinion.manifest.files.values():
        assert sha256 in page
    for words in ("9.8.7", "2026-11-21 09:30", "91.3 % (88.1 to 94.2), n = 321", "62 %"):
        assert words in page
    for measure in opinion.quality.measures:
        assert measure.name in page


def test_report_says_what_it_is_not_for_and_that_a_drawing_is_drawn(
    model: Model, opinion: Opinion
) -> None:
    page = report_html(a_request(opinion, model.card), version="1", made=MADE)
    assert page.count("Research and teaching only, not for diagnosis") == 2
    assert CAPTION.replace("'", "&#39;") in page.replace("'", "&#39;")
    photograph = report_html(a_request(opinion, model.card, is_drawn=False), version="1", made=MADE)
    assert "Drawn image" not in photograph


def test_report_holds_the_image_and_the_overlay_and_loads_nothing(
    model: Model, opinion: Opinion
) -> None:
    page = report_html(a_request(opinion, model.card), version="1", made=MADE)
    sources = re.findall(r'src="([^"]{0,30})', page)
    assert len(sources) == 2
    assert all(source.startswith("data:image/") for source in sources)
    assert not re.search(r'(href|src)="(?!data:)', page)
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_everything_in_the_report_is_escaped(model: Model, opinion: Opinion) -> None:
    manifest = replace(opinion.manifest, title=NASTY, intended_use=NASTY, licence=NASTY)
    nasty = replace(
        opinion,
        manifest=manifest,
        micrograph=replace(opinion.micrograph, notes=(NASTY,)),
    )
    card = replace(model.card, summary=NASTY, limits=(NASTY,))
    request = a_request(
        nasty, card, label=NASTY, headline=NASTY, sentences=(NASTY,), figures=({NASTY: NASTY},)
    )
    page = report_html(request, version=NASTY, made=MADE)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_report_on_a_declined_image_has_its_quality_and_no_probability(model_root: Path) -> None:
    model = load_model(model_root / STRICT)
    declined = opinion_on(micrograph_from_rgb(draw("Pre", seed=3).rgb), model)
    request = a_request(declined, model.card, headline="Declined", sentences=())
    page = report_html(request, version="1", made=MADE)
    assert "Image quality: declined" in page
    assert "<h2>Probabilities" not in page
    assert page.count("<img") == 1


def test_report_on_an_unsure_answer_tells_the_threshold(model_root: Path) -> None:
    model = load_model(model_root / SHY)
    unsure = opinion_on(micrograph_from_rgb(draw("Pre", seed=3).rgb), model)
    page = report_html(a_request(unsure, model.card), version="1", made=MADE)
    assert "Dashed line: 100.0 %" in page
    assert 'class="abstained"' in page
