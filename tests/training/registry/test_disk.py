"""A disk that is full, or may not be written, is told in a sentence, and nothing is lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models.test_files import files_at_most
from tests.training.registry.harm import (
    Harm,
)
from tests.training.registry.looks import (
    SIGNED,
    files_of,
    models_of,
    offered,
    registry_at,
)
from training.errors import RegistryError
from training.registry.faults import disk_told
from training.registry.promotion import Registry


@contextlib.contextmanager
def as_reader_of(folder: Path) -> Iterator[None]:
    """A block in which this process may read a folder, and write nothing there."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
        return
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.parametrize("harm", [None, lambda path: (path / "in-use/SHA256SUMS").unlink()])
def test_a_folder_that_may_not_be_written_is_told_in_a_sentence(
    harm: Harm | None, registry: Registry
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own lets nobody else in
        Path(folder).chmod(0o755)
        closed = registry_at(Path(shutil.copytree(registry.root, Path(folder) / "registry")))
        if harm:
            harm(closed.root)
        before = files_of(closed.root)
        with as_reader_of(closed.root):
            (fault,) = closed.check()
            assert fault.stops
            assert "Permission denied" in fault.what
            assert offered(closed) == ([] if harm else ["model-b"])
            for event in (
                lambda: closed.retire("all-subtypes", **SIGNED),
                lambda: closed.repair(**SIGNED),
            ):
                with pytest.raises(RegistryError, match="Permission denied"):
                    event()
        assert files_of(closed.root) == before


def test_a_full_disk_in_the_midst_of_a_promotion_loses_nothing(
    registry: Registry, runs: Path
) -> None:
    models = models_of(registry)
    for most in (0, 100, 700, 1100, 1250):  # the last two amid a line of the history
        with files_at_most(most), pytest.raises(RegistryError, match="Make room"):
            registry.promote(runs / "model-d", **SIGNED)
        assert registry.check() == ()
        assert models_of(registry).items() >= models.items()
        assert offered(registry) in (["model-b"], ["model-d"])
    registry.promote(runs / "model-d", **SIGNED)
    assert offered(registry) == ["model-d"]


def test_a_full_disk_in_the_midst_of_a_repair_loses_nothing(registry: Registry) -> None:
    models = models_of(registry)
    (registry.in_use / "SHA256SUMS").write_bytes(b"")
    (registry.root / "history.jsonl").write_bytes(b"")
    for most in (0, 100, 300):
        with files_at_most(most), pytest.raises(RegistryError, match="Make room"):
            registry.repair(**SIGNED)
        assert models_of(registry) == models
    registry.repair(**SIGNED)
    assert registry.check() == ()
    assert models_of(registry) == models


def test_nobody_repairs_without_a_name_and_a_reason(registry: Registry) -> None:
    (registry.in_use / "SHA256SUMS").unlink()
    for by, reason in (("", "Because."), ("ada", " ")):
        with pytest.raises(RegistryError, match="who does this, or why"):
            registry.repair(by=by, reason=reason)
    assert not (registry.in_use / "SHA256SUMS").exists()


def test_a_disk_that_gives_no_reason_is_told_without_none() -> None:
    with pytest.raises(RegistryError, match="cannot be read or written: TimeoutError"), disk_told():
        raise TimeoutError
