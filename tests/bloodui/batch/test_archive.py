"""An archive gives its pictures, each within the limits of a file, and a reason for the rest."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bloodui.batch import archive
from bloodui.batch.archive import Archive
from bloodui.batch.inputs import inputs_of
from bloodui.errors import ArchiveError
from models.errors import MicrographError
from models.image.micrograph import read_micrograph
from tests.bloodui.batch.zips import awkward_zip, picture, zip_of

CASES = Path(__file__).resolve().parents[2] / "cases"


def what_comes_of(path: Path) -> dict[str, str]:
    """The error of each file of an archive, or "" where it is a picture."""
    found = {}
    for item in inputs_of([path]).items:
        try:
            read_micrograph(item.read())
            found[item.name.removeprefix(f"{path}/")] = ""
        except (ArchiveError, MicrographError) as error:
            found[item.name.removeprefix(f"{path}/")] = str(error)
    return found


def test_of_an_awkward_archive_the_good_pictures_are_read_and_the_rest_has_its_reason(
    tmp_path: Path,
) -> None:
    path = tmp_path / "set.ZIP"
    path.write_bytes(awkward_zip())
    found = what_comes_of(path)
    assert [name for name, error in found.items() if not error] == [
        "a folder/Blut-Ä.png",
        "b.png",
        "b.png [2]",
    ]
    for name, words in {
        "../outside.png": "leads out of the archive",
        "/etc/absolute.png": "leads out of the archive",
        "c:\\windows\\drive.png": "leads out of the archive",
        "inner.zip": "archive within an archive",
        "bomb.png": "at most 50 MiB",
        "secret.png": "encrypted",
        "damaged.png": "damaged",
        "strange.png": "packed in a way",
        "bzip2.png": "packed in a way",
        "lzma.png": "packed in a way",
        "link.png": "a link",
        "notes.txt": "image",
        "empty.png": "empty",
    }.items():
        assert words in found[name], (name, found[name])
    assert found["liar.png"]
    assert not any("MACOSX" in name or ".hidden" in name for name in found)
    assert {each.name for each in tmp_path.iterdir()} == {"set.ZIP"}


def test_a_name_that_begins_with_this_folder_is_not_hidden() -> None:
    (entry,) = Archive(zip_of({"./a.png": picture(1), "./.b.png": picture(2)})).entries()
    assert (entry.name, entry.fault) == ("./a.png", "")


def test_what_is_hidden_in_an_archive_is_counted(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(awkward_zip())
    (left,) = inputs_of([tmp_path]).left_out
    assert left.reason == "2 hidden files of the archive"


def test_of_an_entry_that_lies_of_its_size_no_more_is_unpacked_than_it_says(
    tmp_path: Path,
) -> None:
    opened = Archive(awkward_zip())
    liar = next(each for each in opened.entries() if each.name == "liar.png")
    assert not liar.fault
    with pytest.raises(ArchiveError, match="damaged"):
        opened.read(liar.number, liar.state)


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_that_is_packed_in_any_way_takes_no_more_memory_than_a_picture_may(
    tmp_path: Path, way: int
) -> None:
    path = tmp_path / "set.zip"
    with (
        zipfile.ZipFile(path, "w", way) as made,
        made.open("bomb.png", "w", force_zip64=True) as file,
    ):
        for _ in range(96):
            file.write(bytes(2**20))
    packed = bytearray(path.read_bytes())
    struct.pack_into("<I", packed, packed.rindex(b"PK\1\2") + 24, 1000)  # of so many it tells
    path.write_bytes(packed)
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from bloodui.batch.inputs import inputs_of\n"
        "(item,) = inputs_of([Path(sys.argv[1])]).items\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "try: item.read()\n"
        "except Exception as error: print(type(error).__name__, (peak() - before) // 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    kind, mib = done.stdout.split()
    assert kind == "ArchiveError"
    assert int(mib) < 50


def test_a_large_file_that_is_packed_as_it_is_is_read(tmp_path: Path) -> None:
    large = b"\x89PNG" + bytes(40 * 2**20)
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_STORED) as made:
        made.writestr("large.png", large)
    (item,) = inputs_of([tmp_path / "set.zip"]).items
    assert item.read() == large


@pytest.mark.parametrize("names", [["a.png", "c.png", "d.png"], ["a.png"]])
def test_of_an_archive_that_is_replaced_after_it_was_listed_no_other_file_is_read_under_the_name(
    tmp_path: Path, names: list[str]
) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(zip_of({"a.png": picture(1), "b.png": picture(2), "d.png": picture(4)}))
    first, second, third = inputs_of([path]).items
    replaced = tmp_path / "other.zip"
    replaced.write_bytes(zip_of({name: picture(ord(name[0]) - 96) for name in names}))
    replaced.replace(path)
    assert first.read() == picture(1)
    with pytest.raises(ArchiveError, match="changed after its files were listed"):
        second.read()
    if len(names) == 3:
        assert third.read() == picture(4)
    else:
        with pytest.raises(ArchiveError, match="changed after its files were listed"):
            third.read()


def test_files_folders_and_archives_come_in_the_order_in_which_they_are_given(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b.png").write_bytes(picture(1))
    (folder / "a.zip").write_bytes(zip_of({"2.png": picture(2), "1.png": picture(3)}))
    (tmp_path / "first.png").write_bytes(picture(4))
    found = inputs_of([tmp_path / "first.png", folder, tmp_path / "gone.png"])
    names = [Path(item.name).relative_to(tmp_path).as_posix() for item in found.items]
    assert names == [
        "first.png",
        "folder/a.zip/1.png",
        "folder/a.zip/2.png",
        "folder/b.png",
        "gone.png",
    ]
    assert found.items[1].read() == picture(3)


@pytest.mark.parametrize("data", [b"", b"PK\3\4 and nothing else", b"x" * 1000])
def test_what_is_no_archive_is_one_file_that_says_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "set.zip").write_bytes(data)
    ((name, error),) = what_comes_of(tmp_path / "set.zip").items()
    assert name == str(tmp_path / "set.zip")
    assert "cannot be opened" in error


def test_of_an_archive_with_a_hole_every_file_has_its_reason() -> None:
    errors = what_comes_of(CASES / "18_archive_with_a_hole.zip").values()
    assert errors
    assert all(errors)


def test_a_table_of_contents_without_an_end_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "_MOST_CONTENTS_BYTES", 2000)
    with pytest.raises(ArchiveError, match="endless"):
        Archive(zip_of({f"{number}.png": b"x" for number in range(100)}))
    assert len(Archive(zip_of({"a.png": b"x"})).entries()) == 1


def test_an_archive_that_is_replaced_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    path.write_bytes(zip_of({"a.png": picture(1)}))
    (item,) = inputs_of([path]).items
    assert item.read() == picture(1)
    with zipfile.ZipFile(path, "a") as more:
        more.writestr("b.png", picture(2))
    assert len(inputs_of([path]).items) == 2


def test_an_archive_in_memory_is_read_without_a_copy() -> None:
    data = zip_of({"a.png": picture(1)})
    opened = Archive(data)
    (entry,) = opened.entries()
    assert opened.read(entry.number, entry.state) == picture(1)
    with zipfile.ZipFile(io.BytesIO(data)) as checked:
        assert checked.testzip() is None
