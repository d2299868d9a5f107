"""Steps as data: complete, checked, storable; one path for preview and prediction."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from models.errors import StepError
from models.preprocessing import STEPS, Step, StepPicture, apply_steps, picture_steps
from tests.models.preprocessing.drawn import smear


def parse_steps(data: Sequence[Any]) -> tuple[Step, ...]:
    return tuple(Step.from_dict(entry) for entry in data)


def test_a_stored_step_is_complete_although_only_one_parameter_was_given() -> None:
    step = Step(name="resize", parameters={"size_px": 300})
    assert step.to_dict() == {"name": "resize", "parameters": {"size_px": 300, "fit": "stretch"}}


def test_steps_survive_json_and_pickle() -> None:
    steps = tuple(Step(name=name) for name in STEPS)
    assert parse_steps(json.loads(json.dumps([step.to_dict() for step in steps]))) == steps
    assert pickle.loads(pickle.dumps(steps)) == steps  # noqa: S301 - our own bytes
    assert len({*steps, *parse_steps([step.to_dict() for step in steps])}) == len(STEPS)


def test_parameters_of_a_step_cannot_be_changed() -> None:
    step = Step(name="resize")
    with pytest.raises(TypeError):
        step.parameters["size_px"] = 64  # type: ignore[index]


def test_a_whole_number_is_taken_for_a_decimal_and_stored_as_one() -> None:
    step = Step(name="clahe", parameters={"clip_limit": 3})
    assert step.parameters["clip_limit"] == 3.0
    assert isinstance(step.parameters["clip_limit"], float)


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("sharpen", {}, "name of the step to be one of resize, "),
        ("resize", {"size": 224}, "Expected size_px, fit for resize, received 'size'"),
        ("resize", {"size_px": 15}, "size_px of resize to be a whole number from 16 to 2048 px"),
        ("resize", {"size_px": 15}, "received 15."),
        ("resize", {"size_px": 2049}, "from 16 to 2048 px"),
        ("resize", {"size_px": 224.0}, "a whole number from 16 to 2048 px, received 224.0"),
        ("resize", {"size_px": True}, "received True"),
        ("resize", {"fit": "crop"}, '"stretch", "letterbox", "centre_crop"'),
        ("median_denoise", {"size_px": 4}, "an odd whole number from 3 to 31 px"),
        ("clahe", {"clip_limit": float("nan")}, "received nan"),
        ("clahe", {"clip_limit": "2"}, "received '2'"),
        ("clahe", {"clip_limit": 10**400}, "clip_limit of clahe to be a number from"),
        ("clahe", 3, "parameters of the step to be a table, received 3"),
        (["resize"], {}, "received ['resize']"),
    ],
)
def test_a_wrong_step_is_refused_with_what_is_allowed(
    name: str, parameters: dict[str, object], said: str
) -> None:
    with pytest.raises(StepError) as refusal:
        parse_steps([{"name": name, "parameters": parameters}])
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "data", ["resize", ["resize"], None, {"parameters": {}}, {"name": "clahe", "n": 1}]
)
def test_what_is_no_step_is_refused(data: object) -> None:
    with pytest.raises(StepError):
        Step.from_dict(data)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((32, 32), np.uint8),
        np.zeros((32, 32, 4), np.uint8),
        np.zeros((32, 32, 3), np.float32),
        np.zeros((0, 32, 3), np.uint8),
    ],
)
def test_what_is_no_rgb_picture_of_bytes_is_refused(array: np.ndarray) -> None:
    with pytest.raises(StepError, match="expected an RGB picture"):
        apply_steps(array, [])


def test_the_preview_ends_with_the_picture_that_the_model_gets() -> None:
    rgb, _ = smear()
    steps = parse_steps(
        [
            {"name": "mask_corner_marks"},
            {"name": "macenko"},
            {"name": "kmeans_segmentation"},
            {"name": "crop_black_borders"},
            {"name": "resize", "parameters": {"size_px": 64, "fit": "letterbox"}},
        ]
    )
    pictures = picture_steps(rgb, steps)
    assert [picture.step for picture in pictures] == [None, *steps]
    assert np.array_equal(pictures[0].rgb, rgb)
    assert np.array_equal(pictures[-1].rgb, apply_steps(rgb, steps))
    one_by_one = rgb
    for step, picture in zip(steps, pictures[1:], strict=True):
        one_by_one = apply_steps(one_by_one, [step])
        assert np.array_equal(picture.rgb, one_by_one)


def test_pictures_cannot_be_written_to_and_the_callers_array_still_can() -> None:
    rgb, _ = smear()
    pictures = picture_steps(rgb, [Step(name="median_denoise")])
    assert not any(picture.rgb.flags.writeable for picture in pictures)
    before = pictures[0].rgb.copy()
    rgb[:] = 0
    assert np.array_equal(pictures[0].rgb, before)


def test_a_picture_with_no_steps_is_the_original_and_covers_all_of_it() -> None:
    rgb, _ = smear()
    (picture,) = picture_steps(rgb[:100], [])
    assert picture.region == (0.0, 0.0, 160.0, 100.0)
    assert isinstance(picture, StepPicture)
    assert picture.to_original(12.5, 7.5) == (12.5, 7.5)
