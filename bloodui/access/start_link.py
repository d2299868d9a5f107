"""What opens a server where nobody logs in: the link that it prints, or the link of a quiz.

Each server has a token of its own. Its link carries the token once; a cookie takes its place, with
the port in its name, since a browser sends cookies of one port to every port of the host. For that
reason the cookie is no token, and names the user of the machine whom it was given to
(`bloodui.access.peer`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from bloodui.errors import QuizError, SettingsError

VARIABLE = "BLOODUI_TOKEN"
PARAMETER, QUIZ_PARAMETER = "token", "quiz"
"""Of the address: what the link that the server prints carries, and what a quiz's link does."""

_FORM = re.compile(r"[A-Za-z0-9_-]{32,128}")
_BROWSER_FORM = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_QUIZ_LINK = 64


def start_token() -> str:
    """The token of this process's server: `BLOODUI_TOKEN`, made at random where nobody set it.

    It is kept in the environment of the process, since Streamlit loads our modules anew when a
    contributor edits them. No other user of the machine reads it there.

    Raises:
        SettingsError: The variable was set to something that could be guessed or is no part of a
            link.
    """
    token = os.environ.get(VARIABLE, "").strip()
    if not token:
        token = os.environ[VARIABLE] = secrets.token_urlsafe(32)
    if not _FORM.fullmatch(token):
        raise SettingsError(
            f"Expected {VARIABLE} to be 32 to 128 letters, digits, '-' or '_', received "
            f"{len(token)} characters. Make one with: openssl rand -hex 32. Or leave it unset, "
            "and each start makes its own."
        )
    return token


def is_start_token(text: str) -> bool:
    """Whether a text is the token of this server."""
    return hmac.compare_digest(text.encode(), start_token().encode())


def cookie_name(host: str) -> str:
    """Name of the cookie that takes the token's place, for a request's Host header."""
    return f"bloodui{_port_of(host)}"


def quiz_cookie_name(host: str) -> str:
    """Name of the cookie of whoever came by the link of a quiz."""
    return f"bloodui-quiz{_port_of(host)}"


def browser_cookie_name(host: str) -> str:
    """Name of the cookie that tells a browser from every other."""
    return f"bloodui-browser{_port_of(host)}"


def new_browser_cookie() -> str:
    """What that cookie holds: made at random for one browser, and told to no other."""
    return secrets.token_urlsafe(32)


def browser_cookie(cookies: Mapping[str, str], host: str) -> str:
    """What a request's browser holds of `new_browser_cookie`; "" for none, or of another form."""
    held = str(cookies.get(browser_cookie_name(host)) or "")
    return held if _BROWSER_FORM.fullmatch(held) else ""


def cookie_value(user: str = "") -> str:
    """What the cookie holds as long as this token is in use.

    Args:
        user: Number of the user of the machine whose browser gets it; "" where it is not known.
    """
    signed = hmac.new(start_token().encode(), f"start cookie {user}".encode(), hashlib.sha256)
    return f"{user}.{signed.hexdigest()}"


def holds_start_cookie(cookies: Mapping[str, str], host: str) -> bool:
    """Whether a request comes from a browser in which the link was opened."""
    held = str(cookies.get(cookie_name(host)) or "")
    wanted = cookie_value(held.partition(".")[0])
    return hmac.compare_digest(held.encode(), wanted.encode())


def is_cookie_of(user: str, cookies: Mapping[str, str], host: str) -> bool:
    """Whether the cookie that `holds_start_cookie` found was given to this user of the machine.

    One that was given to a user who was not known is everybody's.
    """
    given_to = str(cookies.get(cookie_name(host)) or "").partition(".")[0]
    return given_to in ("", user)


def holds_quiz_cookie(cookies: Mapping[str, str], host: str, state: Path) -> bool:
    """Whether a request comes from a browser in which the link of a quiz was opened."""
    return is_quiz_link(str(cookies.get(quiz_cookie_name(host)) or ""), state)


def is_quiz_link(link: str, state: Path) -> bool:
    """Whether a quiz of this installation has this link.

    Args:
        link: What stands behind `?quiz=`.
        state: The state folder; where it has no quizzes, nothing is made there.
    """
    from bloodui.quiz.store import FILE, QuizStore

    if not 0 < len(link) <= _LONGEST_QUIZ_LINK or not (state / FILE).is_file():
        return False
    try:
        return QuizStore(folder=state).by_link(link) is not None
    except QuizError:
        return False  # a store that cannot be read opens nothing


def _port_of(host: str) -> str:
    port = host.rpartition(":")[2]
    return f"-{port}" if port.isascii() and port.isdigit() else ""
