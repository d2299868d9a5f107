"""Which files of a folder are read, and that whatever is not is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.folder_files import FolderFiles, files_below


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders, a hidden one, and a file outside."""
    for name in ("set/a/1", "set/b/2", "set/.store/3", "set/.store/deep/4", "outside/5"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path / "set"


def names(found: FolderFiles, folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in found.files]


def left_out(found: FolderFiles, folder: Path) -> dict[str, str]:
    return {each.path.relative_to(folder).as_posix(): each.why for each in found.left_out}


def test_a_hidden_folder_is_left_out_with_the_number_of_its_files(folder: Path) -> None:
    (folder / ".DS_Store").touch()
    (folder / ".disk").symlink_to("/")  # whose files nobody may count
    found = files_below(folder)
    assert names(found, folder) == ["a/1", "b/2"]
    assert set(left_out(found, folder).values()) == {"hidden"}
    assert {each.path.name: each.reason for each in found.left_out} == {
        ".DS_Store": "a hidden file",
        ".disk": "a hidden link",
        ".store": "a hidden folder with 2 files in it",
    }


def test_a_link_to_a_hidden_store_is_followed_under_the_link_s_name(folder: Path) -> None:
    (folder / "a" / "more").symlink_to("../.store")
    (folder / "b" / "one").symlink_to("../.store/3")
    found = files_below(folder)
    assert names(found, folder) == ["a/1", "a/more/3", "a/more/deep/4", "b/2"]
    assert left_out(found, folder) == {".store": "hidden", "b/one": "again"}


def test_a_link_never_takes_what_has_a_place_of_its_own(folder: Path) -> None:
    # The link comes first by its name: the pictures of b would count to a.
    (folder / "a" / "also").symlink_to("../b")
    (folder / "a" / "2").symlink_to("../b/2")
    found = files_below(folder)
    assert names(found, folder) == ["a/1", "b/2"]
    assert left_out(found, folder) == {".store": "hidden", "a/2": "again", "a/also": "again"}


def test_links_in_a_circle_and_upwards_end(folder: Path) -> None:
    (folder / "a" / "round").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / ".store" / "up").symlink_to("../.store/deep")
    (folder / "b" / "more").symlink_to("../.store")
    found = files_below(folder)
    assert names(found, folder) == ["a/1", "b/2", "b/more/3", "b/more/deep/4"]
    told = left_out(found, folder)
    assert (told["a/round"], told["self"], told["b/more/up"]) == ("again", "nowhere", "again")


def test_links_out_of_the_folder_are_told_and_not_followed(folder: Path) -> None:
    (folder / "far").symlink_to("../outside")
    (folder / "a" / "5").symlink_to("../../outside/5")
    (folder / "disk").symlink_to("/")
    (folder / "gone").symlink_to("nothing")
    found = files_below(folder)
    assert names(found, folder) == ["a/1", "b/2"]
    assert left_out(found, folder) == {
        ".store": "hidden",
        "a/5": "outside",
        "disk": "outside",
        "far": "outside",
        "gone": "nowhere",
    }


def test_two_links_into_one_store_read_each_file_once(folder: Path) -> None:
    (folder / "a" / "x-deep").symlink_to("../.store/deep")
    (folder / "b" / "whole").symlink_to("../.store")
    found = files_below(folder)
    assert sorted(path.name for path in found.files) == ["1", "2", "3", "4"]
    assert left_out(found, folder)["b/whole/deep"] == "again"


def test_a_pipe_is_left_out(folder: Path) -> None:
    os.mkfifo(folder / "a" / "pipe")
    assert left_out(files_below(folder), folder)["a/pipe"] == "closed"


@pytest.mark.skipif(os.geteuid() == 0, reason="Root opens every folder.")
def test_a_folder_that_cannot_be_opened_is_told(folder: Path) -> None:
    (folder / "b").chmod(0)
    try:
        assert left_out(files_below(folder), folder)["b"] == "closed"
    finally:
        (folder / "b").chmod(0o700)


def test_a_folder_that_is_a_link_itself_is_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert names(files_below(tmp_path / "link"), tmp_path / "link") == ["a/1", "b/2"]
