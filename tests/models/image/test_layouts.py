"""Whatever the layout of its samples, a file is read as its picture or refused as not read."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from io import BytesIO

import numpy as np
import pytest
import tifffile
from PIL import Image
from pydicom.uid import ImplicitVRLittleEndian, JPEGLSLossless

from models import errors
from models.image.micrograph import read_micrograph
from tests.models.image_files import (
    HEIGHT,
    WIDTH,
    dicom,
    encoded,
    encoded_16_bit,
    picture,
    picture_16_bit,
)
from tests.models.tiff_layouts import COMPRESSIONS, MEANINGS, Layout, layouts, stored

ALL = list(layouts())
# Whoever refuses everything reads nothing wrongly: these have to be read.
READ = [
    *(
        Layout(meaning=meaning, bits=bits, order=order, compression=compression)
        for meaning in ("rgb", "rgb and alpha", "grey", "white is zero")
        for bits in (8, 12, 16)
        for order in "<>"
        for compression in ("none", "lzw", "deflate")
    ),
    *(Layout(meaning=meaning, bits=8, compression="jpeg") for meaning in ("rgb", "ycbcr", "grey")),
    *(
        Layout(meaning="rgb", bits=8, is_planar=True, compression=compression)
        for compression in ("none", "lzw", "deflate", "packbits")
    ),
    Layout(meaning="palette", bits=8),
    Layout(meaning="cmyk", bits=8),
    Layout(meaning="cmyk", bits=16),
    Layout(meaning="rgb and associated alpha", bits=8),
    Layout(meaning="rgb and something", bits=12),
    Layout(meaning="grey", bits=1, is_packed=True),
]


def difference(rgb: np.ndarray, expected: np.ndarray) -> np.ndarray:
    assert rgb.shape == expected.shape
    return np.abs(rgb.astype(int) - expected)


def outcome(layout: Layout) -> str:
    """What became of the picture in that layout: "read" as it is, "refused" or "wrong"."""
    data, expected = stored(layout)
    try:
        rgb = read_micrograph(data).rgb
    except errors.UnsupportedImageError:
        return "refused"
    off = difference(rgb, expected)
    # JPEG is not exact, and 4 bits and fewer were rounded when they were written.
    is_right = off.mean() < 6 if layout.compression == "jpeg" else off.max() <= 2
    return "read" if is_right else "wrong"


@pytest.mark.slow
def test_a_tiff_of_any_layout_is_read_right_or_refused_as_such(
    capfd: pytest.CaptureFixture[str],
) -> None:
    outcomes = {str(layout): outcome(layout) for layout in ALL}
    assert [name for name, found in outcomes.items() if found == "wrong"] == []
    assert Counter(outcomes.values())["read"] > len(ALL) / 3
    assert {layout.meaning for layout in ALL} == MEANINGS.keys()
    assert {layout.compression for layout in ALL} == COMPRESSIONS.keys()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("layout", READ, ids=str)
def test_a_tiff_of_a_usual_layout_is_read(layout: Layout) -> None:
    assert outcome(layout) == "read"


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("meaning", ["rgb", "grey", "white is zero", "palette", "rgb and alpha"])
def test_the_drawn_tiffs_are_what_tifffile_reads(meaning: str, order: str) -> None:
    data, _ = stored(Layout(meaning=meaning, bits=8, order=order))
    samples = tifffile.imread(BytesIO(data))
    assert samples.shape[:2] == (HEIGHT, WIDTH)
    colours = samples[..., :3] if samples.ndim == 3 else samples
    expected = picture() if samples.ndim == 3 else picture()[..., 0]
    assert (colours == (255 - expected if meaning == "white is zero" else expected)).all()


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("alpha", ["none", "opaque", "empty"])
def test_16_bit_colour_is_read_with_any_alpha(extension: str, bits: int, alpha: str) -> None:
    samples = picture_16_bit(bits)
    if alpha != "none":
        value = (1 << bits) - 1 if alpha == "opaque" else 0
        fourth = np.full((HEIGHT, WIDTH, 1), value, np.uint16)
        samples = np.concatenate([samples, fourth], axis=2)
    rgb = read_micrograph(encoded_16_bit(samples, extension)).rgb
    assert difference(rgb, picture()).max() <= 1


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("is_interlaced", [False, True])
def test_a_png_of_16_bit_grey_with_alpha_keeps_its_brightness(
    bits: int, is_interlaced: bool
) -> None:
    grey = picture_16_bit(bits)[..., 0]
    alpha = np.full_like(grey, (1 << bits) - 1)
    micrograph = read_micrograph(png_of_grey_with_alpha(grey, alpha, is_interlaced=is_interlaced))
    assert difference(micrograph.rgb[..., 1], picture()[..., 0]).max() <= 1
    assert f"16-bit file with {bits}-bit samples, scaled to 8 bits." in micrograph.notes
    assert any("no stain colour" in note for note in micrograph.notes)


def png_of_grey_with_alpha(grey: np.ndarray, alpha: np.ndarray, *, is_interlaced: bool) -> bytes:
    """PNG, third edition, colour type 4 at 16 bits, which neither Pillow nor OpenCV writes."""
    samples = np.stack([grey, alpha], axis=2).astype(">u2")
    # Adam7 (section 8.1): where each pass begins and how far apart its pixels are.
    adam7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    passes = [*adam7, (1, 0, 2, 1)] if is_interlaced else [(0, 0, 1, 1)]
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, across in passes
        for row in samples[top::down, left::across]
    )
    height, width = grey.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 4, 0, 0, is_interlaced)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP"])
def test_alpha_of_0_everywhere_is_no_alpha(kind: str) -> None:
    image = Image.fromarray(picture()).convert("RGBA")
    image.putalpha(0)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    micrograph = read_micrograph(encoded(image, kind, **options))
    assert (micrograph.rgb == picture()).all()
    if kind != "BMP":  # Pillow writes its alpha as nothing
        assert "Transparency that hides the whole picture left out." in micrograph.notes


# Header's length, bits a pixel, and the places of red, green, blue and alpha in a pixel.
BMP_LAYOUTS = [
    (header, bits, masks)
    for header in (40, 56, 108, 124)
    for bits, masks in [
        (16, None),
        (16, (0xF800, 0x07E0, 0x001F, 0)),
        (16, (0x7C00, 0x03E0, 0x001F, 0)),
        (16, (0x0F00, 0x00F0, 0x000F, 0)),
        (24, None),
        (32, None),
        (32, (0xFF0000, 0xFF00, 0xFF, 0)),
        (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0)),
        (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
        (32, (0x3FF00000, 0xFFC00, 0x3FF, 0)),
    ]
]


@pytest.mark.parametrize(("header", "bits", "masks"), BMP_LAYOUTS)
@pytest.mark.parametrize("is_top_down", [False, True])
def test_a_bmp_of_any_masks_is_read_right_or_refused_as_such(
    header: int, bits: int, masks: tuple[int, int, int, int] | None, is_top_down: bool
) -> None:
    data = _bmp(header, bits, masks, is_top_down=is_top_down)
    try:
        rgb = read_micrograph(data).rgb
    except errors.UnsupportedImageError:
        assert masks not in (None, (0xFF0000, 0xFF00, 0xFF, 0)), "the usual ones are read"
        return
    assert difference(rgb, picture()).max() <= (8 if bits == 16 else 0)


def _bmp(
    header: int, bits: int, masks: tuple[int, int, int, int] | None, *, is_top_down: bool
) -> bytes:
    """A BMP whose colours lie where the masks say; alpha, where there is one, is 0 everywhere."""
    rows = picture() if is_top_down else picture()[::-1]
    if bits == 24:
        lines = [row.tobytes() for row in np.ascontiguousarray(rows[..., ::-1])]
    else:
        usual = (0xFF0000, 0xFF00, 0xFF, 0) if bits == 32 else (0x7C00, 0x03E0, 0x001F, 0)
        packed = np.zeros(rows.shape[:2], np.uint32)
        for band, mask in enumerate((masks or usual)[:3]):
            place = (mask & -mask).bit_length() - 1
            depth = (mask >> place).bit_length()
            samples = rows[..., band].astype(np.uint32)
            samples = samples << (depth - 8) if depth > 8 else samples >> (8 - depth)
            packed |= samples << place
        lines = [row.astype(f"<u{bits // 8}").tobytes() for row in packed]
    body = b"".join(line + bytes(-len(line) % 4) for line in lines)
    height = -HEIGHT if is_top_down else HEIGHT
    information = struct.pack(
        "<IiiHHIIiiII", header, WIDTH, height, 1, bits, 3 if masks else 0, len(body), 0, 0, 0, 0
    )
    if masks is not None:
        information += struct.pack("<4I", *masks)[: 12 if header == 40 else 16]
    information = information.ljust(header, b"\0")
    start = 14 + len(information)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + information + body


def dicom_layouts() -> dict[str, tuple[bytes, str]]:
    """DICOM files of one picture, each with what has to become of it."""
    rgb, grey = picture(), picture()[..., 0].copy()
    ycbcr = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1))
    deep = np.ascontiguousarray(picture_16_bit(16).transpose(2, 0, 1))
    plain = encoded(kind="JPEG", quality=95, subsampling=0)
    as_rgb = encoded(kind="JPEG", quality=95, keep_rgb=True)
    bare = plain[:2] + plain[plain.index(b"\xff\xdb") :]  # without JFIF
    bare_rgb = as_rgb[:2] + as_rgb[as_rgb.index(b"\xff\xdb") :]
    numbered = bare_rgb.replace(b"\x03R\x11\0G\x11\0B\x11\0", b"\x03\x01\x11\0\x02\x11\0\x03\x11\0")
    numbered = numbered.replace(b"\x03R\0G\0B\0", b"\x03\x01\0\x02\0\x03\0")
    assert b"R\x11" not in numbered
    grey_jpeg = encoded(Image.fromarray(grey), "JPEG", quality=95)
    inverted_jpeg = encoded(Image.fromarray(255 - grey), "JPEG", quality=95)
    twelve = picture_16_bit(12)[..., 0].copy()
    return {
        "RGB": (dicom(rgb), "colour"),
        "RGB in planes": (dicom(planes, PlanarConfiguration=1), "colour"),
        "RGB of 16 bits in planes": (dicom(deep, PlanarConfiguration=1), "colour"),
        "RGB of 12 bits": (dicom(picture_16_bit(12), BitsStored=12, HighBit=11), "colour"),
        "RGB, implicit": (dicom(syntax=ImplicitVRLittleEndian), "colour"),
        "YBR": (dicom(ycbcr, "YBR_FULL"), "colour"),
        "YBR in planes": (
            dicom(
                np.ascontiguousarray(ycbcr.transpose(2, 0, 1)), "YBR_FULL", PlanarConfiguration=1
            ),
            "colour",
        ),
        "grey": (dicom(grey, "MONOCHROME2"), "grey"),
        "grey, inverted": (dicom(255 - grey, "MONOCHROME1"), "grey"),
        "grey of 12 bits, inverted": (
            dicom(4095 - twelve, "MONOCHROME1", BitsStored=12, HighBit=11),
            "grey",
        ),
        "grey of 12 bits": (dicom(twelve, "MONOCHROME2", BitsStored=12, HighBit=11), "grey"),
        "grey of 12 bits that says 16": (dicom(twelve, "MONOCHROME2"), "grey"),
        "grey of 12 bits under an overlay": (
            dicom(twelve | 0x8000, "MONOCHROME2", BitsStored=12, HighBit=11),
            "grey",
        ),
        "12 bits at the top of 16": (
            dicom(twelve << 4, "MONOCHROME2", BitsStored=12, HighBit=15),
            "12-bit samples that end at bit 15",
        ),
        "JPEG": (dicom(jpeg=plain, photometric="YBR_FULL"), "colour"),
        "JPEG, planar": (
            dicom(jpeg=plain, photometric="YBR_FULL", PlanarConfiguration=1),
            "colour",
        ),
        "JPEG without JFIF": (dicom(jpeg=bare, photometric="YBR_FULL_422"), "colour"),
        "JPEG called RGB that says it is not": (dicom(jpeg=plain, photometric="RGB"), "colour"),
        "JPEG of R, G and B": (dicom(jpeg=bare_rgb, photometric="RGB"), "colour"),
        "JPEG with Adobe's mark": (dicom(jpeg=as_rgb, photometric="RGB"), "colour"),
        "JPEG called RGB that says nothing": (
            dicom(jpeg=numbered, photometric="RGB"),
            "which the JPEG itself does not say",
        ),
        "JPEG of grey": (dicom(jpeg=grey_jpeg, photometric="MONOCHROME2"), "grey"),
        "JPEG of inverted grey": (dicom(jpeg=inverted_jpeg, photometric="MONOCHROME1"), "grey"),
        "JPEG of colour called grey": (
            dicom(jpeg=plain, photometric="MONOCHROME2"),
            "3 samples of 8 bits where its data set says 1 of 8",
        ),
        "JPEG-LS": (
            dicom(jpeg=plain, photometric="RGB").replace(
                b"1.2.840.10008.1.2.4.50", str(JPEGLSLossless).encode()
            ),
            "JPEG-LS Lossless",
        ),
        "a slide's label": (
            dicom(ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"]),
            "the label of a slide",
        ),
        "a slide's overview": (
            dicom(ImageType=["DERIVED", "PRIMARY", "OVERVIEW", "RESAMPLED"]),
            "the overview of a slide",
        ),
        "a slide's level": (
            dicom(ImageType=["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"]),
            "colour",
        ),
    }


@pytest.mark.parametrize("name", dicom_layouts())
def test_dicom_of_any_layout_is_read_right_or_refused_as_such(name: str) -> None:
    data, expected = dicom_layouts()[name]
    if expected not in ("colour", "grey"):
        with pytest.raises(errors.UnsupportedImageError, match=expected):
            read_micrograph(data)
        return
    rgb = read_micrograph(data).rgb
    off = difference(rgb, picture() if expected == "colour" else picture()[..., :1].repeat(3, 2))
    assert off.mean() < (3 if "JPEG" in name else 1)
