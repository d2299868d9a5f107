"""Every file of tests/cases is read as the picture that it holds, or refused for what it is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models import errors
from models.image.micrograph import read_micrograph

CASES = Path(__file__).resolve().parents[3] / "tests" / "cases"
NEARLY = 3.0  # mean difference of 255 that a JPEG of the picture may have

READ = {
    "07_tiff_16bit_grey_white_is_zero.tif": "grey",
    "08_jpeg_then_video_with_120_FFDA.jpg": "nearly",
    "10_dicom_jpeg_planar_configuration_1.dcm": "nearly",
    "11_dicom_jpeg_rgb_without_adobe_marker.dcm": "nearly",
    "13_bmp32_v5_alpha_all_zero.bmp": "the same",
    "reference.png": "the same",
}
REFUSED: dict[str, tuple[type[errors.MicrographError], str]] = {
    "01_tiff_16bit_planar_uncompressed.tif": (
        errors.UnsupportedImageError,
        "3 samples of 16 bits a pixel as RGB, each in a plane of its own, a layout that is not",
    ),
    "03_nef_first_ifd_is_thumbnail.tif": (errors.UnsupportedImageError, "a camera's RAW file"),
    "05_imagej_composite_rgb_in_3_pages.tif": (
        errors.UnsupportedImageError,
        "colours in separate pages",
    ),
    "09_jpeg_second_half_zeros.jpg": (errors.TruncatedImageError, "is damaged"),
    "14_tiff_webp.tif": (errors.UnsupportedImageError, r"WebP compression \(50001\)"),
    "15_jpeg_ls.jls": (errors.UnsupportedImageError, "a JPEG-LS image"),
    "17_jpeg_of_fill_bytes.jpg": (errors.TruncatedImageError, "ends early or is damaged"),
    "19_tiff_that_libtiff_talks_about.tif": (errors.TruncatedImageError, "is damaged"),
}
OF_ARCHIVES = {"18_archive_with_a_hole.zip"}


def reference() -> Image.Image:
    with Image.open(CASES / "reference.png") as image:
        return image.convert("RGB")


@pytest.mark.parametrize("name", READ)
def test_the_case_is_read_as_its_picture(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    micrograph = read_micrograph((CASES / name).read_bytes())
    expected = np.asarray(reference())
    if READ[name] == "grey":
        expected = np.asarray(reference().convert("L").convert("RGB"))
    difference = np.abs(micrograph.rgb.astype(int) - expected)
    assert difference.mean() < NEARLY
    assert READ[name] == "nearly" or difference.max() <= 1
    assert micrograph.damage is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", REFUSED)
def test_the_case_is_refused_for_what_it_is(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    error, reason = REFUSED[name]
    with pytest.raises(error, match=reason):
        read_micrograph((CASES / name).read_bytes())
    assert capfd.readouterr() == ("", "")


def test_every_case_is_tested_and_described() -> None:
    files = {path.name for path in CASES.iterdir()} - {"README.md", "data"}
    assert files - OF_ARCHIVES == READ.keys() | REFUSED.keys()
    described = (CASES / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\d\d_\S+) \|", described, re.MULTILINE)) == files - {
        "reference.png"
    }
