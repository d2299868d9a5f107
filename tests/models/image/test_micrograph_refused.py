"""What cannot become a micrograph is refused with its own clear error."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from pydicom.uid import RLELossless

from models import errors
from models.image.formats.container import IntakeLimits
from models.image.micrograph import Micrograph, micrograph_from_rgb, read_micrograph
from tests.models.image_files import (
    HEIGHT,
    READABLE,
    WIDTH,
    dicom,
    encoded,
    every_file,
    peak_memory_below,
    picture,
)

ANIMATED = ["PNG animated", "WebP animated", "GIF animated"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
        (b"\xef\xbb\xbf\n<html>", "web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        (b"%PDF-1.7\n", "PDF"),
        (b"patient;result\nx;y\n", "text"),
        (b"MZ" + bytes(100), "program"),
        (bytes(range(256)) * 4, "unknown kind"),
        (b"BMW is a car, not a bitmap", "text"),
        (b"\0\0\0\x18ftypmp42" + bytes(40), "video"),
    ],
)
def test_other_files_are_named_for_what_they_are(data: bytes, what: str) -> None:
    with pytest.raises(errors.NotAnImageError, match=what):
        read_micrograph(data)


@pytest.mark.parametrize("name", ANIMATED)
def test_animations_are_refused_as_such(name: str) -> None:
    with pytest.raises(errors.AnimatedImageError, match="one still image"):
        read_micrograph(every_file()[name])


def test_dicom_of_several_frames_is_refused_as_such() -> None:
    with pytest.raises(errors.AnimatedImageError, match="3 frames"):
        read_micrograph(dicom(np.stack([picture()] * 3), NumberOfFrames=3))


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x1cftypheic" + bytes(40),
        b"8BPS" + bytes(40),
        b"ZISRAWFILE" + bytes(40),
        b"P6 64 64 255 " + bytes(64 * 64 * 3),
    ],
)
def test_images_of_unread_kinds_say_what_to_export(data: bytes) -> None:
    with pytest.raises(errors.UnsupportedImageError, match="Export the image as PNG or TIFF"):
        read_micrograph(data)


def test_unread_variants_of_known_formats_are_unsupported_not_damaged() -> None:
    variants = {
        "GIF": every_file()["GIF"],
        "float TIFF": every_file()["TIFF float"],
        "32-bit TIFF": encoded(Image.fromarray(picture()).convert("I"), "TIFF"),
        "LAB TIFF": encoded(Image.fromarray(picture()).convert("LAB"), "TIFF"),
        "palette DICOM": dicom(picture()[..., 0].copy(), "PALETTE COLOR"),
    }
    rle = bytearray(dicom())
    native, packed = b"1.2.840.10008.1.2.1\0", str(RLELossless).encode().ljust(20, b"\0")
    variants["RLE DICOM"] = bytes(rle.replace(native, packed))
    for name, data in variants.items():
        with pytest.raises(errors.UnsupportedImageError):
            pytest.fail(f"{name} was read: {read_micrograph(data)}")


def test_variants_are_named_in_their_refusal() -> None:
    png = every_file()["PNG"]
    apples = png[:8] + _png_chunk(b"CgBI", bytes(4)) + png[8:]
    named = {"Apple's own variant": apples}
    for number, name in ((1, "run-length"), (4, "JPEG"), (5, "PNG"), (9, "unknown")):
        bmp = bytearray(every_file()["BMP"])
        struct.pack_into("<I", bmp, 30, number)
        named[rf"{name} compression \({number}\)"] = bytes(bmp)
    for number, name in ((6, "JPEG as before 1995"), (34712, "JPEG 2000"), (50001, "WebP")):
        named[rf"{name} compression \({number}\)"] = _tiff_with(259, 3, 1, number)
    for reason, data in named.items():
        with pytest.raises(errors.UnsupportedImageError, match=reason):
            read_micrograph(data)


def test_empty_file_is_refused() -> None:
    with pytest.raises(errors.EmptyFileError):
        read_micrograph(b"")


@pytest.mark.parametrize("name", [*READABLE, "JPEG CMYK", "BMP palette", "TIFF grey 16-bit"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_files_are_refused_as_such(name: str, share: float) -> None:
    data = every_file()[name]
    with pytest.raises(errors.TruncatedImageError, match=r"(Copy|Export) it again"):
        read_micrograph(data[: int(len(data) * share)])


def test_single_pixels_and_thumbnails_are_too_small() -> None:
    for size in ((1, 1), (31, 400), (400, 31)):
        with pytest.raises(errors.TooSmallError, match="32"):
            read_micrograph(encoded(Image.new("RGB", size)))
    assert read_micrograph(encoded(Image.new("RGB", (32, 32)))).rgb.shape == (32, 32, 3)


def test_more_bytes_than_the_limit_are_refused_before_anything_is_looked_at() -> None:
    with pytest.raises(errors.FileTooLargeError):
        read_micrograph(bytes(2000), IntakeLimits(max_bytes=1999))


def _png_declaring(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + _png_chunk(b"IEND", b"")
    )


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _patched(data: bytes, offset: int, code: str, *values: int) -> bytes:
    patched = bytearray(data)
    struct.pack_into(code, patched, offset, *values)
    return bytes(patched)


def _tiff_with(tag: int, kind: int, count: int, value: int) -> bytes:
    """The TIFF with one entry of its first directory replaced."""
    data = every_file()["TIFF LZW"]
    (offset,) = struct.unpack_from("<I", data, 4)
    (n_entries,) = struct.unpack_from("<H", data, offset)
    for position in range(offset + 2, offset + 2 + 12 * n_entries, 12):
        if struct.unpack_from("<H", data, position)[0] == tag:
            return _patched(data, position, "<HHII", tag, kind, count, value)
    raise AssertionError(f"The drawn TIFF has no tag {tag}.")


def test_declared_bombs_are_refused_before_decoding() -> None:
    jpeg = every_file()["JPEG progressive"]
    bombs = {
        "PNG": _png_declaring(100_000, 100_000),
        "JPEG": _patched(jpeg, jpeg.index(b"\xff\xc2") + 5, ">HH", 65_000, 65_000),
        "BMP": _patched(every_file()["BMP"], 18, "<ii", 100_000, -100_000),
        "WebP": _patched(every_file()["WebP"], 24, "<HBHB", 0xFFFF, 0, 0xFFFF, 0),
        "TIFF": _tiff_with(256, 4, 1, 4_000_000_000),
        "DICOM": dicom(Rows=60_000, Columns=60_000),
    }
    with peak_memory_below(20_000_000):
        for name, data in bombs.items():
            with pytest.raises(errors.TooManyPixelsError, match="million"):
                pytest.fail(f"{name} was read: {read_micrograph(data)}")


def test_pixel_limit_is_the_one_given() -> None:
    limits = IntakeLimits(max_pixels=HEIGHT * WIDTH - 1)
    with pytest.raises(errors.TooManyPixelsError):
        read_micrograph(every_file()["PNG"], limits)
    assert read_micrograph(every_file()["PNG"], IntakeLimits(max_pixels=HEIGHT * WIDTH))


def test_jpeg_inside_dicom_cannot_be_larger_than_declared() -> None:
    larger = encoded(Image.new("RGB", (2000, 2000)), "JPEG")
    with pytest.raises(errors.TruncatedImageError):
        read_micrograph(dicom(photometric="YBR_FULL_422", jpeg=larger))


def test_compressed_text_in_a_png_is_dropped_unread() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("comment", "0" * 80_000_000, zip=True)
    bomb = encoded(pnginfo=info, icc_profile=bytes(10_000_000))
    assert len(bomb) < 200_000
    with peak_memory_below(5_000_000):
        micrograph = read_micrograph(bomb)
    assert (micrograph.rgb == picture()).all()


@pytest.mark.parametrize(
    ("tag", "kind", "count", "value"),
    [(273, 4, 900_000_000, 8), (322, 4, 1, 2_000_000_000), (279, 4, 2_000_000, 8)],
    ids=["strips beyond the file", "a tile beyond memory", "millions of strips"],
)
def test_tiff_directories_that_ask_for_too_much_are_damaged(
    tag: int, kind: int, count: int, value: int
) -> None:
    if tag == 322:
        data = _tiff_with(278, 4, 1, value)
        data = data.replace(struct.pack("<HH", 278, 4), struct.pack("<HH", 322, 4))
    else:
        data = _tiff_with(tag, kind, count, value)
    with pytest.raises(errors.TruncatedImageError, match="damaged"):
        read_micrograph(data)


def test_jpeg_of_a_thousand_scans_is_refused() -> None:
    data = every_file()["JPEG progressive"]
    scan = data[data.rindex(b"\xff\xda") : data.rindex(b"\xff\xd9")]
    with pytest.raises(errors.UnsupportedImageError, match="scans"):
        read_micrograph(data[:-2] + scan * 1000 + b"\xff\xd9")


def test_pixels_given_are_copied_and_frozen() -> None:
    rgb = picture().copy()
    micrograph = micrograph_from_rgb(rgb, um_per_px=0.1)
    rgb[:] = 0
    assert (micrograph.rgb == picture()).all()
    assert micrograph.sha256 == hashlib.sha256(picture().tobytes()).hexdigest()
    assert micrograph.um_per_px == 0.1
    with pytest.raises(ValueError, match="read-only"):
        micrograph.rgb[0, 0, 0] = 1


@pytest.mark.parametrize(
    "wrong", [np.zeros((40, 40), np.uint8), np.zeros((40, 40, 4), np.uint8), np.zeros((40, 40, 3))]
)
def test_pixels_of_another_shape_or_type_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(errors.MicrographError, match="8-bit RGB"):
        micrograph_from_rgb(wrong)
    with pytest.raises(errors.MicrographError):
        Micrograph(rgb=wrong, sha256="")


def test_real_images_come_through_unchanged(data_dir: Path) -> None:
    for path in sorted((data_dir / "c_nmc").rglob("*.webp"))[:3]:
        micrograph = read_micrograph(path.read_bytes())
        with Image.open(path) as image:
            assert (micrograph.rgb == np.asarray(image.convert("RGB"))).all()
        assert micrograph.notes == ()
