"""A card is one page and one JSON: whole, escaped, with checklists that make nothing up."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.cli.main import main
from bloodui.render.card_words import (
    lacking,
    robustness_rows,
    shortcut_verdict,
)
from bloodui.reports.card import card_html, card_json
from bloodui.reports.checklists import OPEN, checklists
from bloodui.widgets.audits import domain_figure, robustness_figure
from drawn.smears import draw
from models.bundle.card import (
    Card,
    Degraded,
    KindCheck,
    Mistake,
    parse_card,
)
from models.bundle.folder import read_bundle
from models.bundle.manifest import Manifest
from models.image.degradation import STRENGTHS
from tests.bloodui.app_pages import APP, plain
from tests.bloodui.map_checks import CELLS_PASSED
from tests.bloodui.tiny import TINY, jpeg_of
from tests.cards import check, figure, shortcut

MADE = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
NASTY = '<script>alert("x")</script>'
PICTURE = jpeg_of(draw("Pre", seed=3).rgb)


@pytest.fixture(scope="module")
def manifest(model_root: Path) -> Manifest:
    return read_bundle(model_root / TINY).manifest


@pytest.fixture(scope="module")
def bare(model_root: Path) -> Card:
    """As a run leaves it: evaluated, not audited."""
    return parse_card(read_bundle(model_root / TINY).files["card.json"])


@pytest.fixture(scope="module")
def card(bare: Card) -> Card:
    """As `audit-card` leaves it."""
    worse = tuple(
        Degraded(kind=kind, strength=strength, accuracy=figure(0.9 - 0.1 * strength))
        for kind in STRENGTHS
        for strength in range(1, 6)
    )
    return bare.changed(
        shortcuts=(
            shortcut("model", "model", 0.9),
            shortcut("grey pictures", "altered", 0.8),
            shortcut("laboratory", "baseline", 0.3),
        ),
        robustness=(Degraded(kind="", strength=0, accuracy=figure(0.9)), *worse),
        mistakes=(
            Mistake(
                path="smears/7.jpg",
                sha256=hashlib.sha256(PICTURE).hexdigest(),
                truth="Pre",
                answer="Pro",
                probability=0.874,
                truth_probability=0.061,
            ),
        ),
        subgroups=(figure(0.7).changed(name="accuracy, drawn"),),
        domain=(
            KindCheck(kind="own test images", turned_away=figure(0.051)),
            KindCheck(kind="documents", turned_away=figure(0.95), auroc=figure(0.913)),
        ),
        saliency=(check("grad-cam"),),
        evidence=(CELLS_PASSED,),
        recipe={"fit": {"epochs": 2, "class_weights": "balanced"}},
    )


def page_of(card: Card, manifest: Manifest, data: Path | None = None) -> str:
    return card_html(card, manifest, version="9.8.7", made=MADE, data=data)


def test_the_page_holds_every_part_of_the_card(card: Card, manifest: Manifest) -> None:
    page = page_of(card, manifest)
    for words in (
        manifest.intended_use,
        *card.limits,
        "Apache-2.0",
        "91.3 % (88.1 to 94.2), n = 321",
        "Patients, cases or blocks kept apart",
        "accuracy, drawn",
        "laboratory",
        "own test images",
        "5.1 % (0.1 to 9.1)",
        "0.913 (0.863 to 0.953)",
        "0.288 (0.238 to 0.328)",
        "not to be believed",
        "0.037 (0.027 to 0.047)",
        "81.0 % (80.0 to 82.0)",
        "reads the picture, not the cells",
        "40.0 % (35.0 to 44.0)",
        "0.5000",
        "smears/7.jpg",
        "87.4 %",
        "6.1 %",
        card.mistakes[0].sha256,
        *manifest.files.values(),
        "2026-11-21 09:30",
        "9.8.7",
    ):
        assert words in plain(page)
    assert page.count("Research and teaching only, not for diagnosis") == 2
    for sentence in shortcut_verdict(card, manifest):
        assert sentence in plain(page)


def test_the_page_loads_nothing_and_everything_in_it_is_escaped(
    card: Card, manifest: Manifest
) -> None:
    nasty = card.changed(
        summary=NASTY,
        limits=(NASTY,),
        mistakes=(card.mistakes[0].changed(path=NASTY),),
        subgroups=(card.subgroups[0].changed(name=NASTY),),
    )
    page = page_of(nasty, manifest.changed(title=NASTY, intended_use=NASTY, licence=NASTY))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert not re.search(r'(href|src)="(?!data:)', page)
    assert page.startswith("<!doctype html>")


def test_a_picture_is_shown_only_where_the_very_file_is_at_hand(
    card: Card, manifest: Manifest, tmp_path: Path
) -> None:
    assert "<img" not in page_of(card, manifest)
    assert "<img" not in page_of(card, manifest, tmp_path)
    (tmp_path / "smears").mkdir()
    (tmp_path / "smears" / "7.jpg").write_bytes(PICTURE)
    assert page_of(card, manifest, tmp_path).count('<img src="data:image/') == 1
    (tmp_path / "smears" / "7.jpg").write_bytes(PICTURE + b" ")
    assert "<img" not in page_of(card, manifest, tmp_path)
    outside = card.changed(mistakes=(card.mistakes[0].changed(path="../7.jpg"),))
    (tmp_path / "7.jpg").write_bytes(PICTURE)
    assert "<img" not in page_of(outside, manifest, tmp_path / "smears")


def test_a_card_that_was_never_audited_says_what_is_not_measured(
    bare: Card, manifest: Manifest
) -> None:
    page = page_of(bare, manifest)
    assert "accuracy on images made worse" in lacking(bare)
    assert "Not measured yet: a model beside its shortcuts" in page
    assert "On images made worse" not in page
    assert robustness_rows(bare) == []
    assert shortcut_verdict(bare, manifest) == ()


def test_the_json_holds_manifest_card_and_checklists(card: Card, manifest: Manifest) -> None:
    data = json.loads(card_json(card, manifest))
    assert data["manifest"]["id"] == manifest.id
    assert parse_card(json.dumps(data["card"]).encode()) == card
    assert [each["name"] for each in data["checklists"]] == ["CLAIM 2024", "TRIPOD+AI", "STARD-AI"]
    assert "not for diagnosis" in data["intended_use"]


@pytest.mark.parametrize(
    ("model", "initialisation"),
    [
        (
            {"architecture": "vgg16", "weights": {"kind": "package"}},
            "Backbone: vgg16-imagenet (Simonyan and Zisserman 2014, University of Oxford, "
            "CC BY 4.0), installed with the program.",
        ),
        (
            {"architecture": "vgg16", "weights": {"kind": "imagenet"}},
            "Backbone: ImageNet weights as Keras distributes them.",
        ),
        (
            {"architecture": "of-an-older-version", "weights": {"kind": "package"}},
            "Backbone: ImageNet weights that are installed with the program.",
        ),
        ({"architecture": "vgg16"}, OPEN),
    ],
    ids=["of the project", "of Keras", "of an architecture that is gone", "not told"],
)
def test_a_checklist_says_what_a_networks_weights_hold_and_whose_they_are(
    bare: Card, manifest: Manifest, model: dict[str, object], initialisation: str
) -> None:
    card = bare.changed(recipe={**bare.recipe, "model": model})
    claim = {item.number: item.answer for item in checklists(card, manifest)[0].items}
    assert claim["24"] == initialisation


def test_checklists_answer_what_was_measured_and_leave_open_what_was_not(
    bare: Card, card: Card, manifest: Manifest
) -> None:
    claim, tripod, stard = checklists(card, manifest)
    answers = {item.number: item.answer for item in claim.items}
    assert answers["3"] == manifest.intended_use
    assert answers["36"] == OPEN
    assert answers["33"] == OPEN, "no data set was left out"
    assert "blur, strength 5: 40.0 %" in answers["30"]
    assert {item.number: item for item in checklists(bare, manifest)[0].items}["30"].answer == OPEN
    assert "0.0 %" in {item.number: item.answer for item in tripod.items}["15"]
    # The number of items that each checklist has; ours come in its order.
    for each, last in ((claim, 44), (tripod, 27), (stard, 40)):
        assert 0 < each.n_filled < len(each.items)
        numbers = [item.number for item in each.items]
        assert len(numbers) == len(set(numbers))
        counted = [int(re.match(r"\d+", number).group()) for number in numbers]  # type: ignore[union-attr]
        assert counted == sorted(counted)
        assert counted[0] >= 1
        assert counted[-1] <= last


def test_the_curves_start_at_the_images_as_they_are(card: Card) -> None:
    figure = robustness_figure(card)
    assert [line.name for line in figure.data] == list(STRENGTHS)
    for line in figure.data:
        assert list(line.y) == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
        assert [round(x) for x in line.x] == [0, 1, 2, 3, 4, 5]


def test_the_bars_set_its_own_kind_apart(card: Card) -> None:
    (bars,) = domain_figure(card).data
    assert list(bars.y) == ["own test images", "documents"]
    assert list(bars.x) == pytest.approx([0.051, 0.95])
    own, other = bars.marker.color
    assert own != other


def _shown(card: object, manifest: object) -> None:
    from bloodui.widgets.card import show_card, show_lacking

    show_lacking(card, manifest)  # type: ignore[arg-type]
    show_card(card, manifest)  # type: ignore[arg-type]


def test_an_audited_card_is_drawn_with_its_curves_and_mistakes(
    card: Card, manifest: Manifest
) -> None:
    page = AppTest.from_function(_shown, args=(card, manifest), default_timeout=60).run()
    assert not page.exception
    assert len(page.get("plotly_chart")) == 3  # how often it is wrong, worse images, domain
    assert [tab.label for tab in page.tabs] == [
        "Figures",
        "Wrong answers",
        "Shortcuts",
        "Worse images",
        "Domain",
        "Maps",
        "Mistakes",
        "Data sets",
        "Citations",
    ]
    words = " ".join(each.value for each in page.markdown).replace("\\", "")
    assert shortcut_verdict(card, manifest)[0] in plain(words)
    assert not page.warning


def test_an_admin_reads_what_a_card_lacks_before_promoting(bare: Card, manifest: Manifest) -> None:
    card = bare.changed(limits=())
    page = AppTest.from_function(_shown, args=(card, manifest), default_timeout=60).run()
    assert not page.exception
    assert "cannot be promoted: its limits" in page.warning[0].value.replace("\\", "")
    assert "Not measured: a model beside its shortcuts" in page.caption[0].value
    assert len(page.get("plotly_chart")) == 1  # how often it is wrong


def test_the_command_writes_the_card_to_standard_output(
    model_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["card", TINY, "--models", str(model_root), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["manifest"]["id"] == TINY
    assert main(["card", TINY, "--models", str(model_root)]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")
    assert main(["card", "no-such-model", "--models", str(model_root)]) == 2
    assert TINY in capsys.readouterr().err


def test_the_about_page_hands_out_every_card(
    model_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(model_root))
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    app.switch_page("pages/about.py").run()
    assert not app.get("download_button")  # a card is drawn once it is unfolded
    for key in [each.key for each in app.expander]:
        app.session_state[key] = True
    app.run()
    assert not app.exception
    labels = [each.proto.label for each in app.get("download_button")]
    assert labels == ["Card (HTML)", "Card (JSON)"] * 3
