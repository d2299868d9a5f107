"""Downloads, from a server on this machine that answers ranges and breaks off on demand."""

import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from training.data.adapters import ADAPTERS
from training.data.fetch import (
    RELEASES,
    Release,
    fetch,
    read_releases,
)
from training.errors import DatasetError

DATA = np.random.default_rng(1).bytes(300_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


@dataclass
class Server:
    """What the server does, and what it was asked."""

    url: str = ""
    breaks_after: int | None = None
    knows_ranges: bool = True
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            start = 0
            if wanted and state.knows_ranges:
                start = int(re.match(r"bytes=(\d+)-", wanted)[1])
            if start >= len(DATA):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(DATA) - start))
            self.end_headers()
            end = len(DATA) if state.breaks_after is None else start + state.breaks_after
            self.wfile.write(DATA[start:end])

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}/cells.zip"
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


def release(url: str, **fields: object) -> Release:
    values = {"n_bytes": len(DATA), "sha256": SHA256, **fields}
    return Release(
        title="Cells",
        kind="class-folders",
        url=url,
        file="cells.zip",
        licence="CC BY 4.0",
        page="https://example.org",
        **values,
    )


def test_a_file_arrives_whole_and_under_its_name(server, tmp_path):
    file = fetch(release(server.url), tmp_path / "new")
    assert file.read_bytes() == DATA
    assert list(file.parent.iterdir()) == [file]


def test_a_broken_download_goes_on_where_it_stopped(server, tmp_path):
    server.breaks_after = 100_000
    with pytest.raises(DatasetError, match="Run the command again"):
        fetch(release(server.url), tmp_path)
    assert not (tmp_path / "cells.zip").exists()
    assert (tmp_path / "cells.zip.part").stat().st_size == 100_000
    server.breaks_after = None
    assert fetch(release(server.url), tmp_path).read_bytes() == DATA
    assert server.ranges == [None, "bytes=100000-"]


def test_a_server_without_ranges_starts_over(server, tmp_path):
    (tmp_path / "cells.zip.part").write_bytes(b"other bytes")
    server.knows_ranges = False
    assert fetch(release(server.url), tmp_path).read_bytes() == DATA


def test_a_partial_file_that_is_whole_needs_no_server(tmp_path):
    (tmp_path / "cells.zip.part").write_bytes(DATA)
    assert fetch(release("http://127.0.0.1:9/cells.zip"), tmp_path).read_bytes() == DATA


def test_too_long_a_partial_file_of_unknown_size_starts_over(server, tmp_path):
    (tmp_path / "cells.zip.part").write_bytes(DATA + b"more")
    assert fetch(release(server.url, n_bytes=0), tmp_path).read_bytes() == DATA


def test_a_file_that_is_there_is_not_fetched_again(server, tmp_path):
    fetch(release(server.url), tmp_path)
    fetch(release(server.url), tmp_path)
    assert len(server.ranges) == 1


@pytest.mark.parametrize("name", ["sha256", "sha1"])
def test_another_file_than_was_meant_is_refused_and_dropped(server, tmp_path, name):
    wrong = {"sha256": None, name: "0" * (64 if name == "sha256" else 40)}
    with pytest.raises(DatasetError, match=f"the {name} .* instead of 0000"):
        fetch(release(server.url, **wrong), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_size_is_refused_before_the_download(server, tmp_path):
    with pytest.raises(DatasetError, match="should have 7 bytes, and has 300000"):
        fetch(release(server.url, n_bytes=7), tmp_path)


def test_a_full_disk_is_told_before_the_download(server, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(DatasetError, match="GiB are free"):
        fetch(release(server.url), tmp_path)


def test_a_file_without_a_digest_is_told_with_the_one_it_has(server, tmp_path, caplog):
    fetch(release(server.url, sha256=None), tmp_path)
    assert SHA256 in caplog.text


def test_no_server_is_an_error_that_names_the_page(tmp_path):
    with pytest.raises(DatasetError, match=r"https://example\.org"):
        fetch(release("http://127.0.0.1:9/cells.zip"), tmp_path)


@pytest.mark.parametrize("url", ["http://example.org/a.zip", "file:///etc/passwd", "ftp://a/b"])
def test_addresses_that_are_not_https_are_refused(url):
    with pytest.raises(DatasetError, match="HTTPS"):
        release(url)


def test_a_name_that_leaves_the_folder_is_refused():
    with pytest.raises(DatasetError, match="plain name of a file"):
        Release(title="", kind="", url="https://a/b", file="../b", licence="", page="")


def test_the_project_s_releases_are_of_known_kinds_and_documented():
    for entry in read_releases(RELEASES).values():
        assert entry.kind in ADAPTERS
        assert entry.page.startswith("https://")


def test_a_misspelt_key_of_a_release_is_named(tmp_path):
    path = tmp_path / "releases.toml"
    text = 'title = "A"\nkind = "orlov"\nurl = "https://a/b"\nfile = "b"\nlicence = ""\npage = ""'
    path.write_text(f"[a]\n{text}\nmd5 = 'x'\n")
    with pytest.raises(DatasetError, match=r"a: Expected only the keys .*, received 'md5'"):
        read_releases(path)
