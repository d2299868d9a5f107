import os
from pathlib import Path

import pytest

from training.data.index import (
    DatasetIndex,
    ImageRecord,
    read_index,
    select_classes,
)
from training.errors import DatasetError


def write_index(folder: Path, text: str) -> Path:
    (folder / "a.png").write_bytes(b"x")
    path = folder / "index.csv"
    path.write_text(text)
    return path


def test_rows_become_records_with_paths_beside_the_index(tmp_path):
    path = write_index(tmp_path, "path,dataset,label,group\na.png,set,blast,P1\n")
    (record,) = read_index(path).records
    assert record.path == (tmp_path / "a.png").resolve()
    assert (record.dataset, record.label, record.group) == ("set", "blast", "P1")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,dataset,label\n", "lists no image"),
        ("path,label\na.png,blast\n", "lacks the columns dataset"),
        ("path,dataset,label\nmissing.png,set,blast\n", "not there"),
        ("path,dataset,label\n../a.png,set,blast\n", "leads out of the index's folder"),
        ("path,dataset,label\n/etc/passwd,set,blast\n", "leads out of the index's folder"),
    ],
)
def test_a_faulty_index_is_refused_with_what_to_do(tmp_path, text, complaint):
    with pytest.raises(DatasetError, match=complaint):
        read_index(write_index(tmp_path, text))


def test_a_missing_index_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="No such file"):
        read_index(tmp_path / "index.csv")


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(DatasetError, match="a folder or a device"):
            read_index(path)
    with pytest.raises(DatasetError, match="NUL"):
        read_index(tmp_path / "index\0.csv")


def record(name: str, dataset: str, label: str) -> ImageRecord:
    return ImageRecord(path=Path(name), name=name, dataset=dataset, label=label)


def test_classes_gather_pairs_of_dataset_and_label():
    index = DatasetIndex(
        path=Path("index.csv"),
        records=(record("1", "a", "x"), record("2", "b", "x"), record("3", "a", "y")),
        sha256="",
    )
    chosen = select_classes(index.records, {"X": ["a/x"], "Y": ["*/y"]})
    assert [(entry.name, label) for entry, label in chosen] == [("1", 0), ("3", 1)]


def test_a_class_without_images_is_refused_by_name():
    index = DatasetIndex(path=Path("index.csv"), records=(record("1", "a", "x"),), sha256="")
    with pytest.raises(DatasetError, match='class "Y"'):
        select_classes(index.records, {"X": ["a/x"], "Y": ["a/y"]})


@pytest.mark.parametrize(
    ("name", "number"), [("WBC-Benign-012.jpg", 12), ("Im007_1.jpg", 7), ("cell.png", None)]
)
def test_the_running_number_of_a_file_is_read(name, number):
    assert record(name, "a", "x").file_number == number
