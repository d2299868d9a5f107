"""Who gets past the door: whoever logs in, or came by a link where nobody does."""

from __future__ import annotations

import streamlit as st

from bloodui import session
from bloodui.access.visitors import current_person, is_login_configured
from bloodui.people import NOBODY, Person
from bloodui.render.text import as_markdown
from bloodui.settings import Settings


def pass_gate(settings: Settings) -> Person:
    """Who sends this request; the page ends here where nobody may see it.

    Args:
        settings: The state folder, and the name of the claim that holds roles.
    """
    person = current_person(settings)
    if person == NOBODY:
        _hide_pages()
        if is_login_configured():
            st.button("Log in", type="primary", on_click=st.login, icon=":material/login:")
        else:
            st.error(
                "Open the link that was printed where the server was started.",
                icon=":material/lock:",
            )
        st.stop()
    return person


def _hide_pages() -> None:
    """Leave no page to choose; as long as app.py names none, Streamlit lists what is in pages/."""
    door = st.Page(lambda: None, title="bloodui", url_path="door", default=True)
    st.navigation([door], position="hidden")


def _log_out() -> None:
    """End the login; nobody finds the person's images in this browser afterwards."""
    session.drop_tray()
    st.logout()


def show_login(person: Person) -> None:
    """Say who is logged in, and offer the way out; nothing where nobody has to log in."""
    if not is_login_configured():
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        what = "admin" if person.is_admin else "reader"
        st.caption(f"{as_markdown(person.name)}, {what}", width="content")
        st.button("Log out", on_click=_log_out, type="tertiary", icon=":material/logout:")
