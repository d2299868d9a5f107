"""What an instructor does with quizzes. Every method asks whether the quiz is this instructor's.

With a login, a quiz belongs to its issuer and subject: names and addresses change hands. Without
one, a key opens it, which is shown once when the quiz is made; the store has its salted scrypt hash
(RFC 7914) alone.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bloodui.errors import QuizError
from bloodui.images import MOST_IMAGES, DraftImage
from bloodui.people import READER, Person, require
from bloodui.quiz.quiz import (
    MOST_BYTES,
    Attempt,
    Quiz,
    QuizImage,
    Rules,
    png_of,
)

if TYPE_CHECKING:
    from bloodui.quiz.store import Lock, QuizStore

MOST_QUIZZES = 1000


@dataclass(frozen=True, kw_only=True)
class NewQuiz:
    """A quiz that was just made, and the key that opens it: "" where the login does.

    Nothing gives the key a second time.
    """

    quiz: Quiz
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything that was answered in a quiz.

    Attributes:
        quiz: Which.
        truths: The class of each image, in order.
        attempts: The earliest first; a second "anna" is called "anna (2)".
        firsts: Of each alias the first that answered anything: a later one knows the answers.
    """

    quiz: Quiz
    truths: tuple[int, ...]
    attempts: tuple[Attempt, ...]
    firsts: tuple[Attempt, ...]

    @property
    def whole(self) -> tuple[Attempt, ...]:
        """Those of `firsts` that answered every image."""
        return tuple(attempt for attempt in self.firsts if attempt.finished is not None)


@dataclass(frozen=True, kw_only=True)
class Instructor:
    """The quizzes of one installation, for one instructor.

    Attributes:
        state: The state folder.
        person: Who acts.
        has_login: Whether people log in here; else a key opens a quiz.
        key: A quiz's key, or "".
        clock: Seconds since 1970.
    """

    state: Path
    person: Person
    has_login: bool
    key: str = field(default="", repr=False)
    clock: Callable[[], float] = time.time

    @property
    def owner(self) -> str:
        """The login that quizzes made now belong to; "" where a key will open them."""
        return self.person.id if self.has_login else ""

    def create(self, rules: Rules, images: Sequence[DraftImage]) -> NewQuiz:
        """Make a quiz. Its images are shuffled, so that their order tells nothing.

        Raises:
            AccessError: The person is nobody here.
            QuizError: No or too many images, too many bytes, a class number that there is
                not, or too many quizzes.
        """
        store = self._store()
        if not 1 <= len(images) <= MOST_IMAGES:
            raise QuizError(
                f"Expected 1 to {MOST_IMAGES} images, received {len(images)}. Add or drop some."
            )
        if any(not 0 <= image.truth < len(rules.classes) for image in images):
            raise QuizError(
                "An image has none of the quiz's classes for its truth. Choose the class of each "
                "image."
            )
        if store.n_quizzes() >= MOST_QUIZZES:
            raise QuizError(
                f"There are {MOST_QUIZZES} quizzes here, and no more are kept. Delete one first."
            )
        shuffled = random.SystemRandom().sample(list(images), len(images))
        kept = tuple(_kept(image, position) for position, image in enumerate(shuffled))
        n_bytes = sum(len(image.png) for image in kept)
        if n_bytes > MOST_BYTES:
            raise QuizError(
                f"The images take {n_bytes / 2**20:.0f} MiB together as PNG; a quiz holds at most "
                f"{MOST_BYTES // 2**20} MiB. Take fewer or smaller ones."
            )
        quiz = Quiz(
            id=0,
            link=secrets.token_urlsafe(18),
            owner=self.owner,
            rules=rules,
            n_images=len(kept),
            created=self.clock(),
        )
        secret = "" if self.owner else secrets.token_urlsafe(24)
        quiz = store.add_quiz(quiz, _lock_of(secret), kept)
        return NewQuiz(quiz=quiz, key=f"{quiz.id}.{secret}" if secret else "")

    def quizzes(self) -> tuple[Quiz, ...]:
        """The quizzes of this login, the latest first, and the one that the key opens.

        Raises:
            AccessError: The person is nobody here.
            QuizError: A key was given that opens none.
        """
        store = self._store()
        address = self.person.address if self.owner else ""
        if address and store.of_owner(address):  # as an earlier version kept them
            store.hand_over(address, self.owner)
        mine = store.of_owner(self.owner) if self.owner else ()
        if not self.key:
            return mine
        number = self.key.strip().partition(".")[0]
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        return (self._admitted(int(number) if is_number else 0), *mine)

    def results(self, quiz_id: int) -> Results:
        """What was answered. Raises QuizError where the quiz is not this instructor's."""
        quiz = self._admitted(quiz_id)
        store = self._store()
        seen: Counter[str] = Counter()
        attempts: list[Attempt] = []
        firsts: dict[str, Attempt] = {}
        for attempt in store.attempts(quiz.id):
            seen[attempt.alias] += 1
            number = seen[attempt.alias]
            alias = f"{attempt.alias} ({number})" if number > 1 else attempt.alias
            attempts.append(replace(attempt, alias=alias))
            if attempt.answers:
                firsts.setdefault(attempt.alias, attempts[-1])
        return Results(
            quiz=quiz,
            truths=store.truths(quiz.id),
            attempts=tuple(attempts),
            firsts=tuple(firsts.values()),
        )

    def images(self, quiz_id: int, positions: Sequence[int]) -> Iterator[QuizImage]:
        """Images of a quiz, one at a time. Raises QuizError where it is not this instructor's."""
        quiz = self._admitted(quiz_id)
        found = (self._store().image(quiz.id, position) for position in positions)
        return (image for image in found if image is not None)

    def delete(self, quiz_id: int) -> None:
        """Delete a quiz with its images and results. Raises QuizError where it is another's."""
        self._store().delete_quiz(self._admitted(quiz_id).id)

    def _admitted(self, quiz_id: int) -> Quiz:
        """The quiz, where it is this instructor's; what is another's is as if it were not."""
        store = self._store()
        quiz = store.by_id(quiz_id)
        if quiz is not None and quiz.owner and quiz.owner == self.owner:
            return quiz
        fits = is_key(self.key, quiz_id, store.lock(quiz_id))
        if quiz is None or not fits:
            raise QuizError(
                "This key opens no quiz here. Copy the whole key as it was shown when the quiz was "
                "made."
            )
        return quiz

    def _store(self) -> QuizStore:
        require(self.person, READER)
        from bloodui.quiz.store import QuizStore

        return QuizStore(folder=self.state)


def is_key(key: str, quiz_id: int, lock: Lock) -> bool:
    """Whether a key opens the lock of a quiz; takes as long where there is no such quiz."""
    number, _, secret = key.strip().partition(".")
    fits = hmac.compare_digest(_hashed(secret, lock.salt), lock.key_hash or b"none")
    return fits and bool(secret) and number == str(quiz_id)


def _lock_of(secret: str) -> Lock:
    from bloodui.quiz.store import Lock

    if not secret:
        return Lock()
    salt = secrets.token_bytes(16)
    return Lock(salt=salt, key_hash=_hashed(secret, salt))


def _hashed(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _kept(image: DraftImage, position: int) -> QuizImage:
    png, um_per_px = png_of(image.micrograph)
    return QuizImage(
        position=position,
        truth=image.truth,
        png=png,
        is_drawn=image.is_drawn,
        um_per_px=um_per_px,
    )
