"""Seconds from the request of the first page to its first button, against a bare Streamlit page.

python benchmarks/first_page.py [--repeats 5]

Both servers run on this machine in turn; each page opens in a new window of Debian's Chromium,
without a cache. Prints the seconds of each and their ratio.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
BUTTON = "Try a drawn demo image"
BARE = f'import streamlit as st\n\nst.button("{BUTTON}")\n'


def seconds_to_first_button(app: Path, repeats: int) -> list[float]:
    """Start a server for this script, open its page so often, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    server = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
            )
            taken = []
            for _ in range(repeats):
                page = browser.new_context().new_page()
                started = time.perf_counter()
                page.goto(f"http://127.0.0.1:{port}/")
                page.get_by_role("button", name=BUTTON).wait_for(timeout=60_000)
                taken.append(time.perf_counter() - started)
                page.context.close()
            browser.close()
            return taken
    finally:
        server.kill()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"Expected a server on port {port} within 60 s, received none.")


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE, encoding="utf-8")
        peer = seconds_to_first_button(bare, repeats)
    ours = seconds_to_first_button(ROOT / "app.py", repeats)
    for name, taken in (("bare Streamlit page", peer), ("bloodui", ours)):
        shown = ", ".join(f"{value:.2f}" for value in taken)
        print(f"{name}: first {taken[0]:.2f} s, median {statistics.median(taken):.2f} s ({shown})")
    print(f"ratio of medians: {statistics.median(ours) / statistics.median(peer):.2f}")


if __name__ == "__main__":
    main()
