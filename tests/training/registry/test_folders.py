"""What is altered, gone, copied or put there by hand is told, and never deleted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from models.answer.ensemble import member_contents
from models.bundle.folder import pin_bundle, read_bundle
from models.errors import BundleTamperedError
from tests.training.registry.looks import (
    SIGNED,
    files_of,
    offered,
    where,
)
from training.errors import RegistryError
from training.registry.promotion import Registry


def test_an_altered_model_is_told_and_set_aside_by_a_repair(registry: Registry) -> None:
    manifest = registry.in_use / "model-b" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"Tiny"', b'"Teny"'))
    altered = files_of(registry.in_use / "model-b")
    (fault,) = registry.check()
    assert "'model-b' in in-use is not as it was pinned" in fault.what
    assert files_of(registry.in_use / "model-b") == altered
    done = " ".join(registry.repair(**SIGNED).done)
    assert "'model-b' is retired from all-subtypes." in done
    assert registry.check() == ()
    (name,) = registry.names_set_aside()
    assert files_of(registry.root / "set-aside" / name) == altered
    registry.promote(registry.bundle("model-a"), **SIGNED)
    assert offered(registry) == ["model-a"]


def test_an_altered_model_can_be_retired_at_once(registry: Registry) -> None:
    (registry.in_use / "model-b" / "manifest.json").write_bytes(b"{}")
    registry.retire("all-subtypes", by="ada", reason="Somebody altered it.")
    assert offered(registry) == []
    (fault,) = registry.check()
    assert "'model-b' in kept" in fault.what


def test_a_model_whose_folder_is_gone_is_told_and_retired_by_a_repair(registry: Registry) -> None:
    (registry.in_use / "model-b").rename(registry.root / "elsewhere")
    assert any("there is no such folder" in fault.what for fault in registry.check())
    done = registry.repair(**SIGNED).done
    assert "The line of 'model-b' was taken out of in-use/SHA256SUMS." in done
    assert registry.check() == ()
    assert registry.aliases() == {}
    assert offered(registry) == []


def test_what_somebody_pinned_in_use_by_hand_stays_until_it_is_repaired(
    registry: Registry, runs: Path
) -> None:
    pin_bundle(registry.in_use, runs / "model-d")
    (fault,) = registry.check()
    assert not fault.stops
    assert "'model-d', which nobody promoted here" in fault.what
    assert offered(registry) == ["model-b", "model-d"]
    registry.repair(**SIGNED)
    assert registry.check() == ()
    assert offered(registry) == ["model-b"]
    assert where(registry)["model-d"] == "kept"


@pytest.mark.parametrize("root", ["in-use", "kept"])
def test_a_whole_model_that_nothing_vouches_for_is_set_aside_and_can_be_taken_back(
    root: str, registry: Registry, runs: Path
) -> None:
    copied = registry.root / root / "model-d"
    shutil.copytree(runs / "model-d", copied)
    files = files_of(copied)
    assert registry.check() == ()
    assert not copied.exists()
    (name,) = registry.names_set_aside()
    assert files_of(registry.root / "set-aside" / name) == files
    assert offered(registry) == ["model-b"]
    registry.take_back(name, by="bob", reason="I copied it.")
    assert registry.names_set_aside() == ()
    assert where(registry)["model-d"] == "kept"
    assert registry.history()[-1].kind == "import"
    registry.promote(registry.bundle("model-d"), **SIGNED)
    assert offered(registry) == ["model-d"]


def test_a_folder_that_is_no_model_is_left_alone_and_told(registry: Registry) -> None:
    for path in ("in-use/@eaDir/thumb", "kept/model-x/half"):
        (registry.root / path).parent.mkdir()
        (registry.root / path).write_bytes(b"x")
    before = files_of(registry.root)
    faults = registry.check()
    assert [fault.stops for fault in faults] == [False, False]
    assert "'@eaDir'" in faults[0].what
    assert not any(fault.is_repairable for fault in faults)
    assert files_of(registry.root) == before
    registry.retire("all-subtypes", **SIGNED)  # it stops nothing
    assert (registry.root / "in-use/@eaDir/thumb").is_file()


def test_hidden_files_of_others_are_not_touched(registry: Registry, runs: Path) -> None:
    shutil.copytree(runs / "model-d", registry.kept / ".model-d.backup")
    (registry.kept / ".model-d.old.part").mkdir()
    (registry.kept / ".snapshot").mkdir()
    before = sorted(os.listdir(registry.kept))
    assert registry.check() == ()
    assert sorted(os.listdir(registry.kept)) == before


@pytest.mark.parametrize("root", ["in-use", "kept"])
def test_what_an_earlier_version_left_hidden_is_set_aside_or_told(
    root: str, registry: Registry, runs: Path
) -> None:
    copied, gone = (
        registry.root / root / ".model-d.a1b2c3_d",
        registry.root / root / ".gone-model-d",
    )
    shutil.copytree(runs / "model-d", copied)
    shutil.copytree(runs / "model-d", gone)
    files = files_of(copied)
    assert registry.check() == ()
    assert not copied.exists()
    assert not gone.exists()
    aside = registry.names_set_aside()
    assert len(aside) == 2
    assert [files_of(registry.root / "set-aside" / name) for name in aside] == [files, files]
    registry.take_back(aside[0], **SIGNED)
    assert where(registry)["model-d"] == "kept"

    for half in (copied, gone):
        half.mkdir()
        (half / "model.keras").write_bytes(b"half of a network")
    before = files_of(registry.root)
    (fault,) = registry.check()
    assert not fault.stops
    assert "'.gone-model-d'" in fault.what
    assert "'.model-d.a1b2c3_d'" in fault.what
    assert files_of(registry.root) == before
    registry.repair(**SIGNED)
    assert copied.is_dir()
    assert gone.is_dir()


def test_a_second_copy_of_a_model_is_set_aside_and_the_pinned_one_stays(registry: Registry) -> None:
    shutil.copytree(registry.in_use / "model-b", registry.kept / "model-b")
    (registry.kept / "model-b" / "card.json").write_bytes(b"{}")
    assert registry.check() == ()
    assert len(registry.names_set_aside()) == 1
    assert where(registry)["model-b"] == "in-use"
    assert offered(registry) == ["model-b"]
    with pytest.raises(RegistryError, match="whole model"):
        registry.take_back(registry.names_set_aside()[0], **SIGNED)


def test_what_the_registry_has_is_not_taken_back_over_it(registry: Registry, runs: Path) -> None:
    shutil.copytree(runs / "model-b", registry.root / "set-aside" / "copy")
    with pytest.raises(RegistryError, match="has the model 'model-b' already"):
        registry.take_back("copy", **SIGNED)
    for name in ("..", "../kept/model-a", "none", ""):
        with pytest.raises(RegistryError, match="set-aside"):
            registry.take_back(name, **SIGNED)


def test_a_bundle_behind_a_link_goes_where_it_belongs_and_back(
    registry: Registry, tmp_path: Path
) -> None:
    (registry.kept / "model-c").rename(tmp_path / "elsewhere")
    (registry.kept / "model-c").symlink_to(tmp_path / "elsewhere")
    files = files_of(tmp_path / "elsewhere")
    registry.promote(registry.bundle("model-c"), **SIGNED)
    assert offered(registry) == ["model-c"]
    registry.rollback("all-subtypes", **SIGNED)
    assert where(registry)["model-c"] == "kept"
    assert (registry.kept / "model-c").is_symlink()
    assert files_of(tmp_path / "elsewhere") == files


def test_an_ensemble_that_borrows_its_members_is_not_promoted(
    registry: Registry, tiny_ensemble: Path, tmp_path: Path
) -> None:
    for member in member_contents(read_bundle(tiny_ensemble)):
        written = tmp_path / member.manifest.id
        written.mkdir()
        for name, data in {**member.files, "manifest.json": member.manifest.to_json()}.items():
            (written / name).write_bytes(data)
        pin_bundle(registry.kept, written)
    pin_bundle(registry.kept, tiny_ensemble, shares_members=True)
    before = offered(registry)
    with pytest.raises(BundleTamperedError, match=r"lacks 'member-1\.card\.json'"):
        registry.promote(registry.kept / tiny_ensemble.name, **SIGNED)
    assert offered(registry) == before
