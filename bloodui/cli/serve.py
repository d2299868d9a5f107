"""`python -m bloodui serve`: start the dashboard's server."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import NoReturn

APP = Path(__file__).resolve().parents[2] / "app.py"


def serve(*, address: str | None = None, port: int | None = None, browser: bool = True) -> NoReturn:
    """Do what `streamlit run app.py` does, until somebody stops it; that is no failure.

    Args:
        address: Where to listen; None for what Streamlit's settings say.
        port: None for what Streamlit's settings say.
        browser: Whether to open the link in a browser, where there is a display.
    """
    from streamlit.web.cli import main

    command = ["run", str(APP)]
    if address:
        command += ["--server.address", address]
    if port is not None:
        command += ["--server.port", str(port)]
    if not browser:
        command += ["--server.headless", "true"]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # called once the server has shut down
    main(command, prog_name="streamlit")
    sys.exit(0)
