"""A run refuses to start on a leak, or says on its card, in red, that it was told to."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.bundle.card import (
    AllowedLeak,
    Card,
    read_card,
    write_card,
)
from tests.training.drawn_recipe import drawn_recipe
from training.__main__ import main
from training.audits.gate import REPORT_FILE, pass_leakage_audit
from training.data.collection import Collection, collect
from training.data.index import read_index
from training.errors import LeakageError, RecipeError
from training.recipes.recipe import Recipe, parse_recipe
from training.recipes.toml_file import parse_toml
from training.runs.folds import prepare
from training.runs.run import run

pytestmark = pytest.mark.slow

ALLOW = 'allow_leaks = ["label-from-size"]\n'


def recipe(head: str = "") -> Recipe:
    text = head + drawn_recipe(split='kind = "grouped", test = 0.34, validation = 0.34')
    return parse_recipe(parse_toml(text, name="drawn"), name="drawn-leaks")


@pytest.fixture(scope="module")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise of four classes, four patients each; the pictures of one class are wider."""
    folder = tmp_path_factory.mktemp("sizes")
    rng = np.random.default_rng(0)
    rows = [["path", "dataset", "label", "group"]]
    for label, side in (("Benign", 72), ("Early", 64), ("Pre", 64), ("Pro", 64)):
        for number in range(12):
            name = f"{label}-{'abcdefghijkl'[number]}.png"
            pixels = rng.integers(0, 255, (64, side, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name)
            rows.append([name, "synthetic", label, f"{label}-{number // 3}"])
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return folder / "index.csv"


@pytest.fixture(scope="module")
def collected(index_path: Path) -> Collection:
    return collect(recipe(), read_index(index_path))


def test_a_run_on_a_leak_ends_before_training_and_says_how_to_go_on(
    index_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(LeakageError, match="label-from-size") as raised:
        run(recipe(), read_index(index_path), tmp_path)
    assert 'allow_leaks = ["label-from-size"]' in str(raised.value)
    report = json.loads((tmp_path / REPORT_FILE).read_text())
    assert [finding["name"] for finding in report["findings"]] == ["label-from-size"]
    assert [path.name for path in tmp_path.iterdir()] == [REPORT_FILE]


def test_folds_of_a_cluster_are_not_prepared_on_a_leak(
    collected: Collection, tmp_path: Path
) -> None:
    with pytest.raises(LeakageError):
        prepare(recipe(), collected, tmp_path)
    assert not (tmp_path / "features.npy").exists()


def test_what_a_recipe_allows_stands_on_the_card_of_its_model(
    index_path: Path, tmp_path: Path
) -> None:
    run(recipe(ALLOW), read_index(index_path), tmp_path)
    (leak,) = read_card(tmp_path / "bundle" / "card.json").allowed_leaks
    assert leak.name == "label-from-size"
    assert "balanced accuracy 0.50" in leak.finding


def test_allowing_what_is_not_there_stamps_nothing(collected: Collection, tmp_path: Path) -> None:
    rgb = collected.pictures.rgb
    assert len(rgb) == 48
    allowed = recipe('allow_leaks = ["label-from-size", "label-from-source"]\n')
    stamped = pass_leakage_audit(allowed, collected, tmp_path)
    assert [leak.name for leak in stamped] == ["label-from-size"]


def test_an_unknown_leak_is_refused_by_key_and_value() -> None:
    with pytest.raises(RecipeError, match=r"allow_leaks.*groups-across-sides.*'everything'"):
        recipe('allow_leaks = ["everything"]\n')


def test_a_card_from_before_the_audit_has_no_allowed_leaks(tmp_path: Path) -> None:
    card = Card(summary="s", sources=(), evaluations=(), limits=())
    stamped = card.changed(allowed_leaks=(AllowedLeak(name="label-from-size", finding="F."),))
    for each in (card, stamped):
        write_card(each, tmp_path / "card.json")
        assert read_card(tmp_path / "card.json") == each
    old = json.loads((tmp_path / "card.json").read_text())
    del old["allowed_leaks"]
    (tmp_path / "card.json").write_text(json.dumps(old))
    assert read_card(tmp_path / "card.json").allowed_leaks == ()


def test_the_command_writes_findings_for_people_and_as_json(
    index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, head, status in (("refused", "", 1), ("allowed", ALLOW, 0)):
        path = tmp_path / f"{name}.toml"
        path.write_text(head + drawn_recipe(split='kind = "grouped", test = 0.34'))
        assert main(["audit", str(path), "--index", str(index_path)]) == status
        assert "label-from-size" in capsys.readouterr().out
    assert main(["audit", str(path), "--index", str(index_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["allowed"] == ["label-from-size"]


def test_the_command_audits_somebody_elses_split(
    index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, split = tmp_path / "allowed.toml", tmp_path / "theirs.csv"
    path.write_text(ALLOW + drawn_recipe())
    rows = ["path,part", "Benign-a.png,train", "Benign-b.png,test", "Pre-a.png,train"]
    split.write_text("\n".join(rows))
    words = ["audit", str(path), "--index", str(index_path), "--split", str(split)]
    assert main(words) == 1
    written = capsys.readouterr().out
    assert "groups-across-sides (a run would refuse): 1 of 16 known" in written
    assert "theirs split" in written
    split.write_text("\n".join([*rows, "Pre-b.png,exam"]))
    assert main(words) == 2
    assert "train, validation, test" in capsys.readouterr().err
