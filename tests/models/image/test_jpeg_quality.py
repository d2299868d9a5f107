"""How hard a JPEG was compressed is told from its tables, and settles whether it is answered."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from drawn.smears import draw
from models.answer.loading import load_answerer
from models.image.micrograph import read_micrograph
from models.opinion import opinion_on


def saved(rgb: np.ndarray, form: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("quality", [20, 50, 75, 85, 89, 90, 95, 100])
def test_the_quality_is_the_one_that_it_was_saved_with(quality: int) -> None:
    rgb = draw("Pre", seed=1).rgb
    for pixels in (rgb, rgb[..., 0]):
        read = read_micrograph(saved(pixels, quality=quality))
        assert read.jpeg_quality is not None
        assert abs(read.jpeg_quality - quality) <= 1


def test_only_a_jpeg_file_has_one() -> None:
    rgb = draw("Pre", seed=1).rgb
    assert read_micrograph(saved(rgb, quality=80)).jpeg_quality == 80
    assert read_micrograph(saved(rgb, "PNG")).jpeg_quality is None


def test_a_tiff_of_jpeg_strips_has_one() -> None:
    rgb = draw("Pre", seed=1).rgb
    found = read_micrograph(saved(rgb, "TIFF", compression="jpeg", quality=40)).jpeg_quality
    assert found is not None
    assert abs(found - 40) <= 1
    assert read_micrograph(saved(rgb, "TIFF")).jpeg_quality is None


def test_lossy_webp_does_not_tell_and_lossless_lost_nothing() -> None:
    rgb = draw("Pre", seed=1).rgb
    assert read_micrograph(saved(rgb, "WebP", quality=80)).jpeg_quality == 0
    assert read_micrograph(saved(rgb, "WebP", lossless=True)).jpeg_quality is None
    exif = Image.Exif()
    exif[0x010E] = "a note"
    for options in ({"quality": 80}, {"lossless": True}):
        told = read_micrograph(saved(rgb, "WebP", exif=exif, **options)).jpeg_quality
        assert told == (None if "lossless" in options else 0)


def test_the_table_counts_that_brightness_is_quantized_by() -> None:
    """Tables by other numbers than libjpeg's: 2 for brightness, and 0 of ones that nothing uses."""
    rgb = draw("Pre", seed=1).rgb
    data = saved(rgb[..., 0], quality=30)
    start = data.index(b"\xff\xdb")
    length = int.from_bytes(data[start + 2 : start + 4], "big")
    assert data[start + 4] == 0
    moved = data[: start + 4] + b"\x02" + data[start + 5 :]
    sof = moved.index(b"\xff\xc0")
    assert moved[sof + 12] == 0
    moved = moved[: sof + 12] + b"\x02" + moved[sof + 13 :]
    assert read_micrograph(moved).jpeg_quality == read_micrograph(data).jpeg_quality
    decoy = b"\xff\xdb\x00\x43\x00" + b"\x01" * 64
    end = start + 2 + length
    assert abs(read_micrograph(moved[:end] + decoy + moved[end:]).jpeg_quality - 30) <= 1


def test_what_was_compressed_hard_is_not_answered(tiny_bundle: Path) -> None:
    model, rgb = load_answerer(tiny_bundle), draw("Pre", seed=1).rgb
    kept = opinion_on(read_micrograph(saved(rgb, quality=90)), model)
    assert kept.decision == "answered"
    untold = opinion_on(read_micrograph(saved(rgb, "WebP", quality=95)), model)
    assert untold.decision == "unproven"
    assert "does not tell how hard" in untold.reason
    hard = opinion_on(read_micrograph(saved(rgb, quality=80)), model)
    assert hard.decision == "unproven"
    assert "JPEG quality of about 80" in hard.reason
    assert hard.prediction.top_class in range(4)


def test_the_images_of_the_model_that_answers_are_of_95(data_dir: Path) -> None:
    smears = sorted((data_dir / "taleghani_all").rglob("*.jpg"))[::150]
    assert smears
    assert {read_micrograph(each.read_bytes()).jpeg_quality for each in smears} == {95}
