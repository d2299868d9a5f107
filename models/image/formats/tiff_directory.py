"""TIFF directories (TIFF 6.0, BigTIFF): their entries, and an EXIF block's orientation."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from models.errors import TruncatedImageError

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_TYPE_BYTES |= {13: 4, 16: 8, 17: 8, 18: 8}
_INTEGER_CODES = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_ORIENTATION = 274
_MAX_ENTRIES = 4096  # of a directory; TIFF 6.0 and EXIF together know fewer than 300 tags


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file writes numbers: "<" or ">", and whether places have 8 bytes (BigTIFF) or 4."""

    order: str
    is_big: bool

    @property
    def count_code(self) -> str:
        """struct's code of the number of entries."""
        return self.order + ("Q" if self.is_big else "H")

    @property
    def offset_code(self) -> str:
        """struct's code of a place in the file."""
        return self.order + ("Q" if self.is_big else "I")

    @property
    def entry_bytes(self) -> int:
        """Length of an entry."""
        return 20 if self.is_big else 12


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a directory.

    Attributes:
        kind: TIFF's type of its values, such as 3 for 16-bit whole numbers.
        count: How many values it has.
        raw: The entry as it stands in the file.
        start: Where its values begin, from the start of the file.
    """

    kind: int
    count: int
    raw: bytes
    start: int

    @property
    def n_bytes(self) -> int:
        """Length of its values."""
        return self.count * _TYPE_BYTES.get(self.kind, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Directory:
    """One page's entries by tag.

    Attributes:
        data: The whole file.
        layout: How it writes numbers.
        entries: The first entry of each tag.
        next_offset: Where the next directory begins, or 0.
    """

    data: bytes
    layout: Layout
    entries: Mapping[int, Entry]
    next_offset: int

    def integers(self, tag: int, *, most: int = 16) -> tuple[int, ...]:
        """The first values, `most` at most, of a tag of whole numbers; empty where it is missing.

        Raises:
            TruncatedImageError: They lie beyond the file's end.
        """
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in _INTEGER_CODES or entry.count < 1:
            return ()
        code = f"{self.layout.order}{min(entry.count, most)}{_INTEGER_CODES[entry.kind]}"
        if entry.start + struct.calcsize(code) > len(self.data):
            raise TruncatedImageError(
                "This TIFF file ends before its directory's values: it was cut short. "
                "Copy it again."
            )
        return struct.unpack_from(code, self.data, entry.start)

    def integer(self, tag: int, default: int) -> int:
        """The first value of a tag of whole numbers, or the default where it is missing."""
        return (self.integers(tag) or (default,))[0]

    def text(self, tag: int, *, most: int = 4096) -> str:
        """The first characters of a text; empty where it is missing."""
        entry = self.entries.get(tag)
        if entry is None or entry.kind not in (1, 2, 7):
            return ""
        value = self.data[entry.start : entry.start + min(entry.count, most)]
        return value.partition(b"\0")[0].decode("ascii", "replace")


def read_header(data: bytes) -> tuple[Layout, int]:
    """How the file writes numbers, and where its first directory begins.

    Raises:
        TruncatedImageError: No TIFF header, or a file that ends inside it.
    """
    mark = data[:4]
    if mark not in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        raise TruncatedImageError(
            "This TIFF file does not begin as one: it is damaged. Copy it again."
        )
    layout = Layout(order="<" if mark[:1] == b"I" else ">", is_big=b"+" in mark)
    return layout, _unpack(data, layout.offset_code, 8 if layout.is_big else 4)


def read_directory(data: bytes, layout: Layout, offset: int) -> Directory:
    """The directory at a place of the file.

    Raises:
        TruncatedImageError: It lies outside the file or has too many entries.
    """
    n_entries = _unpack(data, layout.count_code, offset)
    start = offset + struct.calcsize(layout.count_code)
    size = layout.entry_bytes
    if n_entries > _MAX_ENTRIES:
        raise TruncatedImageError(
            f"This TIFF file's directory has {n_entries:,} entries; at most {_MAX_ENTRIES:,} are "
            "expected: it is damaged. Export it again."
        )
    if start + n_entries * size > len(data):
        raise TruncatedImageError(
            "This TIFF file ends before its directory does: it was cut short. Copy it again."
        )
    entries: dict[int, Entry] = {}
    for position in range(start, start + n_entries * size, size):
        tag, kind = struct.unpack_from(layout.order + "HH", data, position)
        count = _unpack(data, layout.offset_code, position + 4)
        value = position + 4 + struct.calcsize(layout.offset_code)
        n_bytes = count * _TYPE_BYTES.get(kind, 1)
        if n_bytes > struct.calcsize(layout.offset_code):
            value = _unpack(data, layout.offset_code, value)
        entries.setdefault(
            tag,
            Entry(kind=kind, count=count, raw=data[position : position + size], start=value),
        )
    after = start + n_entries * size
    code = layout.offset_code
    has_next = after + struct.calcsize(code) <= len(data)
    next_offset = _unpack(data, code, after) if has_next else 0
    return Directory(data=data, layout=layout, entries=entries, next_offset=next_offset)


def directory_offsets(data: bytes, layout: Layout, offset: int) -> Iterator[int]:
    """Where the directories of the chain begin, from that one on; it ends where it comes back."""
    seen: set[int] = set()
    code = layout.offset_code
    while offset and offset not in seen:
        seen.add(offset)
        try:
            n_entries = _unpack(data, layout.count_code, offset)
            yield offset
            after = offset + struct.calcsize(layout.count_code) + n_entries * layout.entry_bytes
            offset = _unpack(data, code, after)
        except TruncatedImageError:
            return


def exif_orientation(exif: bytes) -> int:
    """The EXIF orientation, 1 to 8 (EXIF 2.3, tag 274); 1 where it is missing or damaged."""
    try:
        exif = exif.removeprefix(b"Exif\0\0")
        layout, offset = read_header(exif)
        return orientation(read_directory(exif, layout, offset))
    except (TruncatedImageError, struct.error):
        return 1


def orientation(directory: Directory) -> int:
    """A page's orientation, 1 to 8; 1 where it has none or another number."""
    value = directory.integer(_ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def _unpack(data: bytes, code: str, offset: int) -> int:
    if offset + struct.calcsize(code) > len(data):
        raise TruncatedImageError(
            "This TIFF file ends before its directory: it was cut short. Copy it again."
        )
    value: int = struct.unpack_from(code, data, offset)[0]
    return value
