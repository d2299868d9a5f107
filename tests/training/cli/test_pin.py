"""A bundle becomes one that the dashboard trusts only through its hash."""

import shutil
from pathlib import Path

import pytest

from models.bundle.card import read_card
from models.bundle.folder import list_bundles, read_bundle, write_bundle
from models.bundle.keras_file import load_archive
from training.__main__ import main


def test_a_pinned_bundle_is_listed_and_another_of_its_name_does_not_replace_it(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    for _ in range(2):  # the very same bundle again changes nothing
        assert main(["pin", str(tiny_bundle), "--root", str(root)]) == 0
    assert [manifest.id for manifest in list_bundles(root)] == [tiny_bundle.name]
    pins = (root / "SHA256SUMS").read_bytes()
    contents = read_bundle(tiny_bundle)
    write_bundle(
        tmp_path / "other",
        model=load_archive(contents.files["model.keras"]),
        manifest=contents.manifest.changed(title="Other", files={}),
        card=read_card(tiny_bundle / "card.json"),
    )
    assert main(["pin", str(tmp_path / "other"), "--root", str(root)]) == 2
    assert tiny_bundle.name in capsys.readouterr().err
    assert (root / "SHA256SUMS").read_bytes() == pins


def test_an_altered_bundle_is_not_pinned(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered = tmp_path / "altered"
    shutil.copytree(tiny_bundle, altered)
    card = altered / "card.json"
    card.write_bytes(card.read_bytes() + b" ")
    assert main(["pin", str(altered), "--root", str(tmp_path / "root")]) == 2
    assert "card.json" in capsys.readouterr().err
    assert not (tmp_path / "root" / tiny_bundle.name).exists()
