"""JPEG, PNG, WebP and BMP: what the file's structure declares, without metadata."""

from __future__ import annotations

import re
import struct
import zlib

from models.errors import TruncatedImageError, UnsupportedImageError
from models.image.formats.container import Container, Samples, animated
from models.image.formats.tiff import read_tiff
from models.image.formats.tiff_directory import exif_orientation

# Frames of JPEG, and of JPEG-LS (F7; ITU T.87).
_JPEG_FRAMES = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
_JPEG_READ = frozenset((0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
# Neither 00 nor a restart begins a segment; of a run of fill bytes the last one counts. A search
# looks at each byte once: a pattern that may match a run of FF and then fail would look at it
# once for each of its bytes.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_SEARCHED_BYTES = 2**20
_JPEG_FILL = b"\xff" * 64
# A progressive JPEG of ordinary encoders has about 10 scans; each costs a pass over the image.
_MAX_JPEG_SCANS = 100
_MAX_CHUNKS = 200_000
_PNG_PIXEL_CHUNKS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))


def read_container(kind: str, data: bytes) -> Container:
    """What a file of that kind declares, checked without decoding pixels.

    Raises:
        TruncatedImageError: The file ends early or contradicts itself.
        UnsupportedImageError: A variant that is not read; AnimatedImageError for animations.
    """
    readers = {
        "JPEG": _read_jpeg,
        "PNG": _read_png,
        "WEBP": _read_webp,
        "BMP": _read_bmp,
        "TIFF": read_tiff,
    }
    try:
        return readers[kind](data)
    except (struct.error, IndexError) as error:
        raise cut_short(kind) from error


def cut_short(kind: str) -> TruncatedImageError:
    """The error for a file whose data ends early or is damaged."""
    name = "WebP" if kind == "WEBP" else kind
    return TruncatedImageError(
        f"This {name} file ends early or is damaged. Copy it again from the microscope."
    )


def _read_jpeg(data: bytes) -> Container:
    """Walk the marker segments (ITU T.81, annex B), scan by scan, to the end of the image."""
    kept = [b"\xff\xd8"]
    size: tuple[int, int] | None = None
    exif = b""
    components: tuple[int, ...] = ()
    has_colour_mark = False
    n_scans = 0
    position = 2
    for _ in range(_MAX_CHUNKS):
        start = _next_marker(data, position)
        if n_scans:  # the samples of a scan
            kept.append(_without_fill(data[position:start]))
        if start == len(data):  # the decoder says whether rows are missing
            break
        marker = data[start + 1]
        position = start + 2
        if marker == 0xD9:
            kept.append(b"\xff\xd9")
            break
        if marker in (0x01, 0xD8):
            kept.append(data[start:position] if n_scans else b"")
            continue
        end = position + struct.unpack_from(">H", data, position)[0]
        segment = data[start:end]
        if end > len(data) or len(segment) < 4:
            raise cut_short("JPEG")
        if marker in _JPEG_FRAMES:
            if size is not None:
                raise cut_short("JPEG")
            size = _jpeg_size(marker, segment)
            components = tuple(segment[10::3])
        if marker == 0xE1 and segment[4:10] == b"Exif\0\0" and not exif:
            exif = segment[4:]
        n_scans += marker == 0xDA
        has_colour_mark |= marker == 0xE0 and segment[4:9] == b"JFIF\0"
        has_colour_mark |= marker == 0xEE and segment[4:9] == b"Adobe"
        # Kept: tables, frame, scans and the two application segments that say how colour is coded.
        if not 0xE0 <= marker <= 0xFE or marker in (0xE0, 0xEE):
            kept.append(segment)
        position = end
    else:
        raise cut_short("JPEG")
    if size is None or n_scans == 0:
        raise cut_short("JPEG")
    if n_scans > _MAX_JPEG_SCANS:
        raise UnsupportedImageError(
            f"This JPEG file has {n_scans:,} scans, which no microscope writes; at most "
            f"{_MAX_JPEG_SCANS} are read. Export it again as a baseline JPEG or PNG."
        )
    return Container(
        kind="JPEG",
        data=b"".join(kept),
        width_px=size[0],
        height_px=size[1],
        orientation=exif_orientation(exif),
        jpeg_components=components,
        has_jpeg_colour_mark=has_colour_mark,
    )


def _next_marker(data: bytes, position: int) -> int:
    """Where the next marker begins, or the end; other threads run between two searches."""
    for start in range(position, len(data), _SEARCHED_BYTES):
        found = _JPEG_MARKER.search(data, start, start + _SEARCHED_BYTES + 1)
        if found is not None:
            return found.start()
    return len(data)


def _without_fill(samples: bytes) -> bytes:
    """A scan without its long runs of fill bytes.

    Pillow hands libjpeg 64 kB at a time, and with each it would begin such a run anew. Each pass
    leaves a 64th of a run: five are enough for a file of 50 MiB.
    """
    while _JPEG_FILL in samples:
        samples = samples.replace(_JPEG_FILL, b"\xff")
    return samples


def _jpeg_size(marker: int, segment: bytes) -> tuple[int, int]:
    if marker == 0xF7:
        raise UnsupportedImageError(
            "This is a JPEG-LS image, another format than JPEG, which is not read. "
            "Export it as PNG or TIFF."
        )
    bits, height, width = struct.unpack_from(">BHH", segment, 4)
    if marker not in _JPEG_READ or bits != 8:
        raise UnsupportedImageError(
            f"This JPEG file is lossless, arithmetic or of {bits} bits a sample; baseline or "
            "progressive JPEG of 8 bits is expected. Export it as PNG or TIFF."
        )
    if width < 1 or height < 1:
        raise cut_short("JPEG")
    return width, height


def _read_png(data: bytes) -> Container:
    """Walk the chunks (PNG, third edition, 2025) and keep those that pixels need."""
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] == b"CgBI":
        raise UnsupportedImageError(
            "This PNG file is of Apple's own variant for telephones, which is not read. "
            "Export it as a usual PNG."
        )
    if data[12:16] != b"IHDR" or width < 1 or height < 1:
        raise cut_short("PNG")
    kept = [data[:8]]
    exif = b""
    samples: Samples = "plain"
    if bits == 16 and colour in (2, 6):
        samples = "16-bit colour"
    elif bits == 16 and colour == 4:
        samples = "16-bit grey with alpha"
    position = 8
    for _ in range(_MAX_CHUNKS):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if name in _PNG_PIXEL_CHUNKS and end <= len(data):
            (crc,) = struct.unpack_from(">I", data, end - 4)
            if crc != zlib.crc32(memoryview(data)[position + 4 : end - 4]):
                raise cut_short("PNG")
        if name == b"IHDR" and samples == "16-bit grey with alpha":
            # Four bytes a pixel, as of 8-bit RGBA: read so, none of them is lost.
            header = (
                data[position + 4 : position + 16] + b"\x08\x06" + data[position + 18 : end - 4]
            )
            crc = struct.pack(">I", zlib.crc32(header))
            kept.append(data[position : position + 4] + header + crc)
        elif name in _PNG_PIXEL_CHUNKS:
            kept.append(data[position:end])
        elif name == b"acTL" and struct.unpack_from(">I", data, position + 8)[0] > 1:
            raise animated("PNG", struct.unpack_from(">I", data, position + 8)[0])
        elif name == b"eXIf":
            exif = data[position + 8 : position + 8 + length]
        if name == b"IEND" or end >= len(data):  # the decoder says whether rows are missing
            break
        position = end
    return Container(
        kind="PNG",
        data=b"".join(kept),
        width_px=width,
        height_px=height,
        orientation=exif_orientation(exif),
        samples=samples,
    )


def _read_webp(data: bytes) -> Container:
    """Walk the RIFF chunks (RFC 9649)."""
    size: tuple[int, int] | None = None
    exif = b""
    n_frames = 0
    position = 12
    data = data[: 8 + struct.unpack_from("<I", data, 4)[0]]  # what lies behind is no part of it
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(data):
            break
        name, length = struct.unpack_from("<4sI", data, position)
        body = position + 8
        if size is None:
            size = _webp_size(name, data, body)
        if name == b"ANMF":
            n_frames += 1
        elif name == b"EXIF":
            exif = data[body : body + length]
        position = body + length + length % 2
    else:
        raise cut_short("WEBP")
    if size is None or min(size) < 1:
        raise cut_short("WEBP")
    if n_frames > 1:
        raise animated("WebP", n_frames)
    return Container(
        kind="WEBP",
        data=data,
        width_px=size[0],
        height_px=size[1],
        orientation=exif_orientation(exif),
    )


def _webp_size(name: bytes, data: bytes, body: int) -> tuple[int, int] | None:
    if name == b"VP8X":
        low = struct.unpack_from("<HBHB", data, body + 4)
        return low[0] + (low[1] << 16) + 1, low[2] + (low[3] << 16) + 1
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, body + 6)
        return width & 0x3FFF, height & 0x3FFF
    if name == b"VP8L":
        bits = struct.unpack_from("<I", data, body + 1)[0]
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    return None


def _read_bmp(data: bytes) -> Container:
    """Read the file and information headers (Microsoft, BITMAPINFOHEADER)."""
    header_size = struct.unpack_from("<I", data, 14)[0]
    if header_size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
        compression = 0
    else:
        width, height = struct.unpack_from("<ii", data, 18)
        compression = struct.unpack_from("<I", data, 30)[0]
    if width < 1 or height == 0:
        raise cut_short("BMP")
    if compression not in (0, 3, 6):  # none, or colour masks
        name = {1: "run-length", 2: "run-length", 4: "JPEG", 5: "PNG"}.get(compression, "unknown")
        raise UnsupportedImageError(
            f"This BMP file uses {name} compression ({compression}); one without "
            "compression is expected. Export it as PNG or TIFF."
        )
    return Container(kind="BMP", data=data, width_px=width, height_px=abs(height))
