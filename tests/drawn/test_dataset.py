"""Drawn datasets load like any other; the statistics behind them are the real classes'."""

from __future__ import annotations

import argparse
import csv
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from drawn import dataset
from drawn.dataset import COLUMNS, write_synthetic_dataset
from drawn.errors import DrawingError
from drawn.segmentation import nucleated_cells, split_touching
from drawn.smears import CAPTION, SMEAR_CLASSES, DrawnSmear
from drawn.statistics import measure_index, read_statistics
from training.cli import synthetic, synthetic_statistics
from training.data.index import read_index
from training.errors import DatasetError


def test_two_touching_nuclei_are_counted_as_two() -> None:
    rgb = np.full((224, 224, 3), (250, 250, 245), np.uint8)
    for x in (80, 102):
        cv2.circle(rgb, (x, 100), 12, (120, 70, 190), -1, cv2.LINE_AA)
    labels = split_touching(nucleated_cells(rgb), smallest_px=8)
    assert labels.max() == 2
    areas = np.bincount(labels.ravel())[1:]
    assert np.sqrt(4 * areas / np.pi) == pytest.approx([24, 24], abs=1.5)


def test_drawn_dataset_loads_as_an_index_whose_hashes_match(tmp_path: Path) -> None:
    index = write_synthetic_dataset(
        tmp_path / "drawn", labels=("Pro", "blast-cutout"), n_per_label=5, seed=2
    )
    with index.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert {row["label"] for row in rows} == {"Pro", "blast"}
    assert {(row["dataset"], row["group_kind"], row["note"]) for row in rows} == {
        ("synthetic", "patient", "drawn")
    }
    assert len({row["group"] for row in rows}) == 4  # of five pictures, four are one patient's
    for record in read_index(index).records:
        assert hashlib.sha256(record.path.read_bytes()).hexdigest() == record.sha256
        with Image.open(record.path) as picture:
            assert picture.info["Description"] == CAPTION
        assert record.mask is not None
        mask = np.asarray(Image.open(record.mask))
        assert set(np.unique(mask)) <= {0, 128, 255}
        assert 255 in mask


def test_drawn_dataset_is_the_same_for_the_same_seed_only(tmp_path: Path) -> None:
    def content(name: str, seed: int) -> str:
        index = write_synthetic_dataset(
            tmp_path / name, labels=("blast",), n_per_label=1, seed=seed
        )
        return index.read_text(encoding="utf-8")

    assert content("a", 0) == content("b", 0) != content("c", 1)


def test_drawn_dataset_spares_a_folder_in_use_and_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("theirs")
    with pytest.raises(DrawingError, match="in use"):
        write_synthetic_dataset(tmp_path / "used", labels=("Pro",), n_per_label=1, seed=0)

    def fail(*_: object, **__: object) -> DrawnSmear:
        raise RuntimeError

    monkeypatch.setattr(dataset, "draw", fail)
    with pytest.raises(RuntimeError):
        write_synthetic_dataset(tmp_path / "new", labels=("Pro",), n_per_label=1, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["used"]


@pytest.mark.parametrize(
    ("labels", "n", "seed"),
    [((), 1, 0), (("Late",), 1, 0), (("Pro", "Pro"), 1, 0), (("Pro",), 0, 0)],
)
def test_drawn_dataset_refuses_what_it_cannot_draw(
    tmp_path: Path, labels: tuple[str, ...], n: int, seed: int
) -> None:
    with pytest.raises(DrawingError, match="Expected"):
        write_synthetic_dataset(tmp_path / "drawn", labels=labels, n_per_label=n, seed=seed)


def test_command_line_draws_a_dataset(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    synthetic.add_arguments(parser)
    words = ["--out", str(tmp_path / "drawn"), "--labels", "blast", "--n", "2"]
    assert synthetic.main(parser.parse_args(words)) == 0
    assert len(read_index(tmp_path / "drawn" / "index.csv").records) == 2


def test_statistics_are_there_for_every_class_and_name_their_source() -> None:
    statistics = read_statistics()
    assert set(statistics) == set(SMEAR_CLASSES)
    assert all(entry.n_images >= 90 for entry in statistics.values())
    assert all(np.isfinite(entry.colour_mean).all() for entry in statistics.values())


def test_missing_statistics_are_refused_with_the_command_that_writes_them(tmp_path: Path) -> None:
    with pytest.raises(DrawingError, match="synthetic-statistics"):
        read_statistics(tmp_path / "none.json")


def test_measuring_real_images_gives_the_stored_statistics(data_dir: Path) -> None:
    stored = read_statistics()
    found = measure_index(data_dir / "index.csv", max_per_class=6, seed=0)
    for label, entry in found.items():
        spread = np.sqrt(np.diag(stored[label].colour_covariance))
        known = np.isfinite(entry.colour_mean)
        away = np.abs(entry.colour_mean - stored[label].colour_mean)[known]
        assert (away < 2 + 2.5 * spread[known]).all(), label


def test_statistics_written_from_the_command_line_are_read_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = read_statistics()
    monkeypatch.setattr(synthetic_statistics, "measure_index", lambda *_, **__: stored)
    (tmp_path / "index.csv").write_text("path\n")
    out = tmp_path / "statistics.json"
    parser = argparse.ArgumentParser()
    synthetic_statistics.add_arguments(parser)
    words = ["--index", str(tmp_path / "index.csv"), "--out", str(out)]
    assert synthetic_statistics.main(parser.parse_args(words)) == 0
    again = read_statistics(out)
    assert again["Pre"].numbers == stored["Pre"].numbers
    assert np.array_equal(again["Pre"].colour_covariance, stored["Pre"].colour_covariance)


def test_statistics_of_too_few_images_are_not_written(tmp_path: Path, data_dir: Path) -> None:
    parser = argparse.ArgumentParser()
    synthetic_statistics.add_arguments(parser)
    out = tmp_path / "statistics.json"
    words = ["--index", str(data_dir / "index.csv"), "--out", str(out), "--max-per-class", "1"]
    with pytest.raises(DatasetError, match="more images"):
        synthetic_statistics.main(parser.parse_args(words))
    assert not out.exists()


def test_a_folder_that_somebody_filled_meanwhile_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all = dataset._write_all

    def with_a_faster_rival(part: Path, *rest: object) -> None:
        write_all(part, *rest)
        (tmp_path / "set").mkdir()
        (tmp_path / "set" / "index.csv").write_text("theirs")

    monkeypatch.setattr(dataset, "_write_all", with_a_faster_rival)
    with pytest.raises(DrawingError, match="in use"):
        write_synthetic_dataset(tmp_path / "set", labels=("Benign",), n_per_label=1, seed=1)
    assert (tmp_path / "set" / "index.csv").read_text() == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
