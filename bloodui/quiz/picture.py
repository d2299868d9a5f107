"""An image of a quiz, large, and small ones in rows."""

from __future__ import annotations

import streamlit as st

from bloodui.quiz.quiz import QuizImage
from bloodui.render.overlay import PlacedMap
from bloodui.render.pictures import picture_address
from bloodui.widgets.viewer import Look, Picture, show_viewer
from drawn.smears import CAPTION
from models.image.scale import shrunk

PLAIN = Look(opacity=0.0, contour=False, zoomed=False)
_THUMBNAIL_PX = 240


def show_image(image: QuizImage, placed: PlacedMap | None, look: Look, *, key: str) -> None:
    """Draw an image of a quiz, to be zoomed and moved.

    Args:
        image: The image.
        placed: The map that lies over it, or None.
        look: How the map is drawn.
        key: Changes with the image.
    """
    label = f"Image {image.position + 1}"
    micrograph = image.micrograph
    picture = Picture(label=label, rgb=micrograph.rgb, um_per_px=image.um_per_px)
    show_viewer(picture, placed, look, key=key)
    if image.is_drawn:
        st.caption(CAPTION)


def show_small(image: QuizImage, words: str) -> None:
    """Draw an image small, with words in Markdown under it."""
    st.image(picture_address(shrunk(image.micrograph.rgb, _THUMBNAIL_PX)))
    st.caption(f"Image {image.position + 1}{' (drawn)' if image.is_drawn else ''}: {words}")
