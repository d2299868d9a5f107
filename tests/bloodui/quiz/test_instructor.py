"""An instructor makes quizzes and alone sees their results."""

from __future__ import annotations

import csv
import io
import stat
from dataclasses import replace

import cv2
import numpy as np
import pytest

from bloodui.errors import AccessError, QuizError
from bloodui.images import MOST_IMAGES, DraftImage
from bloodui.people import (
    LOCAL_READER,
    NOBODY,
    READER,
    Person,
)
from bloodui.quiz.export import COLUMNS, results_csv
from bloodui.quiz.instructor import Instructor
from bloodui.quiz.quiz import LONGEST_SIDE_PX
from bloodui.quiz.resident import Resident
from models.image.micrograph import micrograph_from_rgb
from tests.bloodui.quiz.place import (
    CLASSES,
    Place,
    drafts,
    rules_of,
)

ANNA = Person(name="anna@example.org", roles=frozenset({READER}), id="https://login.example 17")
BEN = Person(name="ben@example.org", roles=frozenset({READER}), id="https://login.example 18")


def test_a_key_shown_once_opens_its_quiz_and_nothing_else(place: Place) -> None:
    one, two = place.make(title="One"), place.make(title="Two")
    assert place.instructor(key=one.key).quizzes() == (one.quiz,)
    assert place.instructor(key=f" {one.key}\n").results(one.quiz.id).quiz == one.quiz
    secret = one.key.partition(".")[2]
    wrong = ("", "1", one.key[:-1], f"{two.quiz.id}.{secret}", f"{one.quiz.id}.", one.quiz.link)
    for key in (*wrong, two.key, f"99.{secret}", "²." + secret):
        instructor = place.instructor(key=key)
        with pytest.raises(QuizError, match="opens no quiz"):
            instructor.results(one.quiz.id)
        with pytest.raises(QuizError, match="opens no quiz"):
            instructor.images(one.quiz.id, [0])
        with pytest.raises(QuizError, match="opens no quiz"):
            instructor.delete(one.quiz.id)
    assert place.instructor().quizzes() == ()
    with pytest.raises(QuizError):
        place.instructor(key="1.wrong").quizzes()


def test_neither_key_nor_token_stands_in_the_store_or_in_what_is_logged(place: Place) -> None:
    made = place.make()
    token = place.resident().begin(made.quiz.link, "kingfisher")
    secret = made.key.partition(".")[2]
    kept = b"".join(file.read_bytes() for file in place.state.iterdir())
    assert b"kingfisher" in kept
    assert secret.encode() not in kept
    assert token.encode() not in kept
    assert secret not in repr(made)
    assert secret not in repr(place.instructor(key=made.key))


def test_with_a_login_a_quiz_is_its_owners_alone(place: Place) -> None:
    anna, ben = (place.instructor(person, has_login=True) for person in (ANNA, BEN))
    made = anna.create(rules_of(), drafts(3))
    assert made.key == ""
    assert made.quiz.owner == ANNA.id
    assert anna.quizzes() == (made.quiz,)
    assert ben.quizzes() == ()
    for other in (ben, place.instructor(), place.instructor(key=f"{made.quiz.id}.")):
        with pytest.raises(QuizError):
            other.results(made.quiz.id)
    # The same without a login proves nothing, and nor does the same name or address.
    namesake = replace(BEN, name=ANNA.name, address=ANNA.name)
    for other in (place.instructor(ANNA), place.instructor(namesake, has_login=True)):
        assert other.quizzes() == ()
        with pytest.raises(QuizError):
            other.results(made.quiz.id)


def test_logins_without_a_subject_share_nothing(place: Place) -> None:
    unnamed = place.instructor(Person(name="unnamed", roles=frozenset({READER})), has_login=True)
    made = unnamed.create(rules_of(), drafts(3))
    assert made.key
    assert unnamed.quizzes() == ()


def test_a_quiz_kept_under_an_address_goes_to_the_login_whose_address_is_verified(
    place: Place,
) -> None:
    made = place.instructor(replace(ANNA, id=ANNA.name), has_login=True).create(
        rules_of(), drafts(3)
    )
    assert place.instructor(ANNA, has_login=True).quizzes() == ()
    verified = place.instructor(replace(ANNA, address=ANNA.name), has_login=True)
    assert [quiz.id for quiz in verified.quizzes()] == [made.quiz.id]
    assert verified.results(made.quiz.id).quiz.owner == ANNA.id


def test_of_each_reader_the_first_reading_that_answered_counts_where_it_is_whole(
    place: Place,
) -> None:
    made = place.make(2)

    def read(alias: str, n_answers: int) -> None:
        token = place.resident().begin(made.quiz.link, alias)
        for position in range(n_answers):
            place.resident().task(token)
            place.resident().answer(token, position, answer=0, confidence=0.5)

    for alias, n_answers in (("wren", 0), ("wren", 2), ("wren", 2), ("heron", 1), ("heron", 2)):
        read(alias, n_answers)
    results = place.instructor(key=made.key).results(made.quiz.id)
    assert [each.alias for each in results.firsts] == ["wren (2)", "heron"]
    assert [each.alias for each in results.whole] == ["wren (2)"]


def test_nobody_gets_in(place: Place) -> None:
    nobody, reader = place.instructor(NOBODY), place.resident(NOBODY)
    actions = {
        Instructor: {
            "create": lambda: nobody.create(rules_of(), drafts(3)),
            "quizzes": nobody.quizzes,
            "results": lambda: nobody.results(1),
            "images": lambda: nobody.images(1, [0]),
            "delete": lambda: nobody.delete(1),
        },
        Resident: {
            "quiz": lambda: reader.quiz("x"),
            "begin": lambda: reader.begin("x", "a"),
            "latest": lambda: reader.latest("x"),
            "reading": lambda: reader.reading("x"),
            "settle": lambda: reader.settle("x"),
            "task": lambda: reader.task("x"),
            "answer": lambda: reader.answer("x", 0, answer=0, confidence=1),
            "feedback": lambda: reader.feedback("x", 0),
            "truths": lambda: reader.truths("x"),
        },
    }
    for kind, mine in actions.items():
        public = {name for name, value in vars(kind).items() if callable(value)}
        assert {name for name in public if name[0] != "_"} - {"clock"} == set(mine)
        for action in mine.values():
            with pytest.raises(AccessError):
                action()
    assert not place.state.exists()


def test_images_keep_their_pixels_and_nothing_of_their_file(place: Place) -> None:
    made = place.make(6)
    images = list(place.instructor(key=made.key).images(made.quiz.id, range(6)))
    assert sorted(int(image.micrograph.rgb[0, 0, 1]) for image in images) == list(range(6))
    for image in images:
        assert image.truth == image.micrograph.rgb[0, 0, 0]
        assert image.is_drawn == (image.micrograph.rgb[0, 0, 1] == 0)
        assert image.um_per_px == 0.5
        chunks = [image.png[12:16], image.png[-8:-4]]
        assert chunks == [b"IHDR", b"IEND"]
        assert not any(kind in image.png for kind in (b"tEXt", b"iTXt", b"zTXt", b"eXIf"))


def test_large_images_are_kept_smaller_with_the_same_scale(place: Place) -> None:
    rgb = np.zeros((100, 2 * LONGEST_SIDE_PX, 3), np.uint8)
    large = DraftImage(micrograph=micrograph_from_rgb(rgb, um_per_px=0.25), truth=0, is_drawn=False)
    made = place.instructor().create(rules_of(), [large])
    (image,) = place.instructor(key=made.key).images(made.quiz.id, [0])
    assert image.micrograph.rgb.shape == (50, LONGEST_SIDE_PX, 3)
    assert image.um_per_px == 0.5


def test_the_order_of_the_images_tells_nothing(place: Place) -> None:
    orders = set()
    for _ in range(3):
        made = place.make(30)
        orders.add(place.truths(made))
        assert sorted(place.truths(made)) == sorted(number % 3 for number in range(30))
    assert len(orders) == 3
    assert tuple(number % 3 for number in range(30)) not in orders


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "x" * 101},
        {"title": "two\nlines"},
        {"title": "turned \u202e round"},
        {"classes": ("one",)},
        {"classes": ("one", "One")},
        {"classes": tuple(f"class {number}" for number in range(31))},
        {"classes": ("one", " ")},
        {"classes": ("one", "x" * 41)},
        {"answer_shown": "never"},
        {"seconds_per_image": 0},
        {"seconds_per_image": 601},
    ],
)
def test_rules_that_are_not_allowed_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(QuizError, match="Expected"):
        rules_of(**changes)


def test_a_quiz_needs_images_of_its_classes_and_not_too_many(place: Place) -> None:
    instructor = place.instructor()
    for images in ([], drafts(MOST_IMAGES + 1, side_px=1)):
        with pytest.raises(QuizError, match="1 to 200 images"):
            instructor.create(rules_of(), images)
    with pytest.raises(QuizError, match="none of the quiz's classes"):
        instructor.create(rules_of(classes=("one", "two")), drafts(3))


def test_too_many_bytes_are_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bloodui.quiz.instructor.MOST_BYTES", 100)
    with pytest.raises(QuizError, match="together"):
        place.make()


def test_a_deleted_quiz_is_gone_with_its_images_and_answers(place: Place) -> None:
    made, other = place.make(title="Gone for good"), place.make(title="Still there")
    resident = place.resident()
    token = resident.begin(made.quiz.link, "kingfisher")
    resident.task(token)
    resident.answer(token, 0, answer=0, confidence=0.9)
    rows = "SELECT (SELECT count(*) FROM images), (SELECT count(*) FROM readings)"
    assert asked(place, rows) == (8, 1)
    place.instructor(key=made.key).delete(made.quiz.id)
    assert asked(place, rows) == (4, 0)
    kept = b"".join(file.read_bytes() for file in place.state.iterdir())
    assert b"kingfisher" not in kept
    assert b"Gone for good" not in kept
    assert b"Still there" in kept
    for action in (lambda: resident.quiz(made.quiz.link), lambda: resident.reading(token)):
        with pytest.raises(QuizError, match="deleted"):
            action()
    with pytest.raises(QuizError):
        place.instructor(key=made.key).results(made.quiz.id)
    assert place.make().quiz.id > other.quiz.id


def asked(place: Place, statement: str) -> tuple[object, ...]:
    """The first row that SQLite gives for a statement, without the store."""
    import contextlib
    import sqlite3

    with contextlib.closing(sqlite3.connect(place.state / "quizzes.sqlite")) as connection:
        return tuple(connection.execute(statement).fetchone())


def test_the_store_is_for_its_owner_alone(place: Place) -> None:
    place.make()
    assert stat.S_IMODE(place.state.stat().st_mode) == 0o700
    for file in place.state.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_an_unusable_store_is_told_without_what_was_written(place: Place) -> None:
    place.state.mkdir()
    (place.state / "quizzes.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(QuizError, match=r"rights of quizzes\.sqlite") as refusal:
        place.make(title="A secret title")
    assert "secret" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_results_come_as_csv_that_no_spreadsheet_takes_for_a_formula(place: Place) -> None:
    made = place.make(2, seconds_per_image=10)
    resident = place.resident()
    for alias in ("=cmd()", "=cmd()"):
        token = resident.begin(made.quiz.link, alias)
        resident.task(token)
        place.clock.now += 2.5
        resident.answer(token, 0, answer=2, confidence=0.75)
        resident.task(token)
        place.clock.now += 11
        resident.settle(token)
    results = place.instructor(key=made.key).results(made.quiz.id)
    rows = list(csv.DictReader(io.StringIO(results_csv(results))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["alias"] for row in rows] == ["'=cmd()"] * 2 + ["'=cmd() (2)"] * 2
    truth = CLASSES[results.truths[0]]
    assert rows[0] == {
        "alias": "'=cmd()",
        "image": "1",
        "truth": f"'{truth}" if truth[0] == "=" else truth,
        "answer": "'=Pro",
        "confidence": "0.75",
        "elapsed_s": "2.5",
        "timed_out": "false",
        "correct": str(results.truths[0] == 2).lower(),
    }
    assert (rows[1]["answer"], rows[1]["timed_out"], rows[1]["correct"]) == ("", "true", "false")


def test_png_is_what_any_reader_of_png_sees(place: Place) -> None:
    made = place.make(1)
    (image,) = place.instructor(key=made.key).images(made.quiz.id, [0])
    bgr = cv2.imdecode(np.frombuffer(image.png, np.uint8), cv2.IMREAD_COLOR)
    assert (bgr[..., ::-1] == image.micrograph.rgb).all()
    assert LOCAL_READER.roles == {READER}
