"""What the server answers to whom, asked of a real one by its sockets: links, cookies, origins."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from bloodui.access.security_headers import security_headers
from bloodui.people import LOCAL_READER
from bloodui.quiz.instructor import Instructor
from tests.bloodui.dashboard import ROOT, Server, free_port, serving, wait_until_it_listens
from tests.bloodui.quiz_pages import make

pytestmark = pytest.mark.slow

PAGE_NAMES = ("second_opinion", "Second opinion", "Compare", "What if", "Training", "Registry")
CLOSED = "This page is closed to you"
OPEN_TO_ALL = "/_stcore/health"
UPLOAD = "/_stcore/upload_file/a-session/a-file"
EVERYTHING = (
    "/",
    "//",
    "/training",
    "/registry?embed=true",
    "/quiz",
    "/index.html",
    "/manifest.json",
    "/favicon.png",
    "/static/css/index.C1JORDN2.css",
    "/media/a.png",
    "/component/a/index.html",
    "/app/static/a.png",
    "/auth/login",
    "/oauth2callback",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/health/",
    "/_stcore/../_stcore/health/../host-config",
    "/_stcore/bidi-components/a/b.js",
    "/_stcore/agent/openapi.json",
)
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1/oauth2callback"
cookie_secret = "only for this test, and nowhere else"
client_id = "bloodui"
client_secret = "as little a secret"
server_metadata_url = "http://127.0.0.1:9/.well-known/openid-configuration"
"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A server, and how to ask it."""

    server: Server
    state: Path

    @property
    def token(self) -> str:
        """What its link carries."""
        return self.server.token

    @property
    def place(self) -> str:
        """Its host and port."""
        return self.server.url.removeprefix("http://")

    @property
    def cookie(self) -> str:
        """What its link is exchanged for, as a browser sends it."""
        return "; ".join(f"{each['name']}={each['value']}" for each in self.server.cookies)

    def ask(self, path: str, *, method: str = "GET", body: str = "", **headers: str) -> Answer:
        """One request; an underscore in a header's name stands for a hyphen."""
        named = {"Host": self.place} | {n.replace("_", "-"): v for n, v in headers.items()}
        connection = HTTPConnection(self.place, timeout=60)
        try:
            connection.putrequest(method, path, skip_host=True)
            for name, value in named.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body.encode())
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(status=answer.status, headers=told, body=text)
        finally:
            connection.close()

    def open(self, *, origin: str | None, **headers: str) -> ClientConnection:
        """A WebSocket, as the page opens one."""
        return connect(
            f"ws://{self.place}/_stcore/stream",
            origin=None if origin is None else Origin(origin),
            subprotocols=[Subprotocol("streamlit")],
            additional_headers={n.replace("_", "-"): v for n, v in headers.items()},
        )

    def refusal(self, *, origin: str | None, **headers: str) -> int:
        """The HTTP status of a WebSocket that is refused; 101 where it opens."""
        try:
            with self.open(origin=origin, **headers):
                return 101
        except InvalidStatus as error:
            return error.response.status_code


@pytest.fixture(scope="module")
def asked(model_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("guard")
    settings = {
        "BLOODUI_MODELS": str(model_root),
        "BLOODUI_STATE": str(folder / "state"),
        "BLOODUI_DATA": "",
    }
    with serving(settings, folder / "log.txt") as running:
        yield Asked(server=running, state=folder / "state")


@pytest.mark.parametrize("path", EVERYTHING)
@pytest.mark.parametrize("cookie", ["", "bloodui-{port}=." + "0" * 64, "bloodui-1={value}"])
def test_without_the_cookie_of_the_link_nothing_is_answered(
    asked: Asked, path: str, cookie: str
) -> None:
    values = {"port": asked.place.partition(":")[2], "value": asked.server.cookies[0]["value"]}
    answer = asked.ask(path, Cookie=cookie.format(**values))
    assert answer.status == 403
    assert CLOSED in answer.body
    assert not [name for name in (*PAGE_NAMES, "treamlit") if name in answer.body]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", UPLOAD),
        ("DELETE", UPLOAD),
        ("OPTIONS", UPLOAD),
        ("POST", "/_stcore/agent/interact"),
        ("POST", "/_stcore/agent/mcp"),
        ("POST", "/"),
        ("HEAD", "/"),
        ("POST", OPEN_TO_ALL),
    ],
)
def test_without_the_cookie_nothing_is_taken_in_either(
    asked: Asked, method: str, path: str
) -> None:
    assert asked.ask(path, method=method, Origin=asked.server.url).status == 403
    with_token = f"{path}?token={asked.token}"  # the token opens by a link, and by nothing else
    if method != "HEAD":
        assert asked.ask(with_token, method=method, Origin=asked.server.url).status == 403


def test_a_monitor_learns_that_the_server_is_well_and_nothing_more(asked: Asked) -> None:
    assert asked.ask(OPEN_TO_ALL, Host="monitor.example.org").body == "ok"
    assert asked.ask(OPEN_TO_ALL, Origin="http://localhost:9999").status == 403


def test_the_link_is_exchanged_for_a_cookie_that_scripts_cannot_read_and_leads_on_without_token(
    asked: Asked,
) -> None:
    answer = asked.ask(f"/about?embed=true&token={asked.token}&empty=")
    assert answer.status == 303
    assert answer.headers["location"] == "/about?embed=true&empty="
    assert answer.headers["cache-control"] == "no-store"
    given, *attributes = answer.headers["set-cookie"].split("; ")
    assert given == asked.cookie
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax"]
    assert asked.token not in given
    assert asked.ask("/about", Cookie=given).status == 200


@pytest.mark.parametrize("path", ["//evil.example.org/", "/%5Cevil.example.org", "/%2F%2Fevil.org"])
def test_the_link_leads_to_no_other_server(asked: Asked, path: str) -> None:
    location = asked.ask(f"{path}?token={asked.token}").headers["location"]
    assert re.match(r"/[^/\\]", location)


@pytest.mark.parametrize("token", ["", "0", "f" * 32, "%C3%A9", "%00", "%ED%A0%80", "x" * 9_000])
def test_a_wrong_token_is_refused(asked: Asked, token: str) -> None:
    answer = asked.ask(f"/?token={token}")
    assert answer.status == 403
    assert "set-cookie" not in answer.headers
    # Whoever is in already, and comes by an old link, stays in.
    assert asked.ask("/?token=old", Cookie=asked.cookie).headers["location"] == "/"


@pytest.mark.parametrize("cookie", ["", "bloodui-{port}=0", "_streamlit_user=a; bloodui=b"])
def test_without_the_cookie_no_websocket_opens(asked: Asked, cookie: str) -> None:
    held = cookie.format(port=asked.place.partition(":")[2])
    assert asked.refusal(origin=asked.server.url, Cookie=held) == 403


def foreign_origins(place: str) -> list[str | None]:
    """What a browser would say of pages that are not the dashboard's, some of them nearly."""
    port = place.partition(":")[2]
    return [
        None,
        "null",
        "file://",
        "http://localhost:9999",
        "http://127.0.0.1:9999",
        "http://127.0.0.1",
        f"http://localhost:{port}",
        f"http://127.0.0.1.evil.example.org:{port}",
        f"http://evil.example.org:{port}",
        f"http://{place}@evil.example.org",
        f"http://evil.example.org@{place}",
        f"http://@{place}",
        f"http://{place}.evil.example.org",
        f"http://{place}/",
        f"ftp://{place}",
        f"HTTP://{place}:",
        f"http://[::1]:{port}",
        "http://127.0.0.1:port",
        "",
    ]


def test_with_the_cookie_only_the_dashboards_own_page_opens_a_websocket(asked: Asked) -> None:
    assert asked.refusal(origin=asked.server.url, Cookie=asked.cookie) == 101
    for origin in foreign_origins(asked.place):
        assert asked.refusal(origin=origin, Cookie=asked.cookie) == 403, origin


def test_with_the_cookie_only_the_dashboards_own_page_changes_something(asked: Asked) -> None:
    ours = asked.ask(UPLOAD, method="PUT", Cookie=asked.cookie, Origin=asked.server.url)
    assert ours.status == 403
    assert "XSRF" in ours.body  # Streamlit's answer, not the guard's
    for origin in foreign_origins(asked.place):
        named = {} if origin is None else {"Origin": origin}
        theirs = asked.ask(UPLOAD, method="PUT", Cookie=asked.cookie, **named)
        assert CLOSED in theirs.body, origin
        if origin is not None:
            assert asked.ask("/_stcore/host-config", Cookie=asked.cookie, **named).status == 403


@pytest.mark.parametrize(
    ("site", "mode", "destination", "status"),
    [
        ("none", "navigate", "document", 200),
        ("same-origin", "cors", "script", 200),
        ("cross-site", "navigate", "document", 200),  # a link in a mail
        ("same-site", "navigate", "document", 200),
        ("cross-site", "navigate", "iframe", 403),
        ("same-site", "navigate", "iframe", 403),
        ("same-site", "navigate", "object", 403),
        ("same-site", "no-cors", "image", 403),
        ("same-site", "no-cors", "script", 403),
        ("cross-site", "no-cors", "empty", 403),
    ],
)
def test_a_page_of_another_port_neither_frames_nor_loads_what_is_here(
    asked: Asked, site: str, mode: str, destination: str, status: int
) -> None:
    said = {"Sec_Fetch_Site": site, "Sec_Fetch_Mode": mode, "Sec_Fetch_Dest": destination}
    assert asked.ask("/", Cookie=asked.cookie, **said).status == status


@pytest.mark.parametrize("host", ["evil.example.org", "evil.example.org:{port}", "192.0.2.2", ""])
def test_under_another_name_the_server_answers_nobody(asked: Asked, host: str) -> None:
    port = asked.place.partition(":")[2]
    host = host.format(port=port)
    cookies = f"{asked.cookie}; bloodui={asked.server.cookies[0]['value']}"
    assert asked.ask("/", Host=host, Cookie=cookies).status == 403
    assert asked.ask(f"/?token={asked.token}", Host=host).status == 403


def test_every_answer_tells_the_browser_to_keep_to_this_server(asked: Asked) -> None:
    paths = ("/", "/about", f"/?token={asked.token}", "/media/none.png", OPEN_TO_ALL)
    answers = [asked.ask(path, Cookie=asked.cookie) for path in paths] + [asked.ask("/")]
    answers.append(asked.ask(UPLOAD, method="PUT", Cookie=asked.cookie, Origin=asked.server.url))
    assert [answer.status for answer in answers] == [200, 200, 303, 404, 200, 403, 403]
    for answer in answers:
        for name, value in security_headers(asked.place).items():
            assert answer.headers[name.lower()] == value
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
        assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in policy
        assert f"connect-src 'self' data: ws://{asked.place} wss://{asked.place};" in policy
        assert "*" not in policy
        assert "http" not in policy


def test_a_made_up_name_of_a_host_adds_nothing_to_the_policy(asked: Asked) -> None:
    for host in ("a; script-src *", "* ws:", "a\tb", "é"):
        policy = asked.ask(OPEN_TO_ALL, Host=host).headers["content-security-policy"]
        assert "connect-src 'self' data:;" in policy
        assert "*" not in policy


def test_behind_a_proxy_that_speaks_tls_only_its_origin_is_ours(asked: Asked) -> None:
    ours, plain = f"https://{asked.place}", f"http://{asked.place}"
    for said, origin, status in (
        ({"X_Forwarded_Proto": "https"}, ours, 101),
        ({"X_Forwarded_Proto": "https"}, plain, 403),
        ({}, ours, 101),  # one that does not say so
        ({"X_Forwarded_Proto": "https"}, "https://127.0.0.1", 403),
    ):
        assert asked.refusal(origin=origin, Cookie=asked.cookie, **said) == status, (said, origin)
    answer = asked.ask(f"/?token={asked.token}", X_Forwarded_Proto="https")
    assert answer.headers["set-cookie"].endswith("; Secure")


def test_the_link_of_a_quiz_opens_the_quiz_and_takes_nothing_in(asked: Asked) -> None:
    made = make(asked.state)
    opened = asked.ask(f"/?quiz={made.quiz.link}")
    assert opened.status == 200
    cookie = opened.headers["set-cookie"].partition(";")[0]
    assert cookie == f"bloodui-quiz-{asked.place.partition(':')[2]}={made.quiz.link}"
    assert asked.ask("/static/css/index.C1JORDN2.css", Cookie=cookie).status == 200
    assert asked.refusal(origin=asked.server.url, Cookie=cookie) == 101
    assert asked.refusal(origin="http://localhost:9999", Cookie=cookie) == 403
    for method in ("PUT", "DELETE", "POST"):
        taken = asked.ask(UPLOAD, method=method, Cookie=cookie, Origin=asked.server.url)
        assert CLOSED in taken.body
    Instructor(state=asked.state, person=LOCAL_READER, has_login=False, key=made.key).delete(
        made.quiz.id
    )
    assert asked.ask("/", Cookie=cookie).status == 403
    assert asked.refusal(origin=asked.server.url, Cookie=cookie) == 403


def test_another_quiz_link_or_none_opens_nothing(asked: Asked) -> None:
    link = make(asked.state).quiz.link
    for other in ("", "0", link[:-1], link.upper(), link + "0", "%25", "' OR 1=1 --", "x" * 10_000):
        answer = asked.ask(f"/?quiz={other.replace(' ', '%20')}")
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
    name = f"bloodui-quiz-{asked.place.partition(':')[2]}"
    assert asked.ask("/", Cookie=f"{name}={link[:-1]}").status == 403


def page_names_sent(socket: ClientConnection, *, needed: str) -> list[str]:
    """Which names of pages a server sends, page after page, until it has drawn what is needed."""
    request = BackMsg()
    request.rerun_script.query_string = ""
    socket.send(request.SerializeToString())
    sent = ""
    while needed not in sent:
        message = socket.recv(timeout=120)
        assert isinstance(message, bytes)
        sent += message.decode("utf-8", "replace")
    return [name for name in PAGE_NAMES if name in sent]


def test_a_resident_is_sent_no_name_of_another_page(asked: Asked) -> None:
    link = make(asked.state).quiz.link
    cookie = asked.ask(f"/?quiz={link}").headers["set-cookie"].partition(";")[0]
    with asked.open(origin=asked.server.url, Cookie=cookie) as resident:
        assert not page_names_sent(resident, needed="Open the whole link of your quiz")
    with asked.open(origin=asked.server.url, Cookie=asked.cookie) as admin:
        assert page_names_sent(admin, needed="Try a drawn demo image")


def test_the_token_stands_in_the_printed_link_and_nowhere_else(asked: Asked) -> None:
    asked.ask(f"/?token={asked.token}")
    asked.ask(f"/%00?token={asked.token}", method="BREW", Origin="http://localhost:9999")
    asked.refusal(origin="http://localhost:9999", Cookie=asked.cookie)
    log = asked.server.log.read_text()
    assert log.count(asked.token) == 1
    assert f"{asked.server.url}/?token={asked.token}\n" in log
    assert asked.server.cookies[0]["value"] not in log
    for process in Path("/proc").glob("[0-9]*"):
        try:
            assert asked.token.encode() not in (process / "cmdline").read_bytes()
        except OSError:
            continue


OTHER_USER = """
import encodings.idna, http.client, os, pathlib, sys
place, number, cookie, user = sys.argv[1:]
if user != str(os.getuid()):
    os.setgid(int(user)); os.setgroups([]); os.setuid(int(user))

def status(path, **headers):
    connection = http.client.HTTPConnection(place, timeout=60)
    connection.request("GET", path, headers={n.replace("_", "-"): v for n, v in headers.items()})
    answer = connection.getresponse()
    connection.close()
    return answer.status, answer.headers.get("Set-Cookie", "")

print(status("/")[0])
stolen = {"Cookie": cookie, "Origin": f"http://{place}"}
socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
socket["Sec_WebSocket_Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
print(status("/_stcore/stream", **stolen, **socket)[0])
print(status("/_stcore/stream", **stolen, **socket, X_Forwarded_For="127.0.0.1")[0])
print(status("/?token=old", **stolen)[1] or "no cookie")
try:
    print(len(pathlib.Path("/proc", number, "environ").read_bytes()) > 0)
except PermissionError:
    print("not readable")
print(pathlib.Path("/proc", number, "cmdline").read_bytes())
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="Only root is another user.")
def test_another_user_of_the_machine_reaches_nothing_even_with_a_cookie_that_they_were_sent(
    asked: Asked,
) -> None:
    """A browser sends cookies to every port of a host: to a server of another user's, too."""

    def seen_by(user: int) -> list[str]:
        number = str(asked.server.process_id)
        given = [asked.place, number, asked.cookie, str(user)]
        command = [sys.executable, "-c", OTHER_USER, *given]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert asked.token not in done.stdout
        return done.stdout.splitlines()

    mine, theirs = seen_by(0), seen_by(65534)
    assert mine[:5] == ["403", "101", "403", "no cookie", "True"]
    assert theirs[:5] == ["403", "403", "403", "no cookie", "not readable"]
    assert "app.py" in theirs[5]


def test_with_a_login_configured_there_is_no_token_and_the_origin_is_exact(
    tmp_path: Path,
) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(SECRETS, encoding="utf-8")
    settings = {
        "HOME": str(tmp_path),
        "BLOODUI_STATE": str(tmp_path / "state"),
        "STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS": "https://bloodui.example.org",
    }
    with serving(settings, tmp_path / "log.txt") as running:
        asked = Asked(server=running, state=tmp_path / "state")
        assert not running.cookies
        assert "token" not in running.log.read_text()
        assert asked.ask("/").status == 200
        assert asked.ask("/?token=whatever").status == 200
        assert asked.ask("/_stcore/metrics").status == 403
        assert asked.refusal(origin=running.url) == 101
        # Of a proxy that does not pass the name on.
        assert asked.refusal(origin="https://bloodui.example.org") == 101
        assert asked.refusal(origin="http://bloodui.example.org") == 403
        for origin in foreign_origins(asked.place):
            assert asked.refusal(origin=origin) == 403, origin
        assert asked.ask("/", Host="evil.example.org").status == 403
        policy = asked.ask("/").headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        with asked.open(origin=running.url) as nobody:
            assert not page_names_sent(nobody, needed="Log in")


def addresses_in_a_network() -> list[str]:
    """Addresses of this machine that others could reach."""
    done = subprocess.run(["hostname", "-I"], capture_output=True, text=True)
    return [address for address in done.stdout.split() if ":" not in address]


@pytest.mark.skipif(not addresses_in_a_network(), reason="This machine is in no network.")
def test_a_server_that_another_program_opened_to_the_network_answers_nobody_there(
    tmp_path: Path,
) -> None:
    token, port, outside = "0" * 40, free_port(), addresses_in_a_network()[0]
    environment = os.environ | {
        "BLOODUI_TOKEN": token,
        "BLOODUI_STATE": str(tmp_path / "state"),
        "STREAMLIT_SERVER_ALLOWED_HOSTS": "*",
    }
    everywhere = "0.0.0.0"  # noqa: S104
    command = [sys.executable, "-m", "uvicorn", "app:app", "--host", everywhere]
    log = tmp_path / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            wait_until_it_listens(port, process, log)
            for host, status in (("127.0.0.1", 303), (outside, 403)):
                connection = HTTPConnection(host, port, timeout=60)
                connection.request("GET", f"/?token={token}", headers={"Host": f"127.0.0.1:{port}"})
                assert connection.getresponse().status == status, host
                connection.close()
        finally:
            process.kill()


UNGUARDED = """
import sys
import streamlit as st
sys.path.insert(0, {root!r})
st.set_page_config(page_title="no guard")
from app import show
show()
"""


def test_a_server_without_the_guard_shows_nobody_anything_without_the_cookie(
    tmp_path: Path, asked: Asked
) -> None:
    script = tmp_path / "dashboard.py"
    script.write_text(UNGUARDED.format(root=str(ROOT)), encoding="utf-8")
    token, port, log = "0" * 40, free_port(), tmp_path / "log.txt"
    environment = os.environ | {"BLOODUI_TOKEN": token, "BLOODUI_STATE": str(tmp_path / "state")}
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            wait_until_it_listens(port, process, log)
            bare = Server(url=f"http://127.0.0.1:{port}", log=log)
            unguarded = Asked(server=bare, state=tmp_path / "state")
            assert unguarded.ask("/").status == 200  # there is no guard
            with unguarded.open(origin=bare.url, Cookie=asked.cookie) as nobody:
                assert not page_names_sent(nobody, needed="Open the link that was printed")
        finally:
            process.kill()
