"""Start the dashboard's server where it may be open, and end one that was started where it may not.

Streamlit runs no code of ours before its server listens: `streamlit run` reads app.py at the first
visit. (`st.App` has a lifespan, which begins once the port is open and its address was printed.) So
the check comes first, and Streamlit then takes over the process; a server that somebody started
past the check ends at its first visit.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import NoReturn

from bloodui.access import check_exposure, is_login_configured

APP = Path(__file__).resolve().parents[1] / "app.py"
READING_TIME_S = 2.0
"""How long the first visitor sees why the server ends."""

_log = logging.getLogger(__name__)


def serve(*, address: str | None = None, port: int | None = None) -> NoReturn:
    """Let this process become `streamlit run app.py`, which runs until somebody stops it.

    Args:
        address: Where to listen; None for what Streamlit's settings say.
        port: None for what Streamlit's settings say.

    Raises:
        AccessError: The server would be open to others, and no login is configured.
    """
    import streamlit as st

    # Streamlit reads the variable only for its command line, where an option goes before it.
    chosen = (
        address or os.environ.get("STREAMLIT_SERVER_ADDRESS") or st.get_option("server.address")
    )
    check_exposure(chosen, login_configured=is_login_configured())
    command = [sys.executable, "-m", "streamlit", "run", str(APP)]
    if chosen:
        command += ["--server.address", str(chosen)]
    if port is not None:
        command += ["--server.port", str(port)]
    os.execv(sys.executable, command)  # noqa: S606 (the same Python, no shell)


def end_server(reason: str) -> None:
    """Let the server of this process end in a moment, as if somebody had stopped it.

    Args:
        reason: Why, for the log.
    """
    _log.error("The server ends: %s", reason)
    threading.Timer(READING_TIME_S, signal.raise_signal, (signal.SIGTERM,)).start()
