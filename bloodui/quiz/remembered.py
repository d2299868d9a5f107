"""What a session remembers of quizzes: a resident's own reading, an instructor's new key."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bloodui import session
from bloodui.inventory import Installed
from bloodui.quiz.instructor import NewQuiz

_ATTEMPTS, _FEEDBACK, _MADE = "_quiz_attempts", "_quiz_feedback", "_quiz_made"
_ASKED = "quiz-asked"


def attempt(link: str) -> str | None:
    """The token of the attempt that this session reads under a link.

    "" where another is to begin, None where nothing was begun or found yet.
    """
    held: dict[str, str] = session.widget(_ATTEMPTS) or {}
    return held.get(link)


def hold_attempt(link: str, token: str) -> None:
    """Remember the attempt of a link; "" forgets it, so that another can begin."""
    held: dict[str, str] = session.widget(_ATTEMPTS) or {}
    session.set_widgets({_ATTEMPTS: held | {link: token}, _FEEDBACK: None})


def feedback_position() -> int | None:
    """The image whose answer is looked at before the next one is shown, or None."""
    position: int | None = session.widget(_FEEDBACK)
    return position


def hold_feedback(position: int | None) -> None:
    """Show the answer of an image next; None goes on to the next image."""
    session.set_widgets({_FEEDBACK: position})


def made() -> NewQuiz | None:
    """The quiz that was made last, with its key, as long as that is to be seen."""
    new: NewQuiz | None = session.widget(_MADE)
    return new


def hold_made(new: NewQuiz | None) -> None:
    """Show a new quiz's link and key; None forgets the key for good."""
    session.set_widgets({_MADE: new})


def model_answers(
    quiz_id: int, installed: Installed, ask: Callable[[], np.ndarray] | None
) -> np.ndarray | None:
    """What a model named for each image of a quiz, asked once in a session.

    Args:
        quiz_id: Of the quiz.
        installed: The model.
        ask: Gives the answers where they are not known yet; None to look only.
    """
    held: dict[tuple[int, str], np.ndarray] = session.held(_ASKED) or {}
    question = (quiz_id, installed.manifest.id)
    if question not in held and ask is not None:
        held = held | {question: ask()}
        session.hold(_ASKED, held)
    return held.get(question)
