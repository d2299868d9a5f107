"""A bundle's maps are checked on its own test images, and the checks go into its card alone."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import read_bundle, write_bundle
from models.card import parse_card
from models.errors import DatasetError
from models.keras_archive import load_archive
from tests.training.drawn_recipe import drawn_recipe
from training.__main__ import main
from training.audits.saliency_command import audit_saliency
from training.audits.saliency_seal import read_checks
from training.datasets.index import read_index
from training.datasets.synthetic_dataset import write_synthetic_dataset


@pytest.fixture(scope="module")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    labels = ("Benign", "Early", "Pre", "Pro")
    return write_synthetic_dataset(folder, labels=labels, n_per_label=12, seed=5)


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path, index_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untrained bundle, as if a run on these images had left it."""
    contents = read_bundle(tiny_bundle)
    card = parse_card(contents.files["card.json"])
    split = 'kind = "grouped", test = 0.34, validation = 0.34'
    data = replace(contents.manifest.data, index_sha256=read_index(index_path).sha256)
    folder = tmp_path_factory.mktemp("bundle") / "written"
    write_bundle(
        folder,
        model=load_archive(contents.files["model.keras"]),
        manifest=replace(contents.manifest, data=data, files={}),
        card=replace(card, recipe=tomllib.loads(drawn_recipe(split=split))),
    )
    return folder


@pytest.fixture(scope="module")
def checked(bundle: Path, index_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes for two methods on eight images."""
    out = tmp_path_factory.mktemp("checks") / "checks.json"
    words = ["saliency", "--bundle", str(bundle), "--index", str(index_path), "--limit", "8"]
    words += ["--method", "grad-cam", "--method", "layercam", "--out", str(out)]
    assert main(words) == 0
    return out


def test_every_method_gets_a_verdict_beside_two_maps_that_know_nothing(
    checked: Path, bundle: Path
) -> None:
    data = json.loads(checked.read_text(encoding="utf-8"))
    names = [share["name"] for share in data["shares"]]
    assert names == ["grad-cam", "layercam", "centred Gaussian", "random", "even"]
    checks = read_checks(checked, read_bundle(bundle))
    assert [check.method for check in checks] == ["grad-cam", "layercam"]
    assert data["passes"] == {check.method: check.passes for check in checks}
    for check in checks:
        assert 4 <= check.n <= 8
        assert 0 <= check.deletion.own.value <= 1
        assert -1 <= check.randomised_network <= 1
        assert check.share.own.value == pytest.approx(
            next(s["value"] for s in data["shares"] if s["name"] == check.method)
        )
    (pair,) = data["agreement"]
    assert (pair["first"], pair["second"]) == ("grad-cam", "layercam")


def test_the_page_of_results_reads_it(checked: Path, tiny_bundle: Path, tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    words = ["results", "--bundles", str(tiny_bundle.parent), "--saliency", str(checked)]
    assert main([*words, "--out", str(page)]) == 0
    assert "| centred Gaussian |" in page.read_text(encoding="utf-8")


def test_checks_go_into_the_card_and_nothing_else_changes(
    checked: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sealed"
    assert main(["with-saliency", str(bundle), str(checked), "--out", str(out)]) == 0
    before, after = read_bundle(bundle), read_bundle(out)
    assert set(after.files) == set(before.files)
    assert [name for name in after.files if after.files[name] != before.files[name]] == [
        "card.json"
    ]
    assert replace(after.manifest, files={}) == replace(before.manifest, files={})
    old, new = (parse_card(each.files["card.json"]) for each in (before, after))
    assert old.saliency == ()
    assert new.saliency_check("grad-cam") == read_checks(checked, before)[0]
    assert new.saliency_check("smoothgrad") is None
    assert replace(new, saliency=()) == old
    # A second time there is a bundle already, which stays as it is.
    assert main(["with-saliency", str(bundle), str(checked), "--out", str(out)]) == 2
    assert "exists" in capsys.readouterr().err


def test_checks_of_another_network_are_refused(
    checked: Path, bundle: Path, tmp_path: Path, tiny_ensemble: Path
) -> None:
    data = json.loads(checked.read_text(encoding="utf-8"))
    other = tmp_path / "other.json"
    other.write_text(json.dumps(data | {"network_sha256": "0" * 64}))
    with pytest.raises(DatasetError, match="those of another"):
        read_checks(other, read_bundle(bundle))
    other.write_text('{"checks": [{}]}')
    with pytest.raises(DatasetError, match="Expected saliency checks"):
        read_checks(other, read_bundle(bundle))


def test_an_ensemble_takes_the_checks_of_its_first_member_and_is_not_measured_itself(
    checked: Path, tiny_ensemble: Path, index_path: Path, tmp_path: Path
) -> None:
    ensemble = read_bundle(tiny_ensemble)
    with pytest.raises(DatasetError, match="first member: give tiny-efficientnet-lite0"):
        audit_saliency(ensemble, read_index(index_path), methods=("grad-cam",))
    data = json.loads(checked.read_text(encoding="utf-8"))
    member = tmp_path / "member.json"
    first = ensemble.manifest.files["member-1.model.keras"]
    member.write_text(json.dumps(data | {"network_sha256": first}))
    assert len(read_checks(member, ensemble)) == 2
