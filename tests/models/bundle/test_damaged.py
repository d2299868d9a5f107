"""A small share of `python -m benchmarks.damaged_bundles`, which makes 2,000."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_mutated_archives_and_networks_end_in_declared_errors_quietly_and_soon() -> None:
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.damaged_bundles", "--n", "80", "--seed", "7"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("80 tried, 0 wrong\n")
    assert done.stderr == ""
