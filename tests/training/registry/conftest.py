"""A registry with a past, whose models have a few bytes in place of a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.evaluated import evaluated_bundle
from tests.training.registry.looks import registry_at
from training.registry.promotion import Registry


@pytest.fixture(scope="session")
def runs(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundles as runs leave them, each with a few bytes in place of its network."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("model-a", "model-b", "model-c", "model-d"):
        evaluated_bundle(tiny_bundle, folder, name, network=name.encode())
    return folder


@pytest.fixture
def registry(runs: Path, tmp_path: Path) -> Registry:
    """model-b is in use, after model-a; model-a and model-c, which was imported, are kept."""
    registry = registry_at(tmp_path / "registry")
    registry.promote(runs / "model-a", by="ada", reason="First.")
    registry.promote(runs / "model-b", by="ada", reason="Better.")
    registry.import_bundle(runs / "model-c", by="ada", reason="From elsewhere.")
    return registry
