"""The differential in words decides nothing, and its table is text."""

from __future__ import annotations

import re
from types import SimpleNamespace

from bloodui.fields.saving import said_in_words
from bloodui.fields.words import differential_html, verdict
from bloodui.render.differential_words import erythroblasts_in_words, more_in_words
from bloodui.render.palette import code_of, colour_of
from models.cells.count import KINDS, CountedCell, differential
from models.cells.count_error import ModelError


def counted(**numbers: int):
    cells = [
        CountedCell(kind=kind.replace("_", " "), by="model")
        for kind, n in numbers.items()
        for _ in range(n)
    ]
    return differential(cells)


def test_a_case_is_told_in_a_line() -> None:
    words = verdict(counted(blast=20, lymphocyte=80, abstained=3), n_fields=2, n_cut_off=1)
    assert words.replace("\u202f", " ") == (
        "**100 white cells counted in 2 fields.** Blasts: 20 of 100 white cells, 20.0 % (12.7 to "
        "29.2). The interval lies above 5 % and holds 20 %. The model's error is not known, and "
        "not in it. A share of cells is no diagnosis, and decides nothing here. In "
        "no share: 3 that the model did not name. Cut off by the edge, "
        "not counted: 1."
    )


def test_how_many_more_to_count_is_told_in_points_and_on_what_terms() -> None:
    few = more_in_words(counted(blast=20, lymphocyte=80), "blast", 0.05)
    assert re.fullmatch(
        r"Count \d+ white cells more for ± 5 percentage points, if every cell was named rightly\.",
        few,
    )
    enough = more_in_words(counted(blast=20, lymphocyte=80), "blast", 0.1)
    assert enough == (
        "± 10 percentage points reached with 100 white cells, if every cell was named rightly."
    )


def test_a_reader_agrees_only_where_the_model_answered() -> None:
    said = [
        SimpleNamespace(correction=SimpleNamespace(was=was, now=now, decision=decision))
        for was, now, decision in (
            ("blast", "blast", "answered"),
            ("blast", "blast", "abstained"),
            ("blast", "monocyte", "answered"),
            ("lymphocyte", "blast", "outside"),
        )
    ]
    assert said_in_words(said) == [
        "2 blast, which the model did not name",
        "1 blast, as the model said",
        "1 monocyte, not blast",
    ]


def test_where_most_cells_have_no_name_no_share_is_told_first() -> None:
    few = counted(blast=4, monocyte=7, eosinophil=1, abstained=60, outside=41)
    words = verdict(few, n_fields=120, n_cut_off=0)
    assert words.startswith("**The model names 12 of 113 cells:** it does not know such pictures")
    assert "cannot be told: most cells have no name" in words
    assert "lies above" not in words
    assert "Blasts: 4" not in words
    table = differential_html(few, KINDS)
    assert set(re.findall(r'class="(?:drawn|limits)" role="\w+">(.*?)</span>', table)) == {""}
    assert set(re.findall(r'class="share" role="cell">(.*?)</span>', table)) == {"–"}
    assert [int(n) for n in re.findall(r'class="n" role="cell">(\d+)<', table)].count(7) == 1
    enough = verdict(counted(blast=4, monocyte=8, abstained=12), n_fields=1, n_cut_off=0)
    assert enough.startswith("**12 white cells counted")
    assert "Blasts: 4 of 12" in enough


def test_marks_that_an_interval_lies_alike_to_are_told_together() -> None:
    words = verdict(counted(blast=1, lymphocyte=7), n_fields=1, n_cut_off=0).replace("\u202f", " ")
    assert "The interval holds 5 % and 20 %." in words


def test_erythroblasts_beside_hardly_any_white_cell_are_not_told() -> None:
    few = counted(erythroblast=1, lymphocyte=1)
    assert erythroblasts_in_words(few) == "too few white cells counted to tell"
    assert erythroblasts_in_words(counted(erythroblast=5, lymphocyte=100)).startswith("5.0 (")


def test_a_field_without_white_cells_has_no_share() -> None:
    words = verdict(counted(erythroblast=2), n_fields=1, n_cut_off=0)
    assert words == "**0 white cells counted in 1 field.**"


def test_limits_with_the_models_error_stand_beside_the_exact_ones() -> None:
    kinds = ("blast", "lymphocyte")
    error = ModelError(classes=kinds, laboratories=(((60, 40), (30, 70)),) * 2)
    cells = [CountedCell(kind="blast")] * 110 + [CountedCell(kind="lymphocyte")] * 290
    with_error = differential(cells, classes=kinds, error=error)
    words = verdict(with_error, n_fields=1, n_cut_off=0)
    assert "With the model's error it is" in words
    html = differential_html(with_error, kinds)
    assert html.count("with error: ") == 2


def test_the_table_shows_numbers_shares_and_limits_of_each_white_kind() -> None:
    html = differential_html(counted(blast=20, lymphocyte=80, other=7), KINDS)
    assert html.count('role="row"') == 7
    assert "12.7 to 29.2" in html
    assert "20\u202f%" in html
    assert "erythroblast" not in html


def test_a_class_of_a_bundle_is_text_in_the_table() -> None:
    classes = ("<b>wild", "lymphocyte")
    cells = [CountedCell(kind=classes[0])]
    html = differential_html(differential(cells, classes=classes), classes)
    assert "&lt;b&gt;wild" in html
    assert "<b>" not in html


def test_kinds_are_told_apart_by_colour_and_by_code() -> None:
    assert len({colour_of(KINDS, number) for number in range(len(KINDS))}) == len(KINDS)
    assert len({code_of(kind) for kind in KINDS}) == len(KINDS)
    strange = ("plasma cell", "blast", "megakaryocyte")
    colours = [colour_of(strange, number) for number in range(3)]
    assert len({*colours}) == 3
    assert all(re.fullmatch("#[0-9a-f]{6}", each) for each in colours)
