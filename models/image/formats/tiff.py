"""TIFF (TIFF 6.0, BigTIFF): what the page of the picture declares.

Decoders see a rebuilt first directory with the tags that pixels need and no others: no
metadata, no further pages, no chains or sizes that ask for more memory than the file has. They
see only layouts of samples that they are known to read right (tests/models/image/test_layouts.py).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from models.errors import TruncatedImageError, UnsupportedImageError
from models.image.formats.container import Container, Samples, plausible_um_per_px
from models.image.formats.tiff_directory import Directory, orientation
from models.image.formats.tiff_pages import picture_page

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_FILL_ORDER, _ORIENTATION, _SAMPLES, _X_RESOLUTION, _Y_RESOLUTION = 266, 274, 277, 282, 283
_PLANAR, _UNIT, _COLOUR_MAP, _TILE_WIDTH, _TILE_HEIGHT = 284, 296, 320, 322, 323
_EXTRA_SAMPLES, _SAMPLE_FORMAT, _JPEG_TABLES = 338, 339, 347
_STRIP_OFFSETS, _STRIP_ROWS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES = 273, 278, 279, 324, 325
# Size, layout, compression and colour; strips and tiles; JPEG tables; YCbCr positions.
_PIXEL_TAGS = frozenset(
    (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324)
) | {325, 338, 339, 347, 529, 530, 531, 532}
_JPEG, _DEFLATE = 7, (8, 32946)
_COMPRESSIONS = {
    1: "none",
    5: "LZW",
    _JPEG: "JPEG",
    8: "deflate",
    32773: "PackBits",
    32946: "deflate",
    34925: "LZMA",
    50000: "Zstandard",
}
_UNREAD_COMPRESSIONS = {
    **dict.fromkeys((2, 3, 4, 32771), "fax"),
    6: "JPEG as before 1995",
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    34661: "JBIG",
    34887: "LERC",
    34892: "lossy JPEG of DNG",
    **dict.fromkeys((34933, 34934), "PNG or JPEG XR"),
    50001: "WebP",
    **dict.fromkeys((50002, 52546), "JPEG XL"),
}
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_MEANINGS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "CMYK", 6: "YCbCr"}
_MEANINGS |= {8: "Lab", 9: "Lab", 10: "Lab", 32844: "LogLuv", 32845: "LogLuv"}
_ASSOCIATED_ALPHA = 1
_MAX_STRIPS = 100_000
# Eight tables of codes and four for quantisation have about 3,000 bytes.
_MOST_TABLE_BYTES = 4096
# Tiles of 256 pixels in a picture of 50 million are 763; of more, the rest is left to libtiff.
_MOST_JPEGS = 5000
_MOST_COVERED_PX = 2**26


@dataclass(frozen=True, kw_only=True)
class _Segments:
    """Strips or tiles, and how many bytes each holds once it is decompressed."""

    data: tuple[bytes, ...]
    n_bytes: int


def read_tiff(data: bytes) -> Container:
    """What the picture's page of a TIFF file declares.

    Raises:
        TruncatedImageError: A directory lies outside the file or contradicts itself.
        UnsupportedImageError: Samples, a layout, a compression or pages that are not read.
    """
    page = picture_page(data)
    directory = page.directory
    width, height = directory.integer(_WIDTH, 0), directory.integer(_HEIGHT, 0)
    if width < 1 or height < 1:
        raise TruncatedImageError(
            "This TIFF file does not say how large its image is: it is damaged. Export it again."
        )
    bits = max(directory.integers(_BITS) or (1,))
    _check_samples(directory, bits)
    _check_sizes(directory, (width, height))
    compression = directory.integer(_COMPRESSION, 1)
    segments = _Segments(data=(), n_bytes=0)
    if compression in (_JPEG, *_DEFLATE):
        segments = _segments(directory, (width, height), bits)
    of_orientation = directory if _ORIENTATION in directory.entries else page.first
    return Container(
        kind="TIFF",
        data=_one_page_only(directory),
        width_px=width,
        height_px=height,
        orientation=orientation(of_orientation),
        um_per_px=_pixel_size(directory),
        samples=_samples_of(directory.integer(_PHOTOMETRIC, -1), bits),
        jpegs=_with_tables(directory, segments.data) if compression == _JPEG else (),
        deflated=segments.data if compression in _DEFLATE else (),
        segment_bytes=segments.n_bytes,
        notes=page.notes,
    )


def _samples_of(meaning: int, bits: int) -> Samples:
    if bits != 16 or meaning == _BLACK_IS_ZERO:
        return "plain"
    return "16-bit inverted grey" if meaning == _WHITE_IS_ZERO else "16-bit colour"


def _check_samples(directory: Directory, bits: int) -> None:
    """Refuse what decoders would not read, or would read wrongly without a word."""
    formats = set(directory.integers(_SAMPLE_FORMAT) or (1,))
    if formats != {1} or bits > 16:
        what = {3: "floating-point", 2: "signed"}.get(max(formats), "such")
        raise UnsupportedImageError(
            f"This TIFF file has {what} samples of {bits} bits; whole numbers of 8 or 16 bits "
            "are expected. Export it as an 8-bit RGB TIFF."
        )
    compression = directory.integer(_COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        name = _UNREAD_COMPRESSIONS.get(compression)
        known_as = f"{name} compression ({compression})" if name else f"compression {compression}"
        raise UnsupportedImageError(
            f"This TIFF file uses {known_as}, which is not read. "
            "Export it as a TIFF without compression or with LZW."
        )
    if not _is_layout_read(directory, bits, compression):
        meaning, n_samples = directory.integer(_PHOTOMETRIC, -1), directory.integer(_SAMPLES, 1)
        planes = ", each in a plane of its own" if directory.integer(_PLANAR, 1) == 2 else ""
        raise UnsupportedImageError(
            f"This TIFF file holds {n_samples} {'sample' if n_samples == 1 else 'samples'} of "
            f"{bits} bits a pixel as {_MEANINGS.get(meaning, 'an unknown kind of colour')}"
            f"{planes}, a layout that is not read. Export it as an 8-bit RGB TIFF or PNG."
        )


def _is_layout_read(directory: Directory, bits: int, compression: int) -> bool:
    """Whether samples lie and mean what the decoder takes them for.

    Pillow believes more than it does: of 16-bit samples in planes of their own it reads every
    second byte, inverted grey of 16 bits it leaves inverted.
    """
    meaning, n_samples = directory.integer(_PHOTOMETRIC, -1), directory.integer(_SAMPLES, 1)
    is_compressed = compression != 1
    if directory.integer(_FILL_ORDER, 1) != 1:
        return False
    if directory.integer(_PLANAR, 1) == 2 and n_samples > 1:
        return bits == 8 and (meaning, n_samples) in ((_RGB, 3), (_CMYK, 4))
    if meaning in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        if n_samples == 1:
            return bits in (1, 2, 4, 8, 16) or (bits == 12 and not is_compressed)
        return meaning == _BLACK_IS_ZERO and n_samples == 2 and bits == 8
    if meaning == _RGB:
        has_premultiplied = _ASSOCIATED_ALPHA in directory.integers(_EXTRA_SAMPLES)
        return bits == 8 or (bits == 16 and not has_premultiplied)
    if meaning == _PALETTE:
        colours = directory.integers(_COLOUR_MAP, most=3 * 256)
        return bits <= 8 and max(colours, default=0) > 255  # less: 8 bits where 16 are meant
    if meaning == _CMYK:
        return bits in (8, 16)
    return meaning == _YCBCR and bits == 8 and compression == _JPEG


def _check_sizes(directory: Directory, size_px: tuple[int, int]) -> None:
    size, entries = len(directory.data), directory.entries
    kept = [entry for tag, entry in entries.items() if tag in _PIXEL_TAGS]
    is_sound = all(entry.n_bytes <= 4096 or entry.start + entry.n_bytes <= size for entry in kept)
    is_sound &= all(entry.kind in (1, 2, 7) or entry.count <= _MAX_STRIPS for entry in kept)
    is_sound &= sum(entry.n_bytes for entry in kept) <= size
    for tag in (_STRIP_OFFSETS, _STRIP_BYTES, _TILE_OFFSETS, _TILE_BYTES):
        is_sound &= tag not in entries or entries[tag].count <= _MAX_STRIPS
    if not (
        is_sound and _has_sound_tiles(directory, size_px) and _has_sound_strips(directory, size_px)
    ):
        raise TruncatedImageError(
            "This TIFF file's directory asks for more than the file holds: it is damaged. "
            "Export it again."
        )


def _has_sound_tiles(directory: Directory, size_px: tuple[int, int]) -> bool:
    """Whether tiles reach over the picture's edge by no more than they must.

    Tiles are decoded whole: those of 4096 × 16 pixels over a strip of 32 would be 128 pictures.
    """
    sides = [directory.integer(tag, 0) for tag in (_TILE_WIDTH, _TILE_HEIGHT)]
    if _TILE_WIDTH not in directory.entries and _TILE_HEIGHT not in directory.entries:
        return True
    if min(sides) < 1:
        return False
    covered_px = [px + -px % side for px, side in zip(size_px, sides, strict=True)]
    return prod(covered_px) <= max(_MOST_COVERED_PX, 2 * prod(size_px))


def _has_sound_strips(directory: Directory, size_px: tuple[int, int]) -> bool:
    """Whether compressed strips or tiles, together, are hardly longer than the file.

    Empty ones may lie in the same place; they are short. But where all claim the whole file, each
    is decompressed to its end, and the time is the file's length times their number.
    """
    if directory.integer(_COMPRESSION, 1) == 1:
        return True
    n_samples = prod(size_px) * directory.integer(_SAMPLES, 1)
    most = len(directory.data) + n_samples // 4
    return all(
        sum(directory.integers(tag, most=_MAX_STRIPS)) <= most
        for tag in (_STRIP_BYTES, _TILE_BYTES)
    )


def _segments(directory: Directory, size_px: tuple[int, int], bits: int) -> _Segments:
    """The strips or tiles that the picture needs, as they stand in the file, each once."""
    width, height = size_px
    n_samples = directory.integer(_SAMPLES, 1)
    n_planes = 1
    if directory.integer(_PLANAR, 1) == 2:
        n_samples, n_planes = 1, n_samples
    if _TILE_OFFSETS in directory.entries:
        offset_tag, bytes_tag = _TILE_OFFSETS, _TILE_BYTES
        across, down = (max(1, directory.integer(tag, 1)) for tag in (_TILE_WIDTH, _TILE_HEIGHT))
    else:
        offset_tag, bytes_tag = _STRIP_OFFSETS, _STRIP_BYTES
        across, down = width, min(height, max(1, directory.integer(_STRIP_ROWS, height)))
    n_needed = n_planes * -(-width // across) * -(-height // down)
    offsets = directory.integers(offset_tag, most=_MAX_STRIPS)[:n_needed]
    lengths = directory.integers(bytes_tag, most=_MAX_STRIPS)[:n_needed]
    places = dict.fromkeys(zip(offsets, lengths, strict=False))
    return _Segments(
        data=tuple(directory.data[start : start + length] for start, length in places),
        n_bytes=down * -(-across * n_samples * bits // 8),
    )


def _with_tables(directory: Directory, jpegs: Sequence[bytes]) -> tuple[bytes, ...]:
    """The first JPEGs with the tables that they share before each of them (tag 347).

    Raises:
        TruncatedImageError: Longer tables than JPEG has.
    """
    jpegs = jpegs[:_MOST_JPEGS]
    shared = directory.entries.get(_JPEG_TABLES)
    if shared is None:
        return tuple(jpegs)
    if shared.n_bytes > _MOST_TABLE_BYTES:
        raise TruncatedImageError(
            f"This TIFF file has {shared.n_bytes:,} bytes of JPEG tables; at most "
            f"{_MOST_TABLE_BYTES:,} are expected: it is damaged. Export it again."
        )
    tables = directory.data[shared.start : shared.start + shared.n_bytes]
    return tuple(tables.removesuffix(b"\xff\xd9") + jpeg[2:] for jpeg in jpegs)


def _one_page_only(directory: Directory) -> bytes:
    """The same pixels under a new directory at the end: values keep their place in the file.

    Inverted grey of 16 bits is declared as plain grey: who reads it turns it.
    """
    data, layout = directory.data, directory.layout
    raw = {tag: entry.raw for tag, entry in directory.entries.items() if tag in _PIXEL_TAGS}
    meaning = directory.integer(_PHOTOMETRIC, -1)
    if _samples_of(meaning, directory.integer(_BITS, 1)) == "16-bit inverted grey":
        raw[_PHOTOMETRIC] = (
            struct.pack(layout.order + "HH", _PHOTOMETRIC, 3)
            + struct.pack(layout.offset_code, 1)
            + struct.pack(layout.order + "H", _BLACK_IS_ZERO)
        ).ljust(layout.entry_bytes, b"\0")
    kept = [raw[tag] for tag in sorted(raw)]
    padding = b"\0" * (len(data) % 2)
    header_bytes = 16 if layout.is_big else 8
    offset = struct.pack(layout.offset_code, len(data) + len(padding))
    rebuilt = (
        struct.pack(layout.count_code, len(kept))
        + b"".join(kept)
        + struct.pack(layout.offset_code, 0)
    )
    head = data[: header_bytes - len(offset)] + offset
    return head + data[header_bytes:] + padding + rebuilt


def _pixel_size(directory: Directory) -> float | None:
    um_per_unit = {2: 25_400.0, 3: 10_000.0}.get(directory.integer(_UNIT, 2))
    per_px = []
    for tag in (_X_RESOLUTION, _Y_RESOLUTION):
        entry = directory.entries.get(tag)
        if um_per_unit is None or entry is None or entry.kind != 5 or entry.count != 1:
            return None
        if entry.start + 8 > len(directory.data):
            return None
        code = directory.layout.order + "II"
        numerator, denominator = struct.unpack_from(code, directory.data, entry.start)
        if numerator == 0:
            return None
        per_px.append(um_per_unit * denominator / numerator)
    return plausible_um_per_px(per_px[0], per_px[1])
