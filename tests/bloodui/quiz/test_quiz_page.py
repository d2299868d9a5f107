"""The quiz's screens without a browser: made, read and judged; refused; two people apart."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from bloodui.images import DraftImage
from bloodui.quiz.quiz import AT_THE_END, Rules
from models.image.micrograph import micrograph_from_rgb
from tests.bloodui.quiz_pages import (
    answer,
    begin,
    classes,
    installed,
    instructor,
    make,
    opened,
    pictures,
    press,
    told,
    whole,
)
from tests.bloodui.tiny import TINY

pytestmark = pytest.mark.slow


@pytest.fixture
def state(model_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return installed(model_root, monkeypatch, tmp_path)


def test_a_drawn_quiz_is_made_read_and_judged(state: Path) -> None:
    page = opened()
    assert not page.exception
    page.text_input(key="quiz-title").set_value("Week *3*")
    page.multiselect(key="quiz-drawn").set_value(["Benign", "Pre"])
    page.number_input(key="quiz-each").set_value(1)
    page.run()
    page.selectbox(key="quiz-model").select(TINY)
    press(page, "Make the quiz")
    assert not page.exception
    link, key = (code.value for code in page.code)
    assert re.fullmatch(r".*\?quiz=[\w-]{24}", link)
    assert "shown this once" in told(page)
    press(page, "I have copied the link and the key")
    assert key not in told(page)
    assert not page.code

    reader = opened(link.partition("?quiz=")[2])
    assert "Week *3*" in told(reader)
    assert "not your real name" in told(reader)
    begin(reader)
    truths = instructor(state, key).results(1).truths
    assert "Image 1 of 2" in told(reader)
    assert "Drawn image, not a patient's" in told(reader)
    answer(reader, 0, truths[0], 90)
    assert not reader.exception
    words = told(reader)
    assert "Right: **" in words
    assert "You were sure to 90 %" in words
    assert "What Tiny says" in words
    (over,) = [each for each in reader.toggle if each.label == "Map over the image"]
    assert over.value is False
    assert "Grad-CAM was never checked on this model" in words
    press(reader, "Next image")
    answer(reader, 1, 1 - truths[1], 70)
    assert "Not right: it is" in told(reader)
    press(reader, "See your score")
    words = told(reader)
    assert "Your score, kingfisher" in words
    assert "Right: 50.0 %" in words
    assert "95 % interval 9.5 to 90.5 %, n = 2" in words  # scipy: (0.0945, 0.9055)
    assert "Image 2 (drawn): it is" in words

    page.segmented_control(key="quiz-todo").set_value("Results").run()
    assert "Paste yours above" in told(page)
    page.text_input(key="quiz-key").set_value(key)
    press(page, "Open")
    assert not page.exception
    (readers, *_) = page.dataframe
    assert list(readers.value["Reader"]) == ["kingfisher"]
    assert list(readers.value["Right"]) == ["50.0 % (9.5 to 90.5), n = 2"]
    assert "Right: 50.0 %" in told(page)
    assert "Download every answer (CSV)" in [
        each.proto.label for each in page.get("download_button")
    ]
    press(page, "Ask the model")
    assert not page.exception
    assert "0 images not answered" in told(page)
    assert list(page.dataframe[-1].value["The model and"]) == ["the truth", "kingfisher"]
    page.checkbox(key="quiz-sure-1").check().run()
    press(page, "Delete")
    assert "Deleted." in told(page)
    assert "This link leads to no quiz" in told(reader.run())


def test_wrong_links_keys_and_aliases_are_refused_in_words(state: Path) -> None:
    made = make(state)
    stranger = opened("no-such-link")
    assert "This link leads to no quiz" in told(stranger)
    assert not stranger.get("plotly_chart")
    reader = opened(made.quiz.link)
    begin(reader, "   ")
    assert "Expected an alias" in told(reader)
    reader.text_input(key="quiz-code").set_value("guessed").run()
    press(reader, "Go on")
    assert "This code belongs to no reading" in told(reader)
    assert not pictures(reader)
    page = opened()
    page.segmented_control(key="quiz-todo").set_value("Results").run()
    for key in ("1.guessed", made.quiz.link, "1"):
        page.text_input(key="quiz-key").set_value(key)
        press(page, "Open")
        assert "This key opens no quiz" in told(page)
        assert "A quiz" not in told(page)
        assert not page.dataframe
    page.segmented_control(key="quiz-todo").set_value("New quiz").run()
    press(page, "Make the quiz")
    assert "Expected a title" in told(page)
    assert not page.exception


def test_an_answer_needs_a_class(state: Path) -> None:
    reader = begin(opened(make(state).quiz.link))
    press(reader, "Give the answer")
    assert "Choose a class first." in told(reader)
    assert "Image 1 of 2" in told(reader)


def test_two_readers_never_see_each_others_images_or_answers(state: Path) -> None:
    quizzes = [make(state, 1, title=title) for title in ("First quiz", "Second quiz")]
    one, two = (opened(each.quiz.link) for each in quizzes)
    begin(one, "kingfisher")
    begin(two, "heron")
    seen = [pictures(one), pictures(two)]
    assert len(seen[0]) == len(seen[1]) == 1
    same = opened(quizzes[0].quiz.link)
    assert "kingfisher" not in told(same) + whole(same)
    begin(same, "wren")
    answer(one, 0, 3, 100)
    for other in (two.run(), same.run()):
        assert "What do you see?" in told(other)
        assert [button.proto.type for button in classes(other)] == ["secondary"] * 4
        assert "kingfisher" not in told(other) + whole(other)
    assert "heron" not in told(one) + whole(one)
    assert pictures(two) == seen[1]
    for page, mine, others in ((0, "kingfisher", "heron"), (1, "heron", "kingfisher")):
        judge = opened()
        judge.segmented_control(key="quiz-todo").set_value("Results").run()
        judge.text_input(key="quiz-key").set_value(quizzes[page].key)
        press(judge, "Open")
        readers = list(judge.dataframe[0].value["Reader"])
        assert mine in readers
        assert others not in readers
        assert quizzes[1 - page].quiz.rules.title not in told(judge)


def test_the_truth_is_not_sent_before_the_answer_or_the_end(state: Path) -> None:
    odd = ("zebra", "okapi")
    made = instructor(state).create(
        Rules(title="A quiz", classes=odd, answer_shown=AT_THE_END),
        [
            DraftImage(
                micrograph=micrograph_from_rgb(np.full((64, 64, 3), 40 * n, np.uint8)),
                truth=1,
                is_drawn=False,
            )
            for n in range(2)
        ],
    )
    reader = begin(opened(made.quiz.link))
    for position in range(2):
        # Both names stand there as choices, equally often.
        counts = [whole(reader).count(name) for name in odd]
        assert counts[0] == counts[1] > 0
        assert "Right" not in told(reader)
        answer(reader, position, 0)
    assert "it is **okapi**" in told(reader)
    assert "Right: 0.0 %" in told(reader)


def test_a_reader_goes_on_after_a_reload_with_the_code_alone(state: Path) -> None:
    made = make(state, answer_shown=AT_THE_END)
    reader = begin(opened(made.quiz.link))
    (code,) = (each.value for each in reader.code)
    answer(reader, 0, 1)
    again = opened(made.quiz.link)
    assert "Image 2" not in told(again)
    again.text_input(key="quiz-code").set_value(code).run()
    press(again, "Go on")
    assert "Image 2 of 2" in told(again)
    elsewhere = opened(make(state, title="Another").quiz.link)
    elsewhere.text_input(key="quiz-code").set_value(code).run()
    press(elsewhere, "Go on")
    assert "belongs to another quiz" in told(elsewhere)


def test_when_the_time_is_over_the_image_is_closed(state: Path) -> None:
    made = make(state, seconds_per_image=30)
    reader = begin(opened(made.quiz.link))
    assert re.search("(29|30) s left", told(reader))
    # As if the image had been shown half a minute earlier.
    with contextlib.closing(sqlite3.connect(state / "quizzes.sqlite")) as store, store:
        store.execute("UPDATE readings SET shown = shown - 31")
    classes(reader)[1].click().run()
    assert "Time was over, which counts as wrong." in told(reader)
    press(reader, "Next image")
    assert "Image 2 of 2" in told(reader)
