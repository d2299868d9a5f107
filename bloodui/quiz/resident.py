"""What a resident does with a quiz. An attempt is reached by its own token alone.

The truth of an image is not given out before its answer, or before the attempt's end where the
answer is shown at the end. Time is taken here, on the server, from showing to answering.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bloodui.errors import QuizError
from bloodui.people import (
    READER,
    RESIDENT,
    Person,
    require,
)
from bloodui.quiz.quiz import (
    AFTER_EACH,
    LONGEST_ALIAS,
    Answer,
    Attempt,
    Quiz,
    QuizImage,
    require_line,
    steady_time,
)

if TYPE_CHECKING:
    from bloodui.quiz.store import OpenAttempt, QuizStore

MOST_ATTEMPTS = 500


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """The image to be read now.

    Attributes:
        image: Without its truth.
        remaining_s: Seconds left, or None without a limit.
    """

    image: QuizImage
    remaining_s: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Feedback:
    """An image with its truth, and what was answered."""

    image: QuizImage
    truth: int
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An attempt and the quiz that it reads."""

    quiz: Quiz
    attempt: Attempt

    @property
    def next_position(self) -> int | None:
        """Number of the first image without an answer, or None where there is none."""
        n_answered = len(self.attempt.answers)  # they are given in order
        return n_answered if n_answered < self.quiz.n_images else None


@dataclass(frozen=True, kw_only=True)
class Resident:
    """The quizzes of one installation, for somebody who reads.

    Attributes:
        state: The state folder.
        person: Who acts.
        browser: A secret of the browser that is read in, by which `latest` finds its readings
            after the page was loaded anew; "" where there is none.
        clock: Seconds since 1970, that nothing sets back.
    """

    state: Path
    person: Person
    browser: str = field(default="", repr=False)
    clock: Callable[[], float] = steady_time

    def quiz(self, link: str) -> Quiz:
        """The quiz of a link.

        Raises:
            AccessError: The person is nobody here.
            QuizError: No quiz has this link.
        """
        quiz = self._store().by_link(link)
        if quiz is None:
            raise QuizError(
                "This link leads to no quiz. Copy the whole link, or ask your instructor whether "
                "the quiz was deleted."
            )
        return quiz

    def begin(self, link: str, alias: str) -> str:
        """Begin an attempt under an alias; returns the token that alone leads to it.

        Raises:
            QuizError: No quiz has this link, it was read too often, or the alias is empty,
                longer than 40 characters, or more than plain text.
        """
        quiz = self.quiz(link)
        require_line(alias.strip(), "an alias", LONGEST_ALIAS)
        store = self._store()
        if store.n_attempts(quiz.id) >= MOST_ATTEMPTS:
            raise QuizError(
                f"This quiz has been begun {MOST_ATTEMPTS} times, and cannot be begun again. Ask "
                "your instructor for a new one."
            )
        token = self._tokens(quiz)[-1]
        store.add_attempt(
            quiz.id, token_hash=_hashed(token), alias=alias.strip(), started=self.clock()
        )
        return token

    def latest(self, link: str) -> str:
        """The token of the last attempt that this browser began under a link; "" for none.

        Raises:
            QuizError: No quiz has this link.
        """
        begun = self._tokens(self.quiz(link))[:-1]
        return begun[-1] if begun else ""

    def reading(self, token: str) -> Reading:
        """How far an attempt is. Raises QuizError where no attempt has this token."""
        return self._open(token)[1]

    def settle(self, token: str) -> int | None:
        """Close the image whose time has run out, as not answered; its position, or None."""
        opened, reading = self._open(token)
        position, limit = reading.next_position, reading.quiz.rules.seconds_per_image
        if position is None or limit is None:
            return None
        shown = self._store().shown(opened.id, position)
        now = self.clock()
        if shown is None or now - shown <= limit:
            return None
        late = Answer(position=position, answer=None, confidence=None, elapsed_s=now - shown)
        self._give(opened, reading, late, now)
        return position

    def task(self, token: str) -> Task | None:
        """The image to be read next, whose time runs from the first call; None at the end."""
        opened, reading = self._open(token)
        position = reading.next_position
        if position is None:
            return None
        image = self._image(reading.quiz, position)
        now, limit = self.clock(), reading.quiz.rules.seconds_per_image
        shown = self._store().show(opened.id, position, now=now)
        return Task(
            image=replace(image, truth=None),
            remaining_s=None if limit is None else max(0.0, shown + limit - now),
        )

    def answer(self, token: str, position: int, *, answer: int, confidence: float) -> Answer:
        """Answer the image that is shown, once; after the limit it counts as not answered.

        Args:
            token: Of the attempt.
            position: Of the image.
            answer: Number of the class.
            confidence: 0–1.

        Raises:
            QuizError: Another image is shown, this one was answered before, or a value is not
                allowed.
        """
        opened, reading = self._open(token)
        rules, shown = reading.quiz.rules, self._store().shown(opened.id, position)
        if position != reading.next_position or shown is None:
            raise QuizError(
                "This image is not the one that is shown now, or was answered already. An answer "
                "is given once; go on with the next image."
            )
        if not 0 <= answer < len(rules.classes) or not 0 <= confidence <= 1:
            raise QuizError(
                f"Expected a class from 0 to {len(rules.classes) - 1} and a confidence from 0 to "
                f"1, received {answer} and {confidence}. Choose both again."
            )
        now = self.clock()
        is_late = rules.seconds_per_image is not None and now - shown > rules.seconds_per_image
        given = Answer(
            position=position,
            answer=None if is_late else answer,
            confidence=None if is_late else confidence,
            elapsed_s=now - shown,
        )
        self._give(opened, reading, given, now)
        return given

    def feedback(self, token: str, position: int) -> Feedback:
        """An image's truth beside the answer.

        Raises:
            QuizError: The image is not answered yet, or the answers are shown at the end and
                images are left.
        """
        reading = self._open(token)[1]
        given = next((a for a in reading.attempt.answers if a.position == position), None)
        is_open = (
            reading.quiz.rules.answer_shown == AFTER_EACH or reading.attempt.finished is not None
        )
        if given is None or not is_open:
            raise QuizError(
                "The answer to this image is not shown yet: there is still something to read. Read "
                "on first."
            )
        image = self._image(reading.quiz, position)
        return Feedback(image=image, truth=int(image.truth or 0), answer=given)

    def truths(self, token: str) -> tuple[int, ...]:
        """The class of each image. Raises QuizError as long as images are left."""
        reading = self._open(token)[1]
        if reading.attempt.finished is None:
            raise QuizError(
                "Images are left to read, and the answers are shown at the end. Read on."
            )
        return self._store().truths(reading.quiz.id)

    def _tokens(self, quiz: Quiz) -> list[str]:
        """Those of the attempts that this browser began at a quiz, and one for the next."""
        if not self.browser:
            return [secrets.token_urlsafe(18)]
        tokens: list[str] = []
        store = self._store()
        while not tokens or store.attempt(_hashed(tokens[-1])) is not None:
            text = f"{quiz.link} {len(tokens)}"
            signed = hmac.new(self.browser.encode(), text.encode(), hashlib.sha256).digest()
            tokens.append(base64.urlsafe_b64encode(signed[:18]).decode())
        return tokens

    def _give(self, opened: OpenAttempt, reading: Reading, given: Answer, now: float) -> None:
        is_last = given.position == reading.quiz.n_images - 1
        if not self._store().give(opened.id, given, answered=now, is_last=is_last):
            raise QuizError("This image was answered already. Go on with the next image.")

    def _image(self, quiz: Quiz, position: int) -> QuizImage:
        image = self._store().image(quiz.id, position)
        if image is None:
            raise QuizError("This quiz was just deleted. Ask your instructor for another.")
        return image

    def _open(self, token: str) -> tuple[OpenAttempt, Reading]:
        store = self._store()
        opened = store.attempt(_hashed(token.strip()))
        quiz = store.by_id(opened.quiz_id) if opened is not None else None
        if opened is None or quiz is None:
            raise QuizError(
                "This code belongs to no reading that was begun here. Begin again, or ask your "
                "instructor whether the quiz was deleted."
            )
        return opened, Reading(quiz=quiz, attempt=opened.attempt)

    def _store(self) -> QuizStore:
        require(self.person, READER, RESIDENT)
        from bloodui.quiz.store import QuizStore

        return QuizStore(folder=self.state)


def _hashed(token: str) -> str:
    """A token as it is kept: random enough that no salt is needed, and of no use to a thief."""
    return hashlib.sha256(token.encode()).hexdigest()
