"""The promises that the repository makes to whoever clones it."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

from models.bundle.folder import read_manifest

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "models" / "shipped"
MOST_SHIPPED_BYTES = 100 * 2**20
DEMO = Path("demo")
MOST_DEMO_FIELDS = 12
PICTURES = {".bmp", ".dcm", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def shipped_manifests() -> list[tuple[str, Path]]:
    """The SHA-256 and the path of every manifest that SHA256SUMS pins."""
    lines = (SHIPPED / "SHA256SUMS").read_text("utf-8").splitlines()
    return [(sha256, SHIPPED / name) for sha256, name in (line.split(maxsplit=1) for line in lines)]


def requirements(name: str) -> list[str]:
    """The lines of a requirements file that ask for a distribution."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("#", "-r "))]


def committed_files() -> list[Path]:
    """Paths that git knows, relative to the repository."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git clone")
    return [Path(name) for name in listed.stdout.split("\0") if name]


def test_every_page_is_in_the_navigation() -> None:
    tree = ast.parse((ROOT / "app.py").read_text("utf-8"))
    named = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    pages = {f"pages/{page.name}" for page in (ROOT / "pages").glob("[!_]*.py")}
    assert pages, "there is no page"
    assert pages == {text for text in named if text.startswith("pages/")}


def test_app_runs_every_page_behind_the_gate_and_from_the_visitors_own_tray() -> None:
    tree = ast.parse((ROOT / "app.py").read_text("utf-8"))
    show = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "show")
    calls = [ast.unparse(n.func) for n in ast.walk(show) if isinstance(n, ast.Call)]
    assert calls.count("page.run") == calls.count("session.page") == 1
    lines = [ast.unparse(node) for node in show.body]
    begun, *_, run = lines[-1].splitlines()
    assert begun == "with session.page(page.title, tray_key(settings)):"
    assert run.strip() == "page.run()"
    gate = next(number for number, line in enumerate(lines) if "pass_gate(" in line)
    assert all("st.navigation" not in line for line in lines[:gate])


def test_shipped_bundles_are_the_pinned_ones_byte_for_byte() -> None:
    pinned = shipped_manifests()
    assert {manifest for _, manifest in pinned} == set(SHIPPED.glob("*/manifest.json"))
    for sha256, manifest in pinned:
        assert sha256_of(manifest) == sha256, f"{manifest.parent.name} isn't what was pinned"
        expected = json.loads(manifest.read_text("utf-8"))["files"]
        found = {
            file.relative_to(manifest.parent).as_posix(): sha256_of(file)
            for file in manifest.parent.rglob("*")
            if file.is_file() and file != manifest
        }
        for number, member in enumerate(read_manifest(manifest.parent).members, start=1):
            prefix = f"member-{number}."
            lent = [name for name in expected if name.startswith(prefix) and name not in found]
            for name in lent:
                found[name] = sha256_of(SHIPPED / member.id / name.removeprefix(prefix))
        assert found == expected, manifest.parent.name


def test_shipped_bundles_stay_within_100_mib() -> None:
    total = sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file())
    assert 0 < total <= MOST_SHIPPED_BYTES, f"{total / 2**20:.1f} MiB"


@pytest.mark.parametrize("name", [f"requirements{of}.txt" for of in ("", "-ray", "-dev")])
def test_every_requirement_is_pinned_to_what_is_installed(name: str) -> None:
    for line in requirements(name):
        distribution, _, pinned = line.partition("==")
        assert pinned == version(distribution.partition("[")[0]), line


def test_no_message_says_only_that_it_received_another() -> None:
    # A value that is not allowed is shown; whatever else went wrong is said in its own words.
    mould = re.compile(r"Expected .*received (another|others?|one|none|a second)\b")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("models", "drawn", "training", "bloodui", "pages")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr | ast.Constant) and mould.search(ast.unparse(node))
    ]
    assert not found, "What happened, and what to do? " + ", ".join(found)


def test_the_server_keeps_to_this_machine_and_to_itself() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["enableXsrfProtection"] is True
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"


def test_the_server_takes_the_largest_archive_and_each_uploader_has_its_own_limit() -> None:
    from bloodui.second_opinion.many import MOST_FILE_MB

    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["maxUploadSize"] == MOST_FILE_MB
    without = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "bloodui").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "st.file_uploader"
        and "max_upload_size" not in {each.arg for each in node.keywords}
    ]
    assert not without, "Anybody may send as much as an archive has: " + ", ".join(without)


def test_the_first_screen_of_the_readme_says_what_a_newcomer_needs() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text("utf-8").splitlines()[:20])
    for needed in ("](docs/images/", "not for diagnosis", "make app", "make test"):
        assert needed in first_screen


def test_links_of_the_documents_lead_somewhere() -> None:
    documents = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    broken = [
        f"{document.relative_to(ROOT)} → {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#]+)", document.read_text("utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert not broken, "\n".join(broken)


def test_the_changelog_knows_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in changelog
    assert project["version"] in changelog


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [file.name[:4] for file in (ROOT / "docs/decisions").glob("[0-9]*.md")]
    assert numbers
    assert len(numbers) == len(set(numbers))


def test_the_only_pictures_are_those_of_the_documents_the_demonstration_and_drawn_cases() -> None:
    homes = {Path("docs/images"), Path("tests/cases"), DEMO}
    strays = [
        file.as_posix()
        for file in committed_files()
        if file.suffix.lower() in PICTURES and not homes & set(file.parents)
    ]
    assert not strays, "Is it a patient's? " + ", ".join(strays)


def test_the_demonstration_is_a_dozen_fields_whose_licence_is_told() -> None:
    fields = [file for file in committed_files() if DEMO in file.parents and file.suffix != ".md"]
    assert 0 < len(fields) <= MOST_DEMO_FIELDS
    assert {file.suffix for file in fields} == {".jpg"}
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert "BCCD" in notice
    assert "Copyright (c) 2017 shenggan" in notice
