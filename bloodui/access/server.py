"""The server starts only where it may be open, with a guard before it, and says how to get in.

`streamlit run` finds the `st.App` in app.py and serves that, so that a server which was started
past `python -m bloodui serve` has the same guard, and refuses to start just the same.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.middleware import Middleware

from bloodui.access.guard import Guard
from bloodui.access.start_link import PARAMETER, start_token
from bloodui.access.state_folder import finish_promotions, keep_private
from bloodui.access.tidying import tidy_forever
from bloodui.access.visitors import check_exposure, is_login_configured
from bloodui.render.text import as_html
from bloodui.settings import settings_from
from models.errors import BlooduiError

REFUSED = 2
"""Exit status of a server that must not start."""
READING_TIME_S = 60.0
"""How long a browser that is opened may take to read the page that leads to the link."""


def guards() -> list[Middleware]:
    """What stands before the server, for `st.App(middleware=…)`.

    The process ends here, before anybody is served, where its server would be open to others
    without a login, or has a token that could be guessed.
    """
    import streamlit as st

    try:
        check_exposure(st.get_option("server.address"), login_configured=is_login_configured())
        start_token()
        settings = settings_from(os.environ)
        keep_private(settings.state)
        return [Middleware(Guard, state=settings.state)]
    except BlooduiError as error:
        sys.stderr.write(f"bloodui does not start: {error}\n")
        sys.exit(REFUSED)


@asynccontextmanager
async def announced(_app: object) -> AsyncIterator[None]:
    """Print how to get in as soon as the server listens, for `st.App(lifespan=…)`."""
    import streamlit as st
    from streamlit.runtime.pages_manager import PagesManager

    # Else Streamlit takes the folder pages/ for the navigation until app.py has named its pages
    # once: it would tell the first visitor all their names, and run one that is asked for.
    if not hasattr(PagesManager, "uses_pages_directory"):
        sys.stderr.write(
            "bloodui does not start: this Streamlit is not the one in requirements.txt.\n"
        )
        sys.exit(REFUSED)
    PagesManager.uses_pages_directory = False
    for fault in finish_promotions(settings_from(os.environ)):
        sys.stderr.write(f"bloodui: {fault} See the page Registry.\n")
    is_open = is_login_configured()
    address = (
        address_of_server() if is_open else f"{address_of_server()}/?{PARAMETER}={start_token()}"
    )
    words = "People log in there." if is_open else "Whoever opens this link comes in as admin."
    sys.stdout.write(f"\n  {address}\n\n  {words} Ctrl-C ends the server.\n\n")
    sys.stdout.flush()
    page = None
    if not is_open and not st.get_option("server.headless") and _has_display():
        page = _opened_in_browser(address)
    tidying = asyncio.create_task(tidy_forever(settings_from(os.environ)))
    try:
        yield
    finally:
        tidying.cancel()
        if page is not None:
            page.unlink(missing_ok=True)


def address_of_server() -> str:
    """Where browsers find this server, as far as Streamlit's settings tell."""
    from streamlit import config
    from streamlit.web.server.server_util import get_url

    if config.is_manually_set("browser.serverAddress"):
        return get_url(config.get_option("browser.serverAddress"))
    host = config.get_option("server.address") or "localhost"
    names = [name for name in config.get_option("server.allowedHosts") if "*" not in name]
    if names and host not in names:  # a proxy with TLS stands before it, under the name
        base = str(config.get_option("server.baseUrlPath")).strip("/")
        return f"https://{names[0]}/{base}".rstrip("/")
    return get_url(f"[{host}]" if ":" in host else host)


def _has_display() -> bool:
    is_desktop = sys.platform in ("darwin", "win32")
    return is_desktop or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _opened_in_browser(address: str) -> Path | None:
    """Let a browser open an address that its command line, which others can read, does not show.

    Returns:
        A page that leads there, to be removed; None where it could not be written. It lies in the
        home folder: browsers that are snaps read no hidden and no temporary files.
    """
    link = as_html(address)
    try:
        number, name = tempfile.mkstemp(prefix="bloodui-", suffix=".html", dir=Path.home())
        with os.fdopen(number, "w", encoding="utf-8") as page:
            page.write(
                f'<!DOCTYPE html><meta charset="utf-8"><title>bloodui</title>'
                f'<meta http-equiv="refresh" content="0; url={link}"><a href="{link}">bloodui</a>'
            )
    except (OSError, RuntimeError):  # no home folder, or none to write to
        return None
    threading.Thread(target=webbrowser.open, args=(Path(name).as_uri(),), daemon=True).start()
    removal = threading.Timer(READING_TIME_S, Path(name).unlink, kwargs={"missing_ok": True})
    removal.daemon = True
    removal.start()
    return Path(name)
