"""Logging in at an OpenID provider in a real Chromium: nobody, reader, admin, and out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.bloodui.dashboard import (
    BROWSER_MARKS,
    browsing,
    free_port,
    login_provider,
    serving,
)
from tests.bloodui.operate import choose, fill, go, settle
from tests.bloodui.tiny import TINY

pytestmark = BROWSER_MARKS
PEOPLE = (
    {"sub": "ada", "email": "ada@example.org", "roles": ["admin"]},
    {"sub": "ben", "email": "ben@example.org", "roles": ["visitor"]},
)
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "only for this test, and nowhere else"
client_id = "bloodui"
client_secret = "as little a secret"
server_metadata_url = "http://127.0.0.1:{provider}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An OpenID provider that knows two people; its port."""
    with login_provider(PEOPLE, tmp_path_factory.mktemp("provider") / "log.txt") as port:
        yield port


@pytest.fixture(scope="module")
def address(
    provider: int, model_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("login")
    port = free_port()
    (folder / ".streamlit").mkdir()
    secrets = SECRETS.format(port=port, provider=provider)
    (folder / ".streamlit" / "secrets.toml").write_text(secrets, encoding="utf-8")
    settings = {
        "HOME": str(folder),
        "BLOODUI_MODELS": str(model_root),
        "BLOODUI_MODEL": TINY,
        "BLOODUI_STATE": str(folder / "state"),
    }
    with serving(settings, folder / "log.txt", port=port) as running:
        yield running.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[[], Page]]:
    """Open the dashboard as somebody whose browser has no cookie yet."""
    contexts = []

    def at_the_door() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=60_000)
        return page

    yield at_the_door
    for context in contexts:
        context.close()


def log_in(page: Page, name: str) -> None:
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)


def test_nobody_sees_anything_but_the_door(visit: Callable[[], Page]) -> None:
    page = visit()
    expect(page.get_by_role("link", name="Second opinion")).to_have_count(0)
    expect(page.locator("input[type=file]")).to_have_count(0)


def test_an_admin_trains_and_a_reader_does_not(visit: Callable[[], Page], address: str) -> None:
    admin = visit()
    log_in(admin, "ada")
    expect(admin.get_by_text("ada@example.org")).to_be_visible()
    admin.get_by_role("link", name="Training").click()
    expect(admin.get_by_role("tab", name="New run")).to_be_visible(timeout=60_000)

    reader = visit()
    log_in(reader, "ben")
    expect(reader.get_by_text("ben@example.org")).to_be_visible()
    expect(reader.get_by_role("link", name="Second opinion")).to_be_visible()
    expect(reader.get_by_role("link", name="Training")).to_have_count(0)
    reader.goto(f"{address}/training")
    expect(reader.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)
    expect(reader.get_by_role("tab", name="New run")).to_have_count(0)


def test_who_logs_out_is_nobody_again(visit: Callable[[], Page]) -> None:
    page = visit()
    log_in(page, "ada")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="End session").click()  # the provider asks, too
    expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="Training")).to_have_count(0)


def test_an_instructor_finds_the_quizzes_again_that_are_theirs(visit: Callable[[], Page]) -> None:
    page = visit()
    log_in(page, "ada")
    go(page, "Quiz")
    for title in ("First quiz", "Second quiz"):
        fill(page, "Title", title)
        fill(page, "Images of each", "1")
        settle(page)
        page.get_by_role("button", name="Make the quiz").click()
        expect(page.get_by_text(f"Made: {title}, 4 images.")).to_be_visible()
        page.get_by_role("button", name="Done").click()
    page.get_by_role("radio", name="My quizzes").click()
    for title in ("First quiz", "Second quiz"):
        choose(page, "My quizzes", title)
        expect(page.get_by_role("heading", name=title)).to_be_visible()


def forget_login(page: Page) -> None:
    """Take the login away without logging out, as where it is over or somebody deletes cookies."""
    page.context.clear_cookies(name="_streamlit_user")
    page.reload()
    expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=60_000)


def test_another_login_in_the_same_browser_does_not_find_the_images_and_their_owner_does(
    visit: Callable[[], Page],
) -> None:
    page = visit()
    log_in(page, "ada")
    demo = page.get_by_role("button", name="Try a drawn demo image")
    mine = page.get_by_role("button", name="Remove Image 1")
    demo.click()
    expect(mine).to_be_visible()
    forget_login(page)
    log_in(page, "ben")
    expect(demo).to_be_visible()
    expect(mine).to_have_count(0)
    forget_login(page)
    log_in(page, "ada")
    expect(mine).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="End session").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible(timeout=60_000)
    log_in(page, "ada")
    expect(demo).to_be_visible()
    expect(mine).to_have_count(0)
