"""The server listens on this machine, and nowhere else as long as nobody has to log in."""

from __future__ import annotations

import re
import signal
import socket
import stat
import time
from pathlib import Path

import pytest

from bloodui.cli.main import main
from tests.bloodui.dashboard import link_in, started, wait_until_healthy
from tests.training.evaluated import evaluated_bundle
from tests.training.registry.looks import SIGNED, offered
from training.registry.promotion import Registry

pytestmark = pytest.mark.slow

EVERYWHERE = "0.0.0.0"  # noqa: S104
WAIT_S = 120
SENTENCE = "Without a login the server may listen on 127.0.0.1 alone, and it listens on 0.0.0.0."


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "command",
    [
        ("bloodui", "serve", "--address", EVERYWHERE),
        ("bloodui", "serve"),
        ("streamlit", "run", "app.py", "--server.address", EVERYWHERE),
    ],
)
def test_open_to_others_without_a_login_the_server_does_not_start(
    command: tuple[str, ...], port: int, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    # Where no option names an address, the variable does.
    settings = {"STREAMLIT_SERVER_ADDRESS": EVERYWHERE, "STREAMLIT_SERVER_PORT": str(port)}
    with started(*command, log=log, **settings) as process:
        assert process.wait(WAIT_S) == 2
    assert log.read_text().startswith(f"bloodui does not start: {SENTENCE}")
    assert log.read_text().count("\n") == 1  # Streamlit did not say where the app can be viewed


def test_with_a_token_that_could_be_guessed_the_server_does_not_start(
    port: int, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    command = ("bloodui", "serve", "--port", str(port))
    with started(*command, log=log, BLOODUI_TOKEN="hunter2") as process:  # noqa: S106
        assert process.wait(WAIT_S) == 2
    assert "Expected BLOODUI_TOKEN to be 32 to 128 letters" in log.read_text()
    assert "hunter2" not in log.read_text()


def test_a_wrong_setting_is_named_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODUI_RUNS_AT_ONCE", "many")
    assert main(["serve"]) == 2
    assert "BLOODUI_RUNS_AT_ONCE" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_on_this_machine_the_server_prints_one_link_and_ends_when_it_is_told_to(
    number: signal.Signals, port: int, tmp_path: Path
) -> None:
    log = tmp_path / "log.txt"
    with started("bloodui", "serve", "--port", str(port), log=log) as process:
        wait_until_healthy(port, process, log)
        process.send_signal(number)
        assert process.wait(WAIT_S) == 0
    assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/\?token=[\w-]{{43}}", link_in(log))


def test_behind_a_proxy_the_link_has_the_name_that_browsers_use(port: int, tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    settings = {"STREAMLIT_SERVER_ALLOWED_HOSTS": "bloodui.example.org"}
    with started("bloodui", "serve", "--port", str(port), log=log, **settings) as process:
        wait_until_healthy(port, process, log)
    assert link_in(log).startswith("https://bloodui.example.org/?token=")


BROWSER = """#!/bin/sh
printf '%s\\n' "$@" > "$SEEN"
stat -c %a "${1#file://}" >> "$SEEN"
cat "${1#file://}" >> "$SEEN"
"""


@pytest.mark.parametrize(
    ("display", "options", "is_opened"),
    [(":0", (), True), (":0", ("--no-browser",), False), ("", (), False)],
)
def test_the_link_is_opened_in_a_browser_whose_command_line_does_not_tell_it(
    display: str, options: tuple[str, ...], is_opened: bool, port: int, tmp_path: Path
) -> None:
    log, seen, browser = tmp_path / "log.txt", tmp_path / "seen", tmp_path / "browser"
    browser.write_text(BROWSER, encoding="utf-8")
    browser.chmod(0o700)
    settings = {"BROWSER": str(browser), "SEEN": str(seen), "HOME": str(tmp_path)}
    settings["DISPLAY"] = display
    command = ("bloodui", "serve", "--port", str(port), *options)
    with started(*command, log=log, **settings) as process:
        wait_until_healthy(port, process, log)
        deadline = time.monotonic() + (60 if is_opened else 2)
        while time.monotonic() < deadline and not (seen.exists() and link_in(log) in told(seen)):
            time.sleep(0.1)
        process.terminate()
        assert process.wait(WAIT_S) == 0
    assert seen.exists() == is_opened
    if is_opened:
        argument, rights, page = told(seen).split("\n", 2)
        assert argument.startswith("file:///")
        assert "token" not in argument
        assert rights == "600"
        assert f'content="0; url={link_in(log)}"' in page
    assert not list(tmp_path.glob("*.html"))  # taken away again


def told(file: Path) -> str:
    return file.read_text("utf-8")


def test_a_promotion_that_was_killed_is_finished_at_the_start_and_the_state_is_for_its_user_alone(
    port: int, tmp_path: Path, tiny_bundle: Path
) -> None:
    """Nobody opens a page. What an earlier version left open to others is closed."""
    state, log = tmp_path / "state", tmp_path / "log.txt"
    registry = Registry(root=state / "registry")
    for name in ("model-a", "model-b"):
        registry.import_bundle(evaluated_bundle(tiny_bundle, tmp_path / "runs", name), **SIGNED)
    registry.promote(registry.bundle("model-a"), **SIGNED)
    # A kill right after the line in the history, before any folder was moved.
    written = registry.history()[-1].changed(bundle_id="model-b", previous="model-a")
    (model,) = (each for each in registry.history() if each.bundle_id == "model-b")
    hashes = {"model_sha256": model.model_sha256, "manifest_sha256": model.manifest_sha256}
    registry._history.append(written.changed(**hashes))
    assert offered(registry) == ["model-a"]
    for path in (state / "registry", registry.in_use):
        path.chmod(0o755)
    settings = {"BLOODUI_STATE": str(state)}
    with started("bloodui", "serve", "--port", str(port), log=log, **settings) as process:
        wait_until_healthy(port, process, log)
        assert offered(registry) == ["model-b"]
        assert stat.S_IMODE((state / "registry").stat().st_mode) == 0o700
        process.terminate()
        assert process.wait(WAIT_S) == 0
    for path in (registry.in_use / "SHA256SUMS", state / "registry/history-checkpoint.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
