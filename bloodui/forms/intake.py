"""Upload, camera and drawn demo images → sources to be read."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import streamlit as st

from bloodui import session
from bloodui.session import Source
from models.manifest import Manifest
from models.micrograph import DEFAULT_LIMITS, Micrograph, micrograph_from_rgb, read_micrograph
from training.datasets.synthetic import SMEAR_CLASSES, draw

UPLOAD, CAMERA, DRAWN = "Upload", "Camera on the eyepiece", "Drawn demo image"
TABS_KEY, CAMERA_KEY = "intake", "camera"
DRAWN_KEY, SEED_KEY, BLUR_KEY = "drawn", "drawn_seed", "drawn_blurred"
BLUR_SHARE = 0.02
"""Blur of an image drawn out of focus (standard deviation), as a share of its side."""


def intake_form(manifest: Manifest) -> tuple[Source, ...]:
    """Ask for images; those of all three tabs count, so that a change of tab loses none.

    Args:
        manifest: The chosen model's; pictures of its classes are offered first.
    """
    upload, camera, drawn = st.tabs([UPLOAD, CAMERA, DRAWN], key=TABS_KEY, on_change="rerun")
    with upload:
        sources = _uploaded()
    with camera:
        # The browser asks for the camera as soon as the widget is there: only when wanted.
        if camera.open or session.widget(CAMERA_KEY) is not None:
            sources += _photographed()
    with drawn:
        sources += _drawn(_offered(manifest))
    return sources


def offer_demo(manifest: Manifest) -> None:
    """Draw a button that opens a drawn demo image of one of the model's classes."""
    st.button(
        "Try a drawn demo image",
        icon=":material/draw:",
        on_click=session.set_widgets,
        args=({DRAWN_KEY: _offered(manifest)[0], TABS_KEY: DRAWN},),
    )


def _uploaded() -> tuple[Source, ...]:
    # No list of extensions: DICOM files often have none, and the bytes decide in any case.
    files = st.file_uploader(
        "Microscope images, one or several (JPEG, PNG, BMP, TIFF, WebP, DICOM)",
        accept_multiple_files=True,
        max_upload_size=DEFAULT_LIMITS.max_bytes // 2**20,
        key="upload",
        help="Of several pages the first is read; of DICOM, single frames. Files stay in memory "
        "and are dropped when you remove them or close the page.",
    )
    return tuple(_from_file("upload", file) for file in files)


def _photographed() -> tuple[Source, ...]:
    photograph = st.camera_input(
        "Hold the camera to the eyepiece, or choose the microscope's camera", key=CAMERA_KEY
    )
    return () if photograph is None else (_from_file("camera", photograph),)


def _drawn(labels: tuple[str, ...]) -> tuple[Source, ...]:
    kind, number = st.columns([3, 1])
    label = kind.selectbox(
        "Picture to draw",
        labels,
        index=None,
        placeholder="Choose a picture",
        format_func=lambda name: SMEAR_CLASSES[name].title,
        key=DRAWN_KEY,
        help="Drawn by this program after statistics of real smears. It is no photograph, and no "
        "patient's.",
    )
    seed = int(number.number_input("Variation", min_value=1, max_value=999, key=SEED_KEY))
    is_blurred = st.toggle("Out of focus, to see an image declined", key=BLUR_KEY)
    st.caption("A drawing shows how this page works. What a model says of it means little.")
    if label is None:
        return ()
    key = f"drawn:{label}:{seed}:{is_blurred}"
    return (Source(key=key, is_drawn=True, read=lambda: _draw(label, seed, is_blurred)),)


def _offered(manifest: Manifest) -> tuple[str, ...]:
    """Labels of the pictures that can be drawn, those of the model's classes first."""
    return tuple(
        sorted(
            SMEAR_CLASSES, key=lambda label: SMEAR_CLASSES[label].class_name not in manifest.classes
        )
    )


def _from_file(kind: str, file: Any) -> Source:
    """A source that reads an UploadedFile's bytes; its name is not looked at."""
    return Source(
        key=f"{kind}:{file.file_id}",
        is_drawn=False,
        read=lambda: read_micrograph(file.getvalue()),
    )


def _draw(label: str, seed: int, is_blurred: bool) -> Micrograph:
    rgb = draw(label, seed=seed).rgb
    if is_blurred:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), BLUR_SHARE * min(rgb.shape[:2])), np.uint8)
    return micrograph_from_rgb(rgb)
