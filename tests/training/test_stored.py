"""Tables and records: written whole, kept from being mixed up."""

import csv
import os

import numpy as np
import pytest

from tests.models.test_files import files_at_most
from training.errors import DatasetError
from training.stored import claim_folder, read_or_make, write_array, write_table


def test_a_table_has_the_columns_of_every_row(tmp_path):
    write_table(tmp_path / "deep" / "table.csv", [{"a": 1, "b": "x, y"}, {"a": 2, "c": 0.5}])
    with (tmp_path / "deep" / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"a": "1", "b": "x, y", "c": ""}, {"a": "2", "b": "", "c": "0.5"}]
    assert [entry.name for entry in (tmp_path / "deep").iterdir()] == ["table.csv"]


def test_what_is_stored_is_not_made_again(tmp_path):
    assert read_or_make(tmp_path / "x.json", lambda: {"value": 1}) == {"value": 1}
    assert read_or_make(tmp_path / "x.json", lambda: {"value": 2}) == {"value": 1}


def test_a_value_that_json_cannot_hold_leaves_no_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        read_or_make(tmp_path / "x.json", lambda: float("nan"))
    assert not list(tmp_path.iterdir())


def test_an_array_that_does_not_fit_on_the_disk_leaves_the_one_before_and_nothing_else(tmp_path):
    path = tmp_path / "deep" / "x.npy"
    write_array(path, np.arange(3))
    with files_at_most(1000), pytest.raises(OSError, match=r"written|large"):
        write_array(path, np.arange(5000))
    assert np.load(path).tolist() == [0, 1, 2]
    assert os.listdir(path.parent) == ["x.npy"]


def test_a_folder_is_continued_for_the_same_purpose_alone(tmp_path):
    claim_folder(tmp_path / "study", {"index": "abc", "sizes": (1, 2)})
    claim_folder(tmp_path / "study", {"index": "abc", "sizes": (1, 2)})
    with pytest.raises(DatasetError, match="index"):
        claim_folder(tmp_path / "study", {"index": "other", "sizes": (1, 2)})
