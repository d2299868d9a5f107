"""Bytes become an upright RGB micrograph or a clear error, and nothing else of them stays."""

from __future__ import annotations

import dataclasses
import hashlib
import logging

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import ImplicitVRLittleEndian

from models.image.micrograph import read_micrograph
from tests.models.image_files import (
    HEIGHT,
    READABLE,
    WIDTH,
    dicom,
    encoded,
    encoded_16_bit,
    every_file,
    picture,
    picture_16_bit,
)

# How to store the picture so that the EXIF orientation turns it back (EXIF 2.3, tag 274).
STORED_AS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}


def mean_difference(first: np.ndarray, second: np.ndarray) -> float:
    assert first.shape == second.shape
    return float(np.abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.parametrize("name", READABLE)
def test_every_format_gives_the_same_picture(name: str) -> None:
    micrograph = read_micrograph(every_file()[name])
    turned = name in ("PNG", "JPEG", "WebP", "TIFF")  # these carry orientation 6
    expected = np.rot90(picture(), k=-1) if turned else picture()
    assert mean_difference(micrograph.rgb, expected) < 6  # chroma subsampling of lossy formats
    assert micrograph.rgb.dtype == np.uint8
    assert not micrograph.rgb.flags.writeable


@pytest.mark.parametrize("orientation", STORED_AS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation_is_applied_and_said(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(picture()).transpose(Image.Transpose(STORED_AS[orientation]))
    micrograph = read_micrograph(encoded(stored, kind, exif=exif, quality=95))
    assert mean_difference(micrograph.rgb, picture()) < 4
    assert any("upright" in note for note in micrograph.notes)


def test_transparent_parts_become_white() -> None:
    image = Image.fromarray(picture())
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, WIDTH // 2, HEIGHT))
    image.putalpha(alpha)
    micrograph = read_micrograph(encoded(image))
    assert (micrograph.rgb[:, : WIDTH // 2] == 255).all()
    assert (micrograph.rgb[:, WIDTH // 2 :] == picture()[:, WIDTH // 2 :]).all()
    assert "Transparent parts laid on white." in micrograph.notes


def test_opaque_alpha_changes_nothing_and_says_nothing() -> None:
    micrograph = read_micrograph(encoded(Image.fromarray(picture()).convert("RGBA")))
    assert (micrograph.rgb == picture()).all()
    assert micrograph.notes == ()


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_grey_images_are_read_and_said_to_carry_no_stain(mode: str) -> None:
    micrograph = read_micrograph(encoded(Image.fromarray(picture()).convert(mode)))
    assert (micrograph.rgb[..., 0] == micrograph.rgb[..., 2]).all()
    assert any("no stain colour" in note for note in micrograph.notes)


def test_cmyk_is_converted_and_said() -> None:
    micrograph = read_micrograph(every_file()["JPEG CMYK"])
    assert mean_difference(micrograph.rgb, picture()) < 6
    assert "CMYK colours converted to RGB." in micrograph.notes


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_16_bit_files_keep_their_brightness_whatever_the_camera_depth(
    extension: str, bits: int
) -> None:
    colour = read_micrograph(encoded_16_bit(picture_16_bit(bits), extension))
    grey = read_micrograph(encoded_16_bit(picture_16_bit(bits)[..., 0].copy(), extension))
    assert np.abs(colour.rgb.astype(int) - picture()).max() <= 1
    assert np.abs(grey.rgb[..., 1].astype(int) - picture()[..., 0]).max() <= 1
    assert f"16-bit file with {bits}-bit samples, scaled to 8 bits." in colour.notes


def test_16_bit_colour_with_alpha_keeps_its_colours() -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 65535, np.uint16)
    samples = np.concatenate([picture_16_bit(12), alpha], axis=2)
    micrograph = read_micrograph(encoded_16_bit(samples, ".png"))
    assert np.abs(micrograph.rgb.astype(int) - picture()).max() <= 1


def test_first_page_of_a_tiff_is_taken_and_said() -> None:
    micrograph = read_micrograph(every_file()["TIFF pages"])
    assert (micrograph.rgb == picture()).all()
    assert "First of 3 pages." in micrograph.notes


def test_pixel_size_comes_from_a_plausible_tiff_resolution_only() -> None:
    def resolution(dpi: float) -> float | None:
        return read_micrograph(encoded(kind="TIFF", dpi=(dpi, dpi))).um_per_px

    assert resolution(101_600) == pytest.approx(0.25)
    assert resolution(72) is None
    assert resolution(300) is None
    assert read_micrograph(encoded(kind="TIFF", dpi=(101_600, 50_800))).um_per_px is None


@pytest.mark.parametrize(
    "elements",
    [
        {"PixelSpacing": [0.00025, 0.00025]},
        {"ImagerPixelSpacing": [0.00025, 0.00025]},
        {"ImagedVolumeWidth": WIDTH * 0.00025, "ImagedVolumeHeight": HEIGHT * 0.00025},
    ],
)
def test_pixel_size_comes_from_dicom(elements: dict[str, object]) -> None:
    assert read_micrograph(dicom(**elements)).um_per_px == pytest.approx(0.25)
    assert read_micrograph(dicom(PixelSpacing=[1.0, 1.0])).um_per_px is None


def test_dicom_of_every_allowed_photometric_gives_the_same_picture() -> None:
    grey = picture()[..., 0].copy()
    ycc = np.asarray(Image.fromarray(picture()).convert("YCbCr"))
    planar = np.ascontiguousarray(picture().transpose(2, 0, 1))
    deep = (picture_16_bit(12)[..., 0]).copy()
    read = {
        "ybr": read_micrograph(dicom(ycc, "YBR_FULL")),
        "planar": read_micrograph(dicom(planar, PlanarConfiguration=1)),
        "implicit": read_micrograph(dicom(syntax=ImplicitVRLittleEndian)),
        "rgb16": read_micrograph(dicom(picture_16_bit())),
    }
    for name, micrograph in read.items():
        assert mean_difference(micrograph.rgb, picture()) < 2, name
    dark_on_light = read_micrograph(dicom(255 - grey, "MONOCHROME1"))
    assert (dark_on_light.rgb[..., 0] == grey).all()
    twelve_bit = read_micrograph(dicom(deep, "MONOCHROME2", BitsStored=12, HighBit=11))
    assert np.abs(twelve_bit.rgb[..., 0].astype(int) - grey).max() <= 1


def test_hash_is_of_the_bytes_received() -> None:
    data = every_file()["JPEG"]
    assert read_micrograph(data).sha256 == hashlib.sha256(data).hexdigest()


def test_micrograph_holds_nothing_of_the_metadata(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("JPEG", "PNG", "WebP", "TIFF", "DICOM"):
        micrograph = read_micrograph(every_file()[name])
        held = {field.name for field in dataclasses.fields(micrograph)}
        assert held == {"rgb", "sha256", "um_per_px", "notes", "damage", "jpeg_quality"}
        assert "Doe" not in " ".join(micrograph.notes)
    assert "Doe" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith(("PIL", "pydicom"))]


def test_metadata_never_reaches_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    opened = Image.open

    def recording_open(file: object, *args: object, **kwargs: object) -> Image.Image:
        seen.append(file.getvalue())  # type: ignore[attr-defined]
        return opened(file, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", recording_open)
    for name in ("JPEG", "PNG"):
        assert b"Jane Doe" in every_file()[name]
        read_micrograph(every_file()[name])
    assert len(seen) == 2
    assert not any(b"Jane Doe" in data for data in seen)
