"""Quizzes, images and answers in one SQLite file. It keeps; who may see what, services decide."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from bloodui.quiz.quiz import (
    Answer,
    Attempt,
    Quiz,
    QuizImage,
    Rules,
)
from bloodui.quiz.tables import (
    attempts,
    engine_at,
    images,
    quizzes,
    readings,
    told_as_ours,
)

FILE = "quizzes.sqlite"


@dataclass(frozen=True, kw_only=True)
class Lock:
    """What a key is compared with: a salt and the key's scrypt hash; empty where none opens."""

    salt: bytes = b""
    key_hash: bytes = b""


@dataclass(frozen=True, kw_only=True)
class OpenAttempt:
    """An attempt as its token finds it, with the number that it has in the store."""

    id: int
    quiz_id: int
    attempt: Attempt


@dataclass(frozen=True, kw_only=True)
class QuizStore:
    """The quizzes of one installation.

    Attributes:
        folder: The state folder; where it is missing, it is made for its owner alone.
    """

    folder: Path

    def add_quiz(self, quiz: Quiz, lock: Lock, pictures: Sequence[QuizImage]) -> Quiz:
        """Keep a quiz with its images, all or none, and return it with its number."""
        rules = quiz.rules
        with self._writing() as connection:
            quiz_id = connection.scalar(
                quizzes.insert()
                .values(
                    link=quiz.link,
                    owner=quiz.owner,
                    salt=lock.salt,
                    key_hash=lock.key_hash,
                    title=rules.title,
                    classes=json.dumps(rules.classes, ensure_ascii=False),
                    answer_shown=rules.answer_shown,
                    seconds_per_image=rules.seconds_per_image,
                    model_id=rules.model_id,
                    created=quiz.created,
                )
                .returning(quizzes.c.id)
            )
            columns = ("position", "truth", "png", "is_drawn", "um_per_px")
            connection.execute(
                images.insert(),
                [
                    {"quiz_id": quiz_id} | {name: getattr(picture, name) for name in columns}
                    for picture in pictures
                ],
            )
            return _quiz_where(connection, quizzes.c.id == quiz_id)[0]

    def by_link(self, link: str) -> Quiz | None:
        """The quiz of a link, or None."""
        return self._first(quizzes.c.link == link)

    def by_id(self, quiz_id: int) -> Quiz | None:
        """The quiz of a number, or None."""
        return self._first(quizzes.c.id == quiz_id)

    def of_owner(self, owner: str) -> tuple[Quiz, ...]:
        """An owner's quizzes, the latest first."""
        with self._reading() as connection:
            return _quiz_where(connection, quizzes.c.owner == owner)

    def hand_over(self, owner: str, to: str) -> None:
        """Give an owner's quizzes to another."""
        with self._writing() as connection:
            connection.execute(quizzes.update().where(quizzes.c.owner == owner).values(owner=to))

    def n_quizzes(self) -> int:
        """How many quizzes are kept."""
        with self._reading() as connection:
            return connection.scalar(sql.select(sql.func.count(quizzes.c.id))) or 0

    def n_attempts(self, quiz_id: int) -> int:
        """How many attempts a quiz has."""
        found = sql.select(sql.func.count(attempts.c.id)).where(attempts.c.quiz_id == quiz_id)
        with self._reading() as connection:
            return connection.scalar(found) or 0

    def lock(self, quiz_id: int) -> Lock:
        """What a quiz's key is compared with; an empty lock where there is no such quiz."""
        with self._reading() as connection:
            row = connection.execute(
                sql.select(quizzes.c.salt, quizzes.c.key_hash).where(quizzes.c.id == quiz_id)
            ).first()
        return Lock() if row is None else Lock(salt=row.salt, key_hash=row.key_hash)

    def delete_quiz(self, quiz_id: int) -> None:
        """Delete a quiz, its images and its results; what was there is overwritten."""
        with self._writing() as connection:
            connection.execute(quizzes.delete().where(quizzes.c.id == quiz_id))
        with self._reading() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def image(self, quiz_id: int, position: int) -> QuizImage | None:
        """An image of a quiz with its truth, or None."""
        here = (images.c.quiz_id == quiz_id) & (images.c.position == position)
        with self._reading() as connection:
            row = connection.execute(images.select().where(here)).first()
        if row is None:
            return None
        return QuizImage(
            position=row.position,
            truth=row.truth,
            png=row.png,
            is_drawn=row.is_drawn,
            um_per_px=row.um_per_px,
        )

    def truths(self, quiz_id: int) -> tuple[int, ...]:
        """The class of each image of a quiz, in order."""
        found = sql.select(images.c.truth).where(images.c.quiz_id == quiz_id)
        with self._reading() as connection:
            return tuple(connection.scalars(found.order_by(images.c.position)))

    def add_attempt(self, quiz_id: int, *, token_hash: str, alias: str, started: float) -> None:
        """Keep a new attempt. Raises QuizError where the quiz was deleted meanwhile."""
        with self._writing() as connection:
            connection.execute(
                attempts.insert().values(
                    quiz_id=quiz_id, token_hash=token_hash, alias=alias, started=started
                )
            )

    def attempt(self, token_hash: str) -> OpenAttempt | None:
        """The attempt of a token, or None."""
        with self._reading() as connection:
            row = connection.execute(
                attempts.select().where(attempts.c.token_hash == token_hash)
            ).first()
            if row is None:
                return None
            return OpenAttempt(id=row.id, quiz_id=row.quiz_id, attempt=_attempt(connection, row))

    def attempts(self, quiz_id: int) -> tuple[Attempt, ...]:
        """Every attempt of a quiz, the earliest first."""
        mine = attempts.select().where(attempts.c.quiz_id == quiz_id).order_by(attempts.c.id)
        with self._reading() as connection:
            return tuple(_attempt(connection, row) for row in connection.execute(mine).all())

    def show(self, attempt_id: int, position: int, *, now: float) -> float:
        """Note when an image was shown first; returns that time, at every later call as well."""
        here = (readings.c.attempt_id == attempt_id) & (readings.c.position == position)
        with self._writing() as connection:
            connection.execute(
                readings.insert()
                .prefix_with("OR IGNORE")
                .values(attempt_id=attempt_id, position=position, shown=now)
            )
            return float(connection.scalar(sql.select(readings.c.shown).where(here)) or now)

    def shown(self, attempt_id: int, position: int) -> float | None:
        """When an image was shown first, or None where it was not."""
        here = (readings.c.attempt_id == attempt_id) & (readings.c.position == position)
        with self._reading() as connection:
            return connection.scalar(sql.select(readings.c.shown).where(here))

    def give(self, attempt_id: int, answer: Answer, *, answered: float, is_last: bool) -> bool:
        """Keep the answer to an image that was shown; False where one had been given before."""
        here = (readings.c.attempt_id == attempt_id) & (readings.c.position == answer.position)
        with self._writing() as connection:
            done = connection.execute(
                readings.update()
                .where(here & readings.c.answered.is_(None))
                .values(answered=answered, answer=answer.answer, confidence=answer.confidence)
            )
            if done.rowcount and is_last:
                connection.execute(
                    attempts.update().where(attempts.c.id == attempt_id).values(finished=answered)
                )
            return bool(done.rowcount)

    def _first(self, condition: sql.ColumnElement[bool]) -> Quiz | None:
        with self._reading() as connection:
            return next(iter(_quiz_where(connection, condition)), None)

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with told_as_ours(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        with told_as_ours(), self._engine.begin() as connection:
            yield connection

    @property
    def _engine(self) -> sql.Engine:
        return engine_at(self.folder / FILE)


def _quiz_where(connection: sql.Connection, condition: sql.ColumnElement[bool]) -> tuple[Quiz, ...]:
    counted = (
        sql.select(sql.func.count())
        .where(images.c.quiz_id == quizzes.c.id)
        .scalar_subquery()
        .label("n_images")
    )
    found = sql.select(quizzes, counted).where(condition).order_by(quizzes.c.id.desc())
    return tuple(
        Quiz(
            id=row.id,
            link=row.link,
            owner=row.owner,
            rules=Rules(
                title=row.title,
                classes=tuple(json.loads(row.classes)),
                answer_shown=row.answer_shown,
                seconds_per_image=row.seconds_per_image,
                model_id=row.model_id,
            ),
            n_images=row.n_images,
            created=row.created,
        )
        for row in connection.execute(found)
    )


def _attempt(connection: sql.Connection, row: Any) -> Attempt:
    given = readings.select().where(
        (readings.c.attempt_id == row.id) & readings.c.answered.is_not(None)
    )
    return Attempt(
        alias=row.alias,
        started=row.started,
        finished=row.finished,
        answers=tuple(
            Answer(
                position=reading.position,
                answer=reading.answer,
                confidence=reading.confidence,
                elapsed_s=reading.answered - reading.shown,
            )
            for reading in connection.execute(given.order_by(readings.c.position))
        ),
    )
