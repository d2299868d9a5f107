"""A run's answers, image by image, come back as they were written."""

from pathlib import Path

import numpy as np
import pytest

from training.data.index import ImageRecord
from training.errors import DatasetError
from training.judge.predictions import (
    FILE,
    Predictions,
    read_predictions,
    write_predictions,
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    names = ["a, b.png", "c.png", "d.png", "e.png"]
    records = [
        ImageRecord(path=tmp_path / name, name=name, dataset="d", label="x", group="")
        for name in names
    ]
    write_predictions(
        tmp_path,
        classes=("blast", "normal"),
        records=records,
        groups=np.array([3, 3, 1, 2]),
        labels=np.array([0, 1, 1, 1]),
        folds=np.array([0, 0, 1, 1]),
        probabilities=np.array([[0.9, 0.1], [0.3, 0.7], [0.99, 0.01], [0.6, 0.4]]),
    )
    return tmp_path


def test_what_was_written_comes_back(written: Path) -> None:
    found = read_predictions(written)
    assert found.classes == ("blast", "normal")
    assert found.paths == ("a, b.png", "c.png", "d.png", "e.png")
    assert found.labels.tolist() == [0, 1, 1, 1]
    assert found.groups == ("3", "3", "1", "2")
    assert found.probabilities[2].tolist() == [0.99, 0.01]


def test_a_cell_of_the_confusion_matrix_leads_to_its_images(written: Path) -> None:
    found = read_predictions(written)
    assert found.in_cell(truth=1, answer=0).tolist() == [2, 3]
    assert found.in_cell(truth=0, answer=0).tolist() == [0]
    assert found.in_cell(truth=0, answer=1).tolist() == []


def test_the_surest_mistake_comes_first(written: Path) -> None:
    found: Predictions = read_predictions(written)
    assert found.surest_mistakes(1).tolist() == [2]
    assert found.surest_mistakes(9).tolist() == [2, 3]


@pytest.mark.parametrize("text", ["", "path,dataset\n", "path,dataset,group,truth,fold,x\na,b,c\n"])
def test_a_broken_file_is_a_clear_error(written: Path, text: str) -> None:
    (written / FILE).write_text(text)
    with pytest.raises(DatasetError, match="Run the recipe again"):
        read_predictions(written)
