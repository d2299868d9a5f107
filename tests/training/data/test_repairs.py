"""Repairs of an index: a new one beside the old, with what was wrong put right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.test_files import files_at_most
from tests.training.data.releases import draw
from training.audits.data_report import DataReport, report_on
from training.data.index import DatasetIndex, read_index
from training.data.inspection import inspect
from training.data.repairs import repair_index
from training.errors import DatasetError


@pytest.fixture
def index(tmp_path: Path) -> Iterator[DatasetIndex]:
    """Thirty numbered files of two labels, a copy of one, and one that is no image."""
    rows = ["Path;Dataset;Label;Group;=Stain"]
    for number in range(30):
        draw(tmp_path / f"cell-{number:03d}.png", seed=number)
        group = "P1" if number == 0 else ""
        rows.append(f"cell-{number:03d}.png;set;{'AB'[number % 2]};{group};Giemsa")
    shutil.copy(tmp_path / "cell-004.png", tmp_path / "copy.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    rows += ["copy.png;set;A;;", "bad.png;set;B;;"]
    path = tmp_path / "index.csv"
    path.write_text("\r\n".join(rows), encoding="utf-16")
    before = path.read_bytes()
    yield read_index(path)
    assert path.read_bytes() == before


def checked(path: Path) -> DataReport:
    records = read_index(path).records
    return report_on(records, inspect(records))


def test_copies_are_dropped_but_for_the_first(index: DatasetIndex) -> None:
    repaired = repair_index(index, "copies")
    assert repaired.index == index.path.with_name("index-without-copies.csv")
    assert repaired.done == "Dropped: 1 of 32 rows, copies of others."
    heading = repaired.index.read_text().splitlines()[0]
    assert heading == "path,dataset,label,group,'=stain"  # which no spreadsheet works out
    assert checked(index.path).exact_duplicates == (("cell-004.png", "copy.png"),)
    assert not checked(repaired.index).exact_duplicates
    assert len(read_index(repaired.index).records) == 31
    with pytest.raises(DatasetError, match="nothing to repair"):
        repair_index(read_index(repaired.index), "copies")


def test_a_copy_with_another_label_stays_for_a_person_to_decide(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", seed=1)
    (tmp_path / "index.csv").write_text("path,dataset,label\na.png,s,x\na.png,s,y\n")
    with pytest.raises(DatasetError, match="nothing to repair"):
        repair_index(read_index(tmp_path / "index.csv"), "copies")


def test_unreadable_files_are_dropped(index: DatasetIndex) -> None:
    repaired = repair_index(index, "unreadable")
    assert [each.name for each in checked(index.path).unreadable] == ["bad.png"]
    assert not checked(repaired.index).unreadable


def test_neighbouring_numbers_become_groups_and_known_groups_stay(index: DatasetIndex) -> None:
    repaired = repair_index(index, "blocks")
    groups = {record.name: record.group for record in read_index(repaired.index).records}
    assert groups["cell-000.png"] == "P1"
    assert groups["cell-002.png"] == groups["cell-018.png"] == "A block 0"
    assert groups["cell-019.png"] == "B block 0"
    assert groups["cell-020.png"] == "A block 1"
    assert groups["copy.png"] == ""  # it has no number
    assert repaired.done == "29 images without a group are in 4 groups of neighbours."
    assert "Giemsa" in repaired.index.read_text("utf-8")


def test_no_file_is_overwritten(index: DatasetIndex) -> None:
    first, second = (repair_index(index, "blocks").index for _ in range(2))
    assert (first.name, second.name) == ("index-with-blocks.csv", "index-with-blocks-2.csv")


def test_a_full_disk_leaves_no_half_of_an_index(index: DatasetIndex) -> None:
    with files_at_most(20), pytest.raises(DatasetError, match="Make room"):
        repair_index(index, "blocks")
    assert [path.name for path in index.path.parent.glob("*.csv*")] == ["index.csv"]
