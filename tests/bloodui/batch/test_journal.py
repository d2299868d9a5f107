"""What is left of records after a kill, a power cut or a second command, and in what order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bloodui.batch.inputs import FaultyItem, Item
from bloodui.batch.journal import Journal
from bloodui.batch.pace import Pace, time_left
from bloodui.errors import CommandError


def record(name: str, state: str = "1", code: str = "") -> dict[str, object]:
    error = {"code": code, "message": "It failed."} if code else None
    reason = "Ä\n\u2028"
    return {"path": name, "state": state, "decision": None, "reason": reason, "error": error}


def items(*names: str, state: str = "1") -> list[Item]:
    return [FaultyItem(name=name, fault="", state=state) for name in names]


def names_in(path: Path) -> list[str]:
    return [json.loads(line)["path"] for line in path.read_bytes().split(b"\n")[:-1]]


def begun(path: Path, *names: str) -> bytes:
    """A journal of these records, as it is left; answer with its bytes."""
    with Journal(path) as journal:
        journal.append([record(name) for name in names])
    return path.read_bytes()


@pytest.mark.parametrize("kept_share", [0.001, 0.3, 0.7, 0.999])
def test_a_record_that_was_being_written_is_cut_off_and_its_file_is_left_to_be_read(
    tmp_path: Path, kept_share: float
) -> None:
    path = tmp_path / "records.jsonl"
    two = len(begun(path, "a", "b"))
    three = begun(path, "c")
    cut = two + max(1, int(kept_share * (len(three) - two)))
    path.write_bytes(three[:cut])
    with Journal(path) as journal:
        assert [item.name for item in journal.left_of(items("a", "b", "c"))] == ["c"]
        assert journal.n_bytes_cut == cut - two
        journal.append([record("c")])
    assert path.read_bytes() == three


@pytest.mark.parametrize(
    "others",
    [
        b'{"path": "a.png", "sha256": null, "decision": "answered"}\n',  # of `read` without --out
        b'{"path": "a.png", "decision": "answered"}',
        b"path,decision\na.png,answered\n",
        b"Notes of Monday",
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"[]\n",
    ],
    ids=["other records", "one without an end", "a table", "a note", "a picture", "a list"],
)
def test_what_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path, others: bytes) -> None:
    path = tmp_path / "records.jsonl"
    path.write_bytes(others)
    with pytest.raises(CommandError, match="something else than records"):
        Journal(path)
    assert path.read_bytes() == others
    path.unlink()
    both = begun(path, "a") + others
    path.write_bytes(both)
    with pytest.raises(CommandError, match="first in line 2"):
        Journal(path)
    assert path.read_bytes() == both


def test_what_a_power_cut_leaves_in_the_middle_costs_that_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    first = begun(path, "a")
    path.write_bytes(first + b"\0" * 50 + b"\n" + first.replace(b'"a"', b'"c"'))
    with Journal(path) as journal:
        assert [item.name for item in journal.left_of(items("a", "b", "c"))] == ["b"]
        journal.append([record("b")])
        journal.put_in_order(["a", "b", "c"])
        assert [each["path"] for each in journal.records(["c", "a"])] == ["c", "a"]
    assert names_in(path) == ["a", "b", "c"]


def test_a_file_that_was_changed_is_left_to_be_read_again_and_its_last_record_counts(
    tmp_path: Path,
) -> None:
    path = tmp_path / "records.jsonl"
    begun(path, "a", "b")
    with Journal(path) as journal:
        (left,) = journal.left_of([*items("a", state="2"), *items("b")])
        assert (left.name, "a" in journal, "b" in journal) == ("a", False, True)
        journal.append([record("a", "2")])
        journal.put_in_order(["a", "b"])
    with Journal(path) as journal:
        assert [each["state"] for each in journal.records(["a", "b"])] == ["2", "1"]
        assert list(journal) == ["a", "b"]
    assert names_in(path) == ["a", "b"]


def test_a_file_that_the_disk_did_not_give_and_a_map_that_it_did_not_take_are_tried_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "records.jsonl"
    codes = {"a": "", "b": "unreadable_file", "c": "map_not_written", "d": "not_an_image"}
    with Journal(path) as journal:
        journal.append([record(name, code=code) for name, code in codes.items()])
    with Journal(path) as journal:
        assert [item.name for item in journal.left_of(items(*codes))] == ["b", "c"]
        journal.append([record("b"), record("c")])
    with Journal(path) as journal:
        assert not journal.left_of(items(*codes))


def test_a_journal_in_order_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    begun(path, "a", "b")
    before = path.stat().st_ino
    with Journal(path) as journal:
        journal.put_in_order(["a", "b"])
    assert path.stat().st_ino == before


def test_a_second_command_is_refused_while_the_first_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with Journal(path), pytest.raises(CommandError, match="Another command"):
        Journal(path)
    with Journal(path) as journal:
        assert not len(journal)


def test_the_time_that_is_left_follows_from_the_pace_of_this_call() -> None:
    now = [0.0]
    pace = Pace(1000, n_before=400, clock=lambda: now[0])
    assert pace.in_words() == "400 of 1,000 images"
    now[0], pace.n_done = 60.0, 500
    assert pace.in_words() == "500 of 1,000 images, about 5 min left"
    assert [time_left(seconds) for seconds in (20, 3600, 5000)] == [
        "less than a minute",
        "about 1 h 0 min",
        "about 1 h 23 min",
    ]
