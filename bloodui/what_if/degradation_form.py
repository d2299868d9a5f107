"""Sliders and a rectangle → what is done to an image before the models see it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from bloodui import session
from bloodui.render.text import PERCENT
from models.image.degradation import NOTHING, Degradation, Share

_PREFIX = "what-if-"
_UNDONE = "undone"
_START: dict[str, object] = {
    "rotation": 0,
    "crop": 100,
    "first": 100,
    "second": 100,
    "brightness": 100,
    "blur": 0.0,
    "scale": 100,
    "jpeg": 100,
    "covered": False,
    "left": (40, 60),
    "top": (40, 60),
}


def degradation_form(modality: str, *, brushed: Share | None) -> Degradation:
    """Ask how the image is made worse.

    Args:
        modality: The first model's; histology has other stains than a smear.
        brushed: A rectangle drawn on the picture, in shares; it fills the sliders of the patch.
    """
    if brushed is not None and session.widget(f"{_PREFIX}brushed") != brushed:
        session.set_widgets(
            {
                f"{_PREFIX}brushed": brushed,
                f"{_PREFIX}covered": True,
                f"{_PREFIX}left": _percents(brushed[0], brushed[2]),
                f"{_PREFIX}top": _percents(brushed[1], brushed[3]),
            }
        )
    stain = "hematoxylin_eosin" if modality == "histology" else "wright_giemsa"
    first, second = (
        ("Haematoxylin", "Eosin") if modality == "histology" else ("Nuclear stain", "Other stain")
    )
    light, shape = st.columns(2)
    with light:
        first_percent = _percent(first, "first", 20, 200)
        second_percent = _percent(second, "second", 20, 200)
        brightness = _percent("Brightness", "brightness", 20, 200)
        blur = st.slider(
            "Blur (standard deviation, % of the shorter side)",
            0.0,
            5.0,
            step=0.1,
            key=_key("blur"),
        )
    with shape:
        rotation = st.slider("Rotation", -180, 180, step=5, format="%d°", key=_key("rotation"))
        crop = _percent("Kept around the centre", "crop", 20, 100)
        scale = _percent("Resolution", "scale", 5, 100)
        jpeg = st.slider("JPEG quality", 1, 100, key=_key("jpeg"), help="100: not compressed.")
    patch = _patch()
    st.button("Undo everything", icon=":material/undo:", on_click=reset)
    return Degradation(
        rotation_deg=float(rotation),
        crop=crop / 100,
        patch=patch,
        first_stain=first_percent / 100,
        second_stain=second_percent / 100,
        stain=stain,
        brightness=brightness / 100,
        blur_percent=blur,
        scale=scale / 100,
        jpeg_quality=jpeg,
    )


def reset() -> None:
    """Put every slider back, so that nothing is done to the image."""
    session.set_widgets({_key(name): value for name, value in _START.items()})
    session.hold(_UNDONE, times_undone() + 1)


def times_undone() -> int:
    """How often everything was undone on this page: names the chart that is drawn on, since a
    rectangle goes with its chart alone."""
    return int(session.held(_UNDONE) or 0)


def in_words(degradation: Degradation) -> str:
    """What is done, in a few words; "nothing" where nothing is."""
    done = []
    if degradation.rotation_deg:
        done.append(f"turned by {degradation.rotation_deg:g}°")
    if degradation.crop < 1:
        done.append(f"middle {100 * degradation.crop:.0f} %")
    if degradation.patch is not None:
        done.append("a patch covered")
    if (degradation.first_stain, degradation.second_stain) != (1, 1):
        done.append(
            f"stains {100 * degradation.first_stain:.0f} % and "
            f"{100 * degradation.second_stain:.0f} %"
        )
    if degradation.brightness != 1:
        done.append(f"brightness {100 * degradation.brightness:.0f} %")
    if degradation.blur_percent:
        done.append(f"blur {degradation.blur_percent:g} %")
    if degradation.scale < 1:
        done.append(f"resolution {100 * degradation.scale:.0f} %")
    if degradation.jpeg_quality < 100:
        done.append(f"JPEG {degradation.jpeg_quality}")
    return ", ".join(done) or "nothing"


def is_nothing(degradation: Degradation) -> bool:
    """Whether the image stays as it is."""
    return in_words(degradation) == in_words(NOTHING)


def _patch() -> Share | None:
    covered = st.toggle(
        "Cover a rectangle",
        key=_key("covered"),
        help="Draw it on the picture with the rectangle tool, or give its edges here.",
    )
    if not covered:
        return None
    columns = st.columns(2)
    across = _range(columns[0], "From left to right", "left")
    down = _range(columns[1], "From top to bottom", "top")
    if across[0] >= across[1] or down[0] >= down[1]:
        st.caption("The rectangle is empty.")
        return None
    return (across[0] / 100, down[0] / 100, across[1] / 100, down[1] / 100)


def _range(place: Any, label: str, name: str) -> tuple[int, int]:
    low, high = place.slider(label, 0, 100, format=PERCENT, key=_key(name))
    return int(low), int(high)


def _percent(label: str, name: str, low: int, high: int) -> int:
    return int(st.slider(label, low, high, step=5, format=PERCENT, key=_key(name)))


def _key(name: str) -> str:
    """The widget's key, whose value is set when the page first draws it."""
    key = f"{_PREFIX}{name}"
    if session.widget(key) is None:
        session.set_widgets({key: _START[name]})
    return key


def _percents(low: float, high: float) -> tuple[int, int]:
    return (round(100 * low), max(round(100 * high), round(100 * low) + 1))
