"""Actions of a registry that are killed, and what is left of them.

python -m tests.training.registry.kills everywhere|anytime RUNS WORK

RUNS holds four evaluated bundles, model-a to model-d; WORK is an empty folder. Each action is done
in a process of its own, which is killed with SIGKILL: `everywhere` before its first touch of the
disk, its second, and so on until it gets to its end; `anytime` at twenty random moments of a
promotion, also in the midst of a file. After each kill, whoever comes next must find every model
whole, be offered what is right, and be able to do the action again.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from models.bundle.folder import verify_unpinned
from models.bundle.pins import survey_root
from training.registry.history import aliases_of
from training.registry.promotion import Registry

SIGNED = {"by": "ada", "reason": "Try."}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
TOUCHES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.link"}


def registry_in(folder: Path) -> Registry:
    return Registry(root=folder, others=(), now=lambda: datetime(2026, 11, 21, 12, tzinfo=UTC))


def begun(action: Callable[[], object], *, kill_at: int = 0) -> int:
    """The process that does an action, and kills itself before touch `kill_at` of the disk."""
    child = os.fork()
    if child:
        return child
    touched = itertools.count(1)

    def kill_in_time(action: str, arguments: tuple[object, ...]) -> None:
        is_write = action == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if (action in TOUCHES or is_write) and next(touched) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill_in_time)
    try:
        action()
    except BaseException as error:  # noqa: BLE001 - this process ends here, whatever it is
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        os._exit(1)
    os._exit(0)


def was_killed(child: int) -> bool:
    """Whether the process was killed, or else got to its end."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the action failed"
    return False


def files_of(folder: Path) -> dict[str, str]:
    """File name to SHA-256 of a folder's files."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def whole_models(registry: Registry) -> dict[str, list[dict[str, str]]]:
    """Id to the files of each copy that lies anywhere in the registry, hidden or not, and whole."""
    found: dict[str, list[dict[str, str]]] = {}
    for manifest in registry.root.rglob("manifest.json"):
        if not manifest.parent.name.startswith("."):
            whole = verify_unpinned(manifest.parent)  # raises where a file is not whole
            found.setdefault(whole.id, []).append(files_of(manifest.parent))
    return found


def offered(registry: Registry) -> set[str]:
    """What readers are offered."""
    if not registry.in_use.is_dir():
        return set()
    return {manifest.id for manifest in survey_root(registry.in_use).manifests}


def aliases_now(registry: Registry) -> dict[str, str]:
    return aliases_of(registry.history())


def begin(folder: Path, runs: Path) -> Registry:
    """A registry where model-a was promoted, then model-b, and model-c imported."""
    registry = registry_in(folder)
    registry.promote(runs / "model-a", **SIGNED)
    registry.promote(runs / "model-b", **SIGNED)
    registry.import_bundle(runs / "model-c", **SIGNED)
    return registry


def empty_pins(registry: Registry) -> None:
    for root in (registry.in_use, registry.kept):
        (root / "SHA256SUMS").write_bytes(b"")


def delete_history(registry: Registry) -> None:
    (registry.root / "history.jsonl").unlink()


def alter_pinned(registry: Registry) -> None:
    manifest = registry.in_use / "model-b" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"Tiny"', b'"Teny"'))


def set_model_aside(registry: Registry) -> None:
    pins = registry.kept / "SHA256SUMS"
    lines = pins.read_text().splitlines(keepends=True)
    pins.write_text("".join(line for line in lines if "model-c" not in line))
    history = (registry.root / "history.jsonl").read_bytes().splitlines(keepends=True)
    for name in ("history.jsonl", "history-checkpoint.json"):
        (registry.root / name).unlink()
    (registry.root / "history.jsonl").write_bytes(b"".join(history[:2]))
    assert registry.check() == ()
    assert len(registry.names_set_aside()) == 1


# What is done, what the registry suffered before, and what readers may be offered meanwhile.
ACTIONS: dict[str, tuple[Callable[[Registry, Path], object], Callable[[Registry], None] | None]] = {
    "promote a run": (
        lambda registry, runs: registry.promote(runs / "model-d", alias="teaching", **SIGNED),
        None,
    ),
    "promote over another": (
        lambda registry, _: registry.promote(registry.bundle("model-c"), **SIGNED),
        None,
    ),
    "roll back": (lambda registry, _: registry.rollback("all-subtypes", **SIGNED), None),
    "retire": (lambda registry, _: registry.retire("all-subtypes", **SIGNED), None),
    "import": (lambda registry, runs: registry.import_bundle(runs / "model-d", **SIGNED), None),
    "repair empty lists": (lambda registry, _: registry.repair(**SIGNED), empty_pins),
    "repair without a history": (lambda registry, _: registry.repair(**SIGNED), delete_history),
    "take back": (
        lambda registry, _: registry.take_back(registry.names_set_aside()[0], **SIGNED),
        set_model_aside,
    ),
}


def check_sound(registry: Registry, models: dict[str, dict[str, str]], where: str) -> None:
    """Nothing is wrong, nothing lost, nothing altered, and nothing half copied is left."""
    assert registry.check() == (), where
    assert offered(registry) == {*aliases_now(registry).values()}, where
    found = whole_models(registry)
    assert {"model-a", "model-b", "model-c"} <= set(found), where
    for model, copies in found.items():
        assert all(copy == models[model] for copy in copies), (where, model)
    parts = [path.name for path in registry.root.rglob(".*.part") if path.is_dir()]
    assert not parts, (where, parts)


def kill_everywhere(name: str, template: Path, runs: Path, work: Path) -> int:
    """Kill an action before each touch of the disk and look at what is left; how often it was."""
    action, harm = ACTIONS[name]
    models = {folder.name: files_of(folder) for folder in runs.iterdir()}
    ready = work / "ready"
    shutil.copytree(template, ready)
    if harm:
        harm(registry_in(ready))
    shutil.copytree(ready, work / "whole")
    action(registry_in(work / "whole"), runs)
    before = {} if name.startswith("repair") else aliases_now(registry_in(ready))
    after = aliases_now(registry_in(work / "whole"))
    for number in itertools.count(1):
        registry = registry_in(work / f"killed-{number}")
        shutil.copytree(ready, registry.root)
        child = begun(lambda registry=registry: action(registry, runs), kill_at=number)
        if not was_killed(child):
            return number - 1
        where = f"{name}, killed before touch {number}"
        if not harm and name != "retire":
            assert offered(registry) & {*before.values(), *after.values()}, where
        faults = registry.check()
        if name.startswith("repair"):
            if any(fault.stops for fault in faults):
                registry.repair(**SIGNED)
        else:
            assert faults == (), (where, faults)
            aliases = aliases_now(registry)
            assert aliases in (before, after), (where, aliases)
            if aliases == before and (name != "take back" or registry.names_set_aside()):
                action(registry, runs)
        assert aliases_now(registry) == after, where
        check_sound(registry, models, where)
        shutil.rmtree(registry.root)
    raise AssertionError("never")


def kill_anytime(template: Path, runs: Path, work: Path, *, n_kills: int, seed: int) -> int:
    """Kill promotions of a run at random moments and look at what is left; half-made files."""
    rng = random.Random(seed)  # noqa: S311 - moments, not secrets
    action, _ = ACTIONS["promote a run"]
    models = {folder.name: files_of(folder) for folder in runs.iterdir()}
    before = aliases_now(registry_in(template))
    n_killed = n_halves = 0
    longest_s = 0.0
    while n_killed < n_kills:
        registry = registry_in(work / f"killed-{n_killed}")
        shutil.copytree(template, registry.root)
        began = time.monotonic()
        child = begun(lambda registry=registry: action(registry, runs))
        if longest_s:
            time.sleep(rng.uniform(0, longest_s))
            os.kill(child, signal.SIGKILL)
        if was_killed(child):
            n_killed += 1
            assert offered(registry) >= {*before.values()}
            n_halves += any(path.is_dir() for path in registry.kept.glob(".*.part"))
            assert registry.check() == ()
            if aliases_now(registry) == before:  # else it was killed after the promotion counted
                action(registry, runs)
        else:
            longest_s = max(longest_s, time.monotonic() - began)
        check_sound(registry, models, f"kill {n_killed}")
        shutil.rmtree(registry.root)
    return n_halves


def main() -> int:
    how = sys.argv[1]
    runs, work = map(Path, sys.argv[2:])
    template = begin(work / "template", runs).root
    if how == "anytime":
        (work / how).mkdir()
        n_halves = kill_anytime(template, runs, work / how, n_kills=20, seed=7)
        sys.stdout.write(f"20 kills, {n_halves} in the midst of a copy, nothing lost\n")
        return 0
    for name in ACTIONS:
        (work / name).mkdir()
        n_kills = kill_everywhere(name, template, runs, work / name)
        assert n_kills >= 5, (name, n_kills)
        sys.stdout.write(f"{name}: {n_kills} kills, nothing lost\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
