"""A server of Streamlit in a process of its own, until a block ends."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that says it is well.

    Attributes:
        token: What the dashboard's link carries.
        started_s: From the start of its process until then.
    """

    port: int
    token: str
    started_s: float
    process_id: int

    @property
    def link(self) -> str:
        """What a browser opens."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"


@contextlib.contextmanager
def serving(script: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve a script, which may be app.py, with these further environment variables.

    Raises:
        TimeoutError: It does not answer within five minutes.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    environment = os.environ | {
        "BLOODUI_TOKEN": token,
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        **(settings or {}),
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    began = time.perf_counter()
    server = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_well(port, server)
        yield Server(
            port=port,
            token=token,
            started_s=time.perf_counter() - began,
            process_id=server.pid,
        )
    finally:
        server.kill()
        server.wait()


def _wait_until_well(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline and server.poll() is None:
        with (
            contextlib.suppress(OSError),
            urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=60) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise TimeoutError(f"No server answered on port {port} within {_PATIENCE_S:.0f} s.")
