"""Processes of this machine: start one that outlives us, tell whether it lives, stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil

# The start of a process is read from the boot time, which a clock that is set moves a little.
_SAME_START_S = 2.0


def start_process(command: Sequence[str], *, folder: Path, log: Path) -> tuple[int, float]:
    """Start a process in a session of its own, so that it goes on when this one ends.

    Args:
        command: Program and arguments.
        folder: Where it works.
        log: File that what it writes is appended to.

    Returns:
        Its pid, and when it began in seconds since 1970.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    began = started_at(process.pid)
    # Takes note of its end, which would else leave a zombie for as long as this process lives.
    threading.Thread(target=process.wait, name=f"wait-{process.pid}", daemon=True).start()
    return process.pid, began


def started_at(pid: int) -> float:
    """When a process began, in seconds since 1970; 0 where there is none of this pid."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def is_alive(pid: int | None, began: float | None) -> bool:
    """Whether the process of this pid that began then still runs on this machine."""
    if pid is None or began is None:
        return False
    try:
        process = psutil.Process(pid)
        is_same = abs(float(process.create_time()) - began) < _SAME_START_S
        is_over = process.status() == psutil.STATUS_ZOMBIE
        return is_same and not is_over
    except psutil.Error:
        return False


def kill(pid: int | None, began: float | None) -> None:
    """End the process of this pid that began then, and all of its session, at once.

    Nothing is lost: whatever a run keeps is written whole before its name is given.
    """
    if pid is not None and is_alive(pid, began):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def memory_mb_of(pid: int) -> int:
    """Memory that a process and its children hold now, in MB (2**20 bytes); 0 if it is gone."""
    held = 0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                held += each.memory_info().rss
    return held // 2**20
