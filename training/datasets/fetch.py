"""Downloads of public releases: resumed where they stopped, checked, whole or not at all."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tomllib
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from tqdm import tqdm

from models.errors import DatasetError
from training.toml_table import Table

RELEASES = Path(__file__).parent / "releases.toml"
_BLOCK = 1 << 20
_TIMEOUT_S = 60.0
_HERE = ("127.0.0.1", "localhost", "::1")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Release:
    """One file that holds a release.

    Attributes:
        title: Name for a reader.
        kind: The adapter that reads it once it is unpacked.
        url: Where it lies; HTTPS, or plain HTTP on this machine.
        file: Name that it gets.
        licence: As its authors state it.
        page: The page that documents it.
        n_bytes: Its size, 0 where nobody publishes it.
        sha256, sha1: Its digest in hexadecimal digits, "" where nobody publishes it.
    """

    title: str
    kind: str
    url: str
    file: str
    licence: str
    page: str
    n_bytes: int = 0
    sha256: str = ""
    sha1: str = ""

    def __post_init__(self) -> None:
        _check_address(self.url)
        if not self.file or Path(self.file).name != self.file:
            raise DatasetError(f"Expected the name of a file, received {self.file!r}.")


def read_releases(path: Path) -> Mapping[str, Release]:
    """The releases of a TOML file, by name. Raises RecipeError or DatasetError for a bad entry."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return MappingProxyType({name: _release(Table(tables[name], name=name)) for name in tables})


def fetch(release: Release, folder: Path, *, timeout_s: float = _TIMEOUT_S) -> Path:
    """Download a release; what an earlier call has of it is kept and continued.

    The file takes its name once it is whole and its size and digest are right. One that already
    has its name is checked and left alone.

    Args:
        release: What to download.
        folder: Where to; it is made where it is missing.
        timeout_s: Seconds without an answer before the download gives up.

    Returns:
        The file.

    Raises:
        DatasetError: No connection, no room, or another file than was meant.
    """
    file, part = folder / release.file, folder / f"{release.file}.part"
    try:
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _download(release, part, timeout_s)
            _check(release, part)
            os.replace(part, file)
        else:
            _check(release, file)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise DatasetError(
            f"Expected {release.file} from {urlsplit(release.url).hostname}, received: {error}. "
            f"Run the command again to go on where it stopped, or see {release.page}."
        ) from error
    except OSError as error:
        raise DatasetError(
            f"Expected to write {release.file}, received: {error.strerror}. Make room and run the "
            "command again to go on where it stopped."
        ) from error
    return file


def _download(release: Release, part: Path, timeout_s: float) -> None:
    """Bring the partial file up to the whole; from the start where the server can't go on."""
    done = part.stat().st_size if part.is_file() else 0
    if release.n_bytes and done >= release.n_bytes:
        return
    try:
        response = _open(release.url, done, timeout_s)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not done:  # 416: there is nothing after what is here already
            raise
        error.close()
        part.unlink()
        done, response = 0, _open(release.url, 0, timeout_s)
    with response:
        _check_address(response.url)
        if response.status != 206:
            done = 0
        left = response.length  # None where the server does not say
        _check_room(part.parent, left)
        total = None if left is None else done + left
        if release.n_bytes and total not in (None, release.n_bytes):
            raise DatasetError(
                f"Expected {release.file} of {release.n_bytes} bytes, received one of {total}. "
                f"The release has changed: see {release.page}."
            )
        with (
            part.open("ab" if done else "wb") as out,
            tqdm(
                total=total, initial=done, desc=release.file, unit="B", unit_scale=True,
                disable=None,
            ) as bar,
        ):  # fmt: skip
            while block := response.read(_BLOCK):
                out.write(block)
                bar.update(len(block))
            out.flush()
            os.fsync(out.fileno())
    if total is not None and part.stat().st_size != total:
        raise ConnectionError(f"the connection ended after {part.stat().st_size} of {total} bytes")


def _open(url: str, done: int, timeout_s: float) -> HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "bloodui"})  # noqa: S310 checked
    if done:
        request.add_header("Range", f"bytes={done}-")
    response: HTTPResponse = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310 checked
    return response


def _check(release: Release, file: Path) -> None:
    """Make sure that a file is the one that was meant; a wrong partial file is dropped."""
    complaint = ""
    if release.n_bytes and file.stat().st_size != release.n_bytes:
        complaint = f"{release.n_bytes} bytes, received {file.stat().st_size}"
    for name in ("sha256", "sha1"):
        wanted = getattr(release, name)
        if wanted and not complaint:
            received = _digest(file, name)
            if received != wanted.lower():
                complaint = f"{name} {wanted}, received {received}"
    if complaint:
        if file.suffix == ".part":
            file.unlink()
        raise DatasetError(
            f"Expected {release.file} with {complaint}. Fetch it again, or see {release.page}."
        )
    if not (release.sha256 or release.sha1):
        _log.warning(
            "%s: nobody publishes its digest, so it is not checked; it has sha256 %s",
            release.file, _digest(file, "sha256"),
        )  # fmt: skip


def _digest(file: Path, name: str) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(
            data, lambda: hashlib.new(name, usedforsecurity=False)
        ).hexdigest()


def _check_room(folder: Path, n_bytes: int | None) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes is not None and n_bytes > free:
        raise DatasetError(
            f"Expected {n_bytes / 2**30:.1f} GiB of free disk, received {free / 2**30:.1f} GiB. "
            "Make room, or choose a folder on another disk."
        )


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise DatasetError(f"Expected an HTTPS address, received one of scheme {parts.scheme!r}.")


def _release(table: Table) -> Release:
    release = Release(
        title=table.text("title"),
        kind=table.text("kind"),
        url=table.text("url"),
        file=table.text("file"),
        licence=table.text("licence"),
        page=table.text("page"),
        n_bytes=table.whole("n_bytes", low=0, high=10**13, default=0),
        sha256=table.text("sha256", default=""),
        sha1=table.text("sha1", default=""),
    )
    table.close(known=tuple(Release.__dataclass_fields__))
    return release
