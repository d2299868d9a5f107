"""The tables that quizzes are kept in, and the SQLite file that holds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from bloodui import sqlite_file
from bloodui.errors import QuizError

_metadata = sql.MetaData()
quizzes = sql.Table(
    "quizzes",
    _metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("link", sql.String, unique=True, nullable=False),
    sql.Column("owner", sql.String, nullable=False, index=True),
    sql.Column("salt", sql.LargeBinary, nullable=False),
    sql.Column("key_hash", sql.LargeBinary, nullable=False),
    sql.Column("title", sql.String, nullable=False),
    sql.Column("classes", sql.String, nullable=False),
    sql.Column("answer_shown", sql.String, nullable=False),
    sql.Column("seconds_per_image", sql.Integer),
    sql.Column("model_id", sql.String, nullable=False),
    sql.Column("created", sql.Float, nullable=False),
    sqlite_autoincrement=True,  # the number of a deleted quiz is not given out again
)


def _of_quiz() -> sql.ForeignKey:
    return sql.ForeignKey("quizzes.id", ondelete="CASCADE")


images = sql.Table(
    "images",
    _metadata,
    sql.Column("quiz_id", sql.Integer, _of_quiz(), primary_key=True),
    sql.Column("position", sql.Integer, primary_key=True),
    sql.Column("truth", sql.Integer, nullable=False),
    sql.Column("png", sql.LargeBinary, nullable=False),
    sql.Column("is_drawn", sql.Boolean, nullable=False),
    sql.Column("um_per_px", sql.Float),
)
attempts = sql.Table(
    "attempts",
    _metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("quiz_id", sql.Integer, _of_quiz(), nullable=False, index=True),
    sql.Column("token_hash", sql.String, unique=True, nullable=False),
    sql.Column("alias", sql.String, nullable=False),
    sql.Column("started", sql.Float, nullable=False),
    sql.Column("finished", sql.Float),
)
readings = sql.Table(
    "readings",
    _metadata,
    sql.Column(
        "attempt_id",
        sql.Integer,
        sql.ForeignKey("attempts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sql.Column("position", sql.Integer, primary_key=True),
    sql.Column("shown", sql.Float, nullable=False),
    sql.Column("answered", sql.Float),
    sql.Column("answer", sql.Integer),
    sql.Column("confidence", sql.Float),
)


def engine_at(file: Path) -> sql.Engine:
    """The engine of the file of quizzes, see `bloodui.sqlite_file.engine_at`."""
    return sqlite_file.engine_at(file, _metadata)


@contextmanager
def told_as_ours() -> Iterator[None]:
    """A block whose database errors come out as QuizError, without what was being written."""
    try:
        yield
    except IntegrityError:
        raise QuizError(
            "The quiz was deleted or changed at this very moment. Open the link again."
        ) from None
    except OperationalError as error:
        if not sqlite_file.is_busy(error):
            raise _unusable(error) from None
        raise QuizError(
            "The quizzes are busy: others were reading or writing for longer than "
            f"{sqlite_file.BUSY_MS // 1000} seconds. Try again in a moment; what was stored "
            "before is there."
        ) from None
    except (SQLAlchemyError, OSError) as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> QuizError:
    return QuizError(
        f"The quizzes cannot be read or written ({type(error).__name__}). Check space and "
        "rights of quizzes.sqlite in the state folder."
    )
