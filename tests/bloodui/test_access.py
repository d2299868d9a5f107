"""Who may do what: the single user of this machine, people who log in, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from bloodui.access import (
    ADMIN,
    LOCAL_USER,
    LOGIN_LASTS_S,
    NOBODY,
    READER,
    Person,
    check_exposure,
    person_of,
    require,
)
from models.errors import AccessError

NOW = 1_800_000_000.0
ADA = {"is_logged_in": True, "email": "ada@example.org", "iat": NOW - 60, "roles": ["admin"]}


def person(claims: dict[str, Any], *, roles_claim: str = "roles") -> Person:
    return person_of(claims, login_configured=True, roles_claim=roles_claim, now=NOW)


def test_the_single_user_of_this_machine_is_admin() -> None:
    alone = person_of({}, login_configured=False, roles_claim="roles", now=NOW)
    assert alone == LOCAL_USER
    require(alone, ADMIN)


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"roles": ["staff", "admin"]}, "roles"),
        ({"groups": "staff, admin"}, "groups"),
        ({"realm_access": {"roles": ["admin"]}}, "realm_access.roles"),
        ({"https://example.org/roles": ["admin"]}, "https://example.org/roles"),
    ],
)
def test_roles_come_from_the_claim(claims: dict[str, Any], claim: str) -> None:
    ada = person({**ADA, "roles": None, **claims}, roles_claim=claim)
    assert ada == Person(name="ada@example.org", roles=frozenset({READER, ADMIN}))


@pytest.mark.parametrize(
    "roles",
    [None, [], "administrator", ["Admin", "root"], {"admin": True}, 1, [["admin"]], "", True],
)
def test_a_claim_that_does_not_say_admin_makes_nobody_admin(roles: object) -> None:
    reader = person({**ADA, "roles": roles})
    assert reader.roles == {READER}
    with pytest.raises(AccessError, match=r"'admin', received ada@example\.org with reader"):
        require(reader, ADMIN)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {**ADA, "is_logged_in": False},
        {**ADA, "is_logged_in": "true"},
        {**ADA, "iat": NOW - LOGIN_LASTS_S - 1},
        {**ADA, "iat": None},
    ],
)
def test_who_is_not_logged_in_or_was_long_ago_has_no_role(claims: dict[str, Any]) -> None:
    assert person(claims) == NOBODY
    with pytest.raises(AccessError, match="nobody with no role"):
        require(person(claims), READER)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "localhost"])
def test_a_server_on_this_machine_may_start_without_a_login(address: str) -> None:
    check_exposure(address, login_configured=False)


@pytest.mark.parametrize(
    "address",
    ["", None, "0.0.0.0", "::", "192.168.1.7", "ward-3.example.org", "127.0.0.1.evil.org"],  # noqa: S104
)
def test_a_server_open_to_others_is_refused_without_a_login(address: str | None) -> None:
    with pytest.raises(AccessError, match=r"server\.address"):
        check_exposure(address, login_configured=False)
    check_exposure(address, login_configured=True)
