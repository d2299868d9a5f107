"""A batch in a thread of its own keeps rows and no picture, and ends with whoever wanted it."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from bloodui.batch import background
from bloodui.batch.background import Batch
from bloodui.batch.inputs import FaultyItem
from bloodui.batch.pipeline import Options
from bloodui.batch.record import Record
from bloodui.batch.summary import Tally, counts_in_words
from models.answer.loading import load_model
from models.answer.runtime import Model
from models.bundle.manifest import MANIFEST_FILE, Manifest
from models.image.micrograph import micrograph_from_rgb
from models.image.quality import assess_quality
from models.opinion import Opinion
from tests.bloodui.batch.zips import picture

pytestmark = pytest.mark.slow

HASHED = Options(is_hashed=True)


@dataclass(eq=False)
class Given:
    """A picture that tells whether anybody still holds it."""

    number: int
    gate: threading.Event = field(default_factory=threading.Event)
    state: str = ""

    @property
    def name(self) -> str:
        return f"{self.number}.png"

    def read(self) -> bytes:
        assert self.gate.wait(60)
        return picture(self.number % 10)


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


def test_rows_are_kept_in_order_and_pictures_are_forgotten(model: Model) -> None:
    gate = threading.Event()
    gate.set()
    items = [Given(number, gate) for number in range(40)]
    held = [weakref.ref(item) for item in items]
    batch = Batch([*items, FaultyItem(name="x", fault="It is none.")], model, HASHED)
    items.clear()
    batch.wait(120)
    rows = batch.rows()
    assert [row["path"] for row in rows] == [*(f"{number}.png" for number in range(40)), "x"]
    assert [row["duplicate_group"] for row in rows] == [*(1 + n % 10 for n in range(40)), None]
    assert batch.tally.counted(model.manifest)["errors"] == {"archive": 1}
    assert not batch.is_running
    assert not [each for each in held if each() is not None]


def test_a_picture_without_stained_cells_is_not_said_to_be_declined_for_cells() -> None:
    shipped = Path(__file__).resolve().parents[3] / "models" / "shipped"
    text = (shipped / "all-subtypes-efficientnet-lite0" / MANIFEST_FILE).read_bytes()
    manifest = Manifest.from_json(text)
    paper = np.full((600, 800, 3), (232, 228, 226), np.uint8)
    micrograph = micrograph_from_rgb(paper)
    quality = assess_quality(micrograph, manifest.quality_limits)
    opinion = Opinion.declined(micrograph, quality, manifest)
    record = Record(path="", manifest=manifest, opinion=opinion).to_dict()
    tally = Tally()
    tally.add(record | {"perceptual_hash": None})
    declined = tally.counted(manifest)["declined_for"]
    assert declined["cells"] == 1  # as records have it
    words = counts_in_words(declined)
    assert "too few stained cells (1)" in words
    assert "cells (1)" not in words.replace("stained cells (1)", "")


def test_a_reading_that_is_stopped_keeps_what_is_done(model: Model) -> None:
    open_gate, shut_gate = threading.Event(), threading.Event()
    open_gate.set()
    items = [Given(n, open_gate if n < 30 else shut_gate) for n in range(5000)]
    batch = Batch(items, model, HASHED)
    while not batch.n_done:
        batch.wait(0.01)
    batch.stop()
    shut_gate.set()
    batch.wait(60)
    assert not batch.is_running
    assert 0 < batch.n_done < 200


def test_a_reading_that_nobody_wants_any_more_ends(model: Model) -> None:
    wanted, gate = threading.Event(), threading.Event()
    wanted.set()
    gate.set()
    batch = Batch(
        [Given(number, gate) for number in range(5000)], model, HASHED, is_wanted=wanted.is_set
    )
    wanted.clear()
    batch.wait(60)
    assert not batch.is_running
    assert batch.n_done < 200


def test_a_reading_waits_while_others_go_on_and_can_be_stopped_meanwhile(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_AT_ONCE", threading.Semaphore(1))
    gate = threading.Event()
    first, second, third = (Batch([Given(n, gate)], model, HASHED) for n in range(3))
    while not first.has_begun:
        first.wait(0.01)
    assert second.words == "Waiting until other images are read"
    third.stop()
    third.wait(60)
    assert (third.is_running, third.n_done) == (False, 0)
    gate.set()
    for batch in (first, second):
        batch.wait(60)
        assert (batch.is_running, batch.n_done) == (False, 1)


def test_an_error_that_ends_a_batch_holds_no_picture(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = Given(1)
    held = weakref.ref(item)

    def fails(items: Iterable[Given], *_: object, **__: object) -> None:
        (picture_held,) = items
        try:
            raise KeyError(picture_held.number)
        except KeyError as cause:
            raise RuntimeError from cause

    monkeypatch.setattr(background, "records_of", fails)
    batch = Batch([item], model, HASHED)
    del item
    batch.wait(60)
    gc.collect()
    assert isinstance(batch.error, RuntimeError)
    assert held() is None
