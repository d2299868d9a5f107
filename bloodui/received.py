"""An image of a session: where it comes from, what was received, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.micrograph import Micrograph

if TYPE_CHECKING:
    from models.opinion import Opinion


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where an image comes from, before it is read.

    Attributes:
        key: Names the source within this session; never a file name.
        is_drawn: Whether it is a drawn demo image and no photograph.
        read: Makes the micrograph. Raises MicrographError.
    """

    key: str
    is_drawn: bool
    read: Callable[[], Micrograph]


@dataclass(frozen=True, kw_only=True, eq=False)
class Received:
    """An image of this session: read, or refused with an error.

    Attributes:
        label: What the image is called on the page: "Image 1", "Image 2", in order of arrival.
    """

    key: str
    label: str
    is_drawn: bool
    micrograph: Micrograph | None
    error: Exception | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came of one image: an opinion, or the error that stood in its way."""

    received: Received
    opinion: Opinion | None
    error: Exception | None
