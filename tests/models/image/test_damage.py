"""Damaged JPEG data is never read without a word, and whole data never called damaged."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from drawn.smears import draw
from models import errors
from models.image.micrograph import micrograph_from_rgb, read_micrograph
from models.image.quality import assess_quality, quality_limits
from tests.models.image_files import dicom, encoded, every_file
from tests.models.tiff_layouts import Layout, stored

RGB = draw("Pre", seed=3).rgb


def jpeg(**options: object) -> bytes:
    return encoded(Image.fromarray(RGB), "JPEG", quality=90, **options)


def scan_of(data: bytes) -> tuple[int, int]:
    """Where the samples of the last scan begin and end."""
    return data.rindex(b"\xff\xda") + 14, data.rindex(b"\xff\xd9")


def with_zeros(data: bytes, n_bytes: int, share: float = 0.5) -> bytes:
    """The file with that many bytes of its last scan zero, from a share of it on."""
    start, end = scan_of(data)
    start += int(share * (end - start))
    n_bytes = min(n_bytes, end - start)
    return data[:start] + bytes(n_bytes) + data[start + n_bytes :]


def in_dicom(data: bytes) -> bytes:
    return dicom(jpeg=data, photometric="YBR_FULL_422", Rows=RGB.shape[0], Columns=RGB.shape[1])


def cut(data: bytes, n_bytes: int) -> bytes:
    """The file without so many bytes before its end marker."""
    return data[: -2 - n_bytes] + data[-2:]


@pytest.mark.parametrize(
    "damaged",
    [
        with_zeros(jpeg(), 40),
        with_zeros(jpeg(), 40, share=0.9),
        cut(jpeg(), 12),
        cut(jpeg(progressive=True), 12),
        cut(jpeg(optimize=True), 12),
    ],
)
@pytest.mark.parametrize("wrap", [bytes, in_dicom])
def test_a_little_damage_is_said_and_makes_a_picture_usable_at_best(
    wrap: Callable[[bytes], bytes], damaged: bytes
) -> None:
    micrograph = read_micrograph(wrap(damaged))
    assert micrograph.damage is not None
    assert "JPEG data is damaged" in micrograph.damage
    limits = quality_limits("mixed")
    report = assess_quality(micrograph, limits)
    assert report.verdict in ("usable", "declined")
    assert report.reasons[-1] == report.damage == micrograph.damage
    sound = assess_quality(read_micrograph(wrap(jpeg())), limits)
    assert sound.damage is None
    assert report.reasons != sound.reasons


def test_damage_alone_makes_a_good_picture_usable() -> None:
    micrograph = read_micrograph(with_zeros(jpeg(), 40, share=0.98))
    assert micrograph.damage
    assert assess_quality(micrograph, quality_limits("mixed")).verdict == "usable"
    whole = micrograph_from_rgb(micrograph.rgb)
    assert assess_quality(whole, quality_limits("mixed")).verdict == "good"


@pytest.mark.parametrize("wrap", [bytes, in_dicom])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_much_damage_is_refused(wrap: Callable[[bytes], bytes], share: float) -> None:
    data = jpeg()
    with pytest.raises(errors.TruncatedImageError, match="damaged"):
        read_micrograph(wrap(with_zeros(data, len(data) // 20, share)))
    start, end = scan_of(data)
    with pytest.raises(errors.TruncatedImageError, match="damaged"):
        read_micrograph(wrap(cut(data, int(share * (end - start)))))


def test_damaged_jpeg_strips_in_a_tiff_are_said_or_refused(
    capfd: pytest.CaptureFixture[str],
) -> None:
    data, _ = stored(Layout(meaning="ycbcr", bits=8, compression="jpeg"))
    assert read_micrograph(data).damage is None
    start, end = scan_of(data)
    bitten = data[: end - 8] + b"\xff\xd9" + data[end - 6 :]
    micrograph = read_micrograph(bitten)
    assert micrograph.damage is not None
    with pytest.raises(errors.TruncatedImageError, match="damaged"):
        read_micrograph(data[: start + 8] + b"\xff\xd9" + data[start + 10 :])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["PNG", "TIFF big deflate"])
def test_a_changed_bit_of_deflated_data_is_refused(name: str) -> None:
    """Decoders stop at the last pixel, before the checksum."""
    data = encoded(Image.fromarray(RGB), "PNG")
    if name != "PNG":
        data = encoded(Image.fromarray(RGB), "TIFF", compression="tiff_deflate")
    assert (read_micrograph(data).rgb == RGB).all()
    for place in range(len(data) // 4, len(data) * 3 // 4, len(data) // 100):
        damaged = bytearray(data)
        damaged[place] ^= 0x10
        with pytest.raises(errors.TruncatedImageError, match="damaged"):
            read_micrograph(bytes(damaged))


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("predictor", [False, True])
def test_whole_deflated_tiffs_are_not_called_damaged(
    tiled: bool, planar: bool, predictor: bool
) -> None:
    layout = Layout(
        meaning="rgb",
        bits=8,
        compression="deflate",
        is_tiled=tiled,
        is_planar=planar,
        has_predictor=predictor,
    )
    data, expected = stored(layout)
    assert (read_micrograph(data).rgb == expected).all()


def test_libjpegs_warnings_are_noticed_in_bit_flipped_pictures() -> None:
    """A quarter of single bits is what libjpeg can notice; of lost sectors all."""
    rng = random.Random(1)  # noqa: S311 - damage, not secrets
    data = jpeg()
    start, end = scan_of(data)
    noticed = {"bit": 0, "64 bytes": 0, "sector": 0}
    for _ in range(60):
        for kind in noticed:
            damaged = bytearray(data)
            place = rng.randrange(start, end - 512)
            if kind == "bit":
                damaged[place] ^= 1 << rng.randrange(8)
            else:
                length = 64 if kind == "64 bytes" else 512
                damaged[place : place + length] = bytes(length)
            try:
                noticed[kind] += read_micrograph(bytes(damaged)).damage is not None
            except errors.TruncatedImageError:
                noticed[kind] += 1
    assert noticed["sector"] >= 58, noticed
    assert noticed["64 bytes"] >= 45, noticed
    assert noticed["bit"] >= 6, noticed


@pytest.mark.parametrize("name", [name for name in every_file() if "JPEG" in name])
def test_whole_files_of_every_kind_are_not_called_damaged(name: str) -> None:
    assert read_micrograph(every_file()[name]).damage is None


@pytest.mark.parametrize("factors", [0x111111, 0x211111, 0x221111, 0x411111, 0x121111])
def test_no_subsampling_is_called_damage(factors: int) -> None:
    options = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factors, cv2.IMWRITE_JPEG_RST_INTERVAL, 3]
    written, data = cv2.imencode(".jpg", np.ascontiguousarray(RGB[..., ::-1]), options)
    assert written
    assert read_micrograph(data.tobytes()).damage is None


def test_an_even_ground_of_zeros_is_no_damage() -> None:
    """Optimised tables may give "as before" and "end of block" codes of zeros."""
    rng = np.random.default_rng(2)
    on_black = np.zeros((512, 512, 3), np.uint8)
    on_black[:40, :40] = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    for options in ({"optimize": True}, {"progressive": True}, {}):
        data = encoded(Image.fromarray(on_black), "JPEG", **options)
        assert read_micrograph(data).damage is None
    assert bytes(32) in encoded(Image.fromarray(on_black), "JPEG", optimize=True)


def test_a_jpeg_without_its_end_marker_is_whole_where_its_samples_are() -> None:
    micrograph = read_micrograph(jpeg()[:-2])
    assert micrograph.damage is None
    assert (micrograph.rgb == read_micrograph(jpeg()).rgb).all()


def test_no_real_jpeg_is_called_damaged(data_dir: Path) -> None:
    files = sorted(data_dir.rglob("*.jpg"))[::6]
    assert len(files) >= 1000
    assert [path.name for path in files if read_micrograph(path.read_bytes()).damage] == []
