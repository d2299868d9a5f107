"""A real Ray cluster on this machine, which ends with the block that uses it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_START_S = 300
# A machine that does other work starts nine processes slowly.
_PATIENT = {
    "RAY_DASHBOARD_STARTUP_TIMEOUT_S": str(_START_S),
    "RAY_DASHBOARD_SUBPROCESS_MODULE_WAIT_READY_TIMEOUT": str(_START_S),
}


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where a cluster is reached: by tasks, and by its Jobs server."""

    tasks: str
    jobs: str


@contextlib.contextmanager
def cluster(*, cpus: int, environment: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """Start a cluster with a number of processors, whose jobs see these variables too."""
    port, dashboard = _free_port(), _free_port()
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:
        log = Path(folder) / "log.txt"
        with log.open("wb") as output:
            head = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "ray.scripts.scripts",
                    "start",
                    "--head",
                    "--block",
                    "--node-ip-address=127.0.0.1",
                    f"--port={port}",
                    f"--num-cpus={cpus}",
                    "--num-gpus=0",
                    "--include-dashboard=true",
                    f"--dashboard-port={dashboard}",
                    "--object-store-memory=80000000",
                    f"--temp-dir={folder}/s",
                    "--disable-usage-stats",
                ],
                env=os.environ | dict(environment or {}) | _PATIENT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        found = Cluster(tasks=f"127.0.0.1:{port}", jobs=f"http://127.0.0.1:{dashboard}")
        try:
            _wait(f"{found.jobs}/api/version", head, log)
            yield found
        finally:
            _end(head)


def _wait(address: str, head: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if head.poll() is not None:
            break
        with contextlib.suppress(URLError, OSError), urlopen(address, timeout=2):  # noqa: S310
            return
        time.sleep(0.2)
    raise RuntimeError(f"Ray did not start:\n{log.read_text(errors='replace')}")


def _end(head: subprocess.Popen[bytes]) -> None:
    """Ask the head to stop its processes; what does not stop is killed."""
    head.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        head.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(head.pid, signal.SIGKILL)
    head.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
