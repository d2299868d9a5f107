"""A bundle is written again with what audits found in its card, and nothing else in it moves."""

from __future__ import annotations

import hashlib
import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from models.answer.ensemble import write_ensemble
from models.answer.prediction import softmax
from models.bundle.card import Card, parse_card
from models.bundle.folder import (
    BundleContents,
    read_bundle,
    read_manifest,
    write_bundle,
)
from models.bundle.keras_file import load_archive
from models.bundle.manifest import Member
from training.__main__ import main
from training.audits.card_audit import accuracy_by_dataset, audited_card, surest_mistakes
from training.audits.subject import read_subject
from training.data.index import ImageRecord, read_index
from training.errors import DatasetError

pytestmark = pytest.mark.slow

WORDS = ["--limit", "6", "--maps", "6", "--method", "grad-cam", "--method", "layercam"]


@pytest.fixture(scope="module")
def audited(
    bundle: Path, index_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The new bundle, and what the command written."""
    out = tmp_path_factory.mktemp("audited") / "again"
    written = io.StringIO()
    with redirect_stdout(written):
        words = ["audit-card", str(bundle), "--index", str(index_path), *WORDS]
        assert main([*words, "--out", str(out)]) == 0
    return out, written.getvalue()


@pytest.fixture(scope="module")
def card(audited: tuple[Path, str]) -> Card:
    return parse_card(read_bundle(audited[0]).files["card.json"])


def test_the_new_bundle_is_sealed_and_differs_in_its_card_alone(
    audited: tuple[Path, str], bundle: Path
) -> None:
    before, after = read_bundle(bundle), read_bundle(audited[0])
    assert after.files["model.keras"] == before.files["model.keras"]
    assert after.manifest.files["card.json"] != before.manifest.files["card.json"]
    old, new = before.manifest.to_dict(), after.manifest.to_dict()
    assert old | {"files": None} == new | {"files": None}


def test_the_card_says_what_was_measured_on_how_many_images(card: Card, bundle: Path) -> None:
    before = parse_card(read_bundle(bundle).files["card.json"])
    assert (card.summary, card.recipe, card.limits) == (
        before.summary,
        before.recipe,
        before.limits,
    )
    assert [row.kind for row in card.shortcuts] == ["model"] + ["altered"] * 4 + ["baseline"] * 4
    assert {row.accuracy.n for row in card.shortcuts} == {6}
    assert len(card.robustness) == 31
    assert {row.accuracy.n for row in card.robustness} == {6}
    assert sum(figure.n for figure in card.subgroups) >= 12
    assert [check.method for check in card.saliency] == ["grad-cam", "layercam"]
    for check in card.saliency:
        assert 4 <= check.n <= 6
        assert 0 <= check.deletion.own.value <= 1
        assert -1 <= check.randomised_network <= 1


def test_its_own_kind_is_let_in_and_others_are_not(card: Card) -> None:
    rows = {row.kind: row for row in card.domain}
    assert list(rows) == ["own test images", "elsewhere", "photographs", "documents"]
    assert rows["own test images"].turned_away.value <= 0.2
    assert rows["own test images"].auroc is None
    assert rows["own test images"].turned_away.n >= 12
    assert rows["elsewhere"].turned_away.n == 6
    for kind in ("elsewhere", "photographs", "documents"):
        assert rows[kind].turned_away.value == 1
        auroc, energy = rows[kind].auroc, rows[kind].energy_auroc
        assert auroc is not None
        assert energy is not None
        assert auroc.value > 0.99
        assert auroc.low <= auroc.value <= auroc.high
        assert 0 <= energy.value <= 1
    assert rows["photographs"].turned_away.n == 6


def test_every_audit_is_told_as_it_is_done(audited: tuple[Path, str], card: Card) -> None:
    _, written = audited
    parts = (
        "guessing: accuracy",
        "is not clearly above chance",  # the bundle was never trained
        "blur, strength 5: accuracy",
        "photographs (n 6): 100.0 % (61.0 to 100.0) turned away",
        f"grad-cam: {'passes' if card.saliency[0].passes else 'FAILS'}",
        "grad-cam and layercam: rank correlation",
        "audited in",
    )
    places = [written.index(part) for part in parts]
    assert places == sorted(places)


def test_the_mistakes_are_files_of_the_index_with_their_hash(card: Card, index_path: Path) -> None:
    assert card.mistakes
    for mistake in card.mistakes:
        data = (index_path.parent / mistake.path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == mistake.sha256
        assert mistake.truth != mistake.answer
        assert mistake.probability >= mistake.truth_probability


def test_a_folder_that_exists_is_not_overwritten(
    audited: tuple[Path, str],
    bundle: Path,
    index_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    manifest = read_manifest(audited[0])
    words = ["audit-card", str(bundle), "--index", str(index_path), *WORDS]
    assert main([*words, "--out", str(audited[0])]) == 2
    assert "not overwritten" in capsys.readouterr().err
    assert read_manifest(audited[0]) == manifest


def ensemble(folder: Path, first: BundleContents, second: BundleContents, *, weight: float) -> Path:
    """A bundle of two members, the first of this weight, with the first one's card."""
    manifest = first.manifest.changed(
        id="drawn-ensemble",
        architecture="ensemble",
        temperature=1.0,
        files={},
        members=tuple(
            Member(id=each.manifest.id, title=each.manifest.title, weight=share)
            for each, share in ((first, weight), (second, 1 - weight))
        ),
    )
    card = parse_card(first.files["card.json"])
    write_ensemble(folder, members=(first, second), manifest=manifest, card=card)
    return folder


def test_an_ensemble_is_audited_as_one_that_answers(
    bundle: Path, index_path: Path, tmp_path: Path
) -> None:
    """Of a member alone it is that member; of two it is neither, and its maps are the first's."""
    first = read_bundle(bundle)
    network = load_archive(first.files["model.keras"])
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights([kernel[:, ::-1], bias[::-1]])
    turned = first.manifest.changed(id="turned-efficientnet-lite0", title="Turned", files={})
    card = parse_card(first.files["card.json"])
    reference = first.files["reference.npz"]
    write_bundle(
        tmp_path / "turned", model=network, manifest=turned, card=card, reference=reference
    )
    second = read_bundle(tmp_path / "turned")
    index = read_index(index_path)

    alone = read_subject(first, index)
    almost, both = (
        read_subject(read_bundle(ensemble(tmp_path / name, first, second, weight=weight)), index)
        for name, weight in (("almost", 0.999), ("both", 0.5))
    )
    test = alone.split.test
    own, mixed = (each.answers(each.own(test)) for each in (alone, almost))
    assert np.array_equal(own, mixed)
    logits, scale = alone.logits(alone.own(test)), alone.manifest.temperature
    mean = (softmax(logits, scale) + softmax(logits[:, ::-1], scale)) / 2
    assert both.logits(both.own(test)) == pytest.approx(np.log(mean), abs=1e-4)
    folder, out = tmp_path / "both", tmp_path / "audited"
    words = ["audit-card", str(folder), "--index", str(index_path), *WORDS[:-2]]
    assert main([*words, "--out", str(out)]) == 0
    before, after = read_bundle(folder), read_bundle(out)
    assert [name for name in before.files if before.files[name] != after.files[name]] == [
        "card.json"
    ]
    found = parse_card(after.files["card.json"])
    assert len(found.shortcuts) == 9
    assert len(found.robustness) == 31
    assert found.domain[0].turned_away.n == len(test)
    assert found.domain[-1].auroc is not None
    assert all(row.energy_auroc is None for row in found.domain), "a mean has no logits"
    assert found.saliency[0].method == "grad-cam"


def test_members_that_were_judged_by_other_images_are_refused(
    bundle: Path, index_path: Path, tmp_path: Path
) -> None:
    first = read_bundle(bundle)
    card = parse_card(first.files["card.json"])
    recipe = {**card.recipe, "seed": int(card.recipe.get("seed", 0)) + 1}
    write_bundle(
        tmp_path / "other",
        model=load_archive(first.files["model.keras"]),
        manifest=first.manifest.changed(id="other-seed", files={}),
        card=card.changed(recipe=recipe),
        reference=first.files["reference.npz"],
    )
    mixed = ensemble(tmp_path / "mixed", first, read_bundle(tmp_path / "other"), weight=0.5)
    with pytest.raises(DatasetError, match="judged by different images"):
        read_subject(read_bundle(mixed), read_index(index_path))


def test_where_no_cells_are_seen_the_maps_stay_unchecked(
    bundle: Path, index_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = read_index(index_path)
    subject = read_subject(read_bundle(bundle), index)
    nowhere = np.zeros((64, 64), bool)
    monkeypatch.setattr("training.audits.own_maps.mask_on_input", lambda *_: nowhere)
    written: list[str] = []
    card = audited_card(
        subject, index, limit=2, maps=3, methods=("grad-cam",), report=written.extend
    )
    assert card.saliency == ()
    assert card.robustness
    assert any(line.startswith("maps not checked: ") for line in written)


def test_the_surest_mistakes_of_each_class_come_first(tmp_path: Path) -> None:
    records = []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        path.write_bytes(bytes([number]))
        records.append(ImageRecord(path=path, name=path.name, dataset="one", label="x"))
    sure = np.array([0.9, 0.4, 0.2, 0.1, 0.3, 0.8])
    labels = np.array([0, 0, 0, 0, 1, 1])
    found = surest_mistakes(("A", "B"), records, labels, np.stack([sure, 1 - sure], 1), most=2)
    assert [(each.path, each.truth, each.answer) for each in found] == [
        ("3.png", "A", "B"),
        ("2.png", "A", "B"),
        ("5.png", "B", "A"),
    ]
    assert found[0].probability == pytest.approx(0.9)
    assert found[0].truth_probability == pytest.approx(0.1)


def test_accuracy_is_told_by_data_set() -> None:
    records = [
        ImageRecord(path=Path("x"), name="x", dataset=name, label="x") for name in "aaab" * 5
    ]
    right = np.array([True, True, False, True] * 5)
    found = {figure.name: figure for figure in accuracy_by_dataset(records, right, np.arange(20))}
    assert found["accuracy, a"].value == pytest.approx(2 / 3)
    assert (found["accuracy, a"].n, found["accuracy, b"].n) == (15, 5)
    assert found["accuracy, b"].value == 1
