"""Who may do what. Services ask this as well as the navigation: a hidden page is no lock.

| situation                                          | roles                                |
|----------------------------------------------------|--------------------------------------|
| no login configured, the server on this machine    | the one user is reader and admin     |
| the same, but the request came through a proxy     | reader                               |
| a login configured ([auth] in the secrets)         | reader, and what the claim says      |
| the same, not logged in, or longer than 12 h ago   | none                                 |
| no login configured, the server open to a network  | none, and the app refuses to start   |
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bloodui.settings import Settings
from models.errors import AccessError

READER, ADMIN = "reader", "admin"
ROLES = (READER, ADMIN)
LOGIN_LASTS_S = 12 * 3600
"""Streamlit's cookie lasts 30 days; roles that were taken away must not last as long."""

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who uses the dashboard.

    Attributes:
        name: For the history: e-mail address or name of a login; "" where nobody is logged in.
        roles: Of `ROLES`.
    """

    name: str
    roles: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_admin(self) -> bool:
        """Whether this person may train, promote and see what admins see."""
        return ADMIN in self.roles


NOBODY = Person(name="")
LOCAL_USER = Person(name="local user", roles=frozenset(ROLES))
LOCAL_READER = Person(name="local user", roles=frozenset({READER}))


def require(person: Person, role: str) -> None:
    """Refuse a person who lacks a role.

    Raises:
        AccessError: The person lacks it.
    """
    if role not in person.roles:
        held = ", ".join(sorted(person.roles)) or "no role"
        raise AccessError(
            f"Expected the role '{role}', received {person.name or 'nobody'} with {held}. "
            "Log in as somebody who has it, or ask whoever runs this installation."
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
        f"Expected the server on 127.0.0.1 as long as no login is configured, received "
        f"{address or 'every network of this machine'}. Set server.address to 127.0.0.1, or "
        "configure a login: [auth] in .streamlit/secrets.toml."
    )


def is_loopback(address: str | None) -> bool:
    """Whether only this machine reaches a server at this address."""
    if (address or "").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address((address or "").strip("[]")).is_loopback
    except ValueError:
        return False


def person_of(
    user: Mapping[str, Any], *, login_configured: bool, roles_claim: str, now: float
) -> Person:
    """Who a login says that somebody is.

    Args:
        user: The claims, as `st.user` gives them.
        login_configured: Whether the secrets have [auth]; without it there is one local user.
        roles_claim: Claim with the roles, a list or a text of words; dots lead into objects.
        now: The time, in seconds since 1970.
    """
    if not login_configured:
        return LOCAL_USER
    if user.get("is_logged_in") is not True or not _is_recent(user.get("iat"), now):
        return NOBODY
    name = str(user.get("email") or user.get("name") or user.get("sub") or "unnamed")
    return Person(name=name, roles=frozenset({READER, *_roles(user, roles_claim)}))


def is_login_configured() -> bool:
    """Whether the secrets of this installation have [auth], so that people log in."""
    import streamlit as st

    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def current_person(settings: Settings) -> Person:
    """Who sends the request that is being answered."""
    import time

    import streamlit as st

    login_configured = is_login_configured()
    if not login_configured:
        if not is_loopback(st.get_option("server.address")):
            return NOBODY  # the door is shut, and so is every window
        if any(name in st.context.headers for name in _FORWARDED):
            return LOCAL_READER
    user = st.user.to_dict() if login_configured else {}
    return person_of(
        user,
        login_configured=login_configured,
        roles_claim=settings.roles_claim,
        now=time.time(),
    )


def _is_recent(issued_at: object, now: float) -> bool:
    """Whether a login is younger than 12 hours; one that does not tell its age is not."""
    return isinstance(issued_at, int | float) and now - issued_at < LOGIN_LASTS_S


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
