"""A bundle is measured on the test part of its own run, and on no other index."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from training.audits.own_split import own_split
from training.data.index import read_index
from training.errors import DatasetError


def bare(index_sha256: str) -> SimpleNamespace:
    """What is asked of a model before any image is read."""
    data = SimpleNamespace(index_sha256=index_sha256)
    manifest = SimpleNamespace(id="bare", data=data)
    return SimpleNamespace(manifest=manifest, card=SimpleNamespace(recipe={}))


def test_another_index_is_refused(index_path: Path) -> None:
    with pytest.raises(DatasetError, match="Give the index of its run"):
        own_split(bare("0" * 64), read_index(index_path))


def test_a_bundle_without_a_recipe_is_refused(index_path: Path) -> None:
    index = read_index(index_path)
    with pytest.raises(DatasetError, match="holds no recipe"):
        own_split(bare(index.sha256), index)
