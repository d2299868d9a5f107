"""An SQLite file of the state folder: for its owner alone, safe for several processes at once."""

from __future__ import annotations

import os
import sqlite3
import time
from functools import lru_cache
from pathlib import Path
from sqlite3 import SQLITE_BUSY, SQLITE_LOCKED
from threading import Lock
from typing import Any

import sqlalchemy as sql
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateIndex, CreateTable

BUSY_MS = 10_000
"""How long one waits for others before the file is said to be busy."""
_AGAIN_S = 0.02


_making = Lock()


def engine_at(file: Path, tables: sql.MetaData) -> sql.Engine:
    """The engine of a file, which is made with its tables where they are missing.

    The file and its folder are for their owner alone. Connections are opened for each use, so
    that none is left behind. What is deleted is overwritten.
    """
    with _making:  # threads that make one file at the same time would find it busy
        return _engine_at(file, tables)


@lru_cache(maxsize=16)
def _engine_at(file: Path, tables: sql.MetaData) -> sql.Engine:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    engine = sql.create_engine(f"sqlite:///{file}", poolclass=sql.NullPool)
    sql.event.listen(engine, "connect", _set_up)
    with engine.begin() as connection:
        for table in tables.sorted_tables:
            connection.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
    return engine


def is_busy(error: OperationalError) -> bool:
    """Whether others held the file for longer than one waits."""
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (SQLITE_BUSY, SQLITE_LOCKED)


def _set_up(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    give_up = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # SQLite does not wait here for one that writes
            if time.monotonic() > give_up:
                raise
            time.sleep(_AGAIN_S)
    for setting in ("foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}")
