"""The door of the dashboard: open on this machine, shut where others could walk in."""

from __future__ import annotations

import pytest
from streamlit.runtime.context import ContextProxy, StreamlitHeaders
from streamlit.testing.v1 import AppTest


def _page(address: str, ended: list[str]) -> None:
    import streamlit as st

    from bloodui.settings import settings_from
    from bloodui.views.gate import pass_gate

    person = pass_gate(settings_from({}), address=address, end=ended.append)
    st.write(f"{person.name}: {', '.join(sorted(person.roles))}")


def test_on_this_machine_the_one_user_comes_in_as_admin() -> None:
    ended: list[str] = []
    app = AppTest.from_function(_page, args=("127.0.0.1", ended)).run()
    assert not app.exception
    assert not ended
    assert app.markdown[0].value == "local user: admin, reader"


def test_a_server_open_to_others_shows_why_it_is_shut_and_nothing_else_and_ends() -> None:
    ended: list[str] = []
    app = AppTest.from_function(_page, args=("", ended)).run()
    assert not app.exception
    assert len(ended) == 1
    assert "every network" in ended[0]
    assert "server.address" in app.error[0].value
    assert not app.markdown


def _services() -> None:
    import streamlit as st

    from bloodui.access import current_person
    from bloodui.settings import settings_from

    person = current_person(settings_from({}))
    st.write(", ".join(sorted(person.roles)) or "no role")


@pytest.mark.parametrize(
    ("address", "headers", "roles"),
    [
        ("127.0.0.1", {}, "admin, reader"),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, "reader"),
        ("0.0.0.0", {}, "no role"),  # noqa: S104
        ("", {}, "no role"),
    ],
)
def test_services_know_where_a_request_comes_from_though_it_passed_no_gate(
    address: str, headers: dict[str, str], roles: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamlit.get_option", lambda name: address)
    monkeypatch.setattr(ContextProxy, "headers", StreamlitHeaders(headers.items()))
    app = AppTest.from_function(_services).run()
    assert not app.exception
    assert app.markdown[0].value == roles


def test_with_a_login_configured_nobody_comes_in_who_has_not_logged_in() -> None:
    ended: list[str] = []
    app = AppTest.from_function(_page, args=("0.0.0.0", ended))  # noqa: S104
    app.secrets["auth"] = {"redirect_uri": "http://localhost:8501/oauth2callback"}
    app.run()
    assert not app.exception
    assert not ended
    assert [button.label for button in app.button] == ["Log in"]
    assert not app.markdown
