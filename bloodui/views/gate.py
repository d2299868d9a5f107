"""Who gets past the door: nobody where the server is open to all, else whoever logs in."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from bloodui import session
from bloodui.access import NOBODY, Person, check_exposure, current_person, is_login_configured
from bloodui.serve import end_server
from bloodui.settings import Settings
from bloodui.views.text import as_markdown
from models.errors import AccessError


def pass_gate(
    settings: Settings, *, address: str | None, end: Callable[[str], None] = end_server
) -> Person:
    """Who sends this request; the page ends here where nobody may see it.

    A server that is open to others without a login ends too: `bloodui.serve` would not have
    started it.

    Args:
        settings: Name of the claim that holds roles.
        address: Streamlit's server.address.
        end: Ends the server, and is told why.
    """
    try:
        check_exposure(address, login_configured=is_login_configured())
    except AccessError as error:
        _hide_pages()
        st.error(
            f"bloodui does not start here, and this server ends now. {error}",
            icon=":material/lock:",
        )
        end(str(error))
        st.stop()
    person = current_person(settings)
    if person == NOBODY:
        _hide_pages()
        st.button("Log in", type="primary", on_click=st.login, icon=":material/login:")
        st.stop()
    session.mark_entered()
    return person


def _hide_pages() -> None:
    """Leave no page to choose; as long as app.py names none, Streamlit lists what is in pages/."""
    door = st.Page(lambda: None, title="bloodui", url_path="door", default=True)
    st.navigation([door], position="hidden")


def show_login(person: Person) -> None:
    """Say who is logged in, and offer the way out; nothing where nobody has to log in."""
    if not is_login_configured():
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        what = "admin" if person.is_admin else "reader"
        st.caption(f"{as_markdown(person.name)}, {what}", width="content")
        st.button("Log out", on_click=st.logout, type="tertiary", icon=":material/logout:")


def enter_page(name: str) -> None:
    """Send whoever opened a page without passing app.py back to its door, and begin the page.

    What another page held of patients is dropped. Every page calls this first, with the name of
    its file. A server that has not run app.py yet takes the folder pages/ for its navigation, and
    would run a page that is opened by its address alone: without the gate and without the banner.
    """
    if not session.has_entered():
        st.switch_page("app.py")
    session.begin_page(name)
