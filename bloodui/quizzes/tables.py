"""The tables that quizzes are kept in, and the SQLite file that holds them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateIndex, CreateTable

from models.errors import QuizError

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


@lru_cache(maxsize=8)
def engine_at(file: Path) -> sql.Engine:
    """The engine of a file, which is made with its tables where they are missing.

    The file and its folder are for their owner alone. Connections are opened for each use, so
    that none is left behind.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sql.create_engine(f"sqlite:///{file}", poolclass=sql.NullPool)
    sql.event.listen(engine, "connect", _set_up)
    with engine.begin() as connection:
        for table in _metadata.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
    return engine


@contextmanager
def told_as_ours() -> Iterator[None]:
    """A block whose database errors come out as QuizError, without what was being written."""
    try:
        yield
    except IntegrityError:
        raise QuizError(
            "Expected a quiz that is still there, received one that was deleted or changed at "
            "the same moment. Open the link again."
        ) from None
    except (SQLAlchemyError, OSError) as error:
        raise QuizError(
            f"Expected a store of quizzes that can be read and written, received "
            f"{type(error).__name__}. Check space and rights of quizzes.sqlite in the state folder."
        ) from None


def _set_up(connection: Any, _record: object) -> None:
    for setting in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {setting}")
