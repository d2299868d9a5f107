"""What the model saw: the picture after each preprocessing step."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui.render.pictures import picture_address
from bloodui.render.text import as_markdown
from models.image.scale import shrunk
from models.preprocessing import STEPS, StepPicture, StepSpec

THUMBNAIL_PX = 320


def show_steps(pictures: Sequence[StepPicture]) -> None:
    """Draw the original and the picture after each step, with the step's settings."""
    grid = st.grid("auto", min_column_width=150)
    for position, picture in enumerate(pictures):
        title, settings = step_in_words(picture)
        with grid.cell():
            st.image(
                picture_address(shrunk(picture.rgb, THUMBNAIL_PX)),
                alt=f"Picture after: {title}",
                width="stretch",
            )
            number = f"{position}. " if position else ""
            st.caption(f"**{number}{as_markdown(title)}**  \n{as_markdown(settings)}")


def step_in_words(picture: StepPicture) -> tuple[str, str]:
    """The step's title, and its settings and the picture's size in one phrase."""
    height, width = picture.rgb.shape[:2]
    size = f"{width} × {height} px"
    if picture.step is None:
        return "Original", size
    spec = STEPS[picture.step.name]
    settings = [
        f"{_plain(name.removesuffix('_px'))} {_plain(str(value))}{_unit(spec, name)}"
        for name, value in picture.step.parameters.items()
    ]
    return spec.title, ", ".join([*settings, size])


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _unit(spec: StepSpec, parameter: str) -> str:
    unit = spec.parameters[parameter].unit
    return f" {unit}" if unit and not parameter.endswith(unit) else ""
