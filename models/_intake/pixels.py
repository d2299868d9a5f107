"""From a checked container to (H, W, 3) uint8 pixels."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from models._intake.container import Container
from models._intake.structure import cut_short
from models.errors import MicrographError, TooManyPixelsError, UnsupportedImageError

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
GREY_NOTE = "Grey image: it carries no stain colour."


def decode(container: Container) -> tuple[np.ndarray, tuple[str, ...]]:
    """The pixels, (H, W, 3) uint8 RGB, upright, and what was changed on the way.

    Raises:
        TruncatedImageError: The data ends early or is damaged.
        UnsupportedImageError: Samples of a kind that is not read.
    """
    image = _open(container)
    notes = list(container.notes)
    if container.has_16_bit_colour:
        image, note = _full_depth(container, image)
        notes.append(note)
    elif image.mode.startswith("I;16"):
        grey, note = to_8_bit(np.asarray(image).astype(np.uint16))
        image = Image.fromarray(grey)
        notes.append(note)
    image, note = _to_rgb(image)
    notes.append(note)
    if container.orientation != 1:
        image = image.transpose(_TURNS[container.orientation])
        notes.append("Turned upright, as the camera's orientation mark asks.")
    return np.array(image), tuple(note for note in notes if note)


def to_8_bit(samples: np.ndarray) -> tuple[np.ndarray, str]:
    """16-bit samples as 8 bits, scaled by the depth that the camera used, and a note on it.

    Cameras of 10, 12 and 14 bits store their counts unscaled in 16-bit files; the depth taken
    is the smallest of 8, 10, 12, 14 and 16 bits that holds the largest sample.

    Args:
        samples: uint16, any shape.
    """
    largest = int(samples.max(initial=0))
    bits = next(depth for depth in (8, 10, 12, 14, 16) if largest < 1 << depth)
    table = np.rint(np.arange(1 << bits) * (255 / ((1 << bits) - 1))).astype(np.uint8)
    return table[samples], f"16-bit file with {bits}-bit samples, scaled to 8 bits."


def _open(container: Container) -> Image.Image:
    try:
        image = Image.open(BytesIO(container.data), formats=(container.kind,))
        if image.size[0] * image.size[1] != container.width_px * container.height_px:
            raise cut_short(container.kind)
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


def _full_depth(container: Container, image: Image.Image) -> tuple[Image.Image, str]:
    """16-bit colour with the depth that the camera used.

    Pillow keeps the high byte only, which leaves a 12-bit camera 16 levels; where the high
    byte shows that less than 16 bits are used, OpenCV reads the samples whole.
    """
    colour_note = "16-bit file with 16-bit samples, scaled to 8 bits."
    high_byte = np.asarray(image)[..., :3]
    if int(high_byte.max(initial=0)) >= 64:
        return image, colour_note
    samples = _whole_samples(container.data)
    if samples is None or samples.dtype != np.uint16 or samples.shape[:2] != high_byte.shape[:2]:
        return image, colour_note
    colour, note = to_8_bit(samples[..., 2::-1])  # OpenCV's BGR(A) to RGB
    if samples.shape[2] == 4:
        alpha, _ = to_8_bit(samples[..., 3:])
        return Image.fromarray(np.concatenate([colour, alpha], axis=2)), note
    return Image.fromarray(np.ascontiguousarray(colour)), note


def _whole_samples(data: bytes) -> np.ndarray | None:
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        samples: np.ndarray | None = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED
        )
    finally:
        cv2.utils.logging.setLogLevel(level)
    return samples


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
    if int(np.asarray(rgba)[..., 3].min()) < 255:
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        rgba = Image.alpha_composite(white, rgba)
        notes.append("Transparent parts laid on white.")
    return rgba.convert("RGB"), " ".join(notes)
