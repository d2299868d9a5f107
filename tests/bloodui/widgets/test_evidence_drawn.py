"""Evidence by cells is outlined, told in words, and opens first only where it passed its check."""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bloodui.render.evidence_words import (
    checked_rows,
    evidence_in_brief,
    evidence_in_words,
    evidence_rows,
    evidence_worth,
)
from bloodui.render.outlines import AGAINST_RGB, FOR_RGB, marks_of, outlined
from bloodui.render.overlay import FAINT_RGB, is_doubtful
from bloodui.reports.html import report_html
from bloodui.widgets.viewer import viewer_figure
from drawn.smears import draw
from models.answer.loading import load_model
from models.bundle.card import EvidenceCheck
from models.cells.evidence import Evidence, Remaining, evidence_on
from models.cells.parts import PicturePart
from models.errors import BusyError
from models.image.micrograph import micrograph_from_rgb
from models.opinion import opinion_on
from tests.bloodui.app_pages import APP, page_text, upload
from tests.bloodui.map_checks import CELLS_FAILED, CELLS_PASSED, EVIDENCE_OF, root_of_checked
from tests.bloodui.reports.test_html import a_request
from tests.bloodui.tiny import TINY
from tests.bloodui.widgets.test_drawings import LOOK, a_picture
from tests.bloodui.widgets.test_map_worth import drawn_html, switch

pytestmark = pytest.mark.slow

WITHOUT = r"With all \d+ cells gone (the model still|it) puts"
STAYS = Remaining(n_gone=4, first_class="Early", probability=0.871, keeps_class=True)
GONE = Remaining(n_gone=4, first_class="Pro", probability=0.1, keeps_class=False)
GOES = Remaining(n_gone=2, first_class="Pro", probability=0.2, keeps_class=False)


def square(number: int, at: int, side: int = 10) -> PicturePart:
    corners = np.array([(at, at), (at + side, at), (at + side, at + side), (at, at + side)])
    return PicturePart(name=f"cell {number}", outlines=(corners.astype(np.int32),))


def some_evidence(
    weights: tuple[float, ...] = (2.0, -1.0, 1.5, 0.0), check: EvidenceCheck | None = CELLS_PASSED
) -> Evidence:
    return Evidence(
        kind="cells",
        class_name="Early",
        parts=tuple(square(n + 1, 5 + 8 * n) for n in range(len(weights))),
        weights=np.array(weights),
        probability=0.97,
        without_carriers=GOES,
        without_half=GOES,
        without_all=STAYS,
        check=check,
    )


def test_the_cells_that_carry_the_answer_are_named_and_what_is_left_is_told() -> None:
    words = " ".join(evidence_in_words(replace(some_evidence(), without_all=GONE)))
    assert "This 1 of 4 cells carries most of the answer Early: cell 1." in words
    assert "With it gone the model puts Pro first (Early: 20.0 %)." in words
    assert (
        "With the 2 of 4 that speak for it most, or least against it, gone, it puts Pro first "
        "(Early: 20.0 %)" in words
    )
    assert "half" not in words
    three = replace(some_evidence((1.0, 0.2, 0.1)), without_all=GONE)
    assert "With the 2 of 3 that speak for it most, or least against it, gone" in " ".join(
        evidence_in_words(three)
    )
    assert "With all 4 cells gone it puts Pro first (Early: 10.0 %)." in words
    assert "reads the picture" not in words
    several = replace(some_evidence((1.0, 1.0, 1.0, 1.0)), without_all=GONE)
    words = " ".join(evidence_in_words(several))
    assert "These 3 of 4 cells carry most of the answer Early: cells 1, 2 and 3." in words
    assert "With them gone" in words


def test_where_the_answer_hardly_falls_without_those_that_move_it_most_none_carry_it() -> None:
    hardly = Remaining(n_gone=1, first_class="Early", probability=0.965, keeps_class=True)
    evidence = replace(some_evidence(), without_all=GONE, without_carriers=hardly)
    words = " ".join(evidence_in_words(evidence))
    assert "No few cells carry the answer Early; it is moved most by cell 1." in words
    assert "With it gone the model still puts Early first (96.5 %)." in words
    assert "With the 2 of 4 that move it most gone" in words
    clearly = replace(evidence, without_carriers=replace(hardly, probability=0.95))
    assert "carries most of the answer Early" in " ".join(evidence_in_words(clearly))


def test_of_an_answer_that_stays_without_cells_none_is_said_to_carry_most() -> None:
    first, second, third, *_ = evidence_in_words(some_evidence())
    assert first == "With all 4 cells gone the model still puts Early first (87.1 %)."
    assert second == "So it reads the picture, not the cells."
    assert third == "Of what little the cells add, this 1 of 4 carries most: cell 1."
    several = " ".join(evidence_in_words(some_evidence((1.0, 1.0, 1.0, 1.0))))
    assert "Of what little the cells add, these 3 of 4 carry most: cells 1, 2 and 3." in several
    for weights in ((1.0, 1.0, 1.0, 1.0), (2.0,), (-1.0, -0.2)):
        assert "most of the answer" not in " ".join(evidence_in_words(some_evidence(weights)))


def test_where_no_cell_speaks_for_the_class_that_is_said() -> None:
    words = " ".join(evidence_in_words(some_evidence((-1.0, -0.2))))
    assert "None of the 2 cells carries the answer Early" in words
    assert "it does not weaken when one alone is taken away" in words


def test_the_list_begins_with_the_strongest_and_names_those_that_carry() -> None:
    rows = evidence_rows(some_evidence())
    assert [row["Taken away"] for row in rows] == ["Cell 1", "Cell 3", "Cell 4", "Cell 2"]
    assert [row["Carries most"] for row in rows] == ["yes", "", "", ""]
    assert rows[0]["Log-odds of Early fall by"] == 2.0
    assert rows[-1]["Log-odds of Early fall by"] == -1.0


def test_the_check_is_told_with_its_rivals_and_what_is_left_without_cells() -> None:
    words = " ".join(evidence_worth(CELLS_PASSED))
    assert "On 60 of this model's test images (12 groups) cells were taken away" in words
    assert "0.912, in random order 0.949, in Grad-CAM's order 0.950" in words
    assert "0.037 (0.027 to 0.047). That is clearly better than chance." in words
    assert "81.0 % (80.0 to 82.0) of these images keep their class" in words
    assert evidence_in_brief(CELLS_PASSED) == "Evidence by cells passed its check on this model."
    failed = " ".join(evidence_worth(CELLS_FAILED))
    assert "not clearly better than chance" in failed
    assert "failed its check" in evidence_in_brief(CELLS_FAILED)
    assert "never checked" in evidence_worth(None)[0]
    assert [is_doubtful(check) for check in (CELLS_PASSED, CELLS_FAILED, None)] == [
        False,
        True,
        True,
    ]
    assert checked_rows([CELLS_FAILED])[0]["Verdict"] == "not to be believed"


def test_an_outline_is_as_strong_as_its_cell_moved_the_answer() -> None:
    marks = marks_of(some_evidence())
    assert [mark.strength for mark in marks] == pytest.approx([0, 0.5, 0.75, 1])
    assert [mark.rgb for mark in marks] == [FOR_RGB, AGAINST_RGB, FOR_RGB, FOR_RGB]
    assert sorted(mark.label for mark in marks) == ["1", "2", "3", "4"]  # as the list has them
    many = marks_of(some_evidence((1.0, *[0.1] * 12)))  # numbers would hide the picture
    assert many[-1].label == "1"
    assert [mark.label for mark in many].count("") > 1
    widths = [mark.line_px for mark in marks]
    assert widths == sorted(widths)
    assert widths[-1] > 2 * widths[0]
    assert marks[-1].middle == (10, 10)
    assert "cell 2: log-odds fall by -1.00" in marks[1].words


def test_what_did_not_pass_or_was_never_checked_is_drawn_weaker_than_what_passed() -> None:
    drawn = {}
    grey = np.full((60, 60, 3), 128, np.uint8) + np.arange(3, dtype=np.uint8) * 20
    for check in (CELLS_PASSED, CELLS_FAILED, None):
        marks = marks_of(some_evidence(check=check))
        assert {mark.rgb == FAINT_RGB for mark in marks} == {check is not CELLS_PASSED}
        picture = outlined(grey, marks, scale=1.0, opacity=1.0).astype(int)
        drawn[check] = np.abs(picture - grey).max()
        figure = viewer_figure(a_picture(), None, LOOK, revision="1", marks=marks)
        drawn[check, "figure"] = max(trace.opacity for trace in figure.data if trace.line.width)
    assert drawn[CELLS_FAILED] == drawn[None] < drawn[CELLS_PASSED]
    assert drawn[None, "figure"] < drawn[CELLS_PASSED, "figure"]


def test_the_figure_holds_an_outline_and_words_for_each_cell() -> None:
    marks = marks_of(some_evidence())
    figure = viewer_figure(a_picture(), None, LOOK, revision="1", marks=marks)
    assert len(figure.layout.images) == 1
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    assert len(lines) == 2 * len(marks)
    (words,) = [trace for trace in figure.data if trace.mode == "markers+text"]
    assert list(words.customdata) == [mark.words.replace("<", "&lt;") for mark in marks]
    assert "<b>1</b>" in words.text


def test_the_report_draws_the_outlines_and_tells_what_the_page_tells(model_root: Path) -> None:
    model = load_model(model_root / TINY)
    opinion = opinion_on(micrograph_from_rgb(draw("Pre", seed=3).rgb), model)
    evidence = replace(
        evidence_on(opinion, model), check=CELLS_PASSED, class_name="<script>alert(1)</script>"
    )
    made = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    request = a_request(
        opinion, model.card, evidence=evidence, sentences=evidence_in_words(evidence)
    )
    page = report_html(request, version="1", made=made)
    assert "Evidence by cells, for &lt;script&gt;" in page
    assert "<script" not in page
    assert "what moved the answer outlined" in page
    assert "carr" in page
    overlay = page.split('src="')[2].split('"')[0]
    faint = replace(request, evidence=replace(evidence, check=CELLS_FAILED))
    assert report_html(faint, version="1", made=made).split('src="')[2].split('"')[0] != overlay
    hidden = report_html(replace(request, is_map_shown=False), version="1", made=made)
    assert "what moved the answer outlined" not in hidden


@pytest.fixture(scope="module")
def app_root(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small models: of the first evidence by cells failed, of the second it passed."""
    return root_of_checked(model_root, tmp_path_factory.mktemp("checked"), EVIDENCE_OF)


def test_where_it_passed_its_check_a_second_opinion_opens_with_evidence_by_cells(
    app: AppTest, smear_jpeg: bytes
) -> None:
    box = next(box for box in app.selectbox if box.label == "Model")
    page = upload(box.select(next(o for o in box.options if o == "Shy")).run(), smear_jpeg)
    assert not page.exception
    method = next(box for box in page.selectbox if box.label == "Method")
    assert method.options[0] == "Evidence by cells"
    assert method.value == "cells"
    assert switch(page, "Map").value
    words = page_text(page)
    assert "Evidence by cells passed its check on this model" in words
    assert re.search(WITHOUT, words)
    assert "bloodui-outlines" in drawn_html(page)
    page = method.select(next(o for o in method.options if o.startswith("LayerCAM"))).run()
    assert not page.exception
    assert "LayerCAM was never checked on this model" in page_text(page)
    assert not switch(page, "Map").value


def test_where_nothing_passed_it_opens_without_a_map_and_says_so_in_a_line(
    app: AppTest, smear_jpeg: bytes
) -> None:
    page = upload(app, smear_jpeg)
    assert not page.exception
    assert not switch(page, "Map").value
    assert "Grad-CAM was never checked on this model" in page_text(page)
    method = next(box for box in page.selectbox if box.label == "Method")
    page = method.select("Evidence by cells").run()
    assert not page.exception
    assert "Evidence by cells failed its check on this model: it is not to be" in page_text(page)
    assert not switch(page, "Map").value
    assert "bloodui-outlines" not in drawn_html(page)
    page = switch(page, "Map").set_value(True).run()
    words = page_text(page)
    assert "Grey outlines" in words
    assert re.search(WITHOUT, words)


def test_where_evidence_by_cells_cannot_be_had_the_models_own_map_is_shown_under_its_name(
    app: AppTest, smear_jpeg: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> Evidence:
        raise BusyError("The model received 65 questions at once; it takes 64. Ask again.")

    page = upload(app, smear_jpeg)
    monkeypatch.setattr("bloodui.answers.evidence", busy)
    method = next(box for box in page.selectbox if box.label == "Method")
    page = method.select("Evidence by cells").run()
    assert not page.exception
    words = page_text(page)
    assert "Grad-CAM was never checked on this model" in words
    assert "cells was never checked" not in words.lower()


def test_a_model_that_reads_the_picture_is_said_to_do_so_beside_its_verdict(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(os.environ, "BLOODUI_STATE", str(tmp_path))
    monkeypatch.setitem(os.environ, "BLOODUI_MODEL", "all-subtypes-efficientnet-lite0")
    monkeypatch.delenv("BLOODUI_MODELS", raising=False)
    smear = sorted((data_dir / "taleghani_all" / "Early").glob("*.jpg"))[40]
    page = upload(AppTest.from_file(str(APP), default_timeout=300).run(), smear.read_bytes())
    assert not page.exception
    words = page_text(page)
    assert "Not proven: Early" in words
    assert re.search("With all \\d+ cells gone the model still puts Early first", words)
    assert words.count("reads the picture, not the cells") == 2  # and under the map
