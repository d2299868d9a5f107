"""The drawn pictures of smoke runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.studies.smoke import indexes


@pytest.fixture(scope="module")
def index_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """From a recipe's name to the index of its drawn pictures."""
    return indexes(tmp_path_factory.mktemp("drawn"))
