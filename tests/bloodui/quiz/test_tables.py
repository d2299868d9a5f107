"""The file of the quizzes: what is said where it cannot be read or written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sql

from bloodui import sqlite_file
from bloodui.errors import QuizError
from bloodui.quiz.tables import engine_at, quizzes, told_as_ours
from tests.models.test_files import files_at_most


def emptied(file: Path) -> None:
    with told_as_ours(), engine_at(file).begin() as connection:
        connection.execute(sql.delete(quizzes))


def test_a_file_that_others_hold_is_said_to_be_busy_and_works_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_MS", 50)
    file = tmp_path / "quizzes.sqlite"
    emptied(file)
    holder = sqlite3.connect(file)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(QuizError, match="The quizzes are busy") as refusal:
        emptied(file)
    assert "Try again in a moment" in str(refusal.value)
    holder.close()
    emptied(file)


def test_a_full_disk_is_not_called_busy(tmp_path: Path) -> None:
    file = tmp_path / "quizzes.sqlite"
    emptied(file)
    with (
        files_at_most(0),
        pytest.raises(QuizError, match="Check space and rights"),
        told_as_ours(),
        engine_at(file).begin() as connection,
    ):
        connection.execute(sql.text("CREATE TABLE more (id INTEGER)"))


def test_a_file_that_is_no_database_is_told_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "quizzes.sqlite"
    file.write_bytes(b"not a database" * 100)
    with pytest.raises(QuizError, match="cannot be read or written"):
        emptied(file)
