"""Whatever moment a kill chooses, no model of the registry is lost, and all can be done again.

The kills are real ones, in processes that do nothing else: see `kills`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_house import ROOT
from tests.training.evaluated import evaluated_bundle

pytestmark = pytest.mark.slow

MODELS = ("model-a", "model-b", "model-c", "model-d")


def run_kills(how: str, runs: Path, work: Path) -> list[str]:
    """The lines of `kills`, which ends at the first thing that is wrong."""
    work.mkdir()
    command = [sys.executable, "-m", "tests.training.registry.kills", how, str(runs), str(work)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_kill_before_any_touch_of_the_disk_loses_nothing(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    for name in MODELS:
        evaluated_bundle(tiny_bundle, tmp_path / "runs", name, network=name.encode())
    lines = run_kills("everywhere", tmp_path / "runs", tmp_path / "work")
    assert [line.partition(":")[0] for line in lines] == [
        "promote a run",
        "promote over another",
        "roll back",
        "retire",
        "import",
        "repair empty lists",
        "repair without a history",
        "take back",
    ]


def test_twenty_kills_at_any_moment_of_a_promotion_lose_nothing(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    for name in MODELS[:3]:
        evaluated_bundle(tiny_bundle, tmp_path / "runs", name, network=name.encode())
    evaluated_bundle(tiny_bundle, tmp_path / "runs", MODELS[3])  # long enough to copy
    (line,) = run_kills("anytime", tmp_path / "runs", tmp_path / "work")
    assert line.startswith("20 kills, ")
