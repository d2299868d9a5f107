"""Where a quiz's images come from: files by class, a data set; and the models that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawn.dataset import write_synthetic_dataset
from drawn.smears import draw
from tests.bloodui.quiz_pages import CLASSES, installed, instructor, opened, press, told
from tests.bloodui.tiny import jpeg_of

pytestmark = pytest.mark.slow


@pytest.fixture
def state(model_root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    return installed(model_root, monkeypatch, tmp_path)


def test_own_images_come_in_by_class_and_damaged_ones_are_told(state: Path) -> None:
    page = opened()
    page.text_input(key="quiz-title").set_value("Own images")
    page.segmented_control(key="quiz-source").set_value("My own images").run()
    assert "nobody can be recognised" in told(page)
    page.multiselect(key="quiz-classes").set_value(["Benign", "Pro"]).run()
    files = [jpeg_of(draw(label, seed=1, size_px=64).rgb) for label in ("Benign", "Pro", "Pre")]
    name = "anna-schmidt-1961.jpg"
    page.file_uploader[0].set_value([(name, files[0], "image/jpeg"), (name, b"<html>", "")])
    page.file_uploader[1].set_value([(name, data, "image/jpeg") for data in files[1:]])
    page.run()
    assert "This file is not an image" in told(page)
    assert "3 images, at most 200" in told(page)
    press(page, "Make the quiz")
    assert not page.exception
    key = page.code[1].value
    assert sorted(instructor(state, key).results(1).truths) == [0, 1, 1]
    kept = b"".join(file.read_bytes() for file in state.iterdir())
    assert b"anna" not in kept
    assert b"JFIF" not in kept


def test_an_admin_takes_images_of_a_data_set(state: Path) -> None:
    write_synthetic_dataset(state / "drawn" / "a-set", labels=CLASSES, n_per_label=3, seed=1)
    page = opened()
    page.text_input(key="quiz-title").set_value("From a data set")
    page.segmented_control(key="quiz-source").set_value("A data set of this installation").run()
    page.multiselect(key="quiz-labels").set_value(["Early", "Pro"])
    page.number_input(key="quiz-each").set_value(2)
    page.run()
    assert "4 images, at most 200" in told(page)
    press(page, "Make the quiz")
    assert not page.exception
    quiz = instructor(state, page.code[1].value)
    assert quiz.results(1).quiz.rules.classes == ("Early", "Pro")
    assert sorted(quiz.results(1).truths) == [0, 0, 1, 1]
    assert all(image.is_drawn for image in quiz.images(1, range(4)))


def test_models_that_do_not_know_every_class_are_offered_with_what_they_know(state: Path) -> None:
    page = opened()
    page.multiselect(key="quiz-drawn").set_value(["Benign", "CLL"]).run()
    options = page.selectbox(key="quiz-model").options
    assert options[0] == "None"
    assert "Tiny, knows 1 of 2 classes" in options
    page.multiselect(key="quiz-drawn").set_value(["Benign", "Pro"]).run()
    assert "Tiny" in page.selectbox(key="quiz-model").options
