"""What bytes are, by their content: a file's name says nothing."""

from __future__ import annotations

import struct

from models.errors import NotAnImageError, UnsupportedImageError
from models.image.formats.container import animated

READABLE = "JPEG, PNG, BMP, TIFF, WebP or DICOM"

# Image kinds that are recognised and not read: (offset, first bytes, what it is).
_UNREAD_IMAGES = (
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 codestream"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (0, b"\xff\x0a", "a JPEG XL image"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR image"),
    (0, b"\x00\x00\x01\x00", "a Windows icon"),
    (0, b"ZISRAWFILE", "a Zeiss CZI file"),
    (0, b"\xda\xce\xbe\x0a", "a Nikon ND2 file"),
    (0, b"\x70\x00\x00\x00", "a Leica LIF file"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (0, b"SIMPLE  =", "a FITS image"),
    (0, b"II\xbc\x01", "a JPEG XR image"),
    *((0, magic, "a camera's RAW file") for magic in (b"IIRO", b"IIRS", b"MMOR", b"IIU\0")),
    (0, b"FUJIFILMCCD-RAW", "a camera's RAW file"),
    *((0, b"P%d" % digit, "a netpbm image") for digit in range(1, 8)),
)

_NOT_IMAGES = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"MZ", "a Windows program"),
    (0, b"\x7fELF", "a program"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an older Office document or vendor container"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"{\\rtf", "a text document (RTF)"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"SQLite format 3", "a database"),
)


def sniff(data: bytes) -> str:
    """The kind of image that bytes hold: JPEG, PNG, BMP, TIFF, WEBP or DICOM.

    Raises:
        NotAnImageError: The bytes are something else; the message says what, where known.
        UnsupportedImageError: An image of a kind that is not read.
        AnimatedImageError: A GIF with several frames.
    """
    kind = _readable_kind(data)
    if kind is not None:
        return kind
    if data[:6] in (b"GIF87a", b"GIF89a"):
        if _is_animated_gif(data):
            raise animated("GIF")
        raise _unread("a GIF image, which keeps 256 colours at most")
    if data[4:8] == b"ftyp":
        if data[8:12] in (b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
            raise _unread("a HEIC or AVIF image, as telephones write them")
        if data[8:12] == b"crx ":
            raise _unread("a camera's RAW file")
        raise _not_an_image("a video")
    for offset, magic, what in _UNREAD_IMAGES:
        if data.startswith(magic, offset) and not (magic[:1] == b"P" and not data[2:3].isspace()):
            raise _unread(what)
    for offset, magic, what in _NOT_IMAGES:
        if data.startswith(magic, offset):
            raise _not_an_image(what)
    raise _not_an_image(_kind_of_text(data))


def _readable_kind(data: bytes) -> str | None:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data[128:132] == b"DICM":
        return "DICOM"
    if data.startswith(b"BM") and len(data) >= 18:
        header_size = struct.unpack_from("<I", data, 14)[0]
        if header_size in (12, 16, 40, 52, 56, 64, 108, 124):
            return "BMP"
    return None


def _kind_of_text(data: bytes) -> str:
    head = data[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    lowered = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in lowered and lowered.startswith(b"<"):
        return "a drawing (SVG)"
    if lowered.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (
        lowered.startswith(b"<") and b"<html" in lowered
    ):
        return "a web page (HTML)"
    if lowered.startswith(b"<?xml"):
        return "an XML document"
    n_control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    if n_control == 0 and _is_text(head):
        return "text"
    return "data of an unknown kind"


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3  # a character cut by the end of the sample
    return True


def _is_animated_gif(data: bytes) -> bool:
    """Whether a GIF (87a or 89a specification) has a second image descriptor in its first MiB.

    It is refused in any case: a larger first frame costs the better reason, nothing else.
    """
    data = data[: 2**20]
    position, n_frames = 13 + _colour_table_bytes(data[10:11]), 0
    while position < len(data):
        block = data[position]
        if block == 0x2C:  # image descriptor: 10 bytes, colour table, code size, sub-blocks
            n_frames += 1
            if n_frames > 1:
                return True
            position += 11 + _colour_table_bytes(data[position + 9 : position + 10])
        elif block == 0x21:  # extension
            position += 2
        else:
            return False
        while position < len(data) and data[position]:
            position += data[position] + 1
        position += 1
    return False


def _colour_table_bytes(packed: bytes) -> int:
    return 3 << ((packed[0] & 7) + 1) if packed and packed[0] & 0x80 else 0


def _unread(what: str) -> UnsupportedImageError:
    return UnsupportedImageError(
        f"This is {what}; {READABLE} is expected. Export the image as PNG or TIFF."
    )


def _not_an_image(what: str) -> NotAnImageError:
    return NotAnImageError(
        f"This is {what}, not a microscope image; {READABLE} is expected. "
        "Choose the image file itself."
    )
