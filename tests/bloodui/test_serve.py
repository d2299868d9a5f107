"""The server listens on this machine, and nowhere else as long as nobody has to log in."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from bloodui.__main__ import main
from bloodui.serve import serve
from models.errors import AccessError

ROOT = Path(__file__).resolve().parents[2]
EVERYWHERE = "0.0.0.0"  # noqa: S104
WAIT_S = 120
SENTENCE = "Expected the server on 127.0.0.1 as long as no login is configured, received 0.0.0.0."


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(*command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process with these arguments, which is killed where it outlives the block."""
    environment = {**os.environ, "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"}
    environment.pop("STREAMLIT_SERVER_ADDRESS", None)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-u", "-m", *command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def wait_until_healthy(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer,
        ):
            assert answer.status == 200
            return
        time.sleep(0.2)
    pytest.fail(f"The server did not answer: {log.read_text()}")


def visit(port: int) -> str:
    """Open the page as a browser does; answer with all that the server sends until it ends."""
    url = f"ws://127.0.0.1:{port}/_stcore/stream"
    origin, protocol = Origin(f"http://127.0.0.1:{port}"), Subprotocol("streamlit")
    request = BackMsg()
    request.rerun_script.query_string = ""
    shown = ""
    with (
        contextlib.suppress(ConnectionClosed),
        connect(url, origin=origin, subprotocols=[protocol]) as browser,
    ):
        browser.send(request.SerializeToString())
        while True:
            message = browser.recv(timeout=WAIT_S)
            assert isinstance(message, bytes)
            shown += message.decode("utf-8", "replace")
    return shown


def test_open_to_others_without_a_login_the_server_does_not_start(port: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bloodui", "serve", "--address", EVERYWHERE, "--port", str(port)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.returncode == 2
    assert SENTENCE in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout  # Streamlit did not say that anybody can view the app


def test_the_address_of_streamlits_variable_is_judged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", EVERYWHERE)
    with pytest.raises(AccessError, match=re.escape(SENTENCE)):
        serve()


def test_a_wrong_setting_is_named_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODUI_RUNS_AT_ONCE", "many")
    assert main(["serve"]) == 2
    assert "BLOODUI_RUNS_AT_ONCE" in capsys.readouterr().err


def test_on_this_machine_the_server_starts_and_ends_when_it_is_told_to(
    port: int, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    with started("bloodui", "serve", "--port", str(port), log=log) as process:
        wait_until_healthy(port, process, log)
        process.terminate()
        assert process.wait(WAIT_S) == 0
    assert f"http://127.0.0.1:{port}" in log.read_text()


def test_a_server_that_was_started_past_the_check_ends_at_its_first_visit(
    port: int, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    options = ["--server.address", EVERYWHERE, "--server.port", str(port)]
    with started("streamlit", "run", "app.py", *options, log=log) as process:
        wait_until_healthy(port, process, log)
        shown = visit(port)
        assert process.wait(WAIT_S) == 0
    assert SENTENCE in shown
    assert "An opinion, not a diagnosis." not in shown
    assert SENTENCE in log.read_text()
