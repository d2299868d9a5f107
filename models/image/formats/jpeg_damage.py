"""Whether the samples of a JPEG are whole: what libjpeg says of them, and how much is hit."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence

import numpy as np

from models.image.formats.structure import cut_short

DAMAGE = (
    "The file's JPEG data is damaged: parts of the picture may be wrong, or its colours. "
    "Copy it again from the microscope."
)
# Of libjpeg's warnings (jerror.h) those that are on the data.
_ON_DAMAGE = ("Corrupt JPEG data", "Premature end of", "Inconsistent progression")
_SURPLUS = re.compile(r"(\d+) extraneous bytes")
_LONG = 32
_RUNS = re.compile(rb"\x00{%d,}" % _LONG)
_MISSING = 128  # libjpeg's grey where it has no data
_MUCH = 0.02  # a sector of 512 bytes in a picture of 25 kB


def damage_of(kind: str, jpegs: Sequence[bytes]) -> str | None:
    """A sentence where the JPEGs that make up a picture are damaged, None where they are whole.

    libjpeg notices where codes make no sense or data is left over or missing at the end; a changed
    byte after which the codes fall into step again it cannot notice. Runs of zeros, as of a
    lost sector, are found without it.

    Args:
        kind: Of the file, for the message.
        jpegs: One, or a TIFF's strips or tiles, without anything behind their ends.

    Raises:
        TruncatedImageError: A fiftieth of the data or of the picture, or more, is lost.
    """
    lost = [_lost_share(data) for data in jpegs]
    shares = [share for share in lost if share is not None]
    if not shares:
        return None
    if sum(shares) >= _MUCH * len(jpegs):
        raise cut_short(kind)
    return DAMAGE


def _lost_share(data: bytes) -> float | None:
    """How much of a JPEG that can be decoded is lost, 0 to 1; None where no fault is found."""
    if not data.endswith(b"\xff\xd9"):
        data += b"\xff\xd9"  # else its absence would be all that libjpeg mentions
    warning = _warning(data)
    n_lost = _zeros(data)
    if warning is None and not n_lost:
        return None
    surplus = _SURPLUS.search(warning or "")
    if surplus is not None:
        n_lost = max(n_lost, int(surplus[1]))
    return max(n_lost / len(data), _missing_share(data) if "premature" in (warning or "") else 0)


def _missing_share(data: bytes) -> float:
    """How much of the picture has libjpeg's grey of missing data."""
    try:
        rgb = _at_an_eighth(data, "RGB", strict=False)
    except ValueError:  # no warning but an error: the decoder of the pixels will say
        return 0
    return float((rgb == _MISSING).all(axis=2).mean())


def _warning(data: bytes) -> str | None:
    """libjpeg's first word on damage, or None; it looks at brightness alone, which is enough.

    What it cannot do at all is left to the decoder of the pixels.
    """
    try:
        _at_an_eighth(data, "GRAY", strict=True)
    except ValueError as error:
        return str(error) if str(error).startswith(_ON_DAMAGE) else None
    return None


def _zeros(data: bytes) -> int:
    """How many zero bytes stand in long runs that no encoder writes into a baseline scan.

    Zeros are code after code that begins a table. An even ground may be such a run, where these
    codes mean "as before" and "end of block" for every component, as in optimised tables only.
    """
    if bytes(_LONG) not in data:
        return 0
    tables: dict[int, int] = {}
    position = 2
    while position + 4 <= len(data):
        marker = data[position + 1]
        body, end = position + 4, position + 2 + struct.unpack_from(">H", data, position + 2)[0]
        if marker in range(0xC2, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            return 0  # not baseline: of progressive scans zeros may mean nothing changes
        while marker == 0xC4 and body + 17 < end:  # table's number, 16 counts, values
            tables[data[body]] = data[body + 17]
            body += 17 + sum(data[body + 1 : body + 17])
        if marker == 0xDA:
            chosen = data[body + 2 : body + 2 * data[body] : 2]
            may_be_even = all(
                tables.get(each >> 4) == 0 and tables.get(0x10 | each & 15) == 0 for each in chosen
            )
            return 0 if may_be_even else sum(map(len, _RUNS.findall(data, end)))
        position = end
    return 0


def _at_an_eighth(data: bytes, colours: str, *, strict: bool) -> np.ndarray:
    """The picture at an eighth of its size. Raises ValueError: an error; if strict, a warning."""
    import simplejpeg

    small: np.ndarray = simplejpeg.decode_jpeg(
        data, colours, min_height=1, min_width=1, min_factor=8, strict=strict
    )
    return small
