"""ZIP archives as people and attackers make them, of small pictures."""

from __future__ import annotations

import io
import re
import stat
import struct
import warnings
import zipfile
from collections.abc import Mapping

import cv2
import numpy as np

MOST_BYTES = 50 * 2**20


def picture(seed: int, *, side_px: int = 64) -> bytes:
    """A small picture as a PNG file; another for each seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".png", cv2.resize(coarse, (side_px, side_px)))[1])


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """An archive of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def awkward_zip() -> bytes:
    """An archive of one good picture of each kind of name, and of all that can be wrong."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b.png", picture(1))
        archive.writestr("a folder/Blut-Ä.png", picture(2))
        archive.writestr("../outside.png", picture(3))
        archive.writestr("/etc/absolute.png", picture(3))
        archive.writestr("c:\\windows\\drive.png", picture(3))
        archive.writestr("inner.zip", zip_of({"x.png": picture(4)}))
        archive.writestr("bomb.png", b"\0" * (MOST_BYTES + 1))
        archive.writestr("liar.png", b"\0" * (MOST_BYTES + 1))
        archive.writestr("secret.png", picture(5))
        archive.writestr("damaged.png", picture(6))
        archive.writestr("strange.png", picture(7))
        archive.writestr("bzip2.png", picture(7), zipfile.ZIP_BZIP2)
        archive.writestr("lzma.png", picture(7), zipfile.ZIP_LZMA)
        archive.writestr("notes.txt", "Anna Schmidt")
        archive.writestr("empty.png", b"")
        archive.writestr("__MACOSX/._b.png", b"of a Mac")
        archive.writestr("a folder/.hidden", b"hidden")
        archive.mkdir("a folder/deeper")
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "b.png")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Duplicate name")
            archive.writestr("b.png", picture(8))
    return _spoiled(made.getvalue())


def _spoiled(data: bytes) -> bytes:
    """Encrypt one entry, damage one, pack one in an unknown way, and let one lie of its size."""
    spoiled = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.start_dir
        in_contents = [start + each.start() for each in re.finditer(b"PK\1\2", data[start:])]
        for central, info in zip(in_contents, archive.infolist(), strict=True):
            if info.filename == "secret.png":
                spoiled[central + 8] |= 1
                spoiled[info.header_offset + 6] |= 1
            elif info.filename == "damaged.png":
                packed = info.header_offset + 30 + len(info.filename)
                spoiled[packed : packed + 8] = b"\xff" * 8
            elif info.filename == "strange.png":
                spoiled[central + 10 : central + 12] = struct.pack("<H", 98)
            elif info.filename == "liar.png":
                spoiled[central + 24 : central + 28] = struct.pack("<I", 1000)
                spoiled[info.header_offset + 22 : info.header_offset + 26] = struct.pack("<I", 1000)
    return bytes(spoiled)
