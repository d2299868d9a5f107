"""A dashboard in a process of its own, and Debian's Chromium without a window to look at it.

A browser of these tests has opened the link of every server that runs when it opens a window, as
whoever started them would have: tests go on to any address of the server. `is_let_in=False` is a
browser that opened none.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[2]
# The first has no window to draw, and is lighter for it.
_CHROMIUMS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
CHROMIUM = next((path for path in _CHROMIUMS if path.exists()), _CHROMIUMS[0])
LOADING_MS = 300_000
"""The first opinion loads TensorFlow and the model, on a machine that may be busy."""

BROWSER_MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(),
        reason=f"No Chromium at {CHROMIUM} (Debian: apt install {CHROMIUM.name}).",
    ),
    # Playwright's own event loop is closed by the garbage collector on Python 3.11.
    pytest.mark.filterwarnings("ignore:unclosed event loop:ResourceWarning"),
]


@dataclass(frozen=True, kw_only=True)
class Server:
    """A dashboard that runs in a process of its own.

    Attributes:
        url: Its address; paths may be put behind it.
        log: What it wrote.
        cookies: What its link is exchanged for; none where people log in.
        token: What its link carries.
        process_id: Of the server.
    """

    url: str
    log: Path
    cookies: tuple[Any, ...] = field(default=(), repr=False)
    token: str = field(default="", repr=False)
    process_id: int = 0


_running: list[Server] = []


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(settings: Mapping[str, str], log: Path, *, port: int = 0) -> Iterator[Server]:
    """Run a dashboard with these environment variables until the block ends; 0: on a free port."""
    port = port or free_port()
    token = secrets.token_hex(16)
    environment = os.environ | {
        "BLOODUI_TOKEN": token,
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "STREAMLIT_SERVER_HEADLESS": "true",
        **settings,
    }
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
            url = f"http://127.0.0.1:{port}"
            cookies = cookies_for(f"/?token={token}", url, port)
            server = Server(url=url, log=log, cookies=cookies, token=token, process_id=process.pid)
            _running.append(server)
            try:
                yield server
            finally:
                _running.remove(server)
        finally:
            process.kill()


def cookies_for(link: str, url: str, port: int) -> tuple[Any, ...]:
    """What a server gives to a browser that opens a link."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", link)
        given = SimpleCookie(connection.getresponse().getheader("set-cookie", ""))
    finally:
        connection.close()
    return tuple(
        {"name": name, "value": each.value, "url": url, "httpOnly": True, "sameSite": "Lax"}
        for name, each in given.items()
    )


@contextlib.contextmanager
def browsing(*further: str, is_let_in: bool = True) -> Iterator[Browser]:
    """A headless Chromium with these further arguments until the block ends.

    What a page of a server loads against its content security policy fails the tests at the end.

    Args:
        further: Arguments of Chromium.
        is_let_in: Whether its windows have opened the links of the servers that run.
    """
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *further]
    against_policy: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        _prepare_windows(chromium, is_let_in, against_policy)
        yield chromium
        chromium.close()
    assert not against_policy, "\n".join(against_policy)


def _prepare_windows(browser: Browser, is_let_in: bool, against_policy: list[str]) -> None:
    """Give each new window of a browser the cookies of the servers that run then, and listen."""
    new_context = browser.new_context

    def note(message: ConsoleMessage) -> None:
        address = message.page.url if message.page else ""
        is_ours = address.startswith(tuple(server.url for server in _running))
        if is_ours and "Content Security Policy" in message.text:
            against_policy.append(f"{address}: {message.text[:300]}")

    def prepared_context(**options: Any) -> BrowserContext:
        context = new_context(**options)
        context.on("console", note)
        if is_let_in:
            context.add_cookies([cookie for server in _running for cookie in server.cookies])
        return context

    def prepared_page(**options: Any) -> Page:
        return prepared_context(**options).new_page()

    browser.new_context = prepared_context  # type: ignore[method-assign]
    browser.new_page = prepared_page  # type: ignore[method-assign]


def wait_until(page: Page, expression: str, *, patience_s: float = 60) -> None:
    """Return once a JavaScript expression is true in a page; fail where that takes too long.

    Playwright's own `wait_for_function` evaluates text within the page, which the content security
    policy of the dashboard forbids.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"This did not become true: {expression}")


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


@contextlib.contextmanager
def started(*command: str, log: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process with these arguments, which is killed where it outlives the block."""
    environment = {**os.environ, "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none"}
    for name in ("STREAMLIT_SERVER_ADDRESS", "BLOODUI_TOKEN", "DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-u", "-m", *command],
            cwd=ROOT,
            env=environment | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def wait_until_healthy(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server says that it is well; fail where it ends or takes two minutes."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer,
        ):
            assert answer.status == 200
            return
        time.sleep(0.2)
    pytest.fail(f"The server did not answer: {log.read_text()}")


def link_in(log: Path) -> str:
    """The one link that a server printed."""
    (link,) = re.findall(r"https?://\S+", log.read_text())
    return str(link)


@contextlib.contextmanager
def login_provider(people: Sequence[Mapping[str, object]], log: Path) -> Iterator[int]:
    """An OpenID provider that knows these people, by their claims; its port."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for person in people:
        command += ["--user-claims", json.dumps(person)]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            wait_until_it_listens(port, process, log)
            yield port
        finally:
            process.kill()
