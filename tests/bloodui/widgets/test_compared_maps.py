"""What is drawn of models side by side: evidence where it may be believed, else their own map."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from bloodui.answers import Question
from bloodui.render.evidence_words import BY_CELLS
from bloodui.widgets import compared_maps
from bloodui.widgets.compared_maps import ComparedMaps
from models.bundle.card import EvidenceCheck
from tests.bloodui.map_checks import CELLS_FAILED, CELLS_PASSED
from tests.bloodui.widgets.test_evidence_drawn import some_evidence

OWN = ComparedMaps(question=Question(), method="", opacity=0.6, contour=True, with_doubtful=False)
INSTALLED: Any = SimpleNamespace(manifest=SimpleNamespace(saliency_method="grad-cam"))
OPINION: Any = SimpleNamespace(
    micrograph="field",
    manifest=SimpleNamespace(classes=("Benign", "Early")),
    prediction=SimpleNamespace(classes=("Benign", "Early"), top_class=1),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A model that passed on its card; what evidence and map were asked for."""
    calls: list[object] = []

    def opinion(_: object, __: object, question: Question) -> str:
        calls.append(question)
        return "with a map"

    monkeypatch.setattr(compared_maps, "evidence_check_of", lambda _: CELLS_PASSED)
    monkeypatch.setattr(compared_maps, "check_of", lambda *_: None)
    monkeypatch.setattr(compared_maps.answers, "opinion", opinion)
    return calls


def of_this_picture(
    monkeypatch: pytest.MonkeyPatch, check: EvidenceCheck | None, calls: list[object]
) -> None:
    """What evidence on pictures of this kind is worth."""

    def evidence(_: object, __: object, class_name: str) -> object:
        calls.append(class_name)
        return some_evidence(check=check)

    monkeypatch.setattr(compared_maps.answers, "evidence", evidence)


def test_evidence_that_passed_is_drawn_and_no_map_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: list[object]
) -> None:
    of_this_picture(monkeypatch, CELLS_PASSED, asked)
    assert OWN.asks(INSTALLED) == Question(is_explained=False)
    drawn = compared_maps._drawn(OPINION, INSTALLED, OWN, "Early")
    assert drawn.evidence is not None
    assert drawn.is_shown
    passed, reads = drawn.worth.split(" With all 4 cells gone ")
    assert passed == "Evidence by cells passed its check on this model."
    assert reads.endswith("So it reads the picture, not the cells.")
    assert asked == [""]  # the first class, as the answer has it
    compared_maps._drawn(OPINION, INSTALLED, OWN, "Benign")
    assert asked == ["", "Benign"]


@pytest.mark.parametrize("check", [CELLS_FAILED, None])
def test_where_it_may_not_be_believed_on_this_kind_of_picture_the_own_map_stands_in(
    monkeypatch: pytest.MonkeyPatch, asked: list[object], check: EvidenceCheck | None
) -> None:
    of_this_picture(monkeypatch, check, asked)
    drawn = compared_maps._drawn(OPINION, INSTALLED, OWN, "Benign")
    assert (drawn.evidence, drawn.opinion) == (None, "with a map")
    assert asked == ["Benign", Question(class_name="Benign")]
    assert drawn.worth.startswith("Grad-CAM was never checked on this model")
    assert not drawn.is_shown
    assert compared_maps._drawn(OPINION, INSTALLED, replace(OWN, with_doubtful=True)).is_shown


def test_evidence_that_was_chosen_by_hand_is_no_map(
    monkeypatch: pytest.MonkeyPatch, asked: list[object]
) -> None:
    of_this_picture(monkeypatch, CELLS_FAILED, asked)
    look = replace(OWN, method=BY_CELLS)
    drawn = compared_maps._drawn(OPINION, INSTALLED, look)
    assert drawn.evidence is not None
    assert drawn.worth.startswith(
        "Evidence by cells failed its check on this model: it is not to be believed."
    )
    assert not drawn.is_shown
    assert asked == [""]
    assert compared_maps._drawn(OPINION, INSTALLED, replace(look, with_doubtful=True)).is_shown
