"""The picture and the gallery: a component of Streamlit, from the files in `browser`.

The files come from this server, so that the content security policy need not allow scripts that a
page puts together by itself, as Streamlit does with a component whose script is given as text. What
Streamlit has for that is meant for installed packages; here their manifest is made by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

BROWSER = Path(__file__).with_name("browser")
KEY = "fields-board"
_PACKAGE, _NAME = "bloodui", "fields"


def show_component(data: Mapping[str, Any], *, on_review: Callable[[], None]) -> None:
    """Draw the picture and the gallery.

    Args:
        data: Of `bloodui.fields.board`. As long as it stays the same it is not sent again.
        on_review: Called when the reader did something; `take_review` finds it then.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{_PACKAGE}.{_NAME}") is None:
        fields = ComponentConfig(name=_NAME, asset_dir=BROWSER.name)
        manifest = ComponentManifest(name=_PACKAGE, version="1", components=[fields])
        manager.register_from_manifest(manifest, BROWSER.parent)
    component = st.components.v2.component(f"{_PACKAGE}.{_NAME}", js="fields.js", css="fields.css")
    component(key=KEY, data=data, on_review_change=on_review)
