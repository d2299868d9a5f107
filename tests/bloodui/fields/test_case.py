"""Reviews of a visitor: one for each set of classes, and no window overwrites another's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from bloodui import session
from bloodui.fields import case as cases
from bloodui.fields.component import KEY
from bloodui.fields.review import Review, Shown

A = "a" * 64
CLASSES = ("blast", "lymphocyte")


class Window:
    """What Streamlit's session has of one window; the tray is shared."""

    def __init__(self, visit: str, classes: tuple[str, ...] = CLASSES) -> None:
        shown = Shown(visit=visit, cells=[(A, 1), (A, 2)], may_move=[True] * 2, classes=classes)
        now = cases.review(case_of(classes))
        self.held: dict[str, Any] = {
            "visit": cases._Visit(of=(), shown=shown, review=now, last=now),
        }
        self.visit = visit

    def send(self, monkeypatch: pytest.MonkeyPatch, moves: list[Any]) -> None:
        sent = {"visit": self.visit, "moves": moves, "done": len(moves)}
        monkeypatch.setattr(session, "held", self.held.get)
        monkeypatch.setattr(session, "hold", self.held.__setitem__)
        monkeypatch.setattr(session, "widget", {KEY: {"review": sent}}.get)
        cases.take_review()


@pytest.fixture(autouse=True)
def tray(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    monkeypatch.setattr(session, "kept", kept.get)
    monkeypatch.setattr(session, "keep", kept.__setitem__)
    image = SimpleNamespace(micrograph=SimpleNamespace(sha256=A), key="file:a")
    monkeypatch.setattr(session, "images", lambda: (image,))
    return kept


def case_of(classes: tuple[str, ...]) -> Any:
    return SimpleNamespace(classes=classes)


def test_a_window_whose_corrections_are_stale_overwrites_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = Window("first"), Window("second")
    first.send(monkeypatch, [[[0, 0]]])
    first.send(monkeypatch, [[[0, 0]], [[0, 1]]])  # its own word is not stale
    assert cases.review(case_of(CLASSES)).given == {(A, 1): "lymphocyte"}
    second.send(monkeypatch, [[[1, 0]]])
    assert cases.review(case_of(CLASSES)).given == {(A, 1): "lymphocyte"}
    assert "Another window changed this" in str(cases.refused())
    assert second.held["visit"] is None  # it is shown what holds now
    again = Window("again")
    again.send(monkeypatch, [[[0, 1]], [[1, 0]]])
    assert cases.refused() is None
    assert cases.review(case_of(CLASSES)).given == {(A, 1): "lymphocyte", (A, 2): "blast"}


def test_a_model_of_other_classes_has_a_review_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Window("first").send(monkeypatch, [[[0, 0]]])
    others = ("plasma cell", "other")
    assert cases.review(case_of(others)) == Review()
    Window("second", others).send(monkeypatch, [[[0, 0]]])
    assert cases.review(case_of(others)).given == {(A, 1): "plasma cell"}
    assert cases.review(case_of(CLASSES)).given == {(A, 1): "blast"}


@pytest.mark.parametrize("removed", [0, 1])
def test_a_copy_of_a_field_that_is_removed_takes_no_correction_with_it(
    monkeypatch: pytest.MonkeyPatch, removed: int
) -> None:
    micrograph = SimpleNamespace(sha256=A)
    copies = [SimpleNamespace(micrograph=micrograph, key=key) for key in ("file:a", "file:b")]
    window = Window("first")
    monkeypatch.setattr(session, "images", lambda: tuple(copies))
    window.send(monkeypatch, [[[0, 1]]])
    corrected = {(A, 1): "lymphocyte"}
    monkeypatch.setattr(session, "images", lambda: (copies[1 - removed],))
    cases.forget_removed()
    assert cases.review(case_of(CLASSES)).given == corrected
    again = SimpleNamespace(micrograph=micrograph, key="file:c")  # while the other is there
    monkeypatch.setattr(session, "images", lambda: (copies[1 - removed], again))
    cases.forget_removed()
    monkeypatch.setattr(session, "images", lambda: (again,))
    cases.forget_removed()
    assert cases.review(case_of(CLASSES)).given == corrected
    monkeypatch.setattr(session, "images", tuple)
    cases.forget_removed()
    assert cases.review(case_of(CLASSES)).given == {}
    # the same file, given anew when none was left, begins anew
    monkeypatch.setattr(session, "images", lambda: tuple(copies))
    cases.forget_removed()
    assert cases.review(case_of(CLASSES)).given == {}
