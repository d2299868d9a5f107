"""A small quiz of plain pictures, a clock that is set by hand, and who makes and reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bloodui.images import DraftImage
from bloodui.people import LOCAL_READER, Person
from bloodui.quiz.instructor import Instructor, NewQuiz
from bloodui.quiz.quiz import AFTER_EACH, Rules
from bloodui.quiz.resident import Resident
from models.image.micrograph import micrograph_from_rgb

CLASSES = ("Benign", "Pre", "=Pro")


@dataclass
class Clock:
    """Seconds since 1970, moved on by hand."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, kw_only=True)
class Place:
    """An installation whose quizzes a test makes and reads."""

    state: Path
    clock: Clock

    def instructor(
        self, person: Person = LOCAL_READER, *, has_login: bool = False, key: str = ""
    ) -> Instructor:
        return Instructor(
            state=self.state, person=person, has_login=has_login, key=key, clock=self.clock
        )

    def resident(self, person: Person = LOCAL_READER) -> Resident:
        return Resident(state=self.state, person=person, clock=self.clock)

    def make(self, n_images: int = 4, **rules: object) -> NewQuiz:
        return self.instructor().create(rules_of(**rules), drafts(n_images))

    def truths(self, made: NewQuiz) -> tuple[int, ...]:
        return self.instructor(key=made.key).results(made.quiz.id).truths


def rules_of(**changes: object) -> Rules:
    values: dict[str, object] = {"title": "A quiz", "classes": CLASSES, "answer_shown": AFTER_EACH}
    return Rules(**(values | changes))  # type: ignore[arg-type]


def drafts(n_images: int, side_px: int = 40) -> list[DraftImage]:
    """Pictures of one colour each; the red says which class it is of."""
    return [
        DraftImage(
            micrograph=micrograph_from_rgb(
                np.full((side_px, side_px, 3), (number % 3, number, 9), np.uint8), um_per_px=0.5
            ),
            truth=number % 3,
            is_drawn=number == 0,
        )
        for number in range(n_images)
    ]
