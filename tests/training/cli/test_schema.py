"""The committed JSON schemas are those of the code, and what is stored keeps to them."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from models.architectures import HEADS
from models.bundle.folder import SHIPPED_ROOT
from tests.training.jobs.test_folder import FILES
from tests.training.registry.test_history import CHECKPOINT, LINES
from training.__main__ import main
from training.recipes.recipe import RECIPES, TASKS
from training.studies.plan import STUDIES

ROOT = Path(__file__).resolve().parents[3]
COMMITTED = ROOT / "docs" / "schema"


def stored() -> dict[str, list[tuple[str, Any]]]:
    """Name of a schema → name and content of everything at hand that it describes."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for kind in ("manifest", "card"):
        paths = SHIPPED_ROOT.glob(f"*/*{kind}.json")
        found[kind] = [(path.parent.name, json.loads(path.read_bytes())) for path in paths]
    for kind, folder in (("recipe", RECIPES), ("task", TASKS), ("study", STUDIES)):
        paths = [path for path in folder.glob("*.toml") if path.stem != "claims"]
        found[kind] = [(path.stem, tomllib.loads(path.read_text("utf-8"))) for path in paths]
    found["head"] = [(name, head.to_dict()) for name, head in HEADS.items()]
    found["job"] = [("request", json.loads(FILES["request.json"]))]
    found["job-state"] = [("state", json.loads(FILES["state.json"]))]
    found["job-heartbeat"] = [("heartbeat", json.loads(FILES["heartbeat.json"]))]
    lines = FILES["epochs.jsonl"].splitlines()
    found["job-epoch"] = [("epoch", json.loads(line)) for line in lines]
    found["registry-event"] = [("line", json.loads(line)) for line in LINES.splitlines()]
    found["registry-checkpoint"] = [("checkpoint", json.loads(CHECKPOINT % ("0" * 64)))]
    return found


def complaints(kind: str, content: Any) -> list[str]:
    schema = json.loads((COMMITTED / f"{kind}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return [error.message for error in Draft202012Validator(schema).iter_errors(content)]


def test_the_committed_schemas_are_those_that_the_command_writes(tmp_path: Path) -> None:
    assert main(["schema", "--out", str(tmp_path)]) == 0
    written = {path.name: path.read_text("utf-8") for path in tmp_path.glob("*.json")}
    command = [sys.executable, "-m", "bloodui", "settings"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    written["settings.json"] = done.stdout
    committed = {path.name: path.read_text("utf-8") for path in COMMITTED.glob("*")}
    assert written == committed, "run `python -m training schema --out docs/schema`"


@pytest.mark.parametrize("kind", list(stored()))
def test_what_is_stored_keeps_to_its_schema(kind: str) -> None:
    things = stored()[kind]
    assert things
    assert {
        name: complaints(kind, content) for name, content in things if complaints(kind, content)
    } == {}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("manifest", {"temperature": 0}),
        ("manifest", {"modality": "x-ray"}),
        ("manifest", {"colour": "red"}),
        ("card", {"summary": 3}),
        ("recipe", {"seed": -1}),
        ("recipe", {"steps": [{"name": "resize", "parameters": {"size_px": 3}}]}),
        ("recipe", {"steps": [{"name": "resize", "parameters": {"size": 224}}]}),
        ("recipe", {"split": []}),
        ("task", {"modality": "x-ray"}),
        ("study", {"bench": ["tea leaves"]}),
        ("head", {"pooling": "min"}),
        ("job", {"name": "../etc"}),
        ("job-state", {"state": "asleep"}),
        ("registry-event", {"deed": "destroy"}),
        ("registry-event", {"bundle_id": "../c"}),
        ("registry-event", {"colour": "red"}),
        ("registry-checkpoint", {"n_lines": -1}),
        ("registry-checkpoint", {"aliases": {"all-subtypes": "../a"}}),
    ],
)
def test_what_breaks_a_rule_breaks_the_schema(kind: str, change: dict[str, Any]) -> None:
    _, content = stored()[kind][0]
    assert complaints(kind, content | change)


def test_every_setting_is_listed_with_its_meaning() -> None:
    schema = json.loads((COMMITTED / "settings.json").read_text("utf-8"))
    assert len(schema["properties"]) == 13
    assert all(each["description"] for each in schema["properties"].values())
