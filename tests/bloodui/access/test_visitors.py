"""Who may do what: the single user of this machine, people who log in, and nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bloodui.access.start_link import cookie_value, new_browser_cookie, start_token
from bloodui.access.visitors import (
    CLOCKS_APART_S,
    LOGIN_LASTS_S,
    check_exposure,
    person_of,
    tray_of,
    visitor_of,
)
from bloodui.errors import AccessError, SettingsError
from bloodui.people import (
    ADMIN,
    LOCAL_READER,
    LOCAL_USER,
    NOBODY,
    QUIZ_RESIDENT,
    READER,
    ROLES,
    Person,
    require,
)
from bloodui.quiz.instructor import Instructor
from bloodui.quiz.resident import Resident
from tests.bloodui.quiz_pages import make

NOW = 1_800_000_000.0
ADA = {"is_logged_in": True, "email": "ada@example.org", "iat": NOW - 60, "roles": ["admin"]}


def person(claims: dict[str, Any], *, roles_claim: str = "roles") -> Person:
    return person_of(claims, roles_claim=roles_claim, now=NOW)


def test_whoever_came_by_the_link_that_was_printed_is_admin_and_nobody_else_is(
    tmp_path: Path,
) -> None:
    held = {"bloodui-8501": cookie_value()}
    alone = visitor_of({"host": "127.0.0.1:8501"}, held, tmp_path)
    assert alone == LOCAL_USER
    require(alone, ADMIN)
    proxied = visitor_of({"host": "127.0.0.1:8501", "x-real-ip": "203.0.113.9"}, held, tmp_path)
    assert proxied == LOCAL_READER
    for headers, cookies in (
        ({}, {}),
        ({}, held),
        ({"host": "127.0.0.1:8502"}, held),
        ({"host": "127.0.0.1:8501"}, {}),
        ({"host": "127.0.0.1:8501"}, {"bloodui-8501": start_token()}),
        ({"host": "127.0.0.1:8501"}, {"bloodui-8501": "é"}),
        ({"host": "127.0.0.1:8501"}, {"bloodui-quiz-8501": cookie_value()}),
    ):
        assert visitor_of(headers, cookies, tmp_path) == NOBODY


def test_whoever_came_by_a_quiz_link_reads_quizzes_and_nothing_else(tmp_path: Path) -> None:
    assert not (tmp_path / "quizzes.sqlite").exists()
    headers = {"host": "127.0.0.1:8501"}
    assert visitor_of(headers, {"bloodui-quiz-8501": "a"}, tmp_path) == NOBODY
    assert not (tmp_path / "quizzes.sqlite").exists()  # a question makes no store
    link = make(tmp_path).quiz.link
    resident = visitor_of(headers, {"bloodui-quiz-8501": link}, tmp_path)
    assert resident == QUIZ_RESIDENT
    assert Resident(state=tmp_path, person=resident).quiz(link).link == link
    for role in ROLES:
        with pytest.raises(AccessError, match="You are resident, with resident"):
            require(resident, role)
    with pytest.raises(AccessError):
        Instructor(state=tmp_path, person=resident, has_login=False).quizzes()


def test_a_token_that_could_be_guessed_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for token in ("1", "x" * 31, "x" * 129, "x" * 40 + "&", "x" * 40 + " x", "é" * 40):
        monkeypatch.setenv("BLOODUI_TOKEN", token)
        with pytest.raises(SettingsError, match="BLOODUI_TOKEN to be 32 to 128") as refusal:
            start_token()
        assert token not in str(refusal.value) or len(token) == 1
    monkeypatch.setenv("BLOODUI_TOKEN", " ")
    made = start_token()
    assert len(made) >= 43
    assert start_token() == made


def test_a_claim_makes_nobody_a_resident() -> None:
    assert not person({**ADA, "roles": ["resident"]}).is_resident


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
    with pytest.raises(AccessError, match=r"'admin'\. You are ada@example\.org, with reader"):
        require(reader, ADMIN)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {**ADA, "is_logged_in": False},
        {**ADA, "is_logged_in": "true"},
        {**ADA, "iat": NOW - LOGIN_LASTS_S - 1},
        {**ADA, "iat": None},
        {**ADA, "iat": True},
        {**ADA, "iat": str(NOW - 60)},
        {**ADA, "iat": float("nan")},
        {**ADA, "iat": 10**400},
        {**ADA, "iat": NOW + CLOCKS_APART_S + 1},
        {**ADA, "iat": NOW + 10 * 365 * 86400},
        {**ADA, "exp": NOW - CLOCKS_APART_S},
        {**ADA, "exp": 0},
        {**ADA, "exp": None},
        {**ADA, "exp": "never"},
        {**ADA, "exp": float("nan")},
    ],
)
def test_who_is_not_logged_in_or_was_long_ago_or_whose_login_ended_has_no_role(
    claims: dict[str, Any],
) -> None:
    assert person(claims) == NOBODY
    with pytest.raises(AccessError, match="You are nobody, with no role"):
        require(person(claims), READER)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW + 1},
        {"exp": NOW + 0.5, "iat": NOW - 3600.5},
        {"iat": NOW + CLOCKS_APART_S},
        {"iat": NOW - LOGIN_LASTS_S + 1, "exp": NOW - CLOCKS_APART_S + 1},
    ],
)
def test_who_logged_in_lately_is_let_in_though_clocks_are_a_minute_apart(
    claims: dict[str, Any],
) -> None:
    assert person({**ADA, **claims}).is_admin


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


HOST = {"host": "127.0.0.1:8501"}


def cookies_of(tray: str, *, user: str = "") -> dict[str, str]:
    """Those of a browser in which the link was opened, and that has a tray."""
    return {"bloodui-8501": cookie_value(user), "bloodui-browser-8501": tray}


def test_each_browser_has_a_tray_of_its_own_though_all_opened_the_same_link() -> None:
    one, two = new_browser_cookie(), new_browser_cookie()
    assert tray_of(HOST, cookies_of(one), None) == tray_of(HOST, cookies_of(one), None) != ""
    assert tray_of(HOST, cookies_of(one), None) != tray_of(HOST, cookies_of(two), None)
    assert one not in tray_of(HOST, cookies_of(one), None)


def test_another_user_of_the_machine_who_got_hold_of_the_cookie_finds_another_tray() -> None:
    stolen = new_browser_cookie()
    mine = tray_of(HOST, cookies_of(stolen, user="1000"), None)
    assert mine != tray_of(HOST, cookies_of(stolen, user="1001"), None)


def test_another_login_in_the_same_browser_finds_another_tray() -> None:
    cookies = {"bloodui-browser-8501": new_browser_cookie()}
    ada, ben = (
        tray_of(HOST, cookies, {"iss": "https://login.example.org", "sub": name, "email": "a@b.c"})
        for name in ("ada", "ben")
    )
    elsewhere = tray_of(HOST, cookies, {"iss": "https://other.example.org", "sub": "ada"})
    assert len({ada, ben, elsewhere, ""}) == 4


@pytest.mark.parametrize(
    "cookies",
    [
        {},
        {"bloodui-8501": cookie_value()},
        {"bloodui-browser-8501": new_browser_cookie()},
        cookies_of(""),
        cookies_of("1"),
        cookies_of("a" * 42 + "é"),
    ],
)
def test_without_cookies_that_tell_a_browser_from_others_it_has_no_tray_beyond_its_session(
    cookies: dict[str, str],
) -> None:
    assert tray_of(HOST, cookies, None) == ""
    assert tray_of(HOST, cookies, {"email": "ada@example.org"}) == ""
