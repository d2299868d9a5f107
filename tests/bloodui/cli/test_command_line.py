"""The command line writes one record an image, whatever the files are, and says how it went."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bloodui.cli.main import main
from bloodui.inventory import installed_in
from bloodui.settings import settings_from
from models.answer.answer_bound import emptied_curve
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.bundle.card import parse_card
from models.bundle.folder import folder_beside, pin_bundle, read_bundle, seal_bundle
from models.bundle.pins import read_pins, write_pins
from models.table_cell import as_cell
from tests.test_house import sha256_of
from tests.training.evaluated import evaluated_bundle

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT / "tests" / "cases" / "data"
KEYS = {
    "path",
    "sha256",
    "model",
    "intended_use",
    "classes",
    "probabilities",
    "top_class",
    "decision",
    "reason",
    "notes",
    "prediction_set",
    "domain",
    "members",
    "quality",
    "saliency",
    "error",
}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with two drawn images, one of them cut off, and a hidden file."""
    rgb = np.full((120, 160, 3), (228, 224, 236), np.uint8)
    cv2.circle(rgb, (60, 60), 25, (130, 48, 92), -1, cv2.LINE_AA)
    folder = tmp_path / "images"
    (folder / "more").mkdir(parents=True)
    png = cv2.imencode(".png", rgb)[1].tobytes()
    (folder / "Doe^John.png").write_bytes(png)
    (folder / "more" / "cut-off.png").write_bytes(png[: len(png) // 2])
    (folder / ".hidden").write_text("not an image")
    return folder


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


@pytest.fixture
def ask(
    tiny_bundle: Path,
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    """Run the command line in this process; answer with exit status, stdout and stderr.

    The model is loaded once for all tests, which saves a second each.
    """
    monkeypatch.setattr("models.answer.loading.load_model", lambda directory: model)

    def run(command: str, *arguments: object) -> tuple[int, str, str]:
        line = [command, "--models", str(tiny_bundle.parent), *map(str, arguments)]
        if command == "read":
            line[1:1] = ["--model", tiny_bundle.name]
        status = main(line)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_every_file_gets_a_record_and_a_bad_one_gets_its_error(ask: Any, images: Path) -> None:
    status, out, told = ask("read", images)
    assert "1 of 2 files could not be read; see error." in told
    good, bad = (json.loads(line) for line in out.splitlines())
    assert status == 1
    assert set(good) == set(bad) == KEYS
    assert good["path"] == str(images / "Doe^John.png")
    assert good["error"] is None
    assert good["model"] == "tiny-efficientnet-lite0"
    assert good["classes"] == ["Benign", "Early", "Pre", "Pro"]
    assert sum(good["probabilities"]) == pytest.approx(1)
    assert good["top_class"] == good["classes"][int(np.argmax(good["probabilities"]))]
    assert good["decision"] == "answered"
    assert good["top_class"] in good["reason"]
    assert good["quality"]["verdict"] in ("good", "usable")
    assert good["intended_use"] == "For tests of this program only."
    assert len(good["sha256"]) == 64
    assert bad["path"] == str(images / "more" / "cut-off.png")
    assert bad["error"]["code"] == "truncated_image"
    assert bad["error"]["message"]
    assert bad["probabilities"] is None


def test_status_is_0_where_every_file_was_read(ask: Any, images: Path) -> None:
    status, out, told = ask("read", images / "Doe^John.png")
    assert status == 0
    assert "could not be read" not in told
    assert len(out.splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_is_no_file_gets_an_error_and_the_rest_go_on(
    ask: Any, images: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    status, out, _ = ask("read", tmp_path / "gone.png", tmp_path / "pipe", images / "Doe^John.png")
    missing, pipe, good = (json.loads(line) for line in out.splitlines())
    assert status == 1
    assert missing["error"]["code"] == pipe["error"]["code"] == "unreadable_file"
    assert "No such file" in missing["error"]["message"]
    assert good["error"] is None


def test_csv_has_a_column_a_class_and_the_same_figures_as_jsonl(ask: Any, images: Path) -> None:
    _, out, _ = ask("read", images)
    records = [json.loads(line) for line in out.splitlines()]
    status, out, told = ask("read", "--format", "csv", images)
    good, bad = csv.DictReader(io.StringIO(out))
    assert status == 1
    why = "1 of 2 files could not be read; see the columns error_code and error_message."
    assert told.splitlines()[-1] == f"python -m bloodui read: {why}"
    columns = [float(good[f"p_{name}"]) for name in records[0]["classes"]]
    assert columns == pytest.approx(records[0]["probabilities"])
    assert good["top_class"] == records[0]["top_class"]
    assert good["sha256"] == records[0]["sha256"]
    assert good["quality"] == records[0]["quality"]["verdict"]
    assert bad["error_code"] == "truncated_image"
    assert bad["p_Benign"] == ""


def test_a_file_name_that_is_a_formula_is_only_text_in_csv(
    ask: Any, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "=HYPERLINK(A1).png"
    shutil.copy(images / "Doe^John.png", images / name)
    monkeypatch.chdir(images)
    _, out, _ = ask("read", "--format", "csv", name)
    assert next(csv.DictReader(io.StringIO(out)))["path"] == f"'{name}"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", " ="])
def test_cells_that_begin_like_a_formula_are_marked_as_text(start: str) -> None:
    assert as_cell(f"{start}1") == f"'{start}1"


def test_numbers_stay_numbers_in_cells() -> None:
    assert as_cell(-0.5) == "-0.5"
    assert as_cell(None) == ""


def test_maps_are_written_under_the_images_hash_and_never_its_name(
    ask: Any, images: Path, tmp_path: Path
) -> None:
    status, out, _ = ask("read", "--saliency", tmp_path / "maps", images / "Doe^John.png")
    record = json.loads(out)
    expected = f"{record['sha256'][:16]}-tiny-efficientnet-lite0.png"
    assert status == 0
    assert [path.name for path in (tmp_path / "maps").iterdir()] == [expected]
    assert record["saliency"]["file"] == expected
    assert record["saliency"]["class"] == record["top_class"]
    drawn = cv2.imread(str(tmp_path / "maps" / expected))
    original = cv2.imread(str(images / "Doe^John.png"))
    assert drawn.shape == original.shape
    assert (drawn != original).any()
    # Of a method that was never checked it is grey: blue and red come nearer to one another.
    apart = [np.abs(each[..., 0].astype(int) - each[..., 2]) for each in (drawn, original)]
    assert (apart[0] <= apart[1] + 3).all()


def test_a_linked_folder_and_a_name_that_is_too_long_are_records_and_the_rest_goes_on(
    ask: Any, images: Path
) -> None:
    (images / "round").symlink_to(images, target_is_directory=True)
    status, out, _ = ask("read", images, images / f"{'x' * 300}.png", images / "Doe^John.png")
    errors = {Path(each["path"]).name: each["error"] for each in map(json.loads, out.splitlines())}
    assert status == 1
    assert errors["round"]["message"].startswith("The file cannot be read")
    assert "too long" in errors[f"{'x' * 300}.png"]["message"]
    assert errors["Doe^John.png"] is None


def test_a_linked_folder_is_read_once_and_what_is_hidden_is_told(
    ask: Any, images: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(CASES / "linked", tmp_path / "linked")
    (folder / "Pro" / "batch2").unlink()
    (folder / "Pro" / "batch2").symlink_to("../.store", target_is_directory=True)
    (folder / "Pro" / "again").symlink_to("../Benign", target_is_directory=True)
    status, out, err = ask("read", folder)
    records = {Path(each["path"]): each["error"] for each in map(json.loads, out.splitlines())}
    read = {path.relative_to(folder).as_posix() for path, error in records.items() if not error}
    assert status == 1
    assert read == {
        *(f"{label}/{number}.jpg" for label in ("Benign", "Pro") for number in range(3)),
        *(f"Pro/batch2/{number}.jpg" for number in range(3, 9)),
    }
    assert "read in its own place" in records[folder / "Pro" / "again"]["message"]
    assert "left out: " in err
    assert ".store: a hidden folder with 6 files in it" in err


def test_a_map_that_cannot_be_written_costs_no_answer(ask: Any, images: Path) -> None:
    maps = images.parent / "maps"
    status, out, _ = ask("read", images / "Doe^John.png", "--saliency", maps)
    (written,) = maps.iterdir()
    written.unlink()
    written.mkdir()  # a folder is in its place
    (written / "kept").touch()
    status, out, _ = ask("read", images / "Doe^John.png", "--saliency", maps)
    record = json.loads(out)
    assert status == 1
    assert record["error"]["code"] == "map_not_written"
    assert record["probabilities"]
    assert record["saliency"]["file"] is None


def test_without_saliency_no_map_is_made(ask: Any, images: Path) -> None:
    _, out, _ = ask("read", images / "Doe^John.png")
    assert json.loads(out)["saliency"] is None


def test_an_unknown_model_is_refused_with_those_that_are_known(
    ask: Any, images: Path, tiny_bundle: Path
) -> None:
    status, out, err = ask("read", "--model", "no-such-model", images)
    assert (status, out) == (2, "")
    assert "no-such-model" in err
    assert tiny_bundle.name in err


def test_a_tampered_model_is_refused_by_file(
    images: Path, tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tiny_bundle.parent, tmp_path / "root")
    (tmp_path / "root" / tiny_bundle.name / "card.json").write_text("{}")
    line = ["read", "--models", str(tmp_path / "root"), "--model", tiny_bundle.name, str(images)]
    assert main(line) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "card.json" in captured.err


def test_a_folder_without_files_is_said_to_be_empty(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    status, out, err = ask("read", tmp_path / "empty")
    assert (status, out) == (2, "")
    assert "empty" in err


def test_models_are_listed_as_json(ask: Any, tiny_bundle: Path) -> None:
    status, out, _ = ask("models")
    listed = {model["id"]: model for model in json.loads(out)}
    assert status == 0
    assert listed[tiny_bundle.name]["classes"] == ["Benign", "Early", "Pre", "Pro"]
    assert listed[tiny_bundle.name]["is_default"] is False
    assert listed[tiny_bundle.name]["intended_use"]
    assert listed[tiny_bundle.name]["answers_from"] == 0
    assert listed["lymphoma-subtypes-efficientnet-lite0"]["answers_from"] is None


def test_a_model_that_reads_the_picture_is_listed_as_one_that_never_answers(
    ask: Any, tiny_bundle: Path, tmp_path: Path
) -> None:
    contents = read_bundle(tiny_bundle)
    emptied = emptied_curve(np.full(20, 0.9999), np.ones(20, bool))
    manifest = contents.manifest.changed(id="reads-the-picture", emptied=emptied)
    with folder_beside(tmp_path / "reads-the-picture") as folder:
        for name, data in contents.files.items():
            (folder / name).write_bytes(data)
        seal_bundle(folder, manifest, parse_card(contents.files["card.json"]))
    pin_bundle(tmp_path / "root", tmp_path / "reads-the-picture")
    status, out, _ = ask("models", "--models", tmp_path / "root")
    listed = {model["id"]: model for model in json.loads(out)}
    assert status == 0
    assert listed["reads-the-picture"]["answers_from"] is None


def test_models_with_faults_are_told_and_the_sound_ones_listed_as_the_pages_list_them(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(tiny_bundle.parent, root)
    for name in ("altered", "gone", "stranger"):
        evaluated_bundle(tiny_bundle, root, name, network=b"x")
    pinned = {name: sha256_of(root / name / "manifest.json") for name in ("altered", "gone")}
    write_pins(root, {**(read_pins(root) or {}), **pinned})
    (root / "altered" / "manifest.json").write_bytes(b"{}")
    shutil.rmtree(root / "gone")
    done = subprocess.run(
        [sys.executable, "-m", "bloodui", "models", "--models", str(root)],
        cwd=ROOT,
        env=os.environ | {"BLOODUI_MODELS": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    roots = (*settings_from(os.environ).bundle_roots, root)
    offered = [model.manifest.id for model in installed_in(roots).models]
    assert tiny_bundle.name in offered
    assert [model["id"] for model in json.loads(done.stdout)] == offered
    faults = [line for line in done.stderr.splitlines() if "models: error: " in line]
    assert len(faults) == 3
    for name in ("altered", "gone", "stranger"):
        assert sum(f"'{name}'" in fault for fault in faults) == 1


def test_a_further_folder_can_come_from_the_environment(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOODUI_MODELS", str(tiny_bundle.parent))
    monkeypatch.setenv("BLOODUI_MODEL", tiny_bundle.name)
    assert main(["models"]) == 0
    listed = {model["id"]: model for model in json.loads(capsys.readouterr().out)}
    assert listed[tiny_bundle.name]["is_default"] is True


def test_as_a_program_nothing_but_records_reaches_stdout(images: Path, tiny_bundle: Path) -> None:
    command = ["read", "--models", tiny_bundle.parent, "--model", tiny_bundle.name, images]
    done = subprocess.run(
        [sys.executable, "-m", "bloodui", *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert [json.loads(line)["error"] is None for line in done.stdout.splitlines()] == [True, False]


@pytest.mark.parametrize("command", [["--help"], ["read", "--help"], ["models", "--help"]])
def test_help_says_what_it_is_not_for(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0
    assert "not for diagnosis" in " ".join(capsys.readouterr().out.split())
