"""A cell of a CSV file is text in every spreadsheet, and read again as it was."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.table_cell import as_cell, from_cell

ROOT = Path(__file__).resolve().parents[2]
PIECES = st.sampled_from(["=", "+", "-", "@", "＝", "＋", "－", "＠", ";", "|", "\t", "\n", "\r"])
BLANKS = st.sampled_from([" ", "\u00a0", "\u3000", "\ufeff", "\u200b", "\x0b", "'", '"', ",", "a"])
TEXTS = st.lists(PIECES | BLANKS | st.text(max_size=2), max_size=12).map("".join)


_FORMULA = re.compile(r"[\s\"\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]")


def cells_of(line: str, separator: str) -> list[str]:
    """What a program sees that parts a line at a separator, and takes no notice of quotes."""
    return re.split(rf"[{separator}\r\n]", line)


@given(TEXTS)
@example("a;=1+1")
@example(" ＝cmd|' /C calc'!A0")
@example("x;\u3000\ufeff@SUM(1)")
@example("'=1")
@example('a;"=1"')
def test_no_cell_begins_like_a_formula_whatever_separator_a_file_is_opened_with(text: str) -> None:
    for separator in (";", "\t", "|"):
        for cell in cells_of(as_cell(text), separator):
            assert not _FORMULA.match(cell), (cell, separator)


@given(TEXTS)
@example("''=1")
@example("a; \t=1")
@example("\t'=1")
def test_what_is_read_again_is_what_was_written(text: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow([as_cell(text), "b"])
    assert from_cell(as_cell(text)) == text
    assert from_cell(next(csv.reader(io.StringIO(written.getvalue(), newline="")))[0]) == text


@pytest.mark.parametrize(
    "text", ["Pre-B", "a=b", "2026-11-29", "O'Brien", "a; b", "", "anna@b.org"]
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert as_cell(text) == from_cell(text) == text


def test_every_file_that_writes_tables_makes_its_cells_safe() -> None:
    """By the source: who makes a csv writer imports `as_cell`, or writes rows of one who does."""
    writers = []
    for folder in ("bloodui", "training", "models", "drawn"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {
                ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)
            }
            if names & {"csv.writer", "csv.DictWriter"}:
                writers.append(path.relative_to(ROOT).as_posix())
                is_safe = "as_cell" in path.read_text(encoding="utf-8")
                # the records of `read` are made safe where they become rows
                assert is_safe or path.name in {"read.py", "tables.py"}, path
    assert len(writers) >= 8
