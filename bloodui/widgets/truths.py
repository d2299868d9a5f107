"""A table in which each image of the tray is given its true class."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from bloodui import session
from bloodui.images import SessionImage
from bloodui.render.pictures import jpeg_address
from models.image.scale import shrunk
from models.table_cell import as_cell

_THUMBNAIL_PX = 64


def truths_form(
    images: Sequence[SessionImage], classes: Iterable[str], *, key: str
) -> dict[str, str]:
    """Ask for each image's true class; classes stay with their image, on every page.

    Args:
        images: At least one, all of them read.
        classes: Names to choose from. What an image was given before stays one of them.
        key: Tells this table from others.

    Returns:
        By the image's key; images without a class are left out.
    """
    given = session.truths()
    known = [*classes, *(given[each.key] for each in images if each.key in given)]
    names = {as_cell(name): name for name in known}
    keys = [each.key for each in images]
    asked_keys, asked = session.held(f"truths-asked-{key}") or ([], [])
    if asked_keys != keys or session.widget(f"truths-{key}") is None:
        # The table begins anew when images come or go, or when it was not drawn for a while, and
        # not when a class is given in it.
        asked = [given.get(each, "") for each in keys]
        session.hold(f"truths-asked-{key}", (keys, asked))
    edited = st.data_editor(
        [
            {
                "Picture": jpeg_address(shrunk(each.micrograph.rgb, _THUMBNAIL_PX))
                if each.micrograph
                else "",
                "Image": each.label,
                "File": as_cell(each.name),
                "Truth": as_cell(truth),
            }
            for each, truth in zip(images, asked, strict=True)
        ],
        column_config={
            "Picture": st.column_config.ImageColumn(width="small"),
            "Image": st.column_config.TextColumn(disabled=True),
            "File": st.column_config.TextColumn(disabled=True),
            "Truth": st.column_config.SelectboxColumn(options=["", *names]),
        },
        hide_index=True,
        row_height=48,
        key=f"truths-{key}",
    )
    truths = {
        image: names.get(str(row["Truth"]), "") for image, row in zip(keys, edited, strict=True)
    }
    for image, name in truths.items():
        if name != given.get(image, ""):
            session.hold_truth(image, name)
    return {image: name for image, name in truths.items() if name}
