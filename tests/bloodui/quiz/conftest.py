"""A place for each test of quizzes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bloodui.quiz.place import Clock, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(state=tmp_path / "state", clock=Clock())
