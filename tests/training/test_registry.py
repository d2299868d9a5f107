"""Models are promoted, retired and rolled back by people, and the history tells of it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.bundle import list_bundles, pin_bundle, verify_bundle
from models.errors import BundleTamperedError, RegistryError
from tests.training.evaluated import evaluated_bundle
from training.registry import Registry

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
    deed = registry.promote(make("model-a"), by="ada", reason="Best on the grouped split.")
    assert ids(registry.in_use) == ["model-a"]
    assert registry.aliases() == {"all-subtypes": "model-a"}
    assert registry.history() == (deed,)
    assert (deed.by, deed.reason) == ("ada", "Best on the grouped split.")
    assert deed.time == "2026-11-21T12:00:00+00:00"
    assert deed.model_sha256 == verify_bundle(registry.in_use / "model-a").files["model.keras"]


def test_the_next_model_takes_the_alias_and_the_one_before_is_kept(
    registry: Registry, make: Make
) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    deed = registry.promote(make("model-b"), by="ada", reason="Better.")
    assert deed.previous == "model-a"
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
    deed = registry.rollback("all-subtypes", by="bob", reason="It was the stain.")
    assert (deed.deed, deed.bundle_id) == ("rollback", "model-a")
    assert ids(registry.in_use) == ["model-a"]
    assert [deed.deed for deed in registry.history()] == ["promote", "retire", "rollback"]


def test_rollback_goes_back_to_the_model_before(registry: Registry, make: Make) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    registry.promote(make("model-b"), by="ada", reason="Better.")
    registry.rollback("all-subtypes", by="ada", reason="Worse after all.")
    assert (ids(registry.in_use), ids(registry.kept)) == (["model-a"], ["model-b"])


def test_what_has_no_past_cannot_be_rolled_back_or_retired(registry: Registry, make: Make) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    with pytest.raises(RegistryError, match="another model before"):
        registry.rollback("all-subtypes", by="ada", reason="Try.")
    with pytest.raises(RegistryError, match="all-subtypes"):
        registry.retire("teaching", by="ada", reason="Try.")


@pytest.mark.parametrize(("by", "reason"), [("", "Because."), ("ada", " ")])
def test_nobody_promotes_without_a_name_and_a_reason(
    by: str, reason: str, registry: Registry, make: Make
) -> None:
    with pytest.raises(RegistryError, match="who does this and why"):
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
    with pytest.raises(RegistryError, match="id of its own"):
        careful.promote(bundle, by="ada", reason="First.")
    assert (shipped / "SHA256SUMS").read_bytes() == before


def test_a_model_is_never_replaced_by_another_of_its_id(
    registry: Registry, make: Make, tiny_bundle: Path, tmp_path: Path
) -> None:
    registry.promote(make("model-a"), by="ada", reason="First.")
    other = evaluated_bundle(tiny_bundle, tmp_path / "other", "model-a")
    data = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(data | {"title": "Another"}))
    with pytest.raises(RegistryError, match="id of its own"):
        registry.promote(other, by="ada", reason="Again.")
    again = registry.promote(tmp_path / "runs/model-a", by="ada", reason="The same is no harm.")
    assert again.previous == "model-a"


def test_a_model_from_elsewhere_is_kept_until_it_is_promoted(
    registry: Registry, make: Make
) -> None:
    registry.take_in(make("model-a"), by="ada", reason="From the university.")
    assert (ids(registry.in_use), ids(registry.kept)) == ([], ["model-a"])
    assert registry.aliases() == {}
    registry.promote(registry.bundle("model-a"), by="ada", reason="Checked here.")
    assert (ids(registry.in_use), ids(registry.kept)) == (["model-a"], [])


@pytest.mark.parametrize("function", ["pin_bundle", "unpin_bundle"])
def test_a_kill_between_history_and_folders_is_mended(
    function: str, registry: Registry, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*arguments: object) -> None:
        raise Killed

    registry.promote(make("model-a"), by="ada", reason="First.")
    registry.take_in(make("model-b"), by="ada", reason="Another.")
    better = registry.bundle("model-b")
    with monkeypatch.context() as patch:
        patch.setattr(f"training.registry.{function}", kill)
        with pytest.raises(Killed):
            registry.promote(better, by="ada", reason="Better.")
    assert registry.mend() == {"all-subtypes": "model-b"}
    assert (ids(registry.in_use), ids(registry.kept)) == (["model-b"], ["model-a"])


def test_a_copy_that_a_kill_left_without_its_pin_is_dropped(
    registry: Registry, make: Make, tmp_path: Path
) -> None:
    import shutil

    registry.promote(make("model-a"), by="ada", reason="First.")
    shutil.copytree(make("model-b"), registry.in_use / "model-b")
    shutil.copytree(tmp_path / "runs/model-b", registry.in_use / ".model-b.x7")
    with pytest.raises(BundleTamperedError):
        list_bundles(registry.in_use)
    registry.mend()
    assert {entry.name for entry in registry.in_use.iterdir()} == {"SHA256SUMS", "model-a"}
    assert ids(registry.in_use) == ["model-a"]


def test_a_line_that_a_kill_cut_short_never_happened(registry: Registry, make: Make) -> None:
    first = registry.promote(make("model-a"), by="ada", reason="First.")
    with (registry.root / "history.jsonl").open("a") as file:
        file.write('{"time": "2026')
    assert registry.history() == (first,)
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
