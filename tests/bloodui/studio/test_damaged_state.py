"""A state folder in disorder: every page says so in a sentence, and the rest of it works."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.bloodui.app_pages import APP, page_text
from tests.models.test_files import files_at_most
from training.jobs import JobRequest
from training.jobs.folder import JobFolder
from training.jobs.record import State

pytestmark = pytest.mark.slow

Harm = Callable[[Path], object]
CASES = Path(__file__).parents[2] / "cases"
PAGES = ("second_opinion", "quiz", "training", "evaluation", "registry")
JOBS = ("20260101-000000-000000-0000", "20260102-000000-000000-0000")


def file_for(name: str) -> Harm:
    """A file stands where a folder is expected, so that nothing is read or written there."""
    return lambda state: (state / name).write_bytes(b"")


def two_jobs(state: Path) -> None:
    """A run that failed, and one whose files say what nobody expects."""
    for name, called in zip(JOBS, ("the-whole-one", "the-odd-one"), strict=True):
        (state / "jobs" / name).mkdir(parents=True)
        folder = JobFolder(state / "jobs" / name)
        folder.write_request(JobRequest(recipe="", index=Path("/index.csv"), name=called))
        folder.write_state(State(state="failed", submitted=1.0, queued=1.0, message="It ended."))


def odd_state(text: bytes) -> Harm:
    def harm(state: Path) -> None:
        two_jobs(state)
        (state / "jobs" / JOBS[1] / "state.json").write_bytes(text)

    return harm


def foreign_history(state: Path) -> None:
    (state / "registry").mkdir()
    (state / "registry" / "history.jsonl").write_bytes("Äußerung\n".encode("cp1252") * 3)


HARM: dict[str, tuple[Harm, str, str]] = {
    "runs are a file": (file_for("jobs"), "training", "The folder of the runs cannot be read"),
    "the registry is a file": (file_for("registry"), "registry", "registry's folder cannot be"),
    "the history is of another encoding": (foreign_history, "registry", "history.jsonl"),
    "a run without a state": (odd_state(b""), "training", "state.json"),
    "a run that is nested without end": (odd_state(b"[" * 100_000), "training", "state.json"),
    "a run of a huge process": (
        odd_state(
            b'{"state":"running","submitted":1,"queued":0,"pid":%d,"process_started":1e300,'
            b'"started":1e308}' % 10**30
        ),
        "training",
        "the-whole-one",
    ),
    "a run of half a character": (
        odd_state(b'{"state":"\\ud800","submitted":1,"queued":0}'),
        "training",
        "state.json",
    ),
}


@pytest.fixture
def state(model_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_STATE", str(tmp_path / "state"))
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(model_root))
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def opened(name: str) -> AppTest:
    """A page, with the tab open that lists runs where it has one."""
    page = AppTest.from_file(str(APP), default_timeout=300).run()
    page.session_state["training"] = "Runs"
    return page.switch_page(f"pages/{name}.py").run()


@pytest.mark.parametrize("harm", HARM)
def test_every_page_opens_and_the_one_that_is_hit_says_why(harm: str, state: Path) -> None:
    damage, hit, words = HARM[harm]
    damage(state)
    for name in PAGES:
        page = opened(name)
        assert not page.exception, (name, page.exception[0].value)
        assert page.title or name in ("second_opinion", "quiz"), name
        if name == hit:
            assert words in page_text(page).replace("\\", ""), name


def test_an_odd_run_does_not_hide_the_others(state: Path) -> None:
    odd_state(b"\xff\xfe")(state)
    said = page_text(opened("training")).replace("\\", "")
    assert "the-whole-one" in said
    assert "the-odd-one" in said


def test_a_full_disk_is_told_and_the_runs_are_still_there(state: Path) -> None:
    two_jobs(state)
    page = opened("training")
    resume = next(button for button in page.button if button.key == f"resume-{JOBS[0]}")
    with files_at_most(0):
        page = resume.click().run()
    assert not page.exception
    said = page_text(page).replace("\\", "")
    assert "The folder of the runs cannot be read or written" in said
    assert "the-whole-one" in said


def test_case_18_is_refused_on_the_page_and_the_rest_of_it_works(state: Path) -> None:
    page = opened("registry")
    data = (CASES / "18_archive_with_a_hole.zip").read_bytes()
    page.file_uploader[0].set_value([("model.zip", data, "application/zip")])
    reason = next(each for each in page.text_input if each.label.startswith("Why it is imported"))
    reason.set_value("From a colleague.")
    page = next(button for button in page.button if button.label == "Import").click().run()
    assert not page.exception
    assert "The .zip file cannot be read" in page_text(page)
    assert any(button.label == "Prepare the file" for button in page.button)
    assert not list((state / "registry").rglob("manifest.json"))
