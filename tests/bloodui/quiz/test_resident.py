"""A resident reads: once an image, against the clock, and without the truth beforehand."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import fields, replace

import pytest

from bloodui.errors import QuizError
from bloodui.quiz.quiz import AT_THE_END, steady_time
from bloodui.quiz.resident import MOST_ATTEMPTS, Resident
from tests.bloodui.quiz.place import Place


def read_all(place: Place, resident: Resident, token: str, answers: list[int]) -> None:
    for position, answer in enumerate(answers):
        task = resident.task(token)
        assert task is not None
        assert task.image.position == position
        place.clock.now += 3
        resident.answer(token, position, answer=answer, confidence=0.8)
    assert resident.task(token) is None


def test_a_reading_from_the_first_image_to_the_score(place: Place) -> None:
    made = place.make(3)
    resident = place.resident()
    assert resident.quiz(made.quiz.link).n_images == 3
    token = resident.begin(made.quiz.link, " kingfisher ")
    truths = place.truths(made)
    read_all(place, resident, token, [truths[0], truths[1], (truths[2] + 1) % 3])
    reading = resident.reading(token)
    assert reading.attempt.alias == "kingfisher"
    assert reading.attempt.finished == place.clock.now
    assert [given.elapsed_s for given in reading.attempt.answers] == [3, 3, 3]
    assert resident.truths(token) == truths
    (attempt,) = place.instructor(key=made.key).results(made.quiz.id).attempts
    assert attempt == reading.attempt


def test_the_truth_is_not_given_out_before_the_answer(place: Place) -> None:
    made = place.make(2)
    resident = place.resident()
    token = resident.begin(made.quiz.link, "a")
    task = resident.task(token)
    assert task is not None
    assert task.image.truth is None
    assert {field.name for field in fields(task)} == {"image", "remaining_s"}
    for position in (0, 1):
        with pytest.raises(QuizError, match="not shown yet"):
            resident.feedback(token, position)
    with pytest.raises(QuizError, match="Images are left"):
        resident.truths(token)
    resident.answer(token, 0, answer=1, confidence=0.5)
    assert resident.feedback(token, 0).truth == place.truths(made)[0]
    with pytest.raises(QuizError, match="not shown yet"):
        resident.feedback(token, 1)
    with pytest.raises(QuizError, match="Images are left"):
        resident.truths(token)


def test_answers_shown_at_the_end_are_not_shown_before(place: Place) -> None:
    made = place.make(2, answer_shown=AT_THE_END)
    resident = place.resident()
    token = resident.begin(made.quiz.link, "a")
    resident.task(token)
    resident.answer(token, 0, answer=1, confidence=0.5)
    with pytest.raises(QuizError, match="not shown yet"):
        resident.feedback(token, 0)
    resident.task(token)
    resident.answer(token, 1, answer=1, confidence=0.5)
    assert [resident.feedback(token, n).truth for n in (0, 1)] == list(place.truths(made))


def test_an_answer_is_given_once_in_order_and_within_its_bounds(place: Place) -> None:
    made = place.make(3)
    resident = place.resident()
    token = resident.begin(made.quiz.link, "a")
    with pytest.raises(QuizError, match="not the one that is shown"):
        resident.answer(token, 0, answer=1, confidence=0.5)  # not shown yet
    resident.task(token)
    for answer, confidence in ((-1, 0.5), (3, 0.5), (0, 1.01), (0, -0.1), (0, float("nan"))):
        with pytest.raises(QuizError, match="a class from 0 to 2"):
            resident.answer(token, 0, answer=answer, confidence=confidence)
    with pytest.raises(QuizError, match="not the one that is shown"):
        resident.answer(token, 1, answer=0, confidence=0.5)
    resident.answer(token, 0, answer=0, confidence=0.5)
    with pytest.raises(QuizError, match="not the one that is shown"):
        resident.answer(token, 0, answer=1, confidence=0.5)
    assert [given.answer for given in resident.reading(token).attempt.answers] == [0]


def test_of_two_answers_at_the_same_moment_one_counts(place: Place) -> None:
    made = place.make(1)
    resident = place.resident()
    token = resident.begin(made.quiz.link, "a")
    resident.task(token)
    outcomes: list[object] = []

    def give(answer: int) -> None:
        try:
            outcomes.append(resident.answer(token, 0, answer=answer, confidence=0.5))
        except QuizError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=give, args=(number % 3,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 6
    assert sum(not isinstance(outcome, QuizError) for outcome in outcomes) == 1
    assert len(resident.reading(token).attempt.answers) == 1


def test_time_runs_from_the_first_showing_on_the_servers_clock(place: Place) -> None:
    made = place.make(3, seconds_per_image=10)
    resident = place.resident()
    token = resident.begin(made.quiz.link, "a")
    place.clock.now += 100  # nothing is shown yet
    task = resident.task(token)
    assert task is not None
    assert task.remaining_s == 10
    place.clock.now += 4
    again = resident.task(token)  # a reload wins no time
    assert again is not None
    assert again.remaining_s == 6
    assert resident.settle(token) is None
    place.clock.now += 6
    given = resident.answer(token, 0, answer=1, confidence=0.5)
    assert (given.timed_out, given.elapsed_s) == (False, 10)

    resident.task(token)
    place.clock.now += 10.1
    late = resident.answer(token, 1, answer=place.truths(made)[1], confidence=0.5)
    assert late.timed_out
    assert late.answer is None

    resident.task(token)
    place.clock.now += 10.1
    assert resident.settle(token) == 2
    assert resident.settle(token) is None
    assert resident.reading(token).attempt.finished == place.clock.now


def test_setting_the_machines_clock_changes_no_time_of_a_reading(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = place.make(1)
    resident = replace(place.resident(), clock=steady_time)
    token = resident.begin(made.quiz.link, "wren")
    resident.task(token)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= resident.answer(token, 0, answer=0, confidence=1).elapsed_s < 60
    assert Resident(state=place.state, person=resident.person).clock is steady_time


def test_without_a_limit_nothing_runs_out(place: Place) -> None:
    made = place.make(1)
    resident = place.resident()
    token = resident.begin(made.quiz.link, "a")
    task = resident.task(token)
    assert task is not None
    assert task.remaining_s is None
    place.clock.now += 1e6
    assert resident.settle(token) is None
    assert not resident.answer(token, 0, answer=1, confidence=0.5).timed_out


def test_a_browser_finds_its_own_last_reading_of_a_quiz_and_no_other(place: Place) -> None:
    one, other = place.make(title="One"), place.make(title="Other")
    mine, yours = (replace(place.resident(), browser=secret) for secret in ("mine", "yours"))
    assert mine.latest(one.quiz.link) == ""
    first = mine.begin(one.quiz.link, "wren")
    assert mine.latest(one.quiz.link) == first
    second = mine.begin(one.quiz.link, "wren")
    assert second != first
    assert mine.latest(one.quiz.link) == second
    assert mine.reading(first).attempt.alias == "wren"  # its code still leads to it
    assert mine.latest(other.quiz.link) == ""
    for stranger in (yours, place.resident()):
        assert stranger.latest(one.quiz.link) == ""
    assert "mine" not in repr(mine)


def test_two_residents_never_reach_each_others_attempt(place: Place) -> None:
    made, other = place.make(2), place.make(2)
    resident = place.resident()
    one = resident.begin(made.quiz.link, "same alias")
    two = resident.begin(made.quiz.link, "same alias")
    assert one != two
    resident.task(one)
    resident.answer(one, 0, answer=2, confidence=0.9)
    assert resident.reading(two).attempt.answers == ()
    for token in ("", "same alias", made.quiz.link, made.key, one[:-1], "%"):
        with pytest.raises(QuizError, match="belongs to no reading"):
            resident.reading(token)
    assert resident.reading(one).quiz.link != other.quiz.link


@pytest.mark.parametrize("alias", ["", "   ", "x" * 41, "a\nb", "a\x00b", "a\u202eb"])
def test_an_alias_is_a_short_plain_line(place: Place, alias: str) -> None:
    made = place.make()
    with pytest.raises(QuizError, match="an alias"):
        place.resident().begin(made.quiz.link, alias)


def test_an_unknown_link_is_refused(place: Place) -> None:
    made = place.make()
    for link in ("", "x", made.quiz.link[:-1], str(made.quiz.id)):
        with pytest.raises(QuizError, match="leads to no quiz"):
            place.resident().begin(link, "a")
    assert len(made.quiz.link) >= 24


def test_a_link_cannot_be_used_without_end(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ATTEMPTS == 500
    monkeypatch.setattr("bloodui.quiz.resident.MOST_ATTEMPTS", 2)
    made = place.make()
    for _ in range(2):
        place.resident().begin(made.quiz.link, "a")
    with pytest.raises(QuizError, match="has been begun 2 times"):
        place.resident().begin(made.quiz.link, "a")


def test_quizzes_load_without_streamlit_and_their_database_late() -> None:
    code = (
        "import sys\n"
        "from bloodui.quiz import export, instructor, quiz, resident, scores\n"
        "assert not {'streamlit', 'tensorflow', 'keras', 'sqlalchemy'} & set(sys.modules)\n"
        "from bloodui.quiz import store\n"
        "assert not {'streamlit', 'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
