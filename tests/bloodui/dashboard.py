"""A dashboard in a process of its own, and Debian's Chromium to look at it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
LOADING_MS = 300_000
"""The first opinion loads TensorFlow and the model, on a machine that may be busy."""

BROWSER_MARKS = [
    pytest.mark.skipif(
        not CHROMIUM.exists(), reason=f"No Chromium at {CHROMIUM} (Debian: apt install chromium)."
    ),
    # Playwright's own event loop is closed by the garbage collector on Python 3.11.
    pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning"),
]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A dashboard that runs in a process of its own."""

    url: str
    log: Path


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(settings: Mapping[str, str], log: Path, *, port: int = 0) -> Iterator[Server]:
    """Run a dashboard with these environment variables until the block ends; 0: on a free port."""
    port = port or free_port()
    environment = os.environ | dict(settings) | {"STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"}
    command = [sys.executable, "-u", "-m", "streamlit", "run", "app.py"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            wait_until_it_listens(port, process, log)
            yield Server(url=f"http://127.0.0.1:{port}", log=log)
        finally:
            process.kill()


@contextlib.contextmanager
def browsing(*further: str) -> Iterator[Browser]:
    """A headless Chromium with these further arguments until the block ends."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *further]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield chromium
        chromium.close()


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server takes connections; fail where it ends or takes two minutes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
            pytest.fail(f"The server ended: {log.read_text()}")
    pytest.fail(f"The server did not answer: {log.read_text()}")
