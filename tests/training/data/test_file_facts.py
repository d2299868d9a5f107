"""What a header says is read from real files."""

import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from training.data.file_facts import ImageFacts, read_facts
from training.data.index import ImageRecord
from training.data.inspection import inspect
from training.data.pictures import read_rgb
from training.errors import DatasetError

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8))


def facts(path: Path) -> ImageFacts:
    record = ImageRecord(path=path, name=path.name, dataset="d", label="x")
    return read_facts([record], np.zeros((1, 256), bool))[0]


def test_two_qualities_of_jpeg_are_told_apart(tmp_path: Path) -> None:
    for quality in (75, 92):
        PICTURE.save(tmp_path / f"{quality}.jpg", quality=quality)
    low, high = facts(tmp_path / "75.jpg"), facts(tmp_path / "92.jpg")
    assert low.format == high.format == "JPEG"
    assert low.marks != high.marks
    assert all(mark.startswith("JPEG tables") for mark in low.marks ^ high.marks)


def test_a_picture_on_its_side_has_the_size_that_a_reader_sees(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x0110] = "Camera X"
    PICTURE.save(tmp_path / "a.jpg", exif=exif)
    found = facts(tmp_path / "a.jpg")
    assert (found.width, found.height) == (40, 60)
    assert "EXIF Model Camera X" in found.marks


def test_the_format_is_that_of_the_bytes_not_of_the_name(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert facts(tmp_path / "a.jpg").format == "PNG"


def test_a_jpeg_after_megabytes_of_metadata_is_a_jpeg_without_marks(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.jpg")
    data = (tmp_path / "a.jpg").read_bytes()
    notes = b"\xff\xe1\x10\x00Exif\0\0" + bytes(0x1000 - 8)
    (tmp_path / "a.jpg").write_bytes(data[:2] + notes * 8000 + data[2:])
    began = time.process_time()
    found = facts(tmp_path / "a.jpg")
    took_s = time.process_time() - began
    assert (found.format, found.width, found.height) == ("JPEG", 60, 40)
    assert found.marks == frozenset()
    assert took_s < 5  # 32 MB: each segment joined to those before it would take a minute


def test_damaged_exif_ends_neither_a_run_nor_a_check(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "whole.png", dpi=(72, 72))
    data = (tmp_path / "whole.png").read_bytes()
    body = b"eXIf" + b"no directory at all"
    chunk = (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    with Image.open(tmp_path / "a.png") as image, pytest.raises(SyntaxError):
        image.getexif()
    whole, damaged = facts(tmp_path / "whole.png"), facts(tmp_path / "a.png")
    assert (damaged.width, damaged.height, damaged.format) == (60, 40, "PNG")
    assert whole.marks <= damaged.marks


def test_what_a_check_finds_of_a_file_is_what_a_run_finds(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    PICTURE.save(tmp_path / "a.jpg", exif=exif, quality=80)
    PICTURE.convert("L").save(tmp_path / "b.png", dpi=(72, 72))
    PICTURE.save(tmp_path / "c.bmp")
    for name in ("a.jpg", "b.png", "c.bmp"):
        record = ImageRecord(path=tmp_path / name, name=name, dataset="d", label="x")
        (checked,) = inspect([record])
        assert isinstance(checked, ImageFacts)
        (run,) = read_facts([record], checked.hash_bits[np.newaxis])
        assert (run.sha256, run.width, run.height, run.format, run.marks) == (
            checked.sha256,
            checked.width,
            checked.height,
            checked.format,
            checked.marks,
        )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.png"):
        facts(tmp_path / "gone.png")


def test_a_picture_that_cannot_be_read_is_named_as_the_index_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    for name, reason in (("gone.png", "No such file or directory"), ("a.png", "image")):
        record = ImageRecord(path=tmp_path / name, name=f"b/{name}", dataset="d", label="x")
        for read in (read_rgb, lambda each: read_facts([each], np.zeros((1, 256), bool))):
            with pytest.raises(DatasetError, match=rf"b/{name} of the index .*{reason}") as refusal:
                read(record)
            assert str(tmp_path) not in str(refusal.value)


def test_the_size_is_that_of_the_picture_and_not_of_the_thumbnail_before_it(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(np.zeros((32, 33, 3), np.uint8), photometric="rgb", subfiletype=1)
        writer.write(np.asarray(PICTURE), photometric="rgb")
    found = facts(tmp_path / "a.tif")
    assert (found.format, found.width, found.height) == ("TIFF", 60, 40)


def test_a_tiff_on_its_side_has_the_size_that_a_reader_sees(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "a.tif", tiffinfo={274: 6})
    found = facts(tmp_path / "a.tif")
    assert (found.width, found.height) == (40, 60)
    record = ImageRecord(path=tmp_path / "a.tif", name="a.tif", dataset="d", label="x")
    assert read_rgb(record).shape == (60, 40, 3)
