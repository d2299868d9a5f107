"""What a header says is read from real files: no picture is needed to tell two programs apart."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import DatasetError
from training.audits.file_headers import FileHeader, read_headers
from training.datasets.index import ImageRecord

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))


def header(path: Path) -> FileHeader:
    record = ImageRecord(path=path, name=path.name, dataset="d", label="x")
    return read_headers([record], np.zeros((1, 256), bool))[0]


def test_two_qualities_of_jpeg_are_told_apart(tmp_path: Path) -> None:
    for quality in (75, 92):
        PICTURE.save(tmp_path / f"{quality}.jpg", quality=quality)
    low, high = header(tmp_path / "75.jpg"), header(tmp_path / "92.jpg")
    assert low.facts.format == high.facts.format == "JPEG"
    assert low.marks != high.marks
    assert all(mark.startswith("JPEG tables") for mark in low.marks ^ high.marks)


def test_a_picture_on_its_side_has_the_size_that_a_reader_sees(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0110] = "Camera X"
    PICTURE.save(tmp_path / "a.jpg", exif=exif)
    found = header(tmp_path / "a.jpg")
    assert (found.facts.width, found.facts.height) == (40, 60)
    assert "EXIF Model Camera X" in found.marks


def test_the_format_is_that_of_the_bytes_not_of_the_name(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert header(tmp_path / "a.jpg").facts.format == "PNG"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.png"):
        header(tmp_path / "gone.png")
