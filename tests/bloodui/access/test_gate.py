"""The door of the dashboard: open to whoever has the link or logs in, and to nobody else."""

from __future__ import annotations

import pytest
from streamlit.runtime.context import ContextProxy, StreamlitCookies, StreamlitHeaders
from streamlit.testing.v1 import AppTest

from tests.bloodui.visitor import HOST


def _page() -> None:
    import streamlit as st

    from bloodui.access.gate import pass_gate
    from bloodui.settings import settings_from

    person = pass_gate(settings_from({}))
    st.write(f"{person.name}: {', '.join(sorted(person.roles))}")


def test_whoever_opened_the_link_comes_in_as_admin() -> None:
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.exception
    assert app.markdown[0].value == "local user: admin, reader"


@pytest.mark.parametrize("cookies", [{}, {"bloodui-8501": "0" * 64}])
def test_whoever_did_not_is_shown_how_to_come_in_and_nothing_else(
    cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ContextProxy, "cookies", StreamlitCookies(cookies))
    app = AppTest.from_function(_page, default_timeout=60).run()
    assert not app.exception
    assert app.error[0].value == "Open the link that was printed where the server was started."
    assert not app.markdown
    assert not app.button


def test_a_browser_that_has_left_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit runs a page on when its browser has gone, and knows no headers and cookies then."""
    monkeypatch.setattr(ContextProxy, "headers", StreamlitHeaders([]))
    monkeypatch.setattr(ContextProxy, "cookies", StreamlitCookies({}))
    assert AppTest.from_function(_services, default_timeout=60).run().markdown[0].value == "no role"


def _services() -> None:
    import streamlit as st

    from bloodui.access.visitors import current_person
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
    headers = {"Host": HOST, **headers}
    monkeypatch.setattr(ContextProxy, "headers", StreamlitHeaders(headers.items()))
    app = AppTest.from_function(_services, default_timeout=60).run()
    assert not app.exception
    assert app.markdown[0].value == roles


def test_with_a_login_configured_nobody_comes_in_who_has_not_logged_in() -> None:
    app = AppTest.from_function(_page, default_timeout=60)
    app.secrets["auth"] = {"redirect_uri": "http://localhost:8501/oauth2callback"}
    app.run()
    assert not app.exception
    assert [button.label for button in app.button] == ["Log in"]
    assert not app.markdown
