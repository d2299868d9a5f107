"""A history that is not the one that was written takes no model out of use."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.training.registry.harm import HARM_TO_HISTORY
from tests.training.registry.looks import (
    ALIASES,
    SIGNED,
    files_of,
    models_of,
    offered,
    where,
)
from training.errors import RegistryError
from training.registry.history import History
from training.registry.promotion import Registry

# As version 0.1.0 wrote them before these were pydantic models, byte for byte; the first line is of
# a version that did not write the manifest's hash yet.
LINES = """\
{"time": "2026-11-21T12:00:00+00:00", "deed": "promote", "alias": "all-subtypes", \
"bundle_id": "model-a", "previous": "", "model_sha256": "b3a8", "by": "ada", "reason": "First."}
{"time": "2026-11-21T13:00:00+00:00", "deed": "import", "alias": "", "bundle_id": "model-b", \
"previous": "", "model_sha256": "", "by": "Dr. Müller", "reason": "\u201eFrom Köln\u201c", \
"manifest_sha256": "0a1b"}
"""
CHECKPOINT = """{
 "n_lines": 2,
 "sha256": "%s",
 "aliases": {
  "all-subtypes": "model-a"
 }
}
"""


def test_a_history_of_before_is_read_and_written_as_it_was(tmp_path: Path) -> None:
    history = History(root=tmp_path)
    history.path.write_text(LINES, encoding="utf-8")
    first, second = history.events()
    assert (first.kind, first.alias, first.manifest_sha256) == ("promote", "all-subtypes", "")
    assert (second.kind, second.by, second.manifest_sha256) == ("import", "Dr. Müller", "0a1b")
    history.write_checkpoint()
    checkpoint = CHECKPOINT % hashlib.sha256(LINES.encode()).hexdigest()
    assert history.checkpoint_path.read_text() == checkpoint
    noted = history.checkpoint()
    assert noted is not None
    assert (noted.n_lines, dict(noted.aliases)) == (2, {"all-subtypes": "model-a"})
    history.append(second)
    assert history.path.read_text("utf-8") == LINES + LINES.splitlines(keepends=True)[-1]


@pytest.mark.parametrize("harm", HARM_TO_HISTORY)
def test_a_history_that_is_not_the_written_one_takes_no_model_out_of_use(
    harm: str, registry: Registry
) -> None:
    path = registry.root / "history.jsonl"
    backup, models = path.read_bytes(), models_of(registry)
    do_harm, told = HARM_TO_HISTORY[harm]
    do_harm(path)
    harmed = files_of(registry.root)
    for _ in range(2):
        (fault,) = registry.check()
        assert fault.stops
        assert told in fault.what
        assert "Nothing was moved" in fault.what
        assert "backup" in fault.to_do
    with pytest.raises(RegistryError, match="Nothing was changed"):
        registry.retire("all-subtypes", **SIGNED)
    assert files_of(registry.root) == harmed
    assert offered(registry) == ["model-b"]

    damaged = path.read_bytes() if path.exists() else None
    path.write_bytes(backup)
    assert registry.check() == ()  # the first way: the backup

    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged)
    repair = registry.repair(by="bob", reason="No backup.")  # the second
    assert registry.check() == ()
    assert registry.aliases() == ALIASES
    assert offered(registry) == ["model-b"]
    assert models_of(registry) == models
    assert {(event.by, event.kind in ("repair", "import")) for event in repair.events} == {
        ("bob", True)
    }
    copies = list((registry.root / "set-aside").glob("*history*"))
    assert [copy.read_bytes() for copy in copies] == ([] if damaged is None else [damaged])
    registry.promote(registry.bundle("model-a"), **SIGNED)
    assert offered(registry) == ["model-a"]


def test_no_alias_is_read_out_of_a_damaged_history(registry: Registry, runs: Path) -> None:
    registry.promote(registry.bundle("model-b"), alias="teaching", **SIGNED)
    registry.retire("teaching", **SIGNED)
    used = {model.manifest.id: model.aliases for model in registry.models()}
    assert used == {"model-b": ("all-subtypes",), "model-a": (), "model-c": ()}
    path = registry.root / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"retire"', b'"reti'))
    assert {model.aliases for model in registry.models()} == {None}
    registry.repair(**SIGNED)
    assert registry.aliases() == ALIASES  # and none that was retired comes back
    assert registry.models()[0].aliases == ("all-subtypes",)


def test_without_history_and_checkpoint_what_is_in_use_stays_so_under_its_task_or_its_id(
    registry: Registry, runs: Path
) -> None:
    registry.promote(runs / "model-d", alias="teaching", **SIGNED)
    for name in ("history.jsonl", "history-checkpoint.json"):
        (registry.root / name).unlink()
    (fault,) = registry.check()
    assert "no history-checkpoint.json" in fault.what
    assert offered(registry) == ["model-b", "model-d"]
    registry.repair(**SIGNED)
    assert registry.check() == ()
    assert registry.aliases() == {"all-subtypes": "model-b", "model-d": "model-d"}
    assert offered(registry) == ["model-b", "model-d"]


def test_the_checkpoint_keeps_the_aliases_that_a_lost_history_knew(
    registry: Registry, runs: Path
) -> None:
    registry.promote(runs / "model-d", alias="teaching", **SIGNED)
    (registry.root / "history.jsonl").unlink()
    done = registry.repair(**SIGNED).done
    assert registry.aliases() == {**ALIASES, "teaching": "model-d"}
    assert "teaching points at 'model-d'." in done


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "It is no JSON."),
        ("{}", "Expected n_lines, sha256, aliases of the checkpoint, received nothing."),
        ("[1]", "Expected the checkpoint to be a table, received [1]."),
        ('{"n_lines": "3"}', "n_lines of the checkpoint to be a whole number of at least 0"),
        ("\xff", "It is no JSON."),
    ],
)
def test_a_checkpoint_that_cannot_be_read_is_told_and_repaired(
    text: str, told: str, registry: Registry
) -> None:
    (registry.root / "history-checkpoint.json").write_text(text, "latin-1")
    (fault,) = registry.check()
    assert "history-checkpoint.json is damaged" in fault.what
    assert told in fault.what
    before = registry.history()
    registry.repair(**SIGNED)
    assert registry.check() == ()
    assert registry.history()[: len(before)] == before
    assert offered(registry) == ["model-b"]


def test_a_lost_history_and_lost_lists_delete_nothing_and_all_can_be_taken_back(
    registry: Registry,
) -> None:
    models = models_of(registry)
    for path in ("history.jsonl", "in-use/SHA256SUMS", "kept/SHA256SUMS"):
        (registry.root / path).unlink()
    lost, in_use, kept = (fault.what for fault in registry.check())
    assert "history.jsonl" in lost
    assert "in-use/SHA256SUMS does not vouch for 'model-b': it is missing" in in_use
    assert "kept/SHA256SUMS does not vouch for 'model-a', 'model-c': it is missing" in kept
    assert models_of(registry) == models
    registry.repair(**SIGNED)
    assert registry.check() == ()
    assert models_of(registry) == models
    names = registry.names_set_aside()
    assert len(names) == 3
    for name in names:
        registry.take_back(name, by="bob", reason="I know it.")
    assert where(registry) == dict.fromkeys(models, "kept")
    registry.promote(registry.bundle("model-b"), **SIGNED)
    assert offered(registry) == ["model-b"]
