"""What a quiz is made of: the set, its images, a resident's attempt and answers."""

from __future__ import annotations

import time
import unicodedata
from dataclasses import dataclass

import cv2
import numpy as np

from bloodui.errors import QuizError
from bloodui.images import MOST_CLASSES
from models.image.micrograph import Micrograph, micrograph_from_rgb
from models.image.scale import shrunk

AFTER_EACH, AT_THE_END = "after each image", "at the end"
ANSWER_SHOWN = (AFTER_EACH, AT_THE_END)

MOST_BYTES = 256 * 2**20
"""Most bytes of all images of a quiz together, as PNG."""
LONGEST_SIDE_PX = 2048
"""Larger images are kept smaller: the viewer shows no more, and models see far less."""
FEWEST_CLASSES = 2
SHORTEST_S, LONGEST_S = 5, 600
LONGEST_TITLE, LONGEST_CLASS_NAME, LONGEST_ALIAS = 100, 40, 40


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How a quiz is read.

    Attributes:
        title: What residents see above it, up to 100 characters.
        classes: 2 to 30 different names to choose from, up to 40 characters each.
        answer_shown: Of `ANSWER_SHOWN`.
        seconds_per_image: 5 to 600, or None for no limit.
        model_id: Bundle whose opinion residents see beside the answer; "" for none.

    Raises:
        QuizError: A value is not allowed.
    """

    title: str
    classes: tuple[str, ...]
    answer_shown: str = AFTER_EACH
    seconds_per_image: int | None = None
    model_id: str = ""

    def __post_init__(self) -> None:
        require_line(self.title, "a title", LONGEST_TITLE)
        for name in self.classes:
            require_line(name, "class names", LONGEST_CLASS_NAME)
        n_different = len({name.casefold() for name in self.classes})
        if not FEWEST_CLASSES <= len(self.classes) == n_different <= MOST_CLASSES:
            raise QuizError(
                f"Expected {FEWEST_CLASSES} to {MOST_CLASSES} different classes, received "
                f"{len(self.classes)}, {n_different} of them different. Name each class once."
            )
        if self.answer_shown not in ANSWER_SHOWN:
            raise QuizError(
                f"Expected the answer to be shown {' or '.join(ANSWER_SHOWN)}, received "
                f"{self.answer_shown!r}. Choose one of them."
            )
        limit = self.seconds_per_image
        if limit is not None and not SHORTEST_S <= limit <= LONGEST_S:
            raise QuizError(
                f"Expected {SHORTEST_S} to {LONGEST_S} seconds an image or no limit, received "
                f"{limit}. Change the limit."
            )


@dataclass(frozen=True, kw_only=True)
class Quiz:
    """A quiz as it is kept.

    Attributes:
        id: Its number here. It opens nothing.
        link: The token of the address that residents get; who has it can read.
        owner: Issuer and subject of the instructor's login; "" where a key opens the quiz.
        rules: How it is read.
        n_images: How many images it has.
        created: Seconds since 1970.
    """

    id: int
    link: str
    owner: str
    rules: Rules
    n_images: int
    created: float


@dataclass(frozen=True, kw_only=True, eq=False)
class QuizImage:
    """An image of a quiz, with nothing of the file that it came from.

    Attributes:
        position: From 0, in the order in which residents read.
        truth: Number of its class, or None where it must not be known yet.
        png: The pixels as PNG, without metadata.
        is_drawn: Whether it is drawn and no photograph.
        um_per_px: Micrometres a pixel, or None where unknown.
    """

    position: int
    truth: int | None
    png: bytes
    is_drawn: bool
    um_per_px: float | None

    @property
    def micrograph(self) -> Micrograph:
        """The pixels as the models take them."""
        bgr = cv2.imdecode(np.frombuffer(self.png, np.uint8), cv2.IMREAD_COLOR)
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        return micrograph_from_rgb(rgb, um_per_px=self.um_per_px)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a resident said of an image; given once.

    Attributes:
        position: Of the image.
        answer: Number of the class, or None where the time ran out: that counts as wrong.
        confidence: 0–1, or None where the time ran out.
        elapsed_s: Seconds from showing to answering, by `steady_time`.
    """

    position: int
    answer: int | None
    confidence: float | None
    elapsed_s: float

    @property
    def timed_out(self) -> bool:
        """Whether the time ran out before the answer came."""
        return self.answer is None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One resident's reading of a quiz.

    Attributes:
        alias: What the resident wants to be called; made unique by a number in results.
        started: Seconds since 1970.
        finished: The same, or None where images are left.
        answers: Those given, in the order of the images.
    """

    alias: str
    started: float
    finished: float | None
    answers: tuple[Answer, ...]


_BEGAN = time.time() - time.monotonic()


def steady_time() -> float:
    """Seconds since 1970 that only run on: setting this machine's clock changes nothing."""
    return _BEGAN + time.monotonic()


def require_line(text: str, what: str, longest: int) -> None:
    """Refuse a text that is empty, too long or no single line of plain characters.

    Raises:
        QuizError: It is.
    """
    # Category C: control characters, and marks that turn the writing's direction round.
    is_plain = text == text.strip() and not any(unicodedata.category(c)[0] == "C" for c in text)
    if not text or len(text) > longest or not is_plain:
        received = "none" if not text else f"{len(text)} characters"
        raise QuizError(
            f"Expected {what} of 1 to {longest} characters on one line, received {received}. "
            "Write it anew."
        )


def png_of(micrograph: Micrograph) -> tuple[bytes, float | None]:
    """A micrograph's pixels as PNG without metadata, and the micrometres a pixel of it has.

    Images with a side beyond 2048 px are made smaller.
    """
    rgb, um_per_px = micrograph.rgb, micrograph.um_per_px
    scale = LONGEST_SIDE_PX / max(rgb.shape[:2])
    if scale < 1:
        rgb = shrunk(rgb, LONGEST_SIDE_PX)
        um_per_px = None if um_per_px is None else um_per_px / scale
    png = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
    return png.tobytes(), um_per_px
