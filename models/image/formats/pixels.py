"""From a checked container to (H, W, 3) uint8 pixels."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from models.errors import MicrographError, TooManyPixelsError, UnsupportedImageError
from models.image.formats.container import Container, Pixels
from models.image.formats.jpeg_damage import damage_of
from models.image.formats.jpeg_quality import NOT_TOLD, jpeg_quality
from models.image.formats.structure import cut_short

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_INFLATED_BYTES = 2**18  # at a time
GREY_NOTE = "Grey image: it carries no stain colour."


def decode(container: Container) -> Pixels:
    """The pixels, upright, what was changed on the way, and whether the data is damaged.

    Raises:
        TruncatedImageError: The data ends early or is damaged.
        UnsupportedImageError: Samples of a kind that is not read.
    """
    jpegs = [container.data] if container.kind == "JPEG" else container.jpegs
    damage = damage_of(container.kind, jpegs)
    if not all(_is_whole(data, container.segment_bytes) for data in container.deflated):
        raise cut_short(container.kind)
    image = _open(container)
    quality = _quality(container, image)
    notes = list(container.notes)
    if container.samples == "16-bit colour":
        image, note = _full_depth(container, image)
        notes.append(note)
    elif container.samples == "16-bit grey with alpha":
        image, note = _grey_with_alpha(image)
        notes.append(note)
    elif image.mode.startswith("I;16"):
        grey, note = to_8_bit(np.asarray(image).astype(np.uint16))
        is_inverted = container.samples == "16-bit inverted grey"
        image = Image.fromarray(255 - grey if is_inverted else grey)
        notes.append(note)
    image, note = _to_rgb(image)
    notes.append(note)
    if container.orientation != 1:
        image = image.transpose(_TURNS[container.orientation])
        notes.append("Turned upright, as the camera's orientation mark asks.")
    return Pixels(
        rgb=np.array(image),
        um_per_px=container.um_per_px,
        notes=tuple(note for note in notes if note),
        damage=damage,
        jpeg_quality=quality,
    )


def _quality(container: Container, image: Image.Image) -> int | None:
    """How hard the data was compressed; of a TIFF that holds JPEGs its first strip or tile."""
    if container.kind == "WEBP":
        is_lossless = container.data[12:16] == b"VP8L" or b"VP8L" in container.data[12:64]
        return None if is_lossless else NOT_TOLD
    if container.kind == "JPEG":
        return jpeg_quality(image)
    if not container.jpegs:
        return None
    try:
        return jpeg_quality(Image.open(BytesIO(container.jpegs[0]), formats=("JPEG",)))
    except (OSError, SyntaxError, ValueError):  # libtiff read what Pillow alone cannot
        return NOT_TOLD


def _is_whole(deflated: bytes, n_bytes: int) -> bool:
    """Whether a stream of zlib ends in the checksum of what it holds (RFC 1950).

    libtiff stops as soon as it has its pixels, before the checksum.

    Args:
        n_bytes: How much it should hold; at most twice as much is looked at.
    """
    inflater, left, n_inflated = zlib.decompressobj(), deflated, 0
    try:
        while not inflater.eof and n_inflated <= 2 * n_bytes:
            piece = inflater.decompress(left, _INFLATED_BYTES)
            n_inflated += len(piece)
            left = inflater.unconsumed_tail
            if not piece and not left:
                break
    except zlib.error:
        return False
    return inflater.eof


def to_8_bit(samples: np.ndarray) -> tuple[np.ndarray, str]:
    """16-bit samples as 8 bits, scaled by the depth that the camera used, and a note on it.

    Cameras of 10, 12 and 14 bits store their counts unscaled in 16-bit files; the depth taken
    is the smallest of 8, 10, 12, 14 and 16 bits that holds the largest sample.

    Args:
        samples: uint16, any shape.
    """
    bits = depth(int(samples.max(initial=0)))
    table = _table(bits)
    scaled = in_blocks_of_rows(lambda block: table[block], samples)
    return scaled, _depth_note(bits)


def depth(largest: int) -> int:
    """The depth of a camera whose largest sample this is: 8, 10, 12, 14 or 16 bits."""
    return next(bits for bits in (8, 10, 12, 14, 16) if largest < 1 << bits)


def _table(bits: int) -> np.ndarray:
    """The 8-bit value of each sample of that depth."""
    values: np.ndarray = np.rint(np.arange(1 << bits) * (255 / ((1 << bits) - 1))).astype(np.uint8)
    return values


def _depth_note(bits: int) -> str:
    return f"16-bit file with {bits}-bit samples, scaled to 8 bits."


def in_blocks_of_rows(
    function: Callable[[np.ndarray], np.ndarray],
    samples: np.ndarray,
    *,
    shape: tuple[int, ...] | None = None,
) -> np.ndarray:
    """A function's answers, uint8, block by block of rows: it needs little memory.

    Args:
        shape: Of the answers; by default that of the samples.
    """
    answers = np.empty(samples.shape if shape is None else shape, np.uint8)
    n_rows = max(1, 2**20 // max(1, samples[:1].size))
    for start in range(0, len(samples), n_rows):
        answers[start : start + n_rows] = function(samples[start : start + n_rows])
    return answers


def _open(container: Container, *, has_low_bytes: bool = False) -> Image.Image:
    """The decoded image; of 16-bit colour the high bytes, or the low ones where asked for."""
    try:
        image = Image.open(BytesIO(container.data), formats=(container.kind,))
        if image.size[0] * image.size[1] != container.width_px * container.height_px:
            raise cut_short(container.kind)
        if has_low_bytes:
            _take_low_bytes(image)
        image.load()
    except MicrographError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixelsError(
            "The image declares more pixels than can be read. Export a smaller field of view."
        ) from error
    except UnidentifiedImageError as error:
        if container.kind == "TIFF":
            raise UnsupportedImageError(
                "This TIFF file stores its samples in a way that is not read. "
                "Export it as an 8-bit RGB TIFF or PNG."
            ) from error
        raise cut_short(container.kind) from error
    except Exception as error:  # decoders raise what they like on damaged bytes
        if "nsupported" in str(error):
            raise UnsupportedImageError(
                f"This {container.kind} file is of a variant that is not read. Export it as PNG."
            ) from error
        raise cut_short(container.kind) from error
    return image


def _take_low_bytes(image: ImageFile.ImageFile) -> None:
    """Have Pillow, which keeps the high byte of 16-bit colour, keep the low one.

    Its raw modes end in ;16L, ;16B or ;16N, by which of the two bytes comes first.
    """
    swapped = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
    tiles = []
    for tile in image.tile:
        mode, *others = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        tiles.append(tile._replace(args=(f"{mode[:-1]}{swapped[mode[-1]]}", *others)))
    image.tile = tiles


def _full_depth(container: Container, high: Image.Image) -> tuple[Image.Image, str]:
    """16-bit colour with the depth that the camera used.

    The high byte alone leaves a 12-bit camera 16 levels; where it shows that less than 16 bits
    are used, the low bytes are read as well.
    """
    n_colours = 4 if high.mode == "CMYK" else 3
    largest = _extrema(high)[:, 1]
    bits = depth(256 * int(largest[:n_colours].max()))
    if bits == 16:
        return high, _depth_note(bits)
    tables = [_table(bits)] * n_colours
    tables += [_table(depth(256 * int(alpha))) for alpha in largest[n_colours:]]
    low = _open(container, has_low_bytes=True)
    bands = [
        Image.fromarray(_joined(high.getchannel(band), low.getchannel(band), table))
        for band, table in enumerate(tables)
    ]
    return Image.merge(high.mode, bands), _depth_note(bits)


def _joined(high: Image.Image, low: Image.Image, table: np.ndarray) -> np.ndarray:
    """The 8-bit values of samples by their high and their low bytes, each (H, W)."""
    both = np.stack([np.asarray(high), np.asarray(low)], axis=2)

    def looked_up(block: np.ndarray) -> np.ndarray:
        values: np.ndarray = table[block[..., 0].astype(np.uint16) << 8 | block[..., 1]]
        return values

    return in_blocks_of_rows(looked_up, both, shape=both.shape[:2])


def _grey_with_alpha(image: Image.Image) -> tuple[Image.Image, str]:
    """An image of grey and alpha from their high and low bytes, which stand as R, G, B and A."""
    channels = [image.getchannel(band) for band in range(4)]
    largest = [256 * int(channel.getextrema()[1]) for channel in channels[::2]]  # type: ignore[arg-type]
    bits, of_alpha = map(depth, largest)
    grey = _joined(channels[0], channels[1], _table(bits))
    alpha = _joined(channels[2], channels[3], _table(of_alpha))
    bands = [Image.fromarray(grey), Image.fromarray(alpha)]
    return Image.merge("LA", bands), _depth_note(bits)


def _extrema(image: Image.Image) -> np.ndarray:
    """The smallest and the largest sample of each band, (bands, 2), without a copy of them all."""
    return np.reshape(image.getextrema(), (-1, 2))


def _to_rgb(image: Image.Image) -> tuple[Image.Image, str]:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image, ""
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return _flatten(image)
    if image.mode in ("1", "L"):
        return image.convert("RGB"), GREY_NOTE
    if image.mode == "CMYK":
        return image.convert("RGB"), "CMYK colours converted to RGB."
    if image.mode in ("P", "RGBX", "YCbCr"):
        return image.convert("RGB"), ""
    raise UnsupportedImageError(
        f"This image has samples of the kind {image.mode}; grey or colour of 8 or 16 bits is "
        "expected. Export it as an 8-bit RGB TIFF or PNG."
    )


def _flatten(image: Image.Image) -> tuple[Image.Image, str]:
    is_grey = image.mode in ("L", "LA", "La")
    rgba = image.convert("RGBA")
    notes = [GREY_NOTE] if is_grey else []
    least, most = _extrema(rgba)[3]
    if most == 0:  # of a program that left the fourth byte empty
        notes.append("Transparency that hides the whole picture left out.")
    elif least < 255:
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        rgba = Image.alpha_composite(white, rgba)
        notes.append("Transparent parts laid on white.")
    return rgba.convert("RGB"), " ".join(notes)
