"""Errors as sentences for a clinician: what happened, and what to do about it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from bloodui.errors import QuizError, TrayFullError
from bloodui.inventory import Inventory
from bloodui.people import Person
from bloodui.render.text import as_markdown
from models import errors
from models.image.micrograph import DEFAULT_LIMITS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What to tell a reader about an error: what happened, and what to do."""

    happened: str
    to_do: str

    @property
    def text(self) -> str:
        """Both sentences, one after the other."""
        return f"{self.happened} {self.to_do}"


_MESSAGES: Mapping[type[Exception], Message] = {
    errors.EmptyFileError: Message(
        happened="The file is empty.",
        to_do="Export the image from the microscope or viewer again, and upload that file.",
    ),
    errors.FileTooLargeError: Message(
        happened="The file is too large; it was not opened.",
        to_do="Export one field of view instead of a whole slide "
        f"(at most {DEFAULT_LIMITS.max_bytes // 2**20} MB).",
    ),
    errors.TooManyPixelsError: Message(
        happened="The image has too many pixels; it was not opened.",
        to_do="Crop it to one field of view "
        f"(at most {DEFAULT_LIMITS.max_pixels // 10**6} megapixels) and upload that.",
    ),
    errors.TooSmallError: Message(
        happened="The image is too small to hold a readable cell.",
        to_do="Use the original image rather than a thumbnail "
        f"(at least {DEFAULT_LIMITS.min_side_px} pixels a side).",
    ),
    errors.NotAnImageError: Message(
        happened="This file is not an image, whatever its name says.",
        to_do="Upload a JPEG, PNG, BMP, TIFF, WebP or single-frame DICOM file.",
    ),
    errors.AnimatedImageError: Message(
        happened="This file holds a film of several frames.",
        to_do="Export a single still image and upload that.",
    ),
    errors.UnsupportedImageError: Message(
        happened="This kind of image cannot be read here.",
        to_do="Save it as JPEG, PNG or TIFF and upload that.",
    ),
    errors.TruncatedImageError: Message(
        happened="The image is damaged or its end is missing.",
        to_do="Copy or export it again, check that it opens in your viewer, and upload that.",
    ),
    TrayFullError: Message(
        happened="There are as many images as may be at hand at once; this one was not opened.",
        to_do="Remove some of them, and add it again.",
    ),
    errors.MicrographError: Message(
        happened="This file could not be read as a microscope image.",
        to_do="Save it as JPEG, PNG or TIFF and upload that.",
    ),
    errors.BundleTamperedError: Message(
        happened="This model's files are not the ones that were released, so it is not used.",
        to_do="Choose another model, and ask whoever runs this installation to restore it.",
    ),
    errors.BundleError: Message(
        happened="This model is missing or incomplete, so it is not used.",
        to_do="Choose another model, and ask whoever runs this installation to restore it.",
    ),
    QuizError: Message(
        happened="The quiz could not take or give what was asked of it.",
        to_do="Check the link, the key or the answer, and try again; or ask your instructor.",
    ),
    errors.BusyError: Message(
        happened="Many people ask this model at once.",
        to_do="Ask again in a moment; nothing of yours is lost.",
    ),
    errors.SaliencyError: Message(
        happened="This kind of map cannot be made for this model.",
        to_do="Choose another method for the map; the probabilities are not affected.",
    ),
}

NO_MODELS = Message(
    happened="No model is installed, so no opinion can be given.",
    to_do="Ask whoever runs this installation to restore the folder models/shipped.",
)

UNUSABLE_FOLDER = Message(
    happened="Some models are not used: one is missing, incomplete, altered or not vouched for.",
    to_do="Ask whoever runs this installation: the page Registry or the server's log says more.",
)

_UNKNOWN = Message(
    happened="Something went wrong here, and no opinion was given on this image.",
    to_do="Try once more; if it happens again, tell whoever runs this installation.",
)


def message_for(error: Exception) -> Message:
    """The sentences that tell a clinician about an error.

    The nearest ancestor in the exception tree decides. What an image is that is not read, it says
    itself. An error of no known kind is logged with its type alone, since its text may hold a
    file name or data of an image.
    """
    if isinstance(error, errors.UnsupportedImageError):
        happened, _, to_do = str(error).removesuffix(".").rpartition(". ")
        if happened:
            return Message(happened=as_markdown(f"{happened}."), to_do=as_markdown(f"{to_do}."))
    for kind in type(error).__mro__:
        if kind in _MESSAGES:
            return _MESSAGES[kind]
    logger.error("Unexpected error shown as a general message: %s", type(error).__name__)
    return _UNKNOWN


class errors_shown:
    """A block whose errors are drawn in their own words, for an admin; the page goes on after it.

    Our errors say what was received, what was expected and what to do.
    """

    def __init__(self, about: str = "") -> None:
        """Name what the block is about; empty where that is plain."""
        self._about = about

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Draw an error of our own tree; leave others alone."""
        if not isinstance(error, errors.BlooduiError):
            return False
        subject = f"**{as_markdown(self._about)}:** " if self._about else ""
        st.error(f"{subject}{as_markdown(str(error))}", icon=":material/error:")
        return True


def show(message: Message, *, about: str = "", details: Sequence[str] = ()) -> None:
    """Draw what happened and what to do.

    Args:
        details: What happened in particular, a sentence each.
        about: What the message is about, such as "Image 2"; empty where that is plain.
    """
    subject = f"**{as_markdown(about)}:** " if about else ""
    points = "".join(f"\n- {as_markdown(detail)}" for detail in dict.fromkeys(details))
    words = f"{subject}{message.happened}  \n{message.to_do}"
    st.error(f"{words}\n{points}" if points else words, icon=":material/error:")


def show_problems(inventory: Inventory, person: Person) -> None:
    """Draw that models or folders cannot be used, or that there is no model at all.

    What is wrong with each names folders of the server, so it is told to an admin alone.
    """
    if inventory.errors:
        details = [str(error) for error in inventory.errors] if person.is_admin else []
        show(UNUSABLE_FOLDER, details=details)
    if not inventory.models:
        show(NO_MODELS)
