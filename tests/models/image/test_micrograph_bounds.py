"""Time and memory of a reading follow from the file's length and its picture, whatever it holds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from models import errors
from models.image.micrograph import read_micrograph
from tests.models.hostile import bmp, dicom, jpeg, png, tiff, webp
from tests.models.hostile.family import SIDE
from tests.models.hostile.pictures import PICTURES
from tests.models.image_files import dicom as dicom_file
from tests.models.image_files import encoded, encoded_16_bit, every_file

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "tests" / "cases"
HOSTILE = {
    f"{module.__name__.rpartition('.')[2].upper()}: {name}": family
    for module in (jpeg, png, bmp, tiff, webp, dicom)
    for name, family in module.FAMILIES.items()
}
LENGTHS = [2**power for power in range(12, 25)]
SIDES_PX = [128, 181, 256, 362, 512, 724, 1024, 1448]
# A file of sixteen times the length may take three times its share, for a processor that others
# use too: 48 times as long. What grows with the square takes 256 times as long.
STEPS, MOST_TIMES, SLACK_S = 4, 3, 0.02
MOST_S = 10  # of any file here, the longest of which take half a second


def processor_seconds(data: bytes) -> float:
    """Processor time of one reading: what other programs take meanwhile does not count."""
    start = time.thread_time()
    with suppress(errors.MicrographError):
        read_micrograph(data)
    return time.thread_time() - start


def assert_time_grows_with_length(files: Sequence[Callable[[], bytes]]) -> None:
    """Each file is twice as long as the one before; stops at the first that takes too long."""
    taken: list[float] = []
    for number, make in enumerate(files):
        data = make()
        took = processor_seconds(data)
        assert took < MOST_S, f"{len(data):,} bytes took {took:.1f} s"
        if number >= STEPS:
            most = 2**STEPS * MOST_TIMES * taken[number - STEPS] + SLACK_S
            if took > most:  # once more: the best of three
                took = min(processor_seconds(data) for _ in range(3))
            assert took <= most, f"{len(data):,} bytes took {took:.3f} s, at most {most:.3f} wanted"
        taken.append(took)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_time_of_a_hostile_file_grows_with_its_length(name: str) -> None:
    family = HOSTILE[name]
    assert outcome(family.make(LENGTHS[0])) == family.error
    assert_time_grows_with_length([lambda n=n: family.make(n) for n in LENGTHS])  # type: ignore[misc]


def outcome(data: bytes) -> type[errors.MicrographError] | None:
    """The error that a file is refused with, or None."""
    try:
        read_micrograph(data)
    except errors.MicrographError as error:
        return type(error)
    return None


@cache
def drawn(side_px: int) -> Image.Image:
    """A square of smooth colours with some noise."""
    rng = np.random.default_rng(side_px)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    rgb = cv2.resize(coarse, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
    return Image.fromarray(rgb ^ rng.integers(0, 4, rgb.shape, dtype=np.uint8))


def _dicom_jpeg(image: Image.Image) -> bytes:
    rows, columns = image.size[::-1]
    frame = encoded(image, "JPEG")
    return dicom_file(photometric="YBR_FULL_422", jpeg=frame, Rows=rows, Columns=columns)


def _dicom(image: Image.Image) -> bytes:
    return dicom_file(np.asarray(image), Rows=image.size[1], Columns=image.size[0])


HONEST: dict[str, Callable[[Image.Image], bytes]] = {
    "JPEG": lambda image: encoded(image, "JPEG"),
    "JPEG progressive": lambda image: encoded(image, "JPEG", progressive=True),
    "PNG": lambda image: encoded(image, "PNG", compress_level=1),
    "PNG 12-bit": lambda image: encoded_16_bit(np.asarray(image).astype(np.uint16) << 4, ".png"),
    "BMP": lambda image: encoded(image, "BMP"),
    "TIFF LZW": lambda image: encoded(image, "TIFF", compression="tiff_lzw"),
    "TIFF JPEG": lambda image: encoded(image, "TIFF", compression="jpeg"),
    "WebP": lambda image: encoded(image, "WEBP", method=0),
    "WebP lossless": lambda image: encoded(image, "WEBP", lossless=True, method=0, quality=0),
    "DICOM": _dicom,
    "DICOM JPEG": _dicom_jpeg,
}


@pytest.mark.parametrize("name", HONEST)
def test_the_time_of_a_picture_grows_with_its_size(name: str) -> None:
    encode = HONEST[name]
    assert outcome(encode(drawn(SIDES_PX[0]))) is None
    assert_time_grows_with_length([lambda px=px: encode(drawn(px)) for px in SIDES_PX])  # type: ignore[misc]


def test_a_jpeg_of_fill_bytes_is_refused_in_less_than_a_second() -> None:
    data = (CASES / "17_jpeg_of_fill_bytes.jpg").read_bytes()
    with pytest.raises(errors.TruncatedImageError, match="ends early or is damaged"):
        read_micrograph(data)
    assert processor_seconds(data) < 1


# Small files whose decoding would take long or much memory: why each is refused.
GREEDY: dict[str, tuple[Callable[[], bytes], type[errors.MicrographError], str]] = {
    "JPEG of 101 scans": (
        lambda: jpeg.jpeg(n_scans=101),
        errors.UnsupportedImageError,
        "101 scans",
    ),
    "strips that each are the whole file": (
        lambda: tiff.strips(2000, tiff.greedy_strip(500_000), compression=8),
        errors.TruncatedImageError,
        "more than the file holds",
    ),
    "a million strips": (
        lambda: tiff.strips(1_000_000, bytes(3 * SIDE), compression=1, kind=1),
        errors.TruncatedImageError,
        "more than the file holds",
    ),
    "tiles much wider than the picture": (
        lambda: tiff.tiles(32, 100_000, (4096, 16), tiff.black_tile(4096, 16)),
        errors.TruncatedImageError,
        "more than the file holds",
    ),
    "a tile much larger than the picture": (
        lambda: tiff.tiles(32, 32, (8192, 8208), tiff.ROW),
        errors.TruncatedImageError,
        "more than the file holds",
    ),
    "tiles of no size": (
        lambda: tiff.tiles(32, 32, (0, 16), tiff.ROW),
        errors.TruncatedImageError,
        "more than the file holds",
    ),
    "a directory of 5,000 entries": (
        lambda: tiff.directory_of(100_000),
        errors.TruncatedImageError,
        "5,000 entries",
    ),
    "frames behind 200,000 chunks": (
        lambda: webp.animation(200_000),
        errors.TruncatedImageError,
        "damaged",
    ),
}


@pytest.mark.parametrize("name", GREEDY)
def test_a_small_file_that_asks_for_much_is_refused_at_once(name: str) -> None:
    make, error, reason = GREEDY[name]
    data = make()
    start = time.thread_time()
    with pytest.raises(error, match=reason):
        read_micrograph(data)
    assert time.thread_time() - start < 1


def test_honest_files_that_look_alike_are_read() -> None:
    read = {
        (SIDE, SIDE): jpeg.jpeg(n_scans=100),
        (500, SIDE): tiff.strips(500, tiff.ROW, compression=8),  # empty ones in one place
        (60, 90): tiff.tiles(90, 60, (512, 512), tiff.black_tile(512, 512)),
        (260, 300): tiff.tiles(300, 260, (256, 256), tiff.black_tile(256, 256)),
    }
    for shape, data in read.items():
        rgb = read_micrograph(data).rgb
        assert rgb.shape == (*shape, 3)
        assert np.ptp(rgb) == 0
    deep = read_micrograph(dicom.nested(1000))
    assert (deep.rgb == read_micrograph(every_file()["DICOM"]).rgb).all()


def test_a_video_behind_a_jpeg_is_none_of_its_scans() -> None:
    video = b"\0\0\0\x18ftypmp42" + b"\xff\xda\0\x08\x01\x02" * 200
    followed = read_micrograph(every_file()["JPEG"] + video)
    assert (followed.rgb == read_micrograph(every_file()["JPEG"]).rgb).all()


SIDE_OF_9_MP = 3000
MOST_BYTES_PER_PIXEL = 24
# Reads a small file of the same kind first, so that only the picture counts.
MEASURE = """
import re, sys
from pathlib import Path
from models.image.micrograph import read_micrograph
def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])
small, large = (Path(name).read_bytes() for name in sys.argv[1:])
read_micrograph(small)
before = peak()
read_micrograph(large)
print(peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize("name", PICTURES)
def test_the_memory_of_a_picture_is_at_most_24_bytes_a_pixel(name: str, tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(every_file()[name])
    large.write_bytes(PICTURES[name](SIDE_OF_9_MP))
    command = [sys.executable, "-c", MEASURE, str(small), str(large)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < MOST_BYTES_PER_PIXEL * SIDE_OF_9_MP**2
