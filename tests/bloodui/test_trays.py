"""Trays are dropped by the clock: idle ones, and those whose windows are closed."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from bloodui.images import SessionImage, Source
from bloodui.trays import MOST_BESIDE_BYTES, WITHOUT_WINDOW_S, Tray, Trays
from models.image.micrograph import Micrograph, micrograph_from_rgb

IDLE_S = 1800.0


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def put_in(tray: Tray, key: str, shade: int = 200) -> Micrograph:
    """Put a grey image into a tray."""
    micrograph = micrograph_from_rgb(np.full((64, 64, 3), shade, np.uint8))
    tray.images[key] = SessionImage(
        key=key, label=key, is_drawn=False, micrograph=micrograph, error=None, name="anna.jpg"
    )
    return micrograph


def test_a_tray_that_nobody_uses_is_dropped_with_its_pixels_after_the_time_of_the_site(
    clock: Clock,
) -> None:
    trays = Trays(clock)
    tray = trays.begin_run("ada", "window")
    pixels = weakref.ref(put_in(tray, "one").rgb)
    trays.end_run(tray)
    clock.now = IDLE_S - 1
    assert trays.tidy(IDLE_S, lambda _: True) == frozenset()
    assert trays.look("ada") is tray
    clock.now = IDLE_S
    assert trays.tidy(IDLE_S, lambda _: True) == {"window"}
    gc.collect()
    assert trays.look("ada") is None
    assert pixels() is None  # though `tray` itself is still held here
    assert trays.of("ada").id is not tray.id


def test_use_looks_at_the_clock_and_a_mere_look_is_no_use(clock: Clock) -> None:
    trays = Trays(clock)
    trays.end_run(trays.begin_run("ada", "window"))
    for _ in range(3):
        clock.now += IDLE_S - 1
        trays.of("ada")
        trays.tidy(IDLE_S, lambda _: True)
    clock.now += IDLE_S
    assert trays.look("ada") is not None
    trays.tidy(IDLE_S, lambda _: True)
    assert trays.look("ada") is None


def test_a_page_that_takes_long_to_draw_is_not_idle(clock: Clock) -> None:
    trays = Trays(clock)
    tray = trays.begin_run("ada", "window")
    clock.now = 10 * IDLE_S
    trays.tidy(IDLE_S, lambda _: True)
    assert trays.look("ada") is tray
    trays.end_run(tray)
    clock.now += IDLE_S - 1
    trays.tidy(IDLE_S, lambda _: True)
    assert trays.look("ada") is tray


def test_a_tray_outlives_its_last_window_by_the_time_that_a_reload_takes_and_no_more(
    clock: Clock,
) -> None:
    trays = Trays(clock)
    trays.end_run(trays.begin_run("ada", "before"))
    clock.now = 60
    trays.tidy(IDLE_S, lambda _: True)
    clock.now += WITHOUT_WINDOW_S - 1
    assert trays.tidy(IDLE_S, lambda _: False) == frozenset()
    trays.end_run(trays.begin_run("ada", "after"))  # the page was loaded again
    clock.now += 1
    assert trays.tidy(IDLE_S, {"after"}.__contains__) == {"before"}
    assert trays.look("ada") is not None
    clock.now += WITHOUT_WINDOW_S
    assert trays.tidy(IDLE_S, lambda _: False) == {"after"}
    assert len(trays) == 0


def test_what_is_kept_with_an_image_goes_with_it_and_with_no_twin_of_it() -> None:
    tray = Tray(0.0)
    one, other = put_in(tray, "one"), put_in(tray, "other", shade=100)
    twin = put_in(tray, "twin")
    assert twin.sha256 == one.sha256
    tray.beside = {one.sha256: {"answer": 1}, other.sha256: {"answer": 2}}
    tray.last_number = 3
    tray.remove("one")
    assert tray.beside.keys() == {one.sha256, other.sha256}
    tray.remove("twin")
    assert tray.beside.keys() == {other.sha256}
    assert tray.last_number == 3  # the next is Image 4, as long as one is left
    tray.remove("other")
    assert (tray.beside, tray.last_number) == ({}, 0)


def test_the_name_of_a_file_is_in_no_text_that_an_error_or_a_log_would_quote() -> None:
    tray = Tray(0.0)
    put_in(tray, "one")
    source = Source(key="k", is_drawn=False, read=lambda: put_in(tray, "x"), name="anna.jpg")
    assert "anna" not in repr([tray.images, source])


def test_a_file_that_comes_before_its_page_is_drawn_is_not_dropped_for_want_of_a_window(
    clock: Clock,
) -> None:
    trays = Trays(clock)
    put_in(trays.of("ada"), "one")
    assert trays.tidy(IDLE_S, lambda _: False) == frozenset()
    assert trays.look("ada") is not None
    clock.now = WITHOUT_WINDOW_S
    trays.tidy(IDLE_S, lambda _: False)
    assert trays.look("ada") is None


def test_answers_are_taken_along_unless_they_take_very_much_memory() -> None:
    tray = Tray(0.0)
    image = put_in(tray, "one")
    half = np.zeros(MOST_BESIDE_BYTES // 2, np.uint8)
    tray.beside = {image.sha256: {"answer": half, "same": [half], "image": image}}
    tray.trim()
    assert len(tray.beside[image.sha256]) == 3  # what is there twice takes its memory once
    tray.beside[image.sha256]["one more"] = {"map": half.copy()}
    tray.trim()
    assert tray.beside == {}


def test_texts_and_what_dataclasses_hold_are_counted() -> None:
    tray = Tray(0.0)
    image = put_in(tray, "one")
    tray.beside = {image.sha256: {"board": {"picture": "x" * 10**6}, "image": image}}
    assert 10**6 < tray.n_bytes_beside < 10**6 + 20_000
