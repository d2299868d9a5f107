"""JPEG files (ITU T.81) that repeat one thing."""

from __future__ import annotations

import struct

from models.errors import TruncatedImageError
from tests.models.hostile.family import SIDE, Family, repeated

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    """A marker segment with its length."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


_QUANTISATION = segment(0xDB, bytes([0, *[1] * 64]))
_DC_CODES = segment(0xC4, bytes([0x00, 1, *[0] * 15, 0x00]))
_AC_CODES = segment(0xC4, bytes([0x10, 0, 2, *[0] * 14, 0xE0, 0x01]))


def jpeg(
    *,
    head: bytes = b"",
    between: bytes = b"",
    tail: bytes = b"",
    n_scans: int = 2,
    width: int = SIDE,
    height: int = SIDE,
) -> bytes:
    """A grey progressive JPEG of three components whose later scans say "the rest is zero".

    Args:
        head: Bytes after the first marker.
        between: Bytes before the last scan.
        tail: Bytes before the end marker.
        n_scans: Scans; each but the first costs a pass over one component.
        width, height: In pixels.
    """
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    n_blocks = -(-width // 8) * -(-height // 8)
    zeros = bytes(-(-3 * n_blocks // 8))
    scans = [segment(0xDA, bytes([3, 1, 0, 2, 0, 3, 0, 0, 0, 0])) + zeros]
    runs = "00" + "1" * 14  # code 00 (0xE0), then how many blocks end here: 32,767
    all_zero = _packed(runs * (n_blocks // 32767 + 1))
    for number in range(n_scans - 1):
        refined = 0x01 if number < 3 else 0x10  # first bits, then refinements of them
        scans.append(segment(0xDA, bytes([1, number % 3 + 1, 0, 1, 63, refined])) + all_zero)
    tables = [_QUANTISATION, segment(0xC2, frame), _DC_CODES, _AC_CODES]
    return b"".join([_SOI, head, *tables, *scans[:-1], between, scans[-1], tail, _EOI])


def _packed(bits: str) -> bytes:
    """Bits as the samples of a scan: filled up with ones, FF followed by 00."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")


_COMMENT = segment(0xFE, b"")
_CAMERA = segment(0xE1, b"Exif\0\0" + bytes(100))
_TABLES = segment(0xDB, bytes([0, *[1] * 64]) * 1000)

FAMILIES = {
    "fill bytes and nothing else": Family(
        make=lambda size: _SOI + b"\xff" * size, error=TruncatedImageError
    ),
    "fill bytes before a table": Family(make=lambda size: jpeg(head=b"\xff" * size)),
    "fill bytes between scans": Family(make=lambda size: jpeg(between=b"\xff" * size)),
    "fill bytes after the last scan": Family(make=lambda size: jpeg(tail=b"\xff" * size)),
    "short runs of fill bytes": Family(
        make=lambda size: jpeg(tail=repeated(b"\xff\xff\0", size)), error=TruncatedImageError
    ),
    "long runs of fill bytes": Family(
        make=lambda size: jpeg(tail=repeated(b"\xff" * 5000 + b"\0", size))
    ),
    "FF00 in a scan": Family(
        make=lambda size: jpeg(tail=repeated(b"\xff\0", size)), error=TruncatedImageError
    ),
    "restart markers": Family(make=lambda size: jpeg(tail=repeated(b"\xff\xd0", size))),
    "empty comments": Family(make=lambda size: jpeg(head=repeated(_COMMENT, size))),
    "comments between scans": Family(make=lambda size: jpeg(between=repeated(_COMMENT, size))),
    "cameras' notes": Family(make=lambda size: jpeg(head=repeated(_CAMERA, size))),
    "code tables": Family(make=lambda size: jpeg(head=repeated(_DC_CODES, size))),
    "code tables between scans": Family(make=lambda size: jpeg(between=repeated(_AC_CODES, size))),
    "quantisation tables": Family(make=lambda size: jpeg(head=repeated(_TABLES, size))),
    "zeros behind it": Family(make=lambda size: jpeg() + bytes(size)),
    "scans behind it": Family(make=lambda size: jpeg() + repeated(b"\xff\xda\0\x08", size)),
}
