"""What stands before everything that the server answers: who may ask, from where, with what cookie.

It lies around Streamlit's own server (`st.App(middleware=…)`) and sees each request and each
WebSocket first:

1. Another page than the dashboard's own reaches nothing: `Host` is one of server.allowedHosts,
   `Origin` is exactly this server's, and a browser that says where a request began
   (`Sec-Fetch-Site`) says: here, or in the address bar. Streamlit itself lets every port of this
   machine in.
2. Where nobody logs in, the link that was printed at the start is exchanged for a cookie, and who
   has neither gets a page that says so. The link of a quiz opens what a quiz needs.
3. Each browser gets a cookie of its own, by which its images and its readings of quizzes are found
   again (`bloodui.trays`, `bloodui.quiz.resident`).
4. Every answer tells the browser what its page may load, and that no other page may frame it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bloodui.access.peer import user_of_peer
from bloodui.access.security_headers import security_headers
from bloodui.access.start_link import (
    PARAMETER,
    QUIZ_PARAMETER,
    browser_cookie,
    browser_cookie_name,
    cookie_name,
    cookie_value,
    is_cookie_of,
    is_quiz_link,
    is_start_token,
    new_browser_cookie,
    quiz_cookie_name,
)
from bloodui.access.visitors import is_login_configured, visitor_of
from bloodui.people import READER
from bloodui.settings import is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PORTS = {"http": 80, "https": 443}

_NO_LINK = """
<p>Open it with the link that was printed where its server was started. If somebody else started
it, ask them for the link.</p>
<p>To read a quiz, open the whole link that your instructor gave you.</p>
"""
_OLD_LINK = """
<p>The server was started again since this browser was let in, and has a new link. Open that one:
it was printed where the server was started.</p>
"""
_ELSEWHERE = """
<p>The request came from another page, under another name, or over a network on which nobody logs
in. Open the address itself.</p>
"""


_NOT_SERVED = "<p>This server tells nobody its measures.</p>"


@dataclass(frozen=True, kw_only=True)
class _Verdict:
    """What becomes of a request.

    Attributes:
        answer: What is answered here; None where Streamlit answers.
        cookies: Values of the Set-Cookie headers that go with the answer.
    """

    answer: Response | None = None
    cookies: tuple[str, ...] = ()


_PASSES = _Verdict()


class Guard:
    """The middleware: see the head of this file."""

    def __init__(self, app: ASGIApp, state: Path) -> None:
        """Stand before an application.

        Args:
            app: What answers where the guard does not.
            state: The state folder, with the quizzes.
        """
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it here."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        verdict = await self._judge(request)
        if scope["type"] == "http":
            headers = security_headers(request.headers.get("host", ""))
            send = _with_headers(send, headers, verdict.cookies)
        if verdict.answer is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await verdict.answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})  # before it opened: HTTP 403

    async def _judge(self, request: HTTPConnection) -> _Verdict:
        if not _is_from_here(request):
            return _refused(_ELSEWHERE)
        if _asks_for_health(request):
            return _PASSES
        if request.scope["path"].rstrip("/").endswith("/_stcore/metrics"):
            return _refused(_NOT_SERVED)  # names of our functions, and how often each was called
        if not _is_host_allowed(request):
            return _refused(_ELSEWHERE)
        if is_login_configured():
            return _Verdict(cookies=_browser_cookie(request))
        if not is_loopback((request.scope.get("server") or ("",))[0]):
            return _refused(_ELSEWHERE)
        return await run_in_threadpool(self._judge_visitor, request)

    def _judge_visitor(self, request: HTTPConnection) -> _Verdict:
        """What becomes of a request where nobody logs in; may read the store of quizzes."""
        host, is_get_or_head = request.headers.get("host", ""), _is_get_or_head(request)
        asked = dict(_query(request)) if is_get_or_head else {}
        if is_start_token(asked.get(PARAMETER, "")):
            given = _cookie(cookie_name(host), cookie_value(_user_of_peer(request)), request)
            return _Verdict(answer=_redirected(request), cookies=(given,))
        visitor = visitor_of(request.headers, request.cookies, self._state)
        if READER in visitor.roles:
            if PARAMETER in asked:  # the link of an earlier start
                return _Verdict(answer=_redirected(request))
            if is_get_or_head or is_cookie_of(_user_of_peer(request), request.cookies, host):
                return _Verdict(cookies=_browser_cookie(request))
            return _refused(_NO_LINK)
        link = asked.get(QUIZ_PARAMETER, "")
        if is_quiz_link(link, self._state):
            given = _cookie(quiz_cookie_name(host), link, request)
            return _Verdict(cookies=(given, *_browser_cookie(request)))
        # A resident reads and answers over the WebSocket; there is nothing to upload.
        if visitor.is_resident and (is_get_or_head or request.scope["type"] == "websocket"):
            return _PASSES
        return _refused(_OLD_LINK if cookie_name(host) in request.cookies else _NO_LINK)


def _is_from_here(request: HTTPConnection) -> bool:
    """Whether a request began on a page of this server, in an address bar, or in no browser."""
    origin = request.headers.get("origin")
    is_get_or_head = _is_get_or_head(request)
    if origin is None:
        # Browsers name the origin of every WebSocket and of everything that changes something.
        if not is_get_or_head:
            return False
    elif not _is_own(origin, request):
        return False
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        where = (request.headers.get("sec-fetch-mode"), request.headers.get("sec-fetch-dest"))
        return is_get_or_head and where == ("navigate", "document")
    return True


def _is_own(origin: str, request: HTTPConnection) -> bool:
    """Whether an origin is this server's, or one that server.corsAllowedOrigins names.

    Behind a reverse proxy with TLS the request itself comes in plain: an https origin with the
    same host and port is ours, too. One in plain is not where the proxy says that it spoke TLS.
    """
    from streamlit.web.server.server_util import is_allowed_origin

    if is_allowed_origin(origin):
        return True
    scheme = origin.partition("://")[0]
    if scheme not in _PORTS or (_is_tls(request) and scheme != "https"):
        return False
    place = _place(origin)
    return place is not None and place == _place(f"{scheme}://{request.headers.get('host', '')}")


def _is_tls(request: HTTPConnection) -> bool:
    """Whether the browser reached this server, or the proxy before it, by TLS."""
    said = request.headers.get("x-forwarded-proto") or str(request.scope["scheme"])
    return said.partition(",")[0].strip() in ("https", "wss")


def _place(address: str) -> tuple[str, int] | None:
    """Host and port of an address that has nothing else; None where it has, or is none."""
    try:
        parts = urlsplit(address)
        place = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    except ValueError:
        return None
    is_bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return place if place[0] and is_bare else None


def _is_host_allowed(request: HTTPConnection) -> bool:
    from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

    return is_host_allowed(request.headers.get("host"))


def _asks_for_health(request: HTTPConnection) -> bool:
    """Whether this is the question of a monitor, to which the answer is "ok"."""
    import streamlit as st

    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    path = f"/{base}/_stcore/health" if base else "/_stcore/health"
    return _is_get_or_head(request) and request.scope["path"] == path


def _user_of_peer(request: HTTPConnection) -> str:
    peer, own = request.scope.get("client"), request.scope.get("server")
    return user_of_peer(tuple(peer), tuple(own)) if peer and own else ""


def _is_get_or_head(request: HTTPConnection) -> bool:
    """Whether a request only asks for a file; a WebSocket may do anything."""
    return request.scope.get("method") in ("GET", "HEAD")


def _redirected(request: HTTPConnection) -> Response:
    """Leads to the address that was asked for, without its token."""
    rest = [(name, value) for name, value in _query(request) if name != PARAMETER]
    # One slash, or a browser would take the path for the name of a host.
    path = "/" + quote(request.scope["path"].lstrip("/"))
    address = f"{path}?{urlencode(rest)}" if rest else path
    return RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})


def _query(request: HTTPConnection) -> list[tuple[str, str]]:
    return parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _cookie(name: str, value: str, request: HTTPConnection) -> str:
    """A Set-Cookie header.

    Lax, since the link may be opened from a mail or a course's page: the browser would keep a
    strict cookie from the page that it is sent on to.
    """
    secure = "; Secure" if _is_tls(request) else ""
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _browser_cookie(request: HTTPConnection) -> tuple[str, ...]:
    """A Set-Cookie header with which a browser that opens a page is told from every other.

    It ends with the browser. None where it has one, or asks for no page.
    """
    host = request.headers.get("host", "")
    asks_for_page = _is_get_or_head(request) and "text/html" in request.headers.get("accept", "")
    if not asks_for_page or browser_cookie(request.cookies, host):
        return ()
    return (_cookie(browser_cookie_name(host), new_browser_cookie(), request),)


def _refused(why: str) -> _Verdict:
    page = (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Closed</title>'
        f"<h1>This page is closed to you</h1>{why}</html>"
    )
    return _Verdict(
        answer=HTMLResponse(page, status_code=403, headers={"cache-control": "no-store"})
    )


def _with_headers(send: Send, headers: dict[str, str], cookies: tuple[str, ...]) -> Send:
    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered = MutableHeaders(scope=message)
            answered.update(headers)
            for cookie in cookies:
                answered.append("set-cookie", cookie)
        await send(message)

    return send_on
