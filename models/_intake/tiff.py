"""TIFF directories (TIFF 6.0, BigTIFF): what the first page declares, and EXIF orientation.

Decoders see a rebuilt first directory with the tags that pixels need and no others: no
metadata, no further pages, no chains or sizes that ask for more memory than the file has.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from models._intake.container import Container, plausible_um_per_px
from models.errors import TruncatedImageError, UnsupportedImageError

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TYPE_BYTES |= {13: 4, 16: 8, 17: 8, 18: 8}
_INTEGER_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_ORIENTATION, _SAMPLES, _X_RESOLUTION, _Y_RESOLUTION, _UNIT = 274, 277, 282, 283, 296
_TILE_WIDTH, _TILE_HEIGHT, _SAMPLE_FORMAT = 322, 323, 339
# Size, layout, compression and colour; strips and tiles; JPEG tables; YCbCr positions.
_PIXEL_TAGS = frozenset(
    (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324)
) | {325, 338, 339, 347, 529, 530, 531, 532}
# none, LZW, JPEG, deflate (8, 32946), PackBits, LZMA, Zstandard, WebP
_COMPRESSIONS = frozenset((1, 5, 7, 8, 32773, 32946, 34925, 50000, 50001))
_MAX_STRIPS = 100_000
_MAX_PAGES_COUNTED = 10_000


@dataclass(frozen=True, kw_only=True)
class _Layout:
    order: str  # "<" or ">"
    is_big: bool

    @property
    def count_code(self) -> str:
        return self.order + ("Q" if self.is_big else "H")

    @property
    def offset_code(self) -> str:
        return self.order + ("Q" if self.is_big else "I")

    @property
    def entry_bytes(self) -> int:
        return 20 if self.is_big else 12


@dataclass(frozen=True, kw_only=True)
class _Entry:
    kind: int
    count: int
    raw: bytes  # the entry as it stands in the file
    start: int  # of its values, from the start of the file

    @property
    def n_bytes(self) -> int:
        return self.count * _TYPE_BYTES.get(self.kind, 1)


def read_tiff(data: bytes) -> Container:
    """What the first page of a TIFF file declares.

    Raises:
        TruncatedImageError: A directory lies outside the file or contradicts itself.
        UnsupportedImageError: Samples or a compression that are not read.
    """
    layout, offset = _header(data)
    entries, _ = _directory(data, layout, offset)
    width, height = (_integer(data, layout, entries, tag, 0) for tag in (_WIDTH, _HEIGHT))
    if width < 1 or height < 1:
        raise TruncatedImageError(
            "This TIFF file does not say how large its image is: it is damaged. Export it again."
        )
    bits = max(_integers(data, layout, entries, _BITS) or (1,))
    _check_samples(data, layout, entries, bits)
    _check_sizes(data, layout, entries, (width, height))
    n_pages = _count_pages(data, layout, offset)
    notes = (f"First of {n_pages:,} pages.",) if n_pages > 1 else ()
    return Container(
        kind="TIFF",
        data=_first_page_only(data, layout, entries),
        width_px=width,
        height_px=height,
        orientation=_valid_orientation(_integer(data, layout, entries, _ORIENTATION, 1)),
        um_per_px=_pixel_size(data, layout, entries),
        has_16_bit_colour=bits == 16 and _integer(data, layout, entries, _SAMPLES, 1) >= 3,
        notes=notes,
    )


def exif_orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8 (EXIF 2.3, tag 274); 1 where it is missing or damaged."""
    try:
        exif = exif.removeprefix(b"Exif\0\0")
        layout, offset = _header(exif)
        entries, _ = _directory(exif, layout, offset)
        return _valid_orientation(_integer(exif, layout, entries, _ORIENTATION, 1))
    except (TruncatedImageError, struct.error):
        return 1


def _header(data: bytes) -> tuple[_Layout, int]:
    mark = data[:4]
    if mark not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        raise TruncatedImageError("Expected a TIFF header, received other bytes.")
    layout = _Layout(order="<" if mark[:1] == b"I" else ">", is_big=b"+" in mark)
    return layout, _unpack(data, layout.offset_code, 8 if layout.is_big else 4)


def _directory(data: bytes, layout: _Layout, offset: int) -> tuple[Mapping[int, _Entry], int]:
    """The entries of one directory by tag, and the offset of the next directory or 0."""
    n_entries = _unpack(data, layout.count_code, offset)
    start = offset + struct.calcsize(layout.count_code)
    size = layout.entry_bytes
    if start + n_entries * size > len(data):
        raise TruncatedImageError(
            "This TIFF file ends before its directory does: it was cut short. Copy it again."
        )
    entries: dict[int, _Entry] = {}
    for position in range(start, start + n_entries * size, size):
        tag, kind = struct.unpack_from(layout.order + "HH", data, position)
        count = _unpack(data, layout.offset_code, position + 4)
        value = position + 4 + struct.calcsize(layout.offset_code)
        n_bytes = count * _TYPE_BYTES.get(kind, 1)
        if n_bytes > struct.calcsize(layout.offset_code):
            value = _unpack(data, layout.offset_code, value)
        entries.setdefault(
            tag,
            _Entry(kind=kind, count=count, raw=data[position : position + size], start=value),
        )
    after = start + n_entries * size
    code = layout.offset_code
    has_next = after + struct.calcsize(code) <= len(data)
    return entries, _unpack(data, code, after) if has_next else 0


def _check_samples(data: bytes, layout: _Layout, entries: Mapping[int, _Entry], bits: int) -> None:
    formats = set(_integers(data, layout, entries, _SAMPLE_FORMAT) or (1,))
    if formats != {1} or bits > 16:
        what = {3: "floating-point", 2: "signed"}.get(max(formats), "such")
        raise UnsupportedImageError(
            f"This TIFF file has {what} samples of {bits} bits; whole numbers of 8 or 16 bits "
            "are expected. Export it as an 8-bit RGB TIFF."
        )
    compression = _integer(data, layout, entries, _COMPRESSION, 1)
    if compression not in _COMPRESSIONS:
        raise UnsupportedImageError(
            f"This TIFF file uses compression {compression}, which is not read. "
            "Export it as a TIFF without compression or with LZW."
        )


def _check_sizes(
    data: bytes, layout: _Layout, entries: Mapping[int, _Entry], size_px: tuple[int, int]
) -> None:
    kept = [entry for tag, entry in entries.items() if tag in _PIXEL_TAGS]
    is_sound = all(
        entry.n_bytes <= 4096 or entry.start + entry.n_bytes <= len(data) for entry in kept
    )
    is_sound &= all(entry.kind in (1, 2, 7) or entry.count <= _MAX_STRIPS for entry in kept)
    is_sound &= sum(entry.n_bytes for entry in kept) <= len(data)
    # Tiles are multiples of 16 pixels and reach over the edge by less than one tile; a file
    # whose single tile is much larger than its image asks for memory and nothing else.
    tile = [_integer(data, layout, entries, tag, 1) for tag in (_TILE_WIDTH, _TILE_HEIGHT)]
    is_sound &= all(side <= max(4096, 2 * px) for side, px in zip(tile, size_px, strict=True))
    if not is_sound:
        raise TruncatedImageError(
            "This TIFF file's directory asks for more than the file holds: it is damaged. "
            "Export it again."
        )


def _first_page_only(data: bytes, layout: _Layout, entries: Mapping[int, _Entry]) -> bytes:
    """The same pixels under a new directory at the end: values keep their place in the file."""
    kept = [entries[tag].raw for tag in sorted(entries) if tag in _PIXEL_TAGS]
    padding = b"\0" * (len(data) % 2)
    header_bytes = 16 if layout.is_big else 8
    offset = struct.pack(layout.offset_code, len(data) + len(padding))
    directory = (
        struct.pack(layout.count_code, len(kept))
        + b"".join(kept)
        + struct.pack(layout.offset_code, 0)
    )
    head = data[: header_bytes - len(offset)] + offset
    return head + data[header_bytes:] + padding + directory


def _count_pages(data: bytes, layout: _Layout, offset: int) -> int:
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _MAX_PAGES_COUNTED:
        try:
            n_entries = _unpack(data, layout.count_code, offset)
            after = offset + struct.calcsize(layout.count_code) + n_entries * layout.entry_bytes
            seen.add(offset)
            offset = _unpack(data, layout.offset_code, after)
        except TruncatedImageError:
            break
    return len(seen)


def _pixel_size(data: bytes, layout: _Layout, entries: Mapping[int, _Entry]) -> float | None:
    um_per_unit = {2: 25_400.0, 3: 10_000.0}.get(_integer(data, layout, entries, _UNIT, 2))
    per_px = []
    for tag in (_X_RESOLUTION, _Y_RESOLUTION):
        entry = entries.get(tag)
        if um_per_unit is None or entry is None or entry.kind != 5 or entry.count != 1:
            return None
        if entry.start + 8 > len(data):
            return None
        numerator, denominator = struct.unpack_from(layout.order + "II", data, entry.start)
        if numerator == 0:
            return None
        per_px.append(um_per_unit * denominator / numerator)
    return plausible_um_per_px(per_px[0], per_px[1])


def _integers(
    data: bytes, layout: _Layout, entries: Mapping[int, _Entry], tag: int
) -> tuple[int, ...]:
    """The first values (16 at most) of a tag of whole numbers; empty where it is missing."""
    entry = entries.get(tag)
    if entry is None or entry.kind not in _INTEGER_CODES or entry.count < 1:
        return ()
    code = f"{layout.order}{min(entry.count, 16)}{_INTEGER_CODES[entry.kind]}"
    if entry.start + struct.calcsize(code) > len(data):
        raise TruncatedImageError(
            "This TIFF file ends before its directory's values: it was cut short. Copy it again."
        )
    return struct.unpack_from(code, data, entry.start)


def _integer(
    data: bytes, layout: _Layout, entries: Mapping[int, _Entry], tag: int, default: int
) -> int:
    return (_integers(data, layout, entries, tag) or (default,))[0]


def _unpack(data: bytes, code: str, offset: int) -> int:
    if offset + struct.calcsize(code) > len(data):
        raise TruncatedImageError(
            "This TIFF file ends before its directory: it was cut short. Copy it again."
        )
    value: int = struct.unpack_from(code, data, offset)[0]
    return value


def _valid_orientation(value: int) -> int:
    return value if 1 <= value <= 8 else 1
