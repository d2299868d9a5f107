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

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "models" / "shipped"
MOST_SHIPPED_BYTES = 100_000_000
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


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("[!_]*.py")), ids=lambda p: p.stem)
def test_every_page_stays_behind_the_gate_before_it_does_anything(page: Path) -> None:
    body = ast.parse(page.read_text("utf-8")).body[1:]  # after the docstring
    first = next(node for node in body if not isinstance(node, ast.Import | ast.ImportFrom))
    assert ast.unparse(first) == f"enter_page({page.stem!r})"


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
        assert found == expected, manifest.parent.name


def test_shipped_bundles_stay_within_100_mb() -> None:
    total = sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file())
    assert 0 < total <= MOST_SHIPPED_BYTES, f"{total / 1e6:.1f} MB"


@pytest.mark.parametrize("name", [f"requirements{of}.txt" for of in ("", "-ray", "-dev")])
def test_every_requirement_is_pinned_to_what_is_installed(name: str) -> None:
    for line in requirements(name):
        distribution, _, pinned = line.partition("==")
        assert pinned == version(distribution.partition("[")[0]), line


def test_the_server_keeps_to_this_machine_and_to_itself() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["enableXsrfProtection"] is True
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"


def test_the_upload_limit_is_that_of_intake() -> None:
    from models.micrograph import IntakeLimits

    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert config["server"]["maxUploadSize"] * 1024**2 == IntakeLimits().max_bytes


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


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(file.name[:4]) for file in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_only_pictures_are_those_of_the_documents() -> None:
    strays = [
        file.as_posix()
        for file in committed_files()
        if file.suffix.lower() in PICTURES and file.parent != Path("docs/images")
    ]
    assert not strays, "Is it a patient's? " + ", ".join(strays)
