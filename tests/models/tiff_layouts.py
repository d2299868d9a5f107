"""TIFF files of the drawn picture in every layout that the format knows, written by tifffile."""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from tests.models.image_files import HEIGHT, WIDTH, encoded, picture

COMPRESSIONS = {"none": 1, "lzw": 5, "jpeg": 7, "deflate": 8, "packbits": 32773, "lzma": 34925}
# What samples mean: TIFF's number, samples a pixel and what those beyond the colour are.
MEANINGS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "grey": ("minisblack", 1, ()),
    "white is zero": ("miniswhite", 1, ()),
    "grey and alpha": ("minisblack", 2, ("unassalpha",)),
    "white is zero and alpha": ("miniswhite", 2, ("unassalpha",)),
    "palette": ("palette", 1, ()),
    "rgb": ("rgb", 3, ()),
    "rgb and alpha": ("rgb", 4, ("unassalpha",)),
    "rgb and associated alpha": ("rgb", 4, ("assocalpha",)),
    "rgb and something": ("rgb", 4, ("unspecified",)),
    "rgb and two things": ("rgb", 5, ("unspecified", "unspecified")),
    "cmyk": ("separated", 4, ()),
    "ycbcr": ("ycbcr", 3, ()),
}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way to store the picture.

    Attributes:
        bits: Of a sample that is used; 10, 12 and 14 are stored in 16.
        is_packed: Whether samples of fewer than 8 bits, or 12, follow each other without a gap.
    """

    meaning: str
    bits: int
    is_planar: bool = False
    compression: str = "none"
    order: str = "<"
    is_tiled: bool = False
    has_predictor: bool = False
    is_packed: bool = False

    def __str__(self) -> str:
        parts = [f"{self.bits} bits", self.compression, {"<": "little", ">": "big"}[self.order]]
        parts += ["planar"] * self.is_planar + ["tiled"] * self.is_tiled
        parts += ["predictor"] * self.has_predictor + ["packed"] * self.is_packed
        return ", ".join([self.meaning, *parts])

    @property
    def stored_bits(self) -> int:
        return self.bits if self.is_packed else 8 * -(-self.bits // 8)


def layouts() -> Iterator[Layout]:
    """Every layout that TIFF allows of these parts."""
    for meaning, bits, is_planar, compression, order, is_tiled, has_predictor in product(
        MEANINGS, (8, 12, 16), (False, True), COMPRESSIONS, "<>", (False, True), (False, True)
    ):
        layout = Layout(
            meaning=meaning,
            bits=bits,
            is_planar=is_planar,
            compression=compression,
            order=order,
            is_tiled=is_tiled,
            has_predictor=has_predictor,
        )
        n_samples = MEANINGS[meaning][1]
        is_jpeg = compression == "jpeg"
        if is_planar and n_samples == 1:
            continue
        if is_tiled and (order == ">" or has_predictor or bits == 12):
            continue
        if compression in ("lzma", "packbits") and bits == 12 and order == ">":
            continue
        if has_predictor and (compression not in ("lzw", "deflate") or meaning == "palette"):
            continue
        if is_jpeg and (bits != 8 or n_samples > 4 or n_samples == 2 or meaning == "palette"):
            continue
        if meaning in ("palette", "ycbcr") and bits != 8:
            continue
        yield layout
    for meaning, bits, order in product(("grey", "white is zero"), (1, 2, 4, 12), "<>"):
        yield Layout(meaning=meaning, bits=bits, order=order, is_packed=True)


def stored(layout: Layout) -> tuple[bytes, np.ndarray]:
    """The file, and the picture (60, 90, 3) uint8 that it should be read as."""
    samples, expected, colour_map = _samples(layout)
    photometric, _, extra = MEANINGS[layout.meaning]
    buffer = BytesIO()
    options: dict[str, Any] = {"colormap": colour_map} if colour_map is not None else {}
    if photometric == "ycbcr":
        options["subsampling"] = (1, 1)
    shape: tuple[int, ...] = samples.shape
    if layout.is_planar:
        samples = np.moveaxis(samples, 2, 0)
        shape = samples.shape
        options["planarconfig"] = "separate"
    elif samples.ndim == 3:
        options["planarconfig"] = "contig"
    if layout.is_tiled:
        options["tile"] = (32, 48)
    else:
        options["rowsperstrip"] = 16
    if layout.is_packed:
        options["bitspersample"] = layout.bits
    with tifffile.TiffWriter(buffer, byteorder=layout.order) as writer:
        writer.write(
            _segments(samples, layout),
            shape=shape,
            dtype=samples.dtype,
            photometric=photometric,
            extrasamples=extra or None,
            compression=None if layout.compression == "none" else 8,
            predictor=layout.has_predictor,
            metadata=None,
            **options,
        )
    code = layout.order + "HHIH"  # the entry of tag 259: tifffile would want its own encoder
    was = struct.pack(code, 259, 3, 1, 8)
    now = struct.pack(code, 259, 3, 1, COMPRESSIONS[layout.compression])
    return buffer.getvalue().replace(was, now), expected


def _samples(layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Samples (H, W) or (H, W, samples), what they show, and a colour map or None."""
    rgb, grey, top = picture(), picture()[..., 0], (1 << layout.bits) - 1
    _, n_samples, extra = MEANINGS[layout.meaning]
    if layout.meaning == "palette":
        shades = np.arange(256)
        colours = np.stack([shades, 255 - shades, shades // 2])
        return grey, colours.T[grey].astype(np.uint8), (colours * 257).astype(np.uint16)
    if layout.meaning == "ycbcr":
        ycbcr = Image.fromarray(rgb).convert("YCbCr")
        shown, rgb = np.asarray(ycbcr), np.asarray(ycbcr.convert("RGB"))
    elif layout.meaning == "cmyk":
        shown = np.concatenate([255 - rgb, np.zeros_like(rgb[..., :1])], axis=2)
    else:
        shown = rgb if n_samples >= 3 else grey[..., None]
    expected = rgb if n_samples >= 3 else np.repeat(grey[..., None], 3, axis=2)
    if layout.meaning.startswith("white"):
        shown = 255 - shown
    if extra:
        added = np.full((HEIGHT, WIDTH, len(extra)), 255, np.uint8)
        if "unspecified" in extra:
            added[:, ::2] = 90
        shown = np.concatenate([shown, added], axis=2)
    scaled = np.rint(shown.astype(float) * top / 255)
    if layout.bits < 8:
        back = np.rint(scaled * 255 / top)
        expected = np.repeat(255 - back if layout.meaning.startswith("white") else back, 3, axis=2)
    samples = scaled.astype(np.uint16 if layout.bits > 8 else np.uint8)
    return samples[..., 0] if n_samples == 1 else samples, expected.astype(np.uint8), None


def _segments(samples: np.ndarray, layout: Layout) -> Iterator[bytes]:
    """Strips or tiles, encoded, plane by plane."""
    planes = samples if layout.is_planar else samples[None]
    tile = (32, 48) if layout.is_tiled else (16, WIDTH)
    for plane in planes:
        for top in range(0, HEIGHT, tile[0]):
            for left in range(0, WIDTH, tile[1]):
                part = plane[top : top + tile[0], left : left + tile[1]]
                if layout.is_tiled:
                    missing = [(0, tile[0] - part.shape[0]), (0, tile[1] - part.shape[1])]
                    part = np.pad(part, missing + [(0, 0)] * (part.ndim - 2))
                yield _encoded(part, layout)


def _encoded(part: np.ndarray, layout: Layout) -> bytes:
    if layout.compression == "jpeg":
        return _jpeg(part, layout)
    if layout.has_predictor:
        part = np.concatenate([part[:, :1], np.diff(part, axis=1)], axis=1)
    if layout.is_packed:
        bits = np.unpackbits(part.astype(">u2")[..., None].view(np.uint8), axis=2)
        raw = np.packbits(bits[..., -layout.bits :].reshape(len(part), -1), axis=1).tobytes()
    else:
        raw = part.astype(part.dtype.newbyteorder(layout.order)).tobytes()
    encoders = {
        "none": lambda: raw,
        "deflate": lambda: zlib.compress(raw),
        "lzma": lambda: lzma.compress(raw),
        "packbits": lambda: _packbits(raw, len(raw) // len(part)),
        "lzw": lambda: _lzw(raw),
    }
    return encoders[layout.compression]()


def _jpeg(part: np.ndarray, layout: Layout) -> bytes:
    """A JPEG of its own; of YCbCr where the file says YCbCr, else with the samples as they are."""
    if part.ndim == 2:
        return encoded(Image.fromarray(part), "JPEG", quality=95)
    if part.shape[2] == 4:
        inverted = Image.fromarray(255 - part, "CMYK")  # Pillow inverts, as Adobe's files are
        return encoded(inverted, "JPEG", quality=95)
    if layout.meaning == "ycbcr":
        rgb = Image.fromarray(part, "YCbCr").convert("RGB")
        return encoded(rgb, "JPEG", quality=95, subsampling=0)
    return encoded(Image.fromarray(part), "JPEG", quality=95, keep_rgb=True)


@cache
def _packbits(raw: bytes, n_bytes_a_row: int) -> bytes:
    """Runs of two and more, and what is no run, row by row (TIFF 6.0, section 9)."""
    packed = bytearray()
    for start in range(0, len(raw), n_bytes_a_row):
        row = raw[start : start + n_bytes_a_row]
        position = 0
        while position < len(row):
            n_equal = 1
            while (
                n_equal < min(128, len(row) - position) and row[position + n_equal] == row[position]
            ):
                n_equal += 1
            if n_equal > 1:
                packed += bytes([257 - n_equal, row[position]])
            else:
                packed += bytes([0, row[position]])
            position += n_equal
    return bytes(packed)


@cache
def _lzw(raw: bytes) -> bytes:
    """TIFF 6.0, section 13, with a clear code before codes would need 10 bits."""
    codes = [256]
    table: dict[bytes, int] = {}
    held = b""
    for value in raw:
        longer = held + bytes([value])
        if len(longer) == 1 or longer in table:
            held = longer
            continue
        codes.append(held[0] if len(held) == 1 else table[held])
        table[longer] = 258 + len(table)
        held = longer[-1:]
        if len(table) == 250:
            codes += [held[0], 256]
            table, held = {}, b""
    if held:
        codes.append(held[0] if len(held) == 1 else table[held])
    codes.append(257)
    bits = "".join(f"{code:09b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")
