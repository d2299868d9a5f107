"""The corner is covered in every picture, in the colour of the background beside it."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.preprocessing import Step, apply_steps
from tests.models.preprocessing.drawn import BACKGROUND, NUCLEUS

MASK = Step(name="mask_corner_marks")


def test_a_marked_and_an_unmarked_picture_cannot_be_told_apart_afterwards() -> None:
    rgb = np.full((224, 224, 3), BACKGROUND, np.uint8)
    rgb[60:100, 80:120] = NUCLEUS
    marked = rgb.copy()
    marked[193:, 193:] = 255
    cv2.putText(marked, "200", (195, 210), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (200, 0, 0))
    assert not np.array_equal(rgb, marked)
    assert np.array_equal(apply_steps(marked, [MASK]), apply_steps(rgb, [MASK]))


def test_an_unmarked_corner_is_covered_too() -> None:
    rgb = np.random.default_rng(0).integers(1, 256, (100, 200, 3), dtype=np.uint8)
    covered = apply_steps(rgb, [MASK])
    assert len(np.unique(covered[85:, 170:].reshape(-1, 3), axis=0)) == 1
    assert np.array_equal(covered[:85], rgb[:85])
    assert np.array_equal(covered[:, :170], rgb[:, :170])


def test_the_cover_takes_the_colour_of_the_background_and_not_of_a_cell_beside_it() -> None:
    rgb = np.full((200, 200, 3), (180, 60, 60), np.uint8)  # far away, another colour
    rgb[140:, 140:] = BACKGROUND
    rgb[155:, 160:169] = rgb[160:169, 168:185] = NUCLEUS  # 60 % of the strip
    assert apply_steps(rgb, [MASK])[-1, -1].tolist() == list(BACKGROUND)


@pytest.mark.parametrize(
    ("corner", "rows", "columns"),
    [
        ("bottom_right", slice(-20, None), slice(-40, None)),
        ("bottom_left", slice(-20, None), slice(0, 40)),
        ("top_right", slice(0, 20), slice(-40, None)),
        ("top_left", slice(0, 20), slice(0, 40)),
    ],
)
def test_the_rectangle_lies_in_the_corner_that_was_named(
    corner: str, rows: slice, columns: slice
) -> None:
    rgb = np.random.default_rng(0).integers(1, 256, (100, 200, 3), dtype=np.uint8)
    parameters = {"corner": corner, "width_share": 0.2, "height_share": 0.2}
    covered = apply_steps(rgb, [Step(name="mask_corner_marks", parameters=parameters)])
    changed = (covered != rgb).any(axis=2)
    inside = np.zeros_like(changed)
    inside[rows, columns] = True
    assert not (changed & ~inside).any()
    assert changed[rows, columns].mean() > 0.99


def test_the_default_covers_every_red_or_black_mark_of_the_real_images(data_dir: Path) -> None:
    with (data_dir / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == "taleghani_all"]
    uncovered = marked = 0
    for row in rows[::10]:
        rgb = cv2.cvtColor(cv2.imread(str(data_dir / row["path"])), cv2.COLOR_BGR2RGB)
        covered = apply_steps(rgb, [MASK])
        for picture in (rgb, covered):
            corner = picture[-48:, -48:].astype(int)
            red = corner[..., 0] - corner[..., 1:].max(axis=2) > 60
            ink = corner.max(axis=2) < 70
            found = (red | ink).sum() > 4
            if picture is rgb:
                marked += int(found)
            else:
                uncovered += int(found)
    assert marked > 100
    assert uncovered == 0
