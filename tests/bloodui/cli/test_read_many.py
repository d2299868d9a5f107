"""`read --out`: stopped, killed and called again it reads every picture once, in order."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from bloodui.batch import pipeline
from bloodui.cli import progress
from bloodui.cli.main import main
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.image.micrograph import read_micrograph
from tests.bloodui.batch.zips import awkward_zip, picture, zip_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
N_PICTURES = 240


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small pictures, of an archive with some, and of a file that is none."""
    folder = tmp_path_factory.mktemp("many") / "pictures"
    folder.mkdir()
    for number in range(N_PICTURES):
        (folder / f"{number:03}.png").write_bytes(picture(number))
    (folder / "100.png").write_bytes(picture(7))  # twice there
    (folder / "050-archive.zip").write_bytes(
        zip_of({"one.png": picture(1001), "two.png": picture(1002)})
    )
    (folder / "060.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


@pytest.fixture
def read(
    tiny_bundle: Path,
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Call the command in this process, with a model that is loaded once."""
    monkeypatch.setattr("models.answer.loading.load_answerer", lambda directory, *, cache: model)

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main(line(tiny_bundle, *arguments))
        return status, *capsys.readouterr()

    return call


def line(bundle: Path, *arguments: object) -> list[str]:
    models = ["--model", bundle.name, "--models", str(bundle.parent)]
    return ["read", *models, *map(str, arguments)]


def records_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text("utf-8").splitlines()]


def command(bundle: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bloodui", *line(bundle, *arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_records(path: Path, n: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while not path.exists() or path.read_bytes().count(b"\n") < n:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)


def test_a_reading_that_is_stopped_then_killed_goes_on_and_reads_no_picture_twice(
    pictures: Path,
    tiny_bundle: Path,
    tmp_path: Path,
    read: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    records, summary = out / "records.jsonl", out / "records.summary.json"
    with command(tiny_bundle, "--out", out, pictures) as stopped:
        wait_for_records(records, 10, stopped)
        stopped.send_signal(signal.SIGINT)
        _, told = stopped.communicate(timeout=120)
    assert stopped.returncode == 130, told
    assert "Traceback" not in told
    assert "Stopping once" in told
    assert "the same command goes on" in told
    kept = records.read_bytes()
    so_far = json.loads(summary.read_text())
    assert so_far["is_complete"] is False
    assert 10 <= so_far["n_records"] == kept.count(b"\n") < N_PICTURES
    with command(tiny_bundle, "--out", out, pictures) as killed:
        wait_for_records(records, kept.count(b"\n") + 10, killed)
        killed.kill()
        killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert records.read_bytes().startswith(kept)
    with records.open("ab") as file:  # as if the kill had come in the midst of a record
        file.write(kept[: kept.index(b"\n") // 2])
    before = [json.loads(each) for each in records.read_bytes().split(b"\n")[:-1]]
    seen: list[bytes] = []
    monkeypatch.setattr(
        pipeline, "read_micrograph", lambda data: seen.append(data) or read_micrograph(data)
    )
    status, written, told = read("--out", out, pictures)
    assert (status, written) == (1, "")  # of the file that is none
    assert "is cut off" in told
    assert len(seen) == N_PICTURES + 3 - len(before)
    found = records_in(records)
    names = [Path(each["path"]).relative_to(pictures).as_posix() for each in found]
    assert names == sorted(names)
    assert len(set(names)) == len(names) == N_PICTURES + 3
    assert {"050-archive.zip/one.png", "060.txt", "239.png"} <= set(names)
    by_name = {each["path"]: each for each in found}
    assert all(by_name[each["path"]] == each for each in before)
    whole = json.loads(summary.read_text())
    assert whole["is_complete"] is True
    assert whole["n_records"] == whole["n_files"] == N_PICTURES + 3
    status, _, told = read("--out", out, pictures)  # and once more: nothing is left
    assert status == 1
    assert len(seen) == N_PICTURES + 3 - len(before)
    assert f": {N_PICTURES + 3} of {N_PICTURES + 3} images." in told


def test_tables_and_summary_say_what_the_records_say(
    pictures: Path, tmp_path: Path, read: Callable[..., tuple[int, str, str]]
) -> None:
    some = [pictures / f"{number:03}.png" for number in (7, 8, 9, 100)]
    status, out, told = read("--out", tmp_path / "out", *some, tmp_path / "gone.png")
    assert (status, out) == (1, "")
    found = records_in(tmp_path / "out" / "records.jsonl")
    with (tmp_path / "out" / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / "out" / "records.parquet").to_pylist()
    assert [each["path"] for each in found] == [*map(str, some), str(tmp_path / "gone.png")]
    for record, row, typed in zip(found, rows, table, strict=True):
        assert row["path"] == typed["path"] == record["path"]
        assert row["decision"] == (typed["decision"] or "") == (record["decision"] or "")
        if record["probabilities"]:
            assert float(row["p_Pro"]) == typed["p_Pro"] == record["probabilities"][3]
    assert [row["duplicate_group"] for row in rows] == ["1", "", "", "1", ""]
    assert [row["duplicate_group"] for row in table] == [1, None, None, 1, None]
    summary = json.loads((tmp_path / "out" / "records.summary.json").read_text())
    assert summary["decisions"] == {"answered": 4}
    assert sum(summary["classes"].values()) == 4
    assert summary["errors"] == {"unreadable_file": 1}
    assert summary["likely_duplicates"] == [[str(some[0]), str(some[3])]]
    assert "Given: 5 files. Read: 4. Not read: 1." in told
    assert "Errors: unreadable file (1)." in told
    assert "Likely duplicates: 2 files in 1 group." in told


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_a_file_is_written_in_the_form_that_its_ending_names(
    pictures: Path, tmp_path: Path, read: Callable[..., tuple[int, str, str]], form: str
) -> None:
    status, _, _ = read("--out", tmp_path / f"set.{form}", pictures / "000.png")
    assert status == 0
    written = {each.name for each in tmp_path.iterdir()}
    assert written == {"set.jsonl", "set.summary.json", f"set.{form}"}


def test_an_awkward_archive_gives_a_row_for_each_file_and_stops_nothing(
    tmp_path: Path, read: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "set.zip").write_bytes(awkward_zip())
    (tmp_path / "z.png").write_bytes(picture(1))
    status, out, told = read(tmp_path)
    found = {Path(each["path"]).name: each for each in map(json.loads, out.splitlines())}
    assert status == 1
    assert {name for name, each in found.items() if not each["error"]} == {
        "Blut-Ä.png",
        "b.png",
        "b.png [2]",
        "z.png",
    }
    assert found["secret.png"]["error"]["code"] == "archive"
    assert found["notes.txt"]["error"]["code"] == "not_an_image"
    assert "2 hidden files of the archive" in told


def test_records_of_another_model_or_of_other_files_are_not_mixed_with_these(
    pictures: Path,
    tmp_path: Path,
    read: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "set.csv"
    assert read("--out", out, pictures / "000.png", pictures / "001.png")[0] == 0
    before = out.read_bytes()
    status, _, told = read("--out", out, pictures / "000.png")
    assert (status, "1 file not among" in told) == (2, True)
    monkeypatch.setenv("BLOODUI_SET_LEVEL", "0.8")
    status, _, told = read("--out", out, pictures / "000.png", pictures / "001.png")
    assert (status, "another set_level" in told) == (2, True)
    monkeypatch.delenv("BLOODUI_SET_LEVEL")
    monkeypatch.setenv("BLOODUI_ERROR_LIMIT", "0.1")
    status, _, told = read("--out", out, pictures / "000.png", pictures / "001.png")
    assert (status, "another error_limit" in told) == (2, True)
    monkeypatch.delenv("BLOODUI_ERROR_LIMIT")
    # of a version that did not ask models how often they are wrong
    summary = tmp_path / "set.summary.json"
    asked = json.loads(summary.read_text("utf-8"))
    kept = summary.read_bytes()
    del asked["asked"]["error_limit"]
    summary.write_text(json.dumps(asked), encoding="utf-8")
    status, _, told = read("--out", out, pictures / "000.png", pictures / "001.png")
    assert (status, "another error_limit" in told) == (2, True)
    summary.write_bytes(kept)
    assert out.read_bytes() == before
    assert read("--out", out, *sorted(pictures.glob("00*.png")))[0] == 0  # more may be added
    assert len(records_in(tmp_path / "set.jsonl")) == 10
    (tmp_path / "set.summary.json").write_text("{}")
    status, _, told = read("--out", out, *sorted(pictures.glob("00*.png")))
    assert (status, "Expected asked" in told) == (2, True)


@pytest.mark.parametrize("name", ["set.jsonl", "set.csv"])
def test_a_file_of_somebody_elses_is_not_overwritten(
    pictures: Path, tmp_path: Path, read: Callable[..., tuple[int, str, str]], name: str
) -> None:
    (tmp_path / name).write_text("of somebody else\n")
    status, _, told = read("--out", tmp_path / "set.csv", pictures / "000.png")
    assert (status, f"{name} is there already" in told) == (2, True)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        name: "of somebody else\n"
    }


@pytest.mark.parametrize("name", ["set.jsonl", "set.csv"])
def test_a_file_of_somebody_elses_beside_an_earlier_summary_is_not_overwritten(
    pictures: Path, tmp_path: Path, read: Callable[..., tuple[int, str, str]], name: str
) -> None:
    form = "jsonl" if name == "set.csv" else "parquet"
    assert read("--out", tmp_path / f"set.{form}", pictures / "000.png")[0] == 0
    _, without_state, _ = read(pictures / "000.png")
    (tmp_path / name).write_text(without_state)
    assert read("--out", tmp_path / "set.csv", pictures / "000.png")[0] == 2
    assert (tmp_path / name).read_text() == without_state


def test_a_file_that_was_changed_is_read_again_and_the_folder_of_records_is_none_of_pictures(
    pictures: Path, tmp_path: Path, read: Callable[..., tuple[int, str, str]]
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture(number))
    assert read("--out", tmp_path, tmp_path)[0] == 0
    before = records_in(tmp_path / "records.jsonl")
    (tmp_path / "1.png").write_bytes(picture(77))
    os.utime(tmp_path / "1.png", ns=(1, 1))
    assert read("--out", tmp_path, tmp_path)[0] == 0
    after = records_in(tmp_path / "records.jsonl")
    assert [each["path"] for each in after] == [each["path"] for each in before]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_a_form_and_a_file_together_are_refused(
    pictures: Path, tmp_path: Path, read: Callable[..., tuple[int, str, str]]
) -> None:
    status, _, told = read("--format", "csv", "--out", tmp_path / "a.csv", pictures)
    assert (status, "--format" in told) == (2, True)
    assert not list(tmp_path.iterdir())


def test_where_there_is_no_terminal_lines_say_how_far_it_is_and_how_long_it_takes(
    pictures: Path,
    read: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    status, out, told = read(*sorted(pictures.glob("00*.png")))
    assert status == 0
    assert len(out.splitlines()) == 10
    assert "7 of 10 images, less than a minute left." in told
    assert "10 of 10 images, less than a minute left." in told


def test_a_picture_at_which_the_program_fails_is_a_record_and_the_others_go_on(
    pictures: Path, read: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = pipeline.opinions_on

    def fails_at_one(micrographs: Any, *arguments: Any, **named: Any) -> Any:
        if any(each.sha256 == bad for each in micrographs):
            raise ValueError("what nobody thought of")
        return asked(micrographs, *arguments, **named)

    bad = read_micrograph(picture(3)).sha256
    monkeypatch.setattr(pipeline, "opinions_on", fails_at_one)
    status, out, _ = read(*sorted(pictures.glob("00*.png")))
    found = [json.loads(text) for text in out.splitlines()]
    assert status == 1
    assert [number for number, each in enumerate(found) if each["error"]] == [3]
    assert found[3]["error"]["code"] == "unexpected"
    assert "nobody thought" not in found[3]["error"]["message"]


def test_files_whose_names_look_the_same_have_a_record_each_and_are_read_once(
    tmp_path: Path, read: Callable[..., tuple[int, str, str]]
) -> None:
    folder = tmp_path / "alike"
    folder.mkdir()
    for number, letter in enumerate((b"\xfc", b"\xf6")):
        Path(os.fsdecode(os.fsencode(folder) + b"/M" + letter + b"ller.png")).write_bytes(
            picture(number)
        )
    out = tmp_path / "out"
    for _ in range(2):
        assert read("--out", out, folder)[0] == 0
        found = records_in(out / "records.jsonl")
        assert [each["path"].removeprefix(f"{folder}/") for each in found] == [
            "M\ufffdller.png",
            "M\ufffdller.png [2]",
        ]
        assert len({each["sha256"] for each in found}) == 2
