"""Who gets in by which link, in a real Chromium; and what a page of another origin reaches."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from drawn.smears import draw
from tests.bloodui.dashboard import (
    BROWSER_MARKS,
    LOADING_MS,
    Server,
    browsing,
    free_port,
    link_in,
    serving,
    started,
    wait_until,
    wait_until_healthy,
)
from tests.bloodui.quiz_pages import make
from tests.bloodui.tiny import TINY, jpeg_of

pytestmark = BROWSER_MARKS
expect.set_options(timeout=60_000)

BANNER = "An opinion, not a diagnosis."
CLOSED = "This page is closed to you"
PAGES = ("Second opinion", "Fields", "Compare", "What if", "Quiz", "About")
ADMIN_PAGES = ("Training", "Evaluation", "Registry")


@pytest.fixture(scope="module")
def settings(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {
        "BLOODUI_MODELS": str(model_root),
        "BLOODUI_MODEL": TINY,
        "BLOODUI_STATE": str(tmp_path_factory.mktemp("state")),
        "BLOODUI_DATA": "",
    }


@pytest.fixture(scope="module")
def server(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(settings, tmp_path_factory.mktemp("server") / "log.txt") as running:
        yield running


@pytest.fixture
def stranger() -> Iterator[BrowserContext]:
    """A browser in which no link was opened."""
    with browsing(is_let_in=False) as chromium:
        context = chromium.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(60_000)
        yield context
        context.close()


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def received_by(page: Page) -> list[str]:
    """What the server sends over WebSockets from now on, as text."""
    received: list[str] = []

    def note(payload: str | bytes) -> None:
        is_text = isinstance(payload, str)
        received.append(payload if is_text else payload.decode("utf-8", "replace"))

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", note)

    page.on("websocket", listen)
    return received


def test_the_printed_link_opens_the_dashboard_once_and_the_browser_stays_in(
    stranger: BrowserContext, server: Server
) -> None:
    shut = opened(stranger, f"{server.url}/about")
    expect(shut.get_by_role("heading", name=CLOSED)).to_be_visible()
    page = opened(stranger, f"{server.url}/?token={server.token}")
    expect(page.get_by_text(BANNER)).to_be_visible()
    assert page.url == f"{server.url}/"
    page.reload()
    expect(page.get_by_text(BANNER)).to_be_visible()
    for name in (*PAGES, *ADMIN_PAGES):
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    tab = opened(stranger, f"{server.url}/registry")
    expect(tab.get_by_role("heading", name="Registry", level=1)).to_be_visible()
    # No script finds the token or the cookie.
    held = page.evaluate("document.cookie + document.referrer + JSON.stringify({...localStorage})")
    assert server.token not in held
    assert server.cookies[0]["value"].rpartition(".")[2] not in held


def test_the_link_opens_from_a_page_of_somebody_elses_too(
    stranger: BrowserContext, server: Server
) -> None:
    """From a mail in a browser, or the page that opens it where there is a display."""
    link = f"{server.url}/about?token={server.token}"
    with foreign_page(f'<a href="{link}">open</a>') as address:
        page = opened(stranger, address.replace("127.0.0.1", "localhost"))
        page.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Intended use")).to_be_visible()
        assert page.url == f"{server.url}/about"


def test_a_server_that_is_started_again_has_a_new_link_and_says_so(
    stranger: BrowserContext, settings: dict[str, str], tmp_path: Path
) -> None:
    port, links = free_port(), []
    command = ("bloodui", "serve", "--port", str(port))
    page = stranger.new_page()
    for number in range(2):
        log = tmp_path / f"{number}.txt"
        with started(*command, log=log, **settings) as process:
            wait_until_healthy(port, process, log)
            links.append(link_in(log))
            if number:
                page.goto(f"http://127.0.0.1:{port}/about")
                expect(page.get_by_role("heading", name=CLOSED)).to_be_visible()
                expect(page.get_by_text("The server was started again")).to_be_visible()
                page.goto(links[0])
                expect(page.get_by_role("heading", name=CLOSED)).to_be_visible()
            page.goto(links[number])
            expect(page.get_by_text(BANNER)).to_be_visible()
    assert links[0] != links[1]


def test_two_servers_in_one_browser_leave_each_other_alone(
    stranger: BrowserContext, server: Server, settings: dict[str, str], tmp_path: Path
) -> None:
    with serving(settings, tmp_path / "log.txt") as other:
        for each in (server, other):
            page = opened(stranger, f"{each.url}/?token={each.token}")
            expect(page.get_by_text(BANNER)).to_be_visible()
        for each in (server, other):
            page = opened(stranger, f"{each.url}/about")
            expect(page.get_by_role("heading", name="Intended use")).to_be_visible()
        crossed = opened(stranger, f"{other.url}/?token={server.token}")
        expect(crossed.get_by_text(BANNER)).to_be_visible()  # who is in stays in
    assert server.token != other.token


def test_a_quiz_link_opens_that_quiz_without_a_token_and_nothing_else(
    stranger: BrowserContext, server: Server, settings: dict[str, str]
) -> None:
    made = make(Path(settings["BLOODUI_STATE"]), n_images=1, title="Morning round")
    page = stranger.new_page()
    sent = received_by(page)
    page.goto(f"{server.url}/?quiz={made.quiz.link}")
    expect(page.get_by_role("heading", name="Morning round")).to_be_visible()
    page.get_by_label("Your alias", exact=True).fill("kingfisher")
    page.get_by_label("Your alias", exact=True).press("Tab")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator(".st-key-viewer image")).to_have_count(1)
    page.locator("[class*=st-key-quiz-class-] button").first.click()
    expect(page.locator("[class*=st-key-quiz-class-] [kind=primary]")).to_have_count(1)
    page.get_by_role("button", name="Give the answer").click()
    page.get_by_role("button", name="See your score").click()
    expect(page.get_by_text("Your score, kingfisher")).to_be_visible()
    for path in ("", "/training", "/registry", "/second_opinion", "/compare", "/about", "/quiz"):
        page.goto(server.url + path)
        expect(page.get_by_text("Open the whole link of your quiz")).to_be_visible()
        expect(page.locator("input[type=file]")).to_have_count(0)
        expect(page.get_by_test_id("stTopNavLink")).to_have_count(0)
        expect(page.get_by_role("button", name="Make the quiz")).to_have_count(0)
    told = "".join(sent)
    assert "Morning round" in told
    assert not [name for name in (*PAGES[:4], *ADMIN_PAGES) if name in told]
    # Another browser, without the quiz's link, gets nothing.
    assert stranger.browser is not None
    other = stranger.browser.new_context()
    expect(opened(other, server.url).get_by_role("heading", name=CLOSED)).to_be_visible()
    other.close()


ATTACK = """
<!DOCTYPE html><title>another page</title><script>var done = [];</script>
<iframe id="frame" src="{url}/"></iframe>
<object id="object" data="{url}/"></object>
<script src="{url}/static/js/index.js" onerror="done.push('script refused')"></script>
<img src="{url}/favicon.png" onerror="done.push('image refused')"
     onload="done.push('IMAGE SHOWN')">
<form id="form" method="post" action="{url}/_stcore/agent/interact" target="posted"></form>
<iframe name="posted"></iframe>
<script>
async function ask(name, path, options) {{
  try {{
    const answer = await fetch("{url}" + path, options);
    done.push(name + " " + answer.type + " " + answer.status + " " + (await answer.text()));
  }} catch (error) {{ done.push(name + " refused"); }}
}}
const socket = new WebSocket("{ws}/_stcore/stream", "streamlit");
socket.onopen = () => done.push("SOCKET OPEN");
socket.onmessage = () => done.push("SOCKET READ");
socket.onclose = () => done.push("socket refused");
const credentials = "include";
Promise.all([
  ask("page", "/", {{credentials}}),
  ask("host-config", "/_stcore/host-config", {{credentials}}),
  ask("health", "/_stcore/health", {{credentials}}),
  ask("quiz", "/?quiz=a", {{credentials}}),
  ask("opaque", "/", {{credentials, mode: "no-cors"}}),
  ask("upload", "/_stcore/upload_file/a/b", {{credentials, method: "PUT", body: "a"}}),
  ask("post", "/_stcore/agent/interact", {{credentials, method: "POST", body: "{{}}"}}),
]).then(() => done.push("asked"));
document.getElementById("form").submit();
</script>
"""


@contextlib.contextmanager
def foreign_page(text: str) -> Iterator[str]:
    """A server of somebody else's on this machine, whose one page has this text; its address."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            return

    foreign = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=foreign.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{foreign.server_port}/"
    finally:
        foreign.shutdown()
        foreign.server_close()
        thread.join()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_another_port_reaches_nothing_though_the_browser_holds_the_cookie(
    stranger: BrowserContext, server: Server, name: str
) -> None:
    insider = opened(stranger, f"{server.url}/?token={server.token}")
    expect(insider.get_by_text(BANNER)).to_be_visible()
    attack = ATTACK.format(url=server.url, ws=server.url.replace("http", "ws"))
    with foreign_page(attack) as address:
        page = stranger.new_page()
        statuses: dict[str, int] = {}
        page.on("response", lambda answer: statuses.update({answer.url: answer.status}))
        page.goto(address.replace("127.0.0.1", name))
        wait_until(page, "done.includes('asked')")
        wait_until(page, "done.some(each => each.startsWith('socket'))")
        wait_until(page, "done.some(each => each.startsWith('image'))")
        done = page.evaluate("done")
        shown = [frame.content() for frame in page.frames[1:]]
        page.close()
    assert sorted(done) == [
        "asked",
        "health refused",
        "host-config refused",
        "image refused",
        "opaque refused",
        "page refused",
        "post refused",
        "quiz refused",
        "script refused",
        "socket refused",
        "upload refused",
    ]
    assert not [each for each in shown if BANNER in each or "root" in each]
    ours = {url: status for url, status in statuses.items() if url.startswith(server.url)}
    assert ours
    assert set(ours.values()) == {403}


def test_no_page_loads_anything_from_elsewhere_or_against_its_policy(
    server: Server, smear_jpeg: bytes, tmp_path: Path
) -> None:
    """With pictures, maps, charts, tables, the camera, uploads and downloads on the screen."""
    seen = tmp_path / "smear.mjpeg"
    seen.write_bytes(jpeg_of(draw("Pre", seed=9).rgb))
    camera = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    )
    elsewhere: list[str] = []
    allowed = (server.url, "data:", "blob:", server.url.replace("http", "ws"))

    def note(address: str) -> None:
        if not address.startswith(allowed):
            elsewhere.append(address)

    with browsing(*camera) as chromium:
        context = chromium.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(60_000)
        context.on("request", lambda request: note(request.url))
        page = context.new_page()
        page.on("websocket", lambda socket: note(socket.url))
        page.goto(server.url)
        page.locator("input[type=file]").set_input_files(
            [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": smear_jpeg}]
        )
        expect(page.locator(".st-key-viewer image")).to_have_count(1, timeout=LOADING_MS)
        page.get_by_test_id("stCheckbox").get_by_text("Map", exact=True).click()
        expect(page.locator(".st-key-viewer image")).to_have_count(2, timeout=LOADING_MS)
        with page.expect_download(timeout=120_000):
            page.get_by_role("button", name="Download the report (HTML)").click()
        page.get_by_role("tab", name="Camera on the eyepiece").click()
        wait_until(page, "(document.querySelector('video')?.readyState ?? 0) >= 3")
        page.get_by_role("button", name="Take Photo").click()
        expect(page.get_by_text("2 images")).to_be_visible(timeout=LOADING_MS)
        expect(page.locator(".st-key-viewer image")).to_have_count(2, timeout=LOADING_MS)
        page.get_by_role("button", name="Remove all", exact=True).click()
        expect(page.get_by_role("button", name="Try a drawn demo image")).to_be_visible()
        for name in (*PAGES[1:], *ADMIN_PAGES):
            page.get_by_role("link", name=name, exact=True).click()
            expect(page.get_by_role("heading", name=name, level=1).first).to_be_visible()
            demo = page.get_by_role("button", name="Try a drawn demo image")
            if name in ("Compare", "What if"):
                demo.click()
                expect(page.locator("svg image, canvas, img").first).to_be_visible(
                    timeout=LOADING_MS
                )
                page.get_by_role("button", name="Remove all", exact=True).click()
                expect(demo).to_be_visible()
            page.wait_for_load_state("networkidle")
        context.close()
    assert not elsewhere, elsewhere


def open_and_load_a_foreign_image(address: str) -> None:
    image = "Object.assign(new Image(), {src: 'http://evil.example.org/'})"
    with browsing() as chromium:
        page = opened(chromium.new_context(), address)
        expect(page.get_by_text(BANNER)).to_be_visible()
        page.evaluate(f"document.body.append({image})")
        page.wait_for_timeout(1000)


def test_what_loads_against_the_policy_is_noticed(server: Server) -> None:
    with pytest.raises(AssertionError, match=r"evil\.example\.org"):
        open_and_load_a_foreign_image(server.url)
