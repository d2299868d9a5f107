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
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from types import MappingProxyType
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from tqdm import tqdm

from models.files import disk_reason, move_into_place
from models.stored import Sha256, Stored
from training.errors import DatasetError

Sha1 = Annotated[str, Field(pattern="^[0-9a-f]{40}$", title="40 hexadecimal digits")]
RELEASES = Path(__file__).parent / "releases.toml"
_BLOCK = 1 << 20
_TIMEOUT_S = 60.0
_HERE = ("127.0.0.1", "localhost", "::1")
_log = logging.getLogger(__name__)


class Release(Stored):
    """One file that holds a release."""

    refused_as = DatasetError
    called = "the release"

    title: str
    """Name for a reader."""
    kind: str
    """The adapter that reads it once it is unpacked."""
    url: str
    """Where it lies; HTTPS, or plain HTTP on this machine."""
    file: str
    """Name that it gets."""
    licence: str
    """As its authors state it."""
    page: str
    """The page that documents it."""
    n_bytes: Annotated[int, Field(ge=0)] = 0
    """Its size, 0 where nobody publishes it."""
    sha256: Sha256 | None = None
    """Its digest, where somebody publishes it."""
    sha1: Sha1 | None = None
    """Its digest, where somebody publishes it."""

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: str) -> str:
        try:
            _check_address(url)
        except DatasetError as error:
            raise ValueError(str(error)) from None
        return url

    @field_validator("file")
    @classmethod
    def _is_a_name(cls, file: str) -> str:
        if not file or Path(file).name != file:
            raise ValueError(f"{file!r} is no plain name of a file. Give one without a folder.")
        return file


def read_releases(path: Path) -> Mapping[str, Release]:
    """The releases of a TOML file, by name. Raises DatasetError for a bad entry."""
    releases = {}
    for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        try:
            releases[name] = Release.from_dict(entry)
        except DatasetError as error:
            raise DatasetError(f"{name}: {error}") from None
    return MappingProxyType(releases)


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
            move_into_place(part, file)
        else:
            _check(release, file)
    except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise DatasetError(
            f"{release.file} did not come from {urlsplit(release.url).hostname}: {error}. "
            f"Run the command again to go on where it stopped, or see {release.page}."
        ) from error
    except OSError as error:
        raise DatasetError(
            f"{release.file} cannot be written: {disk_reason(error)}. Make room and run the "
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
                f"{release.file} should have {release.n_bytes} bytes, and has {total}. "
                f"The release has changed: see {release.page}."
            )
        with (
            part.open("ab" if done else "wb") as out,
            tqdm(
                total=total,
                initial=done,
                desc=release.file,
                unit="B",
                unit_scale=True,
                disable=None,
            ) as bar,
        ):
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
        complaint = f"{file.stat().st_size} bytes instead of {release.n_bytes}"
    for name in ("sha256", "sha1"):
        wanted = getattr(release, name)
        if wanted and not complaint:
            received = _digest(file, name)
            if received != wanted:
                complaint = f"the {name} {received} instead of {wanted}"
    if complaint:
        if file.suffix == ".part":
            file.unlink()
        raise DatasetError(
            f"{release.file} has {complaint}. Fetch it again, or see {release.page}."
        )
    if not (release.sha256 or release.sha1):
        _log.warning(
            "%s: nobody publishes its digest, so it is not checked; it has sha256 %s",
            release.file,
            _digest(file, "sha256"),
        )


def _digest(file: Path, name: str) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(
            data, lambda: hashlib.new(name, usedforsecurity=False)
        ).hexdigest()


def _check_room(folder: Path, n_bytes: int | None) -> None:
    free = shutil.disk_usage(folder).free
    if n_bytes is not None and n_bytes > free:
        raise DatasetError(
            f"The download takes {n_bytes / 2**30:.1f} GiB, and {free / 2**30:.1f} GiB are free. "
            "Make room, or choose a folder on another disk."
        )


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise DatasetError(
            f"A release is fetched over HTTPS alone, not over {parts.scheme!r}. Give an https "
            "address."
        )
