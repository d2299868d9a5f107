"""Upload, camera and drawn demo images → the images of the tray."""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
import streamlit as st

from bloodui import session
from bloodui.images import SessionImage, Source
from bloodui.widgets.progress import progress_bar
from drawn.smears import SMEAR_CLASSES, draw
from models.bundle.manifest import Manifest
from models.image.micrograph import (
    DEFAULT_LIMITS,
    Micrograph,
    micrograph_from_rgb,
    read_micrograph,
)

UPLOAD, CAMERA, DRAWN = "Upload", "Camera on the eyepiece", "Drawn demo image"
TABS_KEY = "intake"
DRAWN_KEY, SEED_KEY, BLUR_KEY = "drawn", "drawn_seed", "drawn_blurred"
BLUR_SHARE = 0.02
"""Blur of an image drawn out of focus (standard deviation), as a share of its side."""


def intake_form(manifest: Manifest) -> tuple[SessionImage, ...]:
    """Ask for images, read those that were given, and answer with all that are in the tray.

    Args:
        manifest: The chosen model's; pictures of its classes are offered first.
    """
    upload, camera, drawn = st.tabs([UPLOAD, CAMERA, DRAWN], key=TABS_KEY, on_change="rerun")
    with upload:
        _show_uploader()
    with camera:
        # The browser asks for the camera as soon as the widget is there: only when wanted.
        if camera.open:
            _show_camera()
    with drawn:
        _show_drawing(_offered(manifest))
    return read_images()


def read_images() -> tuple[SessionImage, ...]:
    """Read what was put into the tray, with a bar while that takes time; answer with all of it."""
    with progress_bar() as announce:
        session.read_waiting(announce)
    return session.images()


def offer_demo(manifest: Manifest) -> None:
    """Draw a button that takes in a drawn demo image of one of the model's classes."""
    st.button(
        "Try a drawn demo image",
        icon=":material/draw:",
        on_click=_take_in_drawing,
        args=(_offered(manifest)[0], 1),
    )


def file_source(file: Any, *, truth: str = "") -> Source:
    """A source that reads the bytes of an UploadedFile.

    Args:
        file: As Streamlit gives it.
        truth: The class that its giver says it is of; "" for none.
    """
    return Source(
        key=f"file:{file.file_id}",
        is_drawn=False,
        read=lambda: read_micrograph(file.getvalue()),
        name=file.name,
        truth=truth,
    )


def _show_uploader() -> None:
    # No list of extensions: DICOM files often have none, and the bytes decide in any case.
    key = session.key_of_empty("upload")
    st.file_uploader(
        "Microscope images, one or several (JPEG, PNG, BMP, TIFF, WebP, DICOM)",
        accept_multiple_files=True,
        max_upload_size=DEFAULT_LIMITS.max_bytes // 2**20,
        key=key,
        on_change=session.take_in_files,
        args=(key, file_source),
        help="Of a file of several pages the picture is read; of DICOM, single frames. Images stay "
        "in memory, on all pages, until you remove them, close the window or leave it unused.",
    )


def _show_camera() -> None:
    key = session.key_of_empty("camera")
    st.camera_input(
        "Hold the camera to the eyepiece, or choose the microscope's camera",
        key=key,
        on_change=session.take_in_files,
        args=(key, _photograph_source),
    )


def _photograph_source(file: Any) -> Source:
    """The same for a photograph, whose name says nothing."""
    return Source(
        key=f"camera:{file.file_id}",
        is_drawn=False,
        read=lambda: read_micrograph(file.getvalue()),
    )


def _show_drawing(labels: tuple[str, ...]) -> None:
    kind, number = st.columns([3, 1])
    label = kind.selectbox(
        "Picture to draw",
        labels,
        format_func=lambda name: SMEAR_CLASSES[name].title,
        key=DRAWN_KEY,
        help="Drawn by this program after statistics of real smears. It is no photograph, and no "
        "patient's.",
    )
    seed = int(number.number_input("Variation", min_value=1, max_value=999, key=SEED_KEY))
    is_blurred = st.toggle("Out of focus, to see an image declined", key=BLUR_KEY)
    st.button(
        "Draw it",
        icon=":material/draw:",
        on_click=partial(_take_in_drawing, label, seed, is_blurred=is_blurred),
    )
    st.caption("A drawing shows how this page works. What a model says of it means little.")


def _take_in_drawing(label: str, seed: int, *, is_blurred: bool = False) -> None:
    source = Source(
        key=f"drawn:{label}:{seed}:{is_blurred}",
        is_drawn=True,
        read=lambda: _draw(label, seed, is_blurred),
    )
    session.take_in([source])


def _offered(manifest: Manifest) -> tuple[str, ...]:
    """Labels of the pictures that can be drawn, those of the model's classes first."""
    return tuple(
        sorted(
            SMEAR_CLASSES, key=lambda label: SMEAR_CLASSES[label].class_name not in manifest.classes
        )
    )


def _draw(label: str, seed: int, is_blurred: bool) -> Micrograph:
    rgb = draw(label, seed=seed).rgb
    if is_blurred:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), BLUR_SHARE * min(rgb.shape[:2])), np.uint8)
    return micrograph_from_rgb(rgb)
