"""What is stored keeps to its rules, cannot be changed, and says in words what is allowed."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, model_validator

from models.stored import (
    Count,
    Id,
    Location,
    Number,
    OneOf,
    Positive,
    ReadOnly,
    Several,
    Sha256,
    Share,
    Stored,
    Text,
    is_id,
)
from training.errors import RecipeError


class Lens(Stored):
    kind: Literal["lens"] = "lens"
    power: Annotated[int, Field(ge=4, le=100)]


class Filter(Stored):
    kind: Literal["filter"] = "filter"
    passes: Annotated[float, Field(ge=0, lt=1)]

    @model_validator(mode="after")
    def _lets_something_through(self) -> Filter:
        if self.passes == 0:
            raise ValueError("Expected a filter that lets light through, received none.")
        return self


class Microscope(Stored):
    """A stored thing with every kind of field."""

    refused_as = RecipeError
    called = "the microscope"
    advice = "Look at its plate."

    id: Id
    title: Text = "A microscope"
    hash: Sha256 | None = None
    stand: Literal["upright", "inverted"] = "upright"
    maker: Annotated[str, OneOf(["Abbe", "Zernike"])] = "Abbe"
    eyepieces: Count = 2
    height_cm: Positive = 40
    tilt: Number = 0
    light: Share = 0.5
    manual: Location = Path("manual.pdf")
    is_clean: bool = True
    train: Several[Annotated[Lens | Filter, Field(discriminator="kind")]] = ()
    named: ReadOnly[Id, Count] = Field(default={}, title="ids with counts")
    readings: Annotated[Several[str], Field(min_length=2)] = ("a", "b")


FULL = {
    "id": "lab-2",
    "height_cm": 41,
    "hash": "0" * 64,
    "manual": "/srv/manual.pdf",
    "train": [{"kind": "lens", "power": 10}, {"kind": "filter", "passes": 0.5}],
    "named": {"blue-one": 3},
}


def test_it_comes_back_from_json_as_it_was() -> None:
    held = Microscope.from_dict(FULL)
    again = json.loads(json.dumps(held.to_dict()))
    assert again.items() >= FULL.items()
    assert Microscope.from_dict(again) == held
    assert pickle.loads(pickle.dumps(held)) == copy.deepcopy(held) == held  # noqa: S301
    assert (held.train[0], held.manual) == (Lens(power=10), Path("/srv/manual.pdf"))


def test_a_whole_number_is_written_as_it_was_read() -> None:
    held = Microscope.from_dict(FULL | {"light": 1, "tilt": 2.0})
    assert json.dumps([held.height_cm, held.light, held.tilt]) == "[41, 1, 2.0]"


def test_it_cannot_be_changed() -> None:
    held = Microscope.from_dict(FULL)
    with pytest.raises(ValueError, match="frozen"):
        held.title = "Another"
    with pytest.raises(TypeError):
        held.named["blue-one"] = 4  # type: ignore[index]
    with pytest.raises(TypeError):
        Microscope(id="lab-3").named["blue-one"] = 4  # type: ignore[index]
    assert len({Lens(power=10), Lens(power=10), Lens(power=20)}) == 2


def test_a_changed_copy_keeps_to_the_rules() -> None:
    held = Microscope.from_dict(FULL)
    other = held.changed(eyepieces=1)
    assert (other.eyepieces, other.changed(eyepieces=2)) == (1, held)
    with pytest.raises(RecipeError, match="eyepieces"):
        held.changed(eyepieces=0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"id": "../etc"}, "id of the microscope to be 3 to 64 lower-case letters"),
        ({"title": " \n"}, "to be a text that is not empty, received ' \\n'"),
        ({"hash": "abc"}, "hash of the microscope to be 64 hexadecimal digits, received 'abc'"),
        ({"stand": "up"}, "to be one of upright, inverted, received 'up'."),
        (
            {"maker": "Zernicke"},
            "one of Abbe, Zernike, received 'Zernicke'. Did you mean 'Zernike'?",
        ),
        ({"eyepieces": True}, "to be a whole number of at least 1, received True"),
        ({"eyepieces": "2"}, "received '2'"),
        ({"eyepieces": 2.0}, "received 2.0"),
        ({"height_cm": 0}, "to be a number above 0, received 0"),
        ({"height_cm": "41"}, "received '41'"),
        ({"tilt": float("nan")}, "to be a number, received nan"),
        ({"tilt": float("inf")}, "to be a number, received inf"),
        ({"tilt": True}, "to be a number, received True"),
        ({"light": 1.5}, "to be a number from 0 to 1, received 1.5"),
        ({"manual": 3}, "manual of the microscope to be a text, received 3"),
        ({"is_clean": 1}, "to be true or false, received 1"),
        ({"train": 3}, "to be a list, each item a table whose kind is one of filter, lens"),
        ({"train": [{"kind": "prism"}]}, "train[0] of the microscope to be a table whose kind"),
        ({"train": [{"kind": "lens"}]}, "train[0].power of the microscope, received nothing"),
        (
            {"train": [{"kind": "lens", "powr": 4, "power": 4}]},
            "only the keys kind, power in train[0] of the microscope, received 'powr'. "
            "Did you mean 'power'?",
        ),
        ({"train": [{"kind": "lens", "power": 3}]}, "to be a whole number from 4 to 100"),
        ({"train": [{"kind": "filter", "passes": 1}]}, "a number of at least 0 and below 1"),
        ({"train": [{"kind": "filter", "passes": 0.0}]}, "Expected a filter that lets light"),
        ({"named": []}, "named of the microscope to be ids with counts, received []"),
        ({"named": {"B": 1}}, "named of the microscope to be ids with counts, received 'B'"),
        ({"named": {"blue-one": 0}}, "named.blue-one of the microscope to be a whole number"),
        ({"readings": ["a"]}, "to be a list of at least 2, each item a text, received ['a']"),
        ({"colour": 1}, "Expected only the keys id, title, hash"),
        ({"title": 7 * ("long",)}, "received ('long', 'long', 'long'"),
        ({"title": "", "stand": 1, "maker": 1, "eyepieces": 0, "tilt": ""}, "And 2 more. Look at"),
    ],
)
def test_what_is_not_allowed_is_named_with_what_is(values: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as refused:
        Microscope.from_dict(FULL | values)
    assert said in str(refused.value)
    assert str(refused.value).endswith("Look at its plate.")


@pytest.mark.parametrize("data", [None, [], "lab-2", 3])
def test_what_is_no_table_is_refused(data: object) -> None:
    with pytest.raises(RecipeError, match="Expected the microscope to be a table, received"):
        Microscope.from_dict(data)


def test_a_missing_value_is_named() -> None:
    with pytest.raises(RecipeError, match="Expected id of the microscope, received nothing"):
        Microscope.from_dict({})


def test_a_long_value_is_shortened() -> None:
    with pytest.raises(RecipeError) as refused:
        Microscope(id="x" * 100_000)
    assert len(str(refused.value)) < 300
    with pytest.raises(RecipeError) as refused:
        Microscope(id="lab-2", **{"x" * 100_000: 1})
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(("text", "expected"), [("a-b", True), ("ab", False), ("a-b\n", False)])
def test_an_id_is_whole(text: str, expected: bool) -> None:
    assert is_id(text) is expected
    if not expected:
        with pytest.raises(RecipeError):
            Microscope(id=text)
