"""What is written is on the disk before its name points at it, and is whole or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import resource
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.bundle.folder import folder_beside
from models.errors import BundleError, BundleTamperedError
from models.files import (
    disk_reason,
    file_beside,
    flush,
    move_into_place,
    read_plain_file,
    write_file,
)


@contextlib.contextmanager
def files_at_most(n_bytes: int) -> Iterator[None]:
    """A block in which the kernel lets no file grow beyond this, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What goes to the disk, in order: ("fsync" or "replace", name of the file or folder)."""
    done: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def fsync_told(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        done.append(("fsync", re.sub(r"[.][0-9]+-[0-9]+[.]part$", ".part", name)))
        fsync(descriptor)

    def replace_told(source: Path, target: Path) -> None:
        done.append(("replace", Path(target).name))
        replace(source, target)

    monkeypatch.setattr("os.fsync", fsync_told)
    monkeypatch.setattr("os.replace", replace_told)
    return done


def test_a_file_is_on_the_disk_before_its_name_and_the_name_before_anybody_goes_on(
    disk: list[tuple[str, str]], tmp_path: Path
) -> None:
    write_file(tmp_path / "new" / "a.txt", b"text")
    assert disk == [
        ("fsync", tmp_path.name),  # that there is a folder "new"
        ("fsync", ".a.txt.part"),
        ("replace", "a.txt"),
        ("fsync", "new"),
    ]
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"text"


def test_every_file_of_a_folder_is_on_the_disk_before_the_folder_has_its_name(
    disk: list[tuple[str, str]], tmp_path: Path
) -> None:
    with folder_beside(tmp_path / "bundle") as folder:
        (folder / "model").write_bytes(b"model")
        (folder / "card").write_bytes(b"card")
        temporary = folder.name
    place = disk.index(("replace", "bundle"))
    assert {*disk[:place]} == {("fsync", name) for name in ("model", "card", temporary)}
    assert disk[place + 1 :] == [("fsync", tmp_path.name)]


def test_a_folder_that_goes_elsewhere_is_gone_from_where_it_was_on_the_disk_too(
    disk: list[tuple[str, str]], tmp_path: Path
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "here" / "bundle").mkdir()
    move_into_place(tmp_path / "here" / "bundle", tmp_path / "there" / "bundle")
    assert disk[-2:] == [("fsync", "there"), ("fsync", "here")]


def test_a_full_disk_leaves_the_file_that_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_file(path, b"before")
    with files_at_most(1000), pytest.raises(OSError, match="too large"):
        write_file(path, bytes(5000))
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_need_not_last_is_whole_all_the_same_and_waits_for_no_disk(
    disk: list[tuple[str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "beat.json"

    def beat_again() -> None:
        with file_beside(path, is_lasting=False) as second:
            second.write_bytes(b"second")

    with file_beside(path, is_lasting=False) as first:
        first.write_bytes(b"first")
        with ThreadPoolExecutor() as pool:
            pool.submit(beat_again).result()
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert disk == [("replace", "beat.json")] * 2
    assert os.listdir(tmp_path) == ["beat.json"]


def test_a_link_is_moved_as_a_link_even_where_it_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    move_into_place(tmp_path / "link", tmp_path / "moved")
    assert os.readlink(tmp_path / "moved") == "nowhere"


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"x")
    (tmp_path / "link").symlink_to("plain")
    assert read_plain_file(tmp_path, "plain") == b"x"
    with pytest.raises(BundleTamperedError, match="'link'"):
        read_plain_file(tmp_path, "link")
    with pytest.raises(BundleError, match="'none'"):
        read_plain_file(tmp_path, "none")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user for a moment")
def test_a_file_is_written_in_a_folder_that_may_be_written_and_not_read() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own lets nobody else in
        Path(folder).chmod(0o733)
        os.seteuid(65534)
        try:
            write_file(Path(folder) / "a.txt", b"text")
        finally:
            os.seteuid(0)
        assert (Path(folder) / "a.txt").read_bytes() == b"text"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_where_the_disk_knows_no_flush_of_folders_what_was_written_is_no_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", refuse_folders)
    write_file(tmp_path / "new" / "a.txt", b"text")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"text"


def test_a_disk_that_fails_in_a_flush_of_a_file_or_folder_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.fsync", fail)
    for path in (tmp_path, tmp_path / "a.txt"):
        if path != tmp_path:
            path.write_bytes(b"text")
        with pytest.raises(OSError, match="Input/output error"):
            flush(path)


def test_an_error_of_the_disk_that_says_nothing_is_named_by_its_kind() -> None:
    assert disk_reason(PermissionError(errno.EACCES, "Permission denied")) == "Permission denied"
    assert disk_reason(TimeoutError()) == "TimeoutError"
    assert disk_reason(OSError("cannot open anna-schmidt.jpg")) == "OSError"


def test_a_pipe_in_a_folder_does_not_make_whoever_moves_it_wait(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    os.mkfifo(tmp_path / "new" / "manifest.json")
    move_into_place(tmp_path / "new", tmp_path / "kept")
    assert (tmp_path / "kept" / "manifest.json").is_fifo()
