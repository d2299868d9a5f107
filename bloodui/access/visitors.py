"""Who sends a request, and with what roles.

| situation                                             | roles                             |
|-------------------------------------------------------|-----------------------------------|
| no login configured, came by the link that was        |                                   |
| printed when the server started                       | reader and admin                  |
| the same, but the request came through a proxy        | reader                            |
| no login configured, came by the link of a quiz       | resident: reads quizzes, no more  |
| no login configured, came otherwise                   | none                              |
| a login configured ([auth] in the secrets)            | reader, and what the claim says   |
| the same, not logged in, longer than 12 h ago, or     |                                   |
| past the end that the login names (exp)               | none                              |
| no login configured, the server open to a network     | none, and the app does not start  |
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bloodui.access.start_link import (
    browser_cookie,
    cookie_name,
    holds_quiz_cookie,
    holds_start_cookie,
)
from bloodui.errors import AccessError
from bloodui.people import (
    LOCAL_READER,
    LOCAL_USER,
    NOBODY,
    QUIZ_RESIDENT,
    READER,
    ROLES,
    Person,
)
from bloodui.settings import Settings, is_loopback

LOGIN_LASTS_S = 12 * 3600
"""Streamlit's cookie lasts 30 days; roles that were taken away must not last as long."""

CLOCKS_APART_S = 60
"""How far the clock of a login's provider may be from ours."""

_FORWARDED = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)


def check_exposure(address: str | None, *, login_configured: bool) -> None:
    """Refuse to serve other machines as long as nobody has to log in.

    Args:
        address: Streamlit's server.address; none means every network of this machine.
        login_configured: Whether the secrets have [auth].

    Raises:
        AccessError: The server is open to others, and no login is configured.
    """
    if login_configured or is_loopback(address):
        return
    raise AccessError(
        "Without a login the server may listen on 127.0.0.1 alone, and it listens on "
        f"{address or 'every network of this machine'}. Set server.address to 127.0.0.1, or "
        "configure a login: [auth] in .streamlit/secrets.toml."
    )


def person_of(user: Mapping[str, Any], *, roles_claim: str, now: float) -> Person:
    """Who a login says that somebody is.

    Args:
        user: The claims, as `st.user` gives them.
        roles_claim: Claim with the roles, a list or a text of words; dots lead into objects.
        now: The time, in seconds since 1970.
    """
    if user.get("is_logged_in") is not True or not _is_valid_at(now, user):
        return NOBODY
    issuer, subject, address = (str(user.get(claim) or "") for claim in ("iss", "sub", "email"))
    return Person(
        name=address or str(user.get("name") or "") or subject or "unnamed",
        roles=frozenset({READER, *_roles(user, roles_claim)}),
        id=f"{issuer} {subject}" if issuer and subject else "",
        address=address if user.get("email_verified") is True else "",
    )


def is_login_configured() -> bool:
    """Whether the secrets of this installation have [auth], so that people log in."""
    import streamlit as st

    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def current_person(settings: Settings) -> Person:
    """Who sends the request that is being answered; nobody where none is, or its browser left."""
    import time

    import streamlit as st

    if is_login_configured():
        return person_of(st.user.to_dict(), roles_claim=settings.roles_claim, now=time.time())
    if not is_loopback(st.get_option("server.address")):
        return NOBODY
    return visitor_of(st.context.headers, st.context.cookies, settings.state)


def tray_key(settings: Settings) -> str:
    """Names the tray of whoever sends the request that is being answered, as `tray_of` does."""
    import streamlit as st

    if READER not in current_person(settings).roles:
        return ""
    login = st.user.to_dict() if is_login_configured() else None
    return tray_of(st.context.headers, st.context.cookies, login)


def tray_of(
    headers: Mapping[str, str], cookies: Mapping[str, str], login: Mapping[str, Any] | None
) -> str:
    """Names the tray of a browser, for the person who is in there now.

    Two browsers have two trays, also where both opened the same link, or the same person is logged
    in. Of one browser, another login has another tray. Without a login the start's cookie tells
    which user of the machine it was given to: whoever got hold of another's cookie for the tray
    alone has another tray, too.

    Args:
        headers: Of a request that was let in; names in any case.
        cookies: Of the request.
        login: The claims of who is logged in; None where nobody logs in.

    Returns:
        "" where the browser, or the person, cannot be told from others.
    """
    host = headers.get("host") or ""
    browser = browser_cookie(cookies, host)
    person: object = cookies.get(cookie_name(host))
    if login is not None:
        person = login.get("sub") and [login.get("iss"), login.get("sub")]
    if not browser or not person:
        return ""
    return hashlib.sha256(json.dumps([browser, person]).encode()).hexdigest()


def reading_key() -> str:
    """Names the browser that sends the request, and its login, for readings of quizzes.

    A secret, as what it is made of. "" where the browser cannot be told from others.
    """
    import streamlit as st

    browser = browser_cookie(st.context.cookies, st.context.headers.get("host") or "")
    user = st.user.to_dict() if is_login_configured() else {}
    person = ["reading of a quiz", browser, user.get("iss"), user.get("sub")]
    return hashlib.sha256(json.dumps(person).encode()).hexdigest() if browser else ""


def visitor_of(headers: Mapping[str, str], cookies: Mapping[str, str], state: Path) -> Person:
    """Who a request comes from, where nobody logs in.

    Args:
        headers: Of the request; names in any case.
        cookies: Of the request.
        state: The state folder, with the quizzes.
    """
    host = headers.get("host") or ""
    if holds_start_cookie(cookies, host):
        # A proxy may add no header of its own, but then asks for the name that browsers use.
        is_forwarded = not is_loopback(urlsplit(f"//{host}").hostname) or any(
            name in headers for name in _FORWARDED
        )
        return LOCAL_READER if is_forwarded else LOCAL_USER
    if holds_quiz_cookie(cookies, host, state):
        return QUIZ_RESIDENT
    return NOBODY


def _is_valid_at(now: float, user: Mapping[str, Any]) -> bool:
    """Whether a login is younger than 12 hours, and not past the end that it names, if it does.

    One that does not tell its age, or was issued in the future, is not; nor is one whose end is no
    time. OpenID Connect Core 1.0, section 2: "iat" and "exp" are numbers of seconds.
    """
    issued, ends = _seconds(user.get("iat")), _seconds(user.get("exp", math.inf))
    return -CLOCKS_APART_S <= now - issued < LOGIN_LASTS_S and now < ends + CLOCKS_APART_S


def _seconds(claim: object) -> float:
    """A moment of a login in seconds since 1970; NaN, to which nothing compares, for others."""
    is_number = isinstance(claim, int | float) and not isinstance(claim, bool)
    try:
        return float(claim) if is_number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        return math.nan


def _roles(user: Mapping[str, Any], claim: str) -> set[str]:
    value: Any = user.get(claim)
    if value is None:
        value = user
        for key in claim.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
    words = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(words, list | tuple):
        return set()
    return {word for word in words if word in ROLES}
