"""Images on the pages: where one comes from, whether it was read, what came of it; and sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.image.micrograph import Micrograph

if TYPE_CHECKING:
    from models.opinion import Opinion

MOST_IMAGES, MOST_CLASSES = 200, 30
"""Of a tray, and of a set that is put together for a quiz or a comparison."""
MOST_BYTES = 2 * 2**30
"""Of the pixels in a tray."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where an image comes from, before it is read.

    Attributes:
        key: Names the source within its tray; never a file name.
        is_drawn: Whether it is a drawn demo image and no photograph.
        read: Makes the micrograph. Raises MicrographError.
        name: Of the file, for the eyes of who gave it alone: it stays in the memory of the tray,
            and is not written or logged; a report has it where that is asked for. "" for none.
        truth: Its class, where who gave it says so; else "".
    """

    key: str
    is_drawn: bool
    read: Callable[[], Micrograph]
    name: str = field(default="", repr=False)
    truth: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class SessionImage:
    """An image of this session: read, or refused with an error.

    Attributes:
        label: What the image is called on the page: "Image 1", "Image 2", in order of arrival.
        name: As of `Source`: not to be written or logged.
    """

    key: str
    label: str
    is_drawn: bool
    micrograph: Micrograph | None
    error: Exception | None
    name: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came of one image: an opinion, or the error that stood in its way."""

    image: SessionImage
    opinion: Opinion | None
    error: Exception | None


@dataclass(frozen=True, kw_only=True, eq=False)
class DraftImage:
    """An image with its class, of a set that is put together for a quiz or a comparison.

    Attributes:
        micrograph: Its pixels.
        truth: Number of its class.
        is_drawn: Whether it is drawn and no photograph.
    """

    micrograph: Micrograph
    truth: int
    is_drawn: bool
