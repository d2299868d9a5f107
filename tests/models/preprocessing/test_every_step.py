"""What holds for every step in the registry, whatever the picture and the parameters."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.preprocessing import STEPS, Step, StepParameter, apply_steps, picture_steps
from tests.models.preprocessing.drawn import Rgb, smear

# What a step does on purpose stands here by its name; any other step leaves it as it was.
REFRAMES = {"resize", "crop_black_borders", "crop_centre", "nucleus_square"}
MOVES_GREYS = {"clahe": 255, "non_local_means": 1, "white_balance": 127}
"""How many grey levels a grey may move; OpenCV rounds on its way to L*a*b* and back."""
CHANGES_HUE = {"reinhard", "macenko", "grey"}
LAYS_OUT = {"cell_sheet"}
"""Shows cells elsewhere than they were, on white; its own tests look."""

COLOURS = [(0, 0, 0), (255, 255, 255), (1, 1, 1), (128, 128, 128), (120, 40, 160)]


@st.composite
def pictures(draw: st.DrawFn) -> Rgb:
    height, width = draw(st.integers(1, 48)), draw(st.integers(1, 48))
    kind = draw(st.sampled_from(["colour", "noise", "smear", "two colours", "dark", "grey"]))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    rgb = np.full((height, width, 3), draw(st.sampled_from(COLOURS)), np.uint8)
    if kind == "noise":
        rgb = random.integers(0, 256, rgb.shape, dtype=np.uint8)
    elif kind == "smear":
        rgb = np.ascontiguousarray(smear(64)[0][:height, 16 : 16 + width])
    elif kind == "two colours":
        rgb[: height // 2] = draw(st.sampled_from(COLOURS))
    elif kind == "dark":
        rgb = random.integers(0, 3, rgb.shape, dtype=np.uint8)
    elif kind == "grey":
        rgb = np.repeat(random.integers(0, 256, (height, width, 1), dtype=np.uint8), 3, axis=2)
    return rgb


def values(parameter: StepParameter) -> st.SearchStrategy[Any]:
    if parameter.kind == "choice":
        return st.sampled_from(parameter.choices)
    assert parameter.low is not None
    assert parameter.high is not None
    if parameter.kind == "float":
        return st.floats(parameter.low, parameter.high)
    numbers = st.integers(int(parameter.low), min(int(parameter.high), 200))
    return numbers.map(lambda number: number | 1) if parameter.odd else numbers


@st.composite
def steps_named(draw: st.DrawFn, name: str) -> Step:
    specs = STEPS[name].parameters
    return Step(name=name, parameters={key: draw(values(specs[key])) for key in specs})


@pytest.mark.parametrize("name", STEPS)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_picture_gives_the_same_bytes_twice_and_is_not_changed(
    name: str, data: st.DataObject
) -> None:
    rgb, step = data.draw(pictures()), data.draw(steps_named(name))
    before = rgb.copy()
    first, second = picture_steps(rgb, [step])[-1], picture_steps(rgb, [step])[-1]
    assert first.rgb.dtype == np.uint8
    assert first.rgb.ndim == 3
    assert first.rgb.shape[2] == 3
    assert first.rgb.size > 0
    assert np.array_equal(first.rgb, second.rgb)
    assert first.region == second.region
    assert np.array_equal(rgb, before)
    left, top, right, bottom = first.region
    assert left < right
    assert top < bottom
    if name not in REFRAMES | LAYS_OUT:
        assert first.rgb.shape == rgb.shape
    if name not in REFRAMES:
        assert first.region == (0.0, 0.0, rgb.shape[1], rgb.shape[0])


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("colour", COLOURS[:4])
def test_a_picture_of_one_grey_shows_no_new_colour(name: str, colour: tuple[int, ...]) -> None:
    rgb = np.full((32, 40, 3), colour, np.uint8)
    found = np.unique(apply_steps(rgb, [Step(name=name)]).reshape(-1, 3), axis=0)
    if name in MOVES_GREYS:  # and no hue: grey stays grey
        assert all(max(pixel) - min(pixel) <= 1 for pixel in found.tolist())
        assert np.abs(found.astype(int) - colour).max() <= MOVES_GREYS[name]
    else:
        made = {(255, 255, 255)} if name in LAYS_OUT else {(0, 0, 0)}
        assert {tuple(pixel) for pixel in found.tolist()} <= {colour} | made


@pytest.mark.parametrize("name", STEPS)
def test_removed_background_stays_black(name: str) -> None:
    if name == "white_balance" or name in LAYS_OUT:
        pytest.skip("makes background of the black around a cell on purpose; its own tests look")
    rgb, nucleus = smear()
    rgb[~nucleus] = 0
    picture = picture_steps(rgb, [Step(name=name)])[-1]
    assert not picture.rgb[:4, :4].any() or name == "crop_black_borders"


@pytest.mark.parametrize("name", STEPS)
def test_no_step_draws_from_opencvs_global_random_numbers(name: str) -> None:
    rgb, _ = smear(64)
    drawn = []
    for steps in ([], [Step(name=name)]):
        cv2.setRNGSeed(9)
        apply_steps(rgb, steps)
        drawn.append(cv2.randu(np.zeros((1, 8), np.float32), 0, 1))
    assert np.array_equal(drawn[0], drawn[1])


@pytest.mark.parametrize("name", STEPS)
def test_colours_stay_in_the_order_red_green_blue(name: str) -> None:
    rgb, nucleus = smear()
    rgb[nucleus] = (200, 40, 90)  # more red than blue, in a nucleus that every step keeps
    parameters = {"hue_high_deg": 350.0} if name == "hsv_segmentation" else {}
    if name in CHANGES_HUE | LAYS_OUT:
        pytest.skip("changes hue on purpose; its own tests compare it with a target")
    picture = picture_steps(rgb, [Step(name=name, parameters=parameters)])[-1]
    height, width = picture.rgb.shape[:2]
    red, green, blue = picture.rgb[2 * height // 3, width // 2].tolist()
    assert red > blue + 50 > green + 50


@pytest.mark.parametrize("name", STEPS)
def test_every_step_tells_a_reader_what_it_does_and_where_it_comes_from(name: str) -> None:
    spec = STEPS[name]
    assert spec.title
    assert len(spec.description) > 40
    assert len(spec.source) > 20
    for parameter in spec.parameters.values():
        assert parameter.checked(parameter.default) == parameter.default
        assert parameter.description.endswith(".")
        assert parameter.allowed()
