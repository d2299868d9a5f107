"""Whatever becomes of a SHA256SUMS, no model is deleted, and a repair brings all back."""

from __future__ import annotations

import json

import pytest

from tests.models.bundle.test_pins import needs_sha256sum
from tests.training.registry.harm import (
    HARM_TO_PINS,
    with_line_of_another_file,
    written_by_sha256sum,
)
from tests.training.registry.looks import (
    ALIASES,
    SIGNED,
    files_of,
    models_of,
    offered,
    where,
)
from training.errors import RegistryError
from training.registry.promotion import Registry


@needs_sha256sum
@pytest.mark.parametrize("root", ["in-use", "kept"])
@pytest.mark.parametrize("harm", HARM_TO_PINS)
def test_whatever_becomes_of_a_list_nothing_is_deleted_and_a_repair_brings_all_back(
    harm: str, root: str, registry: Registry
) -> None:
    models, history = models_of(registry), registry.history()
    do_harm, told = HARM_TO_PINS[harm]
    pins = registry.root / root / "SHA256SUMS"
    do_harm(pins)
    held = pins.read_bytes() if pins.is_file() else b""
    harmed = files_of(registry.root)
    for _ in range(2):  # as often as somebody opens the page
        (fault,) = registry.check()
        assert fault.stops
        assert f"{root}/SHA256SUMS" in fault.what
        assert told in fault.what
        assert "anna" not in fault.what
        assert "repair" in fault.to_do
    for event in (
        lambda: registry.retire("all-subtypes", **SIGNED),
        lambda: registry.rollback("all-subtypes", **SIGNED),
    ):
        with pytest.raises(RegistryError, match="Nothing was changed: repair"):
            event()
    assert files_of(registry.root) == harmed

    repair = registry.repair(by="bob", reason="The list was gone.")
    assert registry.check() == ()
    assert where(registry) == {"model-a": "kept", "model-b": "in-use", "model-c": "kept"}
    assert models_of(registry) == models
    assert offered(registry) == ["model-b"]
    assert registry.aliases() == ALIASES
    assert registry.history() == (*history, *repair.events)
    assert {(event.by, event.reason) for event in repair.events} == {("bob", "The list was gone.")}
    copies = sorted((registry.root / "set-aside").glob(f"*{root}-SHA256SUMS"))
    assert [copy.read_bytes() for copy in copies] == ([held] if held else [])
    assert registry.rollback("all-subtypes", **SIGNED).bundle_id == "model-a"


@needs_sha256sum
@pytest.mark.parametrize("options", [("--binary",), ("--text",)])
def test_lists_that_sha256sum_wrote_anew_are_as_good_as_ours(
    options: tuple[str, ...], registry: Registry
) -> None:
    models = models_of(registry)
    for root in ("in-use", "kept"):
        written_by_sha256sum(*options)(registry.root / root / "SHA256SUMS")
    assert registry.check() == ()
    registry.promote(registry.bundle("model-c"), **SIGNED)
    assert where(registry) == {"model-a": "kept", "model-b": "kept", "model-c": "in-use"}
    assert models_of(registry) == models


def test_a_foreign_line_is_kept_in_a_copy_and_the_right_lines_stay(registry: Registry) -> None:
    pins = registry.in_use / "SHA256SUMS"
    right = pins.read_bytes()
    with_line_of_another_file(pins)
    foreign = pins.read_bytes()
    done = registry.repair(**SIGNED).done
    assert pins.read_bytes() == right
    (copy,) = (registry.root / "set-aside").iterdir()
    assert copy.read_bytes() == foreign
    assert copy.name in " ".join(done)


def test_a_model_that_is_not_the_recorded_one_gets_no_line_again_but_is_set_aside(
    registry: Registry,
) -> None:
    manifest = registry.in_use / "model-b" / "manifest.json"
    values = json.loads(manifest.read_bytes())
    manifest.write_text(json.dumps(values | {"answer_threshold": 0.01}))  # the same network
    altered = files_of(registry.in_use / "model-b")
    (registry.in_use / "SHA256SUMS").unlink()
    assert [fault.stops for fault in registry.check()] == [True]
    done = " ".join(registry.repair(**SIGNED).done)
    assert "'model-b' in in-use is vouched for nowhere" in done
    assert "'model-b' is retired from all-subtypes" in done
    assert registry.check() == ()
    assert offered(registry) == []
    (name,) = registry.names_set_aside()
    assert files_of(registry.root / "set-aside" / name) == altered


def test_lines_of_an_earlier_version_vouch_for_a_model_by_its_network(registry: Registry) -> None:
    path = registry.root / "history.jsonl"
    events = [json.loads(line) for line in path.read_text().splitlines()]
    for event in events:
        del event["manifest_sha256"]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    (registry.root / "history-checkpoint.json").unlink()
    assert registry.check() == ()  # it explains what is in use, and is vouched for from now on
    assert (registry.root / "history-checkpoint.json").is_file()
    for root in (registry.in_use, registry.kept):
        (root / "SHA256SUMS").unlink()
    assert len(registry.check()) == 2
    registry.repair(**SIGNED)
    assert where(registry) == {"model-a": "kept", "model-b": "in-use", "model-c": "kept"}
