"""What the screens say of an image that the model does not know, and of its prediction set."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bloodui.render.text import headline, set_in_words
from bloodui.reports.batch import verdict_of
from drawn.smears import draw
from models.answer.domain import learn_domain
from models.answer.loading import load_model
from models.answer.prediction import AnswerRules
from models.answer.prediction_set import ConformalScores
from models.answer.reference import Reference
from models.bundle.card import parse_card
from models.bundle.folder import pin_bundle, read_bundle, write_bundle
from models.bundle.keras_file import load_archive
from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS
from models.image.micrograph import micrograph_from_rgb
from models.opinion import opinion_on
from tests.bloodui.app_pages import APP, page_text, upload

pytestmark = pytest.mark.slow


def wary_bundle(tiny_bundle: Path, folder: Path, *, limit: float) -> Path:
    """The small model with a domain of drawn smears, up to a limit, and prediction sets."""
    contents = read_bundle(tiny_bundle)
    network = load_archive(contents.files["model.keras"])
    rng = np.random.default_rng(0)
    layer = contents.manifest.saliency_layer
    features = rng.normal(0, 1, (40, network.get_layer(layer).output.shape[-1]))
    domain = learn_domain(layer, features, np.arange(40) % 4, np.arange(40))
    conformal = ConformalScores(
        scores=np.full(80, 0.9), labels=np.arange(80) % 4, groups=np.arange(80)
    )
    manifest = contents.manifest.changed(id="wary-lite0", title="Wary", files={})
    write_bundle(
        folder / "written",
        model=network,
        manifest=manifest,
        card=parse_card(contents.files["card.json"]),
        reference=Reference(conformal=conformal, domain=replace(domain, limit=limit)).to_bytes(),
        converted={name: contents.files[name] for name in (IR_NETWORK, IR_WEIGHTS)},
    )
    pin_bundle(folder / "root", folder / "written")
    return folder / "root" / manifest.id


@pytest.fixture(scope="module")
def wary(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wary_bundle(tiny_bundle, tmp_path_factory.mktemp("wary"), limit=1e-3)


@pytest.fixture
def app(wary: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(wary.parent))
    return AppTest.from_file(str(APP), default_timeout=300).run()


def test_an_image_outside_the_domain_gets_no_probabilities(wary: Path) -> None:
    micrograph = micrograph_from_rgb(draw("Pre", seed=3).rgb)
    opinion = opinion_on(micrograph, load_model(wary))
    assert opinion.decision == "outside"
    assert opinion.prediction is None
    assert opinion.explanation is None
    assert opinion.pictures
    assert "unlike those that the model learned from" in opinion.reason
    assert headline(opinion) == "Outside this model's domain: no opinion"


def test_one_who_insists_gets_the_answer_with_the_verdict(wary: Path) -> None:
    micrograph = micrograph_from_rgb(draw("Pre", seed=3).rgb)
    opinion = opinion_on(
        micrograph, load_model(wary), despite_domain=True, rules=AnswerRules(set_level=0.8)
    )
    assert opinion.prediction is not None
    assert not opinion.domain.is_inside
    assert opinion.decision == "outside"
    assert headline(opinion).startswith("Outside this model's domain: ")
    assert headline(opinion).endswith("which means little")
    assert opinion.reason.startswith("Not proven: what the model promises of its answers is of")
    assert not opinion.prediction.prediction_set  # whose promise is of images like the model's own
    assert verdict_of(opinion, is_read=True) == "Outside"


def test_an_image_inside_is_answered(tiny_bundle: Path, tmp_path: Path) -> None:
    model = load_model(wary_bundle(tiny_bundle, tmp_path, limit=1e9))
    opinion = opinion_on(micrograph_from_rgb(draw("Pre", seed=3).rgb), model)
    assert opinion.prediction is not None
    assert opinion.domain.is_inside
    names = [opinion.prediction.classes[index] for index in opinion.prediction.prediction_set]
    assert ", ".join(names) in set_in_words(opinion.prediction)


def test_one_rule_decides_however_large_the_set_is(tiny_bundle: Path, tmp_path: Path) -> None:
    model = load_model(wary_bundle(tiny_bundle, tmp_path, limit=1e9))
    rules = AnswerRules(set_level=0.99)
    prediction = model.ask(np.full((64, 64, 3), 128, np.uint8), rules=rules)[0]
    # With 20 images of each class, a level of 99 % rules nothing out.
    assert len(prediction.prediction_set) == 4
    assert prediction.decision == "answered"


def test_the_page_says_so_and_answers_when_asked_to(app: AppTest, smear_jpeg: bytes) -> None:
    page = upload(app, smear_jpeg)
    assert not page.exception
    words = page_text(page)
    assert "Outside this model's domain" in words
    assert "Nearest 10 of the images that it learned from" in words
    assert "Probabilities" not in [each.value for each in page.subheader]
    page = next(b for b in page.button if b.label == "Answer all the same").click().run()
    assert not page.exception
    words = page_text(page)
    assert "Outside this model's domain: " in words
    assert "Prediction set at 90 %" not in words
    assert "which means little" in words


def test_a_drawn_image_is_answered_and_said_to_be_outside(app: AppTest) -> None:
    page = next(b for b in app.button if b.label == "Try a drawn demo image").click().run()
    assert not page.exception
    words = page_text(page)
    assert "A drawing is no photograph" in words
    assert "which means little" in words
