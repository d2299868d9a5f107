"""The report holds what the page showed, whole and escaped, and asks nothing of the network."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bloodui.reports.batch import Entry, batch_csv, batch_html, verdict_of
from bloodui.reports.html import ReportRequest, report_html
from drawn.smears import CAPTION, draw
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.bundle.card import Card
from models.image.micrograph import micrograph_from_rgb, read_micrograph
from models.opinion import Opinion, opinion_on
from tests.bloodui.app_pages import plain
from tests.bloodui.tiny import SHY, STRICT, TINY

pytestmark = pytest.mark.slow

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
        is_map_shown=True,
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
        assert f"{100 * probability:.1f} %" in plain(page)
    assert opinion.micrograph.sha256 in page
    assert opinion.manifest.id in page
    for sha256 in opinion.manifest.files.values():
        assert sha256 in page
    for words in ("9.8.7", "2026-11-21 09:30", "91.3 % (88.1 to 94.2), n = 321", "62 %"):
        assert words in plain(page)
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
    manifest = opinion.manifest.changed(title=NASTY, intended_use=NASTY, licence=NASTY)
    nasty = replace(
        opinion,
        manifest=manifest,
        micrograph=replace(opinion.micrograph, notes=(NASTY,)),
    )
    card = model.card.changed(summary=NASTY, limits=(NASTY,))
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
    assert "Dashed line: 100.0 %" in plain(page)
    assert 'class="abstained"' in page
    assert "compressed this hard" not in page
    assert unsure.prediction is not None
    harder = replace(unsure, prediction=replace(unsure.prediction, compressed=True))
    page = report_html(a_request(harder, model.card), version="1", made=MADE)
    assert "Dashed line: 100.0 %, for a file that was compressed this hard." in plain(page)


def test_a_report_on_a_damaged_file_says_so(model: Model, smear_jpeg: bytes) -> None:
    damaged = opinion_on(read_micrograph(smear_jpeg[:-14] + smear_jpeg[-2:]), model)
    page = report_html(a_request(damaged, model.card), version="1", made=MADE)
    assert "JPEG data is damaged: parts of the picture may be wrong" in page
    assert "Image quality: usable" in page
    whole = opinion_on(read_micrograph(smear_jpeg), model)
    page = report_html(a_request(whole, model.card), version="1", made=MADE)
    assert "is damaged" not in page


def entries(opinion: Opinion, card: Card, *, name: str) -> list[Entry]:
    """An image with an opinion, and a file that is none; both of one name."""
    report = a_request(opinion, card, name=name)
    said = verdict_of(opinion, is_read=True)
    return [
        Entry(
            label="Image 1",
            name=name,
            opinion=opinion,
            verdict=said,
            why=opinion.reason,
            report=report,
        ),
        Entry(
            label="Image 2",
            name=name,
            opinion=None,
            verdict=verdict_of(None, is_read=False),
            why=NASTY,
            report=None,
        ),
    ]


def batch(opinion: Opinion, card: Card, *, name: str = "") -> str:
    given = entries(opinion, card, name=name)
    return batch_html(given, card, ({NASTY: NASTY},), version="9.8.7", made=MADE)


def test_the_report_on_several_has_a_table_each_image_as_alone_and_the_model_once(
    model: Model, opinion: Opinion
) -> None:
    page = batch(opinion, model.card)
    alone = report_html(a_request(opinion, model.card), version="9.8.7", made=MADE)
    words = re.sub(r"<[^>]+>|src=\S+|\s+", " ", page)
    assert "Second opinion: 2 images" in words
    assert "Not read 1" in words
    quality = re.search(r"Image quality: \w+", alone)
    assert quality is not None
    assert quality.group() in words
    for probability in re.findall(r"\d+\.\d %", alone.partition("Probabilities")[2])[:4]:
        assert probability in plain(words)
    assert opinion.micrograph.sha256 in page
    assert page.count("Intended use:") == alone.count("Intended use:") == 1
    assert len(re.findall(r'src="data:image/', page)) == 2
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert re.findall(r'href="([^"]*)', page) == ["#image-1"]


def test_names_of_files_stand_in_a_report_only_if_they_were_given_and_escaped(
    model: Model, opinion: Opinion
) -> None:
    for page in (
        batch(opinion, model.card, name=f"anna {NASTY}.jpg"),
        report_html(
            a_request(opinion, model.card, name=f"anna {NASTY}.jpg"), version="1", made=MADE
        ),
    ):
        assert "anna &lt;script&gt;" in page
        assert "<script" not in page
    assert "File" not in batch(opinion, model.card)


def test_the_csv_of_several_is_safe_in_a_spreadsheet_and_names_files_where_asked_to(
    model: Model, opinion: Opinion
) -> None:
    given = entries(opinion, model.card, name="=HYPERLINK(1)")
    named, plain = (
        list(
            csv.DictReader(
                io.StringIO(batch_csv(given, opinion.manifest, is_named=is_named).decode())
            )
        )
        for is_named in (True, False)
    )
    assert [row["file"] for row in named] == ["'=HYPERLINK(1)"] * 2
    assert "HYPERLINK" not in str(plain)
    first, second = plain
    assert opinion.prediction is not None
    name = opinion.prediction.classes[opinion.prediction.top_class]
    assert first["top_class"] == name
    assert first["probability"] == first[f"p_{name}"]
    assert float(first["probability"]) == pytest.approx(
        float(opinion.prediction.probabilities.max()), abs=1e-6
    )
    assert first["sha256"] == opinion.micrograph.sha256
    assert (second["verdict"], second["probability"], second["p_Pre"]) == ("Not read", "", "")
