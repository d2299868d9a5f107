"""Who looks at a page in tests that run app.py without a server: whoever started one would.

Nobody sends a request there, and nobody has no role. These tests hold the cookie that the link is
exchanged for, where Streamlit hands over those of a browser. Pages run by way of app.py, as on a
server.
"""

from __future__ import annotations

from typing import Any

from streamlit.runtime.context import ContextProxy, StreamlitCookies, StreamlitHeaders
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import app_test

from bloodui.access.start_link import cookie_name, cookie_value

HOST = "127.0.0.1:8501"
HEADERS = StreamlitHeaders([("Host", HOST)])


class PagesOfServer(PagesManager):
    """Has every page run by app.py, as `bloodui.access.server.announced` does for servers.

    `AppTest` takes what lies in pages/ for its navigation, and would run a page's file alone.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Begin as Streamlit's own, whose flag is looked at in the class."""
        super().__init__(*arguments, **options)
        PagesManager.uses_pages_directory = False


def cookies() -> StreamlitCookies:
    """Those of a browser in which the link was opened."""
    return StreamlitCookies({cookie_name(HOST): cookie_value()})


def enter() -> None:
    """Let whoever started the server look at every page that runs in this process."""
    ContextProxy.headers = HEADERS  # type: ignore[assignment]
    ContextProxy.cookies = cookies()  # type: ignore[assignment]
    app_test.PagesManager = PagesOfServer  # type: ignore[attr-defined]
