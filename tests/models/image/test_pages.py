"""Of several pages the picture is taken: no thumbnail, no label, not one of its colours."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from models import errors
from models.image.micrograph import read_micrograph
from tests.models.hostile.family import SIDE
from tests.models.hostile.tiff import strips
from tests.models.image_files import encoded, every_file, picture

SMALL = np.ascontiguousarray(picture()[:48, :64][::-1])
GREY = picture()[..., 0].copy()
CFA, LINEAR_RAW = 32803, 34892


def pages(*written: tuple[np.ndarray, dict[str, Any]], **options: Any) -> bytes:
    """A TIFF of these pages, each with what tifffile is told of it."""
    buffer = BytesIO()
    with tifffile.TiffWriter(buffer, **options) as writer:
        for samples, told in written:
            photometric = "rgb" if samples.ndim == 3 else "minisblack"
            writer.write(samples, **({"photometric": photometric, "metadata": None} | told))
    return buffer.getvalue()


@pytest.mark.parametrize("options", [{}, {"bigtiff": True}, {"byteorder": ">"}])
@pytest.mark.parametrize(
    "told",
    [
        {"subfiletype": 1},
        {"subfiletype": 9},
        {"description": "Label"},
        {"description": "Macro"},
        {"description": "Aperio Image Library v12.0.15\nlabel 64x48"},
        {"description": "Label_Image"},
        {"description": "Thumbnail"},
    ],
)
def test_a_thumbnail_or_label_before_the_picture_is_passed_over(
    told: dict[str, Any], options: dict[str, Any]
) -> None:
    micrograph = read_micrograph(pages((SMALL, told), (picture(), {}), **options))
    assert (micrograph.rgb == picture()).all()
    assert any("thumbnail or a label" in note for note in micrograph.notes)


def test_a_small_copy_without_a_mark_before_the_picture_is_passed_over() -> None:
    small = np.ascontiguousarray(picture()[:59:2, ::2])
    copy = np.kron(picture(), np.ones((2, 2, 1), np.uint8))
    assert (read_micrograph(pages((picture(), {}), (copy, {}))).rgb == copy).all()
    assert min(small.shape[:2]) < 32, "too small to be read, had it been taken"
    assert (read_micrograph(pages((small, {}), (picture(), {}))).rgb == picture()).all()
    other = np.kron(picture()[:, :70], np.ones((2, 2, 1), np.uint8))
    assert (read_micrograph(pages((picture(), {}), (other, {}))).rgb == picture()).all()


def test_several_thumbnails_before_the_picture_are_passed_over() -> None:
    small = (SMALL, {"subfiletype": 1})
    micrograph = read_micrograph(
        pages(small, small, (GREY[:48], {"subfiletype": 1}), (picture(), {}))
    )
    assert (micrograph.rgb == picture()).all()


def test_the_picture_in_a_directory_inside_the_thumbnails_is_taken() -> None:
    data = pages((SMALL, {"subfiletype": 1, "subifds": 1}), (picture(), {"subfiletype": 0}))
    with tifffile.TiffFile(BytesIO(data)) as written:
        assert len(written.pages) == 1, "the picture has to stand in a sub-directory"
    assert (read_micrograph(data).rgb == picture()).all()


def test_levels_behind_the_picture_change_nothing() -> None:
    data = pages((picture(), {"subifds": 1}), (SMALL, {"subfiletype": 1}))
    assert (read_micrograph(data).rgb == picture()).all()
    data = pages(
        (picture(), {}), (SMALL, {"subfiletype": 1}), (SMALL, {"description": "label 9x9"})
    )
    micrograph = read_micrograph(data)
    assert (micrograph.rgb == picture()).all()
    assert micrograph.notes == ("First of 3 pages.",)


def test_a_file_of_thumbnails_alone_is_refused() -> None:
    with pytest.raises(errors.UnsupportedImageError, match="a thumbnail or a label only"):
        read_micrograph(pages((SMALL, {"subfiletype": 1}), (SMALL, {"description": "label"})))


def test_a_description_that_speaks_of_labels_makes_no_label() -> None:
    for text in ("AML, label B 3", "macro lens, 100x", "Thumbnail of the ward", "labels"):
        micrograph = read_micrograph(pages((picture(), {"description": text})))
        assert (micrograph.rgb == picture()).all()


@pytest.mark.parametrize("photometric", [CFA, LINEAR_RAW])
@pytest.mark.parametrize("is_inside", [False, True])
def test_a_camera_s_raw_is_refused_as_such(photometric: int, is_inside: bool) -> None:
    thumbnail = (SMALL, {"subfiletype": 1} | ({"subifds": 1} if is_inside else {}))
    samples = GREY if photometric == CFA else picture()
    sensor = (samples.astype(np.uint16), {"photometric": photometric})
    for data in (pages(thumbnail, sensor), pages(sensor)):
        with pytest.raises(errors.UnsupportedImageError, match="a camera's RAW file"):
            read_micrograph(data)


def test_a_dng_and_a_cr2_are_refused_as_raw_by_their_marks() -> None:
    dng = pages((SMALL, {"extratags": [(50706, 1, 4, bytes([1, 4, 0, 0]), True)]}))
    cr2 = strips(60, b"CR\2\0" + bytes(3 * SIDE - 4), compression=1)
    for data in (dng, cr2):
        with pytest.raises(errors.UnsupportedImageError, match="a camera's RAW file"):
            read_micrograph(data)


@pytest.mark.parametrize(
    "data",
    [b"IIRO\x08\0\0\0", b"IIU\0\x18\0\0\0", b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx \0\0\0\1"],
)
def test_other_raw_files_are_refused_as_raw(data: bytes) -> None:
    with pytest.raises(errors.UnsupportedImageError, match="a camera's RAW"):
        read_micrograph(data + bytes(200))


def test_colours_in_separate_pages_are_refused_as_such() -> None:
    planes = [(picture()[..., band].copy(), {}) for band in range(3)]
    imagej = BytesIO()
    tifffile.imwrite(
        imagej,
        np.moveaxis(picture(), 2, 0),
        imagej=True,
        metadata={"axes": "CYX", "mode": "composite"},
    )
    ome = BytesIO()
    tifffile.imwrite(ome, np.moveaxis(picture(), 2, 0), ome=True, photometric="minisblack")
    deep = [(plane.astype(np.uint16) * 16, told) for plane, told in planes]
    inverted = [(plane, {"photometric": "miniswhite"}) for plane, _ in planes]
    files = [pages(*planes), pages(*planes[:2]), pages(*deep), pages(*inverted)]
    for data in (*files, imagej.getvalue(), ome.getvalue()):
        with pytest.raises(errors.UnsupportedImageError, match="colours in separate pages"):
            read_micrograph(data)


def test_an_imagej_stack_of_one_directory_is_refused_as_such() -> None:
    """ImageJ leaves out the other pages' directories where the stack is large."""
    data = pages((GREY, {"description": "ImageJ=1.54f\nimages=3\nchannels=3\nmode=composite\n"}))
    with pytest.raises(errors.UnsupportedImageError, match="colours in separate pages"):
        read_micrograph(data)


def test_a_grey_picture_with_its_small_copy_is_read() -> None:
    for told in ({}, {"subfiletype": 1}):
        rgb = read_micrograph(pages((GREY, {}), (GREY[:40, :60], told))).rgb
        assert (rgb[..., 1] == GREY).all()
    one = pages((GREY, {"description": "ImageJ=1.54f\nunit=micron\n"}))
    assert (read_micrograph(one).rgb[..., 1] == GREY).all()


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WebP", "BMP", "WebP lossless", "DICOM"])
def test_bytes_behind_the_picture_change_nothing(name: str) -> None:
    data = every_file()[name]
    alone = read_micrograph(data).rgb
    frame = b"ANMF" + (16).to_bytes(4, "little") + bytes(16)
    tails = [
        bytes(999),
        frame * 3,
        every_file()["JPEG"],
        every_file()["PNG animated"],
        b"\xff\xda" * 99,
    ]
    for tail in tails:
        micrograph = read_micrograph(data + tail)
        assert (micrograph.rgb == alone).all()
        assert micrograph.damage is None


def test_a_jpeg_with_a_preview_behind_it_is_the_first_picture() -> None:
    """Multi-picture files of telephones and cameras (CIPA DC-007)."""
    preview = encoded(Image.fromarray(SMALL), "JPEG")
    micrograph = read_micrograph(every_file()["JPEG"] + preview)
    assert micrograph.rgb.shape == read_micrograph(every_file()["JPEG"]).rgb.shape
