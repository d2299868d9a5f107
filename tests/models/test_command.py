"""A command whose output nobody reads to its end stops, and says nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {
    "help": ("bloodui", "--help"),
    "settings": ("bloodui", "settings"),
    "models": ("bloodui", "models"),
    "help of training": ("training", "--help"),
    "help of a command": ("training", "run", "--help"),
    "data": ("training", "data", "--help"),
}


def ended(command: tuple[str, ...], stdout: int | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", *command),
        cwd=ROOT,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_nobody_reads_what_a_command_writes(name: str) -> None:
    """As behind `| head -1`, which has what it wants."""
    reader, writer = os.pipe()
    os.close(reader)
    done = ended(COMMANDS[name], writer)
    os.close(writer)
    assert done.returncode in ((0, 1) if "--help" in COMMANDS[name] else (1,))
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without /dev/full")
def test_a_full_disk_is_told_in_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        done = ended(COMMANDS["settings"], full.fileno())
    assert done.returncode == 2
    assert done.stderr == "error: What was found cannot be written: No space left on device.\n"
