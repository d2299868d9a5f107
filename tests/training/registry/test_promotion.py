"""Models are promoted, retired and rolled back by people, and the history tells of it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.bundle.folder import list_bundles, pin_bundle, verify_bundle
from models.errors import BundleTamperedError
from tests.training.evaluated import evaluated_bundle
from training.errors import RegistryError
from training.registry.promotion import Registry, model_before

Make = Callable[[str], Path]


@pytest.fixture
def make(tiny_bundle: Path, tmp_path: Path) -> Make:
    return lambda name: evaluated_bundle(tiny_bundle, tmp_path / "runs", name)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(
        root=tmp_path / "registry",
        others=(),
        now=lambda: datetime(2026, 11, 21, 12, tzinfo=UTC),
    )


def ids(root: Path) -> list[str]:
    return [manifest.id for manifest in list_bundles(root)] if root.is_dir() else []


def test_a_promoted_model_is_in_use_and_the_history_says_who_when_and_why(
    registry: Registry, make: Make
) -> None:
    event = registry.promote(make("model-a"), by="ada", reason="Best on the grouped split.")
    assert ids(registry.in_use) == ["model-a"]
    assert registry.aliases() == {"all-subtypes": "model-a"}
    assert registry.history() == (event,)
    assert (event.by, event.reason) == ("ada", "Best on the grouped split.")
    assert event.time == "2026-11-21T12:00:00+00:00"
    assert event.model_sha256 == verify_bundle(registry.in_use / "model-a").files["model.keras"]


def test_the_next_model_takes_the_alias_and_the_one_before_is_kept(
    registry: Registry, make: Make
) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    event = registry.promote(make("model-b"), by="ada", reason="Better.")
    assert event.previous == "model-a"
    assert (ids(registry.in_use), ids(registry.kept)) == (["model-b"], ["model-a"])


def test_two_aliases_put_two_models_of_a_task_in_use(registry: Registry, make: Make) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    registry.promote(make("model-b"), by="ada", reason="For class.", alias="teaching")
    assert ids(registry.in_use) == ["model-a", "model-b"]
    registry.retire("teaching", by="ada", reason="Class is over.")
    assert ids(registry.in_use) == ["model-a"]


def test_a_retired_model_comes_back_by_rollback(registry: Registry, make: Make) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    registry.retire("all-subtypes", by="bob", reason="Misses blasts.")
    assert ids(registry.in_use) == []
    event = registry.rollback("all-subtypes", by="bob", reason="It was the stain.")
    assert (event.kind, event.bundle_id) == ("rollback", "model-a")
    assert ids(registry.in_use) == ["model-a"]
    assert [event.kind for event in registry.history()] == ["promote", "retire", "rollback"]


def test_a_model_in_use_is_not_promoted_again(registry: Registry, make: Make) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    with pytest.raises(RegistryError, match="'model-a' is used for 'all-subtypes' already"):
        registry.promote(registry.bundle("model-a"), by="ada", reason="Once more.")
    assert len(registry.history()) == 1


def test_rollback_passes_over_a_model_that_was_promoted_twice(
    registry: Registry, make: Make
) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    event = registry.promote(make("model-b"), by="ada", reason="Better.")
    # As earlier versions wrote it.
    twice = (*registry.history(), event, event.changed(previous="model-b"))
    assert model_before(twice, "all-subtypes") == "model-a"
    assert model_before(twice[:1], "all-subtypes") == ""
    assert model_before(twice, "another") == ""


def test_rollback_goes_back_to_the_model_before(registry: Registry, make: Make) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    registry.promote(make("model-b"), by="ada", reason="Better.")
    registry.rollback("all-subtypes", by="ada", reason="Worse after all.")
    assert (ids(registry.in_use), ids(registry.kept)) == (["model-a"], ["model-b"])


def test_what_has_no_past_cannot_be_rolled_back_or_retired(registry: Registry, make: Make) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    with pytest.raises(RegistryError, match="No other model was used"):
        registry.rollback("all-subtypes", by="ada", reason="Try.")
    with pytest.raises(RegistryError, match="all-subtypes"):
        registry.retire("teaching", by="ada", reason="Try.")


@pytest.mark.parametrize(("by", "reason"), [("", "Because."), ("ada", " ")])
def test_nobody_promotes_without_a_name_and_a_reason(
    by: str, reason: str, registry: Registry, make: Make
) -> None:
    with pytest.raises(RegistryError, match="who does this, or why"):
        registry.promote(make("model-a"), by=by, reason=reason)
    assert registry.history() == ()


def test_a_model_that_was_never_evaluated_is_not_promoted(
    registry: Registry, tiny_bundle: Path
) -> None:
    with pytest.raises(RegistryError, match="evaluated"):
        registry.promote(tiny_bundle, by="ada", reason="Why not.")
    assert ids(registry.kept) == []


def test_an_altered_model_is_not_promoted(registry: Registry, make: Make) -> None:
    bundle = make("model-a")
    (bundle / "model.keras").write_bytes(b"another")
    with pytest.raises(BundleTamperedError):
        registry.promote(bundle, by="ada", reason="First.")
    assert registry.history() == ()


def test_the_id_of_a_shipped_model_is_not_taken(
    registry: Registry, make: Make, tmp_path: Path
) -> None:
    shipped = tmp_path / "shipped"
    bundle = make("model-a")
    pin_bundle(shipped, bundle)
    before = (shipped / "SHA256SUMS").read_bytes()
    careful = Registry(root=registry.root, others=(shipped,))
    with pytest.raises(RegistryError, match="has the id 'model-a' already"):
        careful.promote(bundle, by="ada", reason="First.")
    assert (shipped / "SHA256SUMS").read_bytes() == before


def test_a_model_is_never_replaced_by_another_of_its_id(
    registry: Registry, make: Make, tiny_bundle: Path, tmp_path: Path
) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    other = evaluated_bundle(tiny_bundle, tmp_path / "other", "model-a")
    data = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(data | {"title": "Another"}))
    with pytest.raises(RegistryError, match="has the id 'model-a' already"):
        registry.promote(other, by="ada", reason="Again.")
    assert [event.bundle_id for event in registry.history()] == ["model-a"]


def test_a_model_from_elsewhere_is_kept_until_it_is_promoted(
    registry: Registry, make: Make
) -> None:
    registry.import_bundle(make("model-a"), by="ada", reason="From the university.")
    assert (ids(registry.in_use), ids(registry.kept)) == ([], ["model-a"])
    assert registry.aliases() == {}
    registry.promote(registry.bundle("model-a"), by="ada", reason="Checked here.")
    assert (ids(registry.in_use), ids(registry.kept)) == (["model-a"], [])


def test_a_model_that_the_registry_lacks_is_refused_with_those_that_it_has(
    registry: Registry, make: Make
) -> None:
    with pytest.raises(RegistryError, match=r"no model with the id 'model-b'\. Known models: none"):
        registry.bundle("model-b")
    registry.promote(make("model-a"), by="ada", reason="First.")
    with pytest.raises(RegistryError, match=r"no model with the id 'model-b'\. .*: model-a"):
        registry.bundle("model-b")


def test_a_line_that_a_kill_cut_short_never_happened(registry: Registry, make: Make) -> None:
    first = registry.promote(make("model-a"), by="ada", reason="First.")
    with (registry.root / "history.jsonl").open("a") as file:
        file.write('{"time": "2026')
    assert registry.history() == (first,)
    second = registry.retire("all-subtypes", by="ada", reason="Done.")
    assert registry.history() == (first, second)


def test_a_whole_last_line_counts_even_where_an_editor_dropped_its_end(
    registry: Registry, make: Make
) -> None:
    first = registry.promote(make("model-a"), by="ada", reason="First.")
    path = registry.root / "history.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert registry.check() == ()
    second = registry.retire("all-subtypes", by="ada", reason="Done.")
    assert registry.history() == (first, second)


def test_a_damaged_line_in_the_middle_is_an_error_and_not_passed_over(
    registry: Registry, make: Make
) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    path = registry.root / "history.jsonl"
    path.write_text('{"time"\n' + path.read_text())
    with pytest.raises(RegistryError, match="backup"):
        registry.history()
