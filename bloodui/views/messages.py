"""Errors as sentences for a clinician: what happened, and what to do about it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from bloodui.views.text import as_markdown
from models import errors
from models.micrograph import DEFAULT_LIMITS

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
    errors.QuizError: Message(
        happened="The quiz could not take or give what was asked of it.",
        to_do="Check the link, the key or the answer, and try again; or ask your instructor.",
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
    happened="A folder of models is not used: a model in it is missing, incomplete or altered.",
    to_do="Ask whoever runs this installation to restore it.",
)

_UNKNOWN = Message(
    happened="Something went wrong here, and no opinion was given on this image.",
    to_do="Try once more; if it happens again, tell whoever runs this installation.",
)


def message_for(error: Exception) -> Message:
    """The sentences that tell a clinician about an error.

    The nearest ancestor in the exception tree decides. An error of no known kind is logged
    with its type alone, since its text may hold a file name or data of an image.
    """
    for kind in type(error).__mro__:
        if kind in _MESSAGES:
            return _MESSAGES[kind]
    logger.error("Unexpected error shown as a general message: %s", type(error).__name__)
    return _UNKNOWN


class told:
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


def show(message: Message, *, about: str = "") -> None:
    """Draw what happened and what to do.

    Args:
        about: What the message is about, such as "Image 2"; empty where that is plain.
    """
    subject = f"**{about}:** " if about else ""
    st.error(f"{subject}{message.happened}  \n{message.to_do}", icon=":material/error:")
