"""Ctrl-C ends a command of training in a sentence, and what was done stays."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drawn.dataset import write_synthetic_dataset
from models.bundle.folder import verify_bundle
from tests.training.drawn_recipe import drawn_recipe

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]


def test_a_run_that_is_stopped_says_so_and_goes_on(tmp_path: Path) -> None:
    labels = ("Benign", "Early", "Pre", "Pro")
    index = write_synthetic_dataset(tmp_path / "data", labels=labels, n_per_label=8, seed=1)
    recipe, out = tmp_path / "drawn.toml", tmp_path / "out"
    recipe.write_text(drawn_recipe(), encoding="utf-8")
    words = [sys.executable, "-m", "training", "run", str(recipe)]
    words += ["--index", str(index), "--out", str(out)]

    def begun() -> subprocess.Popen[str]:
        return subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    with begun() as stopped:
        deadline = time.monotonic() + 300
        while not (out / "leakage.json").is_file():
            assert time.monotonic() < deadline
            assert stopped.poll() is None, stopped.communicate()
            time.sleep(0.01)
        stopped.send_signal(signal.SIGINT)
        _, told = stopped.communicate(timeout=120)
    assert stopped.returncode == 130, told
    assert "Traceback" not in told
    assert told.rstrip().endswith("What is done is kept, and the same command goes on from there.")
    with begun() as again:
        _, told = again.communicate(timeout=600)
    assert again.returncode == 0, told
    verify_bundle(out / "bundle")
