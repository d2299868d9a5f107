"""Indexes as spreadsheets and other programs save them, and files that are none."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.training.data.releases import draw
from training.cli import audit
from training.data.index import read_index
from training.data.index_rows import read_rows
from training.data.merge import merge_indexes
from training.errors import DatasetError

CASES = Path(__file__).resolve().parents[2] / "cases" / "data" / "index"
TABLE = [["path", "dataset", "label"], ["Müller/a.png", "set", "Blast"]]


def saved(rows: list[list[str]], *, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """A table as a program saves it."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def in_folder(folder: Path, text: str) -> Path:
    """An index beside one picture, `a.png`."""
    draw(folder / "a.png", seed=1)
    (folder / "index.csv").write_bytes(text.encode())
    return folder / "index.csv"


@pytest.mark.parametrize(
    "name",
    [
        "cp1252_from_excel",
        "path_with_line_separator",
        "semicolon_from_excel",
        "header_capitals",
        "backslash",
        "hash_upper_case",
    ],
)
def test_an_index_as_a_spreadsheet_saved_it_is_read_as_the_plain_one_is(name: str) -> None:
    plain = read_index(CASES / "ok.csv").records
    read = read_index(CASES / f"{name}.csv").records
    assert [one.path for one in read[:96]] == [one.path for one in plain]
    assert [one.name for one in read[:96]] == [one.name for one in plain]
    assert [one.label for one in read[:96]] == [one.label for one in plain]


def test_letters_of_cp1252_are_those_that_were_typed() -> None:
    assert read_index(CASES / "cp1252_from_excel.csv").records[0].group == "Müller Benign0"


def test_a_line_separator_of_unicode_is_a_letter_of_the_file_s_name() -> None:
    last = read_index(CASES / "path_with_line_separator.csv").records[-1]
    assert (last.name, last.group) == ("Pro/a\u2028b.jpg", "z")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_and_separator_gives_the_same_rows(separator: str, encoding: str) -> None:
    (row,) = read_rows(saved(TABLE, separator=separator, encoding=encoding))
    assert row.cells == dict(zip(*TABLE, strict=True))
    assert row.line == 2


def test_the_line_that_tells_excel_its_separator_is_no_header() -> None:
    (row,) = read_rows(b"sep=;\r\n" + saved(TABLE, separator=";"))
    assert (row.cells["label"], row.line) == ("Blast", 3)


def test_rows_that_a_spreadsheet_left_empty_are_no_images() -> None:
    assert len(read_rows(saved([*TABLE, ["", "", ""], []]))) == 1


def test_a_cell_may_hold_the_separator_and_a_line_break_in_quotation_marks() -> None:
    (row,) = read_rows(b'path,dataset,label\r\n"a, b\nc.png",set,x\r\n')
    assert row.cells["path"] == "a, b\nc.png"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"path,dataset,label\na\x00.png,s,x\n", r"Line 2 .* NUL .* CSV UTF-8"),
        ("path,dataset,label\na.png,s,x\n".encode("utf-16-le"), r"NUL .* CSV UTF-8"),
        (b"path,dataset,label\n\x81\x8d.png,s,x\n", r"Line 2 .* no encoding .* CSV UTF-8"),
        (b"path,dataset,label\na, b.png,s,x\n", r"Line 2 .* 4 cells.* 3 columns.* a comma"),
        (b"sep=#\npath#dataset#label\na#b.png#s#x\n", r"Line 3 .* 4 cells.* 3 columns.* '#'"),
        (b'path,dataset,label\n"a.png,s,x\nb.png,s,x\n', r"quotation mark"),
        (b"path,dataset,label,Path\na.png,s,x,b.png\n", r"more than one column 'path'"),
        (b"path,dataset,label\n" + b"a" * 200_000 + b",s,x\n", r"Line 2 .* field larger"),
    ],
)
def test_what_is_no_table_is_refused_with_the_line_and_what_to_do(
    data: bytes, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "index.csv").write_bytes(data)
    with pytest.raises(DatasetError, match=complaint):
        read_index(tmp_path / "index.csv")


@pytest.mark.parametrize("mask", ["../secret.png", "/etc/passwd", "..\\secret.png"])
def test_a_mask_outside_the_folder_is_refused_as_a_path_is(mask: str, tmp_path: Path) -> None:
    draw(tmp_path / "secret.png", seed=2)
    index = in_folder(tmp_path / "set", f"path,dataset,label,mask\na.png,s,x,{mask}\n")
    with pytest.raises(DatasetError, match=r"The mask .* line 2 leads out of the index's folder"):
        read_index(index)


def test_a_mask_that_is_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    index = in_folder(tmp_path / "set", "path,dataset,label,mask\na.png,s,x,mask.png\n")
    (tmp_path / "set" / "mask.png").symlink_to(draw(tmp_path / "secret.png", seed=2))
    with pytest.raises(DatasetError, match="leads out of the index's folder"):
        read_index(index)


@pytest.mark.parametrize("path", ["..\\a.png", "C:\\Users\\a.png", "b" * 300 + ".png"])
def test_a_path_that_leads_nowhere_is_refused_and_no_other_error_is_raised(
    path: str, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=r"line 2"):
        read_index(in_folder(tmp_path, f"path,dataset,label\n{path},s,x\n"))


def test_accents_are_found_as_a_mac_and_as_others_write_them(tmp_path: Path) -> None:
    draw(tmp_path / "Mu\u0308ller.png", seed=1)
    draw(tmp_path / "Caf\u00e9.png", seed=2)
    index = in_folder(tmp_path, "path,dataset,label\nM\u00fcller.png,s,x\nCafe\u0301.png,s,x\n")
    assert all(record.path.is_file() for record in read_index(index).records)


def test_indexes_of_a_spreadsheet_are_merged_as_they_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    index = in_folder(folder, "Path;Dataset;Label;Group\r\na.png;s;x;Müller\r\n")
    assert merge_indexes([index], tmp_path / "index.csv") == 1
    (record,) = read_index(tmp_path / "index.csv").records
    assert (record.name, record.group) == ("set/a.png", "Müller")


def test_somebody_s_split_is_read_as_an_index_is(tmp_path: Path) -> None:
    records = read_index(in_folder(tmp_path, "path,dataset,label\na.png,s,x\n")).records
    (tmp_path / "split.csv").write_bytes(
        saved([["Path", "Part"], ["a.png", "test"]], separator=";", encoding="utf-16")
    )
    assert audit.read_split(tmp_path / "split.csv", records).test.tolist() == [0]
