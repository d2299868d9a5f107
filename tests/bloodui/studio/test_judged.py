"""What was judged is shown to admins alone: `judged` checks no role, what it asks does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bloodui.errors import AccessError
from bloodui.people import LOCAL_READER, LOCAL_USER, Person
from bloodui.settings import settings_from
from bloodui.studio.finished_runs import FinishedRuns
from bloodui.studio.judged import images_of_card, images_of_run, judged_by_question
from bloodui.studio.studio import Studio
from tests.bloodui.judged_place import CLASSES, RUN, JudgedPlace, judged_place

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> JudgedPlace:
    with pytest.MonkeyPatch.context() as patched:
        return judged_place(tiny_bundle, tmp_path_factory.mktemp("judged"), patched)


def results_for(place: JudgedPlace, person: Person) -> FinishedRuns:
    return FinishedRuns(studio=Studio(settings=settings_from(place.settings), person=person))


def test_runs_and_the_images_behind_figures_are_shown_to_an_admin_and_to_no_reader(
    place: JudgedPlace,
) -> None:
    admin, reader = (results_for(place, person) for person in (LOCAL_USER, LOCAL_READER))
    questions, errors = judged_by_question([], admin)
    assert not errors
    ((judged,),) = questions.values()
    assert judged.run is not None
    assert judged.run.name == RUN
    predictions = admin.predictions(judged.run, "random")
    mistakes = place.card.mistakes
    rows = np.flatnonzero(~predictions.is_right)

    (image, *_) = images_of_run(admin, judged.run, predictions, rows, is_own_split=True)
    assert image.truth in CLASSES
    assert image.read().rgb.size
    assert len(images_of_card(mistakes, admin.sets)) == len(mistakes)

    with pytest.raises(AccessError, match="'admin'"):
        judged_by_question([], reader)
    (image, *_) = images_of_run(reader, judged.run, predictions, rows, is_own_split=True)
    with pytest.raises(AccessError, match="'admin'"):
        image.read()
    with pytest.raises(AccessError, match="'admin'"):
        images_of_card(mistakes, reader.sets)


def test_every_question_of_finished_runs_is_refused_to_a_reader(place: JudgedPlace) -> None:
    run = results_for(place, LOCAL_USER).finished()[0]
    reader = results_for(place, LOCAL_READER)
    asked = {
        "finished": reader.finished,
        "finished_studies": reader.finished_studies,
        "study": lambda: reader.study(run),
        "card": lambda: reader.card(run),
        "predictions": lambda: reader.predictions(run, "random"),
        "epochs": lambda: reader.epochs(run, "random"),
        "micrograph": lambda: reader.micrograph(run, place.records[0].name),
    }
    public = {name for name, each in vars(FinishedRuns).items() if callable(each)}
    assert set(asked) == {name for name in public if name[0] != "_"}
    for ask in asked.values():
        with pytest.raises(AccessError, match="'admin'"):
            ask()
