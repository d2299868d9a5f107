"""Models stay in memory within a budget, and each is loaded once, however many ask at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bloodui import session
from bloodui.inventory import Installed, installed_in
from bloodui.loaded import LoadedModels, memory_mb
from bloodui.settings import DEFAULT_MODEL
from models.answer.ensemble import member_contents
from models.bundle.folder import SHIPPED_ROOT, list_bundles, read_bundle
from models.bundle.manifest import IR_NETWORK, MODEL_FILE, member_file
from models.errors import BundleError


def test_the_model_longest_unused_goes_when_the_budget_is_spent_and_never_the_one_asked_for() -> (
    None
):
    models: Any = LoadedModels()
    for key in ("a", "b", "a", "c"):
        assert models.get(key, key.upper, mb=40, budget_mb=100) == key.upper()
    assert models.keys == ("a", "c")
    assert models.get("huge", str, mb=400, budget_mb=100) == ""
    assert models.keys == ("huge",)


def test_a_model_is_loaded_once_for_all_who_ask_and_again_after_it_could_not_be() -> None:
    models: Any = LoadedModels()
    loaded = []
    both_ask = threading.Barrier(8)

    def ask(_: int) -> object:
        both_ask.wait(10)
        return models.get("one", lambda: loaded.append(1) or object(), mb=1, budget_mb=10)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert len(loaded) == 1

    def fail() -> None:
        raise BundleError("It is damaged.")

    with pytest.raises(BundleError):
        models.get("two", fail, mb=1, budget_mb=10)
    assert models.get("two", lambda: "sound", mb=1, budget_mb=10) == "sound"


def test_a_larger_model_and_an_ensemble_are_taken_to_need_more(tiny_ensemble: Path) -> None:
    need = {each.id: memory_mb(each) for each in list_bundles(SHIPPED_ROOT)}
    assert need["lymphoma-subtypes-efficientnet-lite0"] < need["blood-cancer-8-efficientnet-lite0"]
    together = read_bundle(tiny_ensemble)
    members = [each.manifest for each in member_contents(together)]
    assert len(members) == 2
    assert memory_mb(together.manifest) > max(map(memory_mb, members))


def test_only_a_model_without_its_converted_network_may_need_conversion(tmp_path: Path) -> None:
    shipped = next(
        each for each in installed_in((SHIPPED_ROOT,)).models if each.manifest.id == DEFAULT_MODEL
    )
    assert not session.may_need_conversion(shipped)

    def with_files(*names: str) -> Installed:
        manifest = shipped.manifest.changed(files=dict.fromkeys(names, "0" * 64))
        # whether they are there is for whoever loads the model to say
        return Installed(manifest=manifest, directory=tmp_path / "gone")

    assert session.may_need_conversion(with_files(MODEL_FILE))
    assert not session.may_need_conversion(with_files(MODEL_FILE, IR_NETWORK))
    # an ensemble's bundle names its members' files, wherever they lie
    member = member_file(1, MODEL_FILE)
    assert session.may_need_conversion(with_files(member))
    assert not session.may_need_conversion(with_files(member, member_file(1, IR_NETWORK)))
