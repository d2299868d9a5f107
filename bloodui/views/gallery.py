"""Images of a test set beside what was answered on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from bloodui.views import messages
from bloodui.views.pictures import picture_address, shrunk
from bloodui.views.text import as_markdown
from models.figure import percent
from training.predictions import Predictions

PER_PAGE = 12
_THUMBNAIL_PX = 240


def show_gallery(
    predictions: Predictions,
    numbers: Sequence[int] | np.ndarray,
    read: Callable[[str], np.ndarray],
    *,
    key: str,
) -> None:
    """Draw images a page at a time, each with truth, answer and confidence.

    Args:
        predictions: Whose images they are.
        numbers: Which of them, in order.
        read: An image's path in its index → (H, W, 3) uint8. Raises BlooduiError.
        key: Of the widgets.
    """
    if not len(numbers):
        st.caption("No image.")
        return
    pages = -(-len(numbers) // PER_PAGE)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {pages}", 1, pages, key=f"{key}-page"))
    columns = st.columns(4)
    for place, number in enumerate(numbers[(page - 1) * PER_PAGE : page * PER_PAGE]):
        with columns[place % len(columns)]:
            _show_image(predictions, int(number), read)


def _show_image(predictions: Predictions, number: int, read: Callable[[str], np.ndarray]) -> None:
    with messages.told():
        st.image(picture_address(shrunk(read(predictions.paths[number]), _THUMBNAIL_PX)))
    answer = int(predictions.answers[number])
    confidence = percent(float(predictions.probabilities[number, answer]))
    st.caption(
        f"Truth {as_markdown(predictions.classes[predictions.labels[number]])}, answered "
        f"{as_markdown(predictions.classes[answer])} at {confidence}  \n"
        f"{as_markdown(predictions.paths[number])}"
    )
