"""The images of the tray beside one another, with names and results, to be opened or removed."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bloodui import session
from bloodui.images import Outcome, SessionImage
from bloodui.named_cells import named_cells
from bloodui.render.pictures import jpeg_address
from bloodui.render.text import as_markdown, shortened
from bloodui.widgets import messages
from bloodui.widgets.decision import outcome_in_brief
from drawn.smears import CAPTION
from models.image.scale import shrunk

THUMBNAIL_PX = 224
SCROLLS_FROM = 17
BOXES = 3
"""Files that could not be read get a box each up to this number; the others are listed in one."""
_ASKS = "remove-all-asks"


class Strip:
    """The thumbnails on the page, under which results are told as they come."""

    def __init__(self, places: dict[str, st.delta_generator.DeltaGenerator]) -> None:
        """Keep the place of each image's words.

        Args:
            places: By the image's key; empty where a single image has no thumbnail.
        """
        self._places = places

    def tell(self, outcome: Outcome) -> None:
        """Write what came of an image under it."""
        if outcome.image.key in self._places:
            words = _words(outcome.image, outcome_in_brief(outcome))
            self._places[outcome.image.key].caption(words)


def show_strip(images: Sequence[SessionImage]) -> Strip:
    """Draw a thumbnail and a button for each image that was read, at once; its words may follow."""
    opened = session.opened(images)
    readable = [each for each in images if each.micrograph is not None]
    places: dict[str, st.delta_generator.DeltaGenerator] = {}
    if len(readable) < 2:
        return Strip(places)
    height = 460 if len(readable) >= SCROLLS_FROM else "content"
    with st.container(height=height, border=False, key="thumbnails"):  # type: ignore[arg-type]
        grid = st.grid("auto", min_column_width=130)
        for image in readable:
            with grid.cell():
                places[image.key] = _show_one(image, is_open=image is opened)
    return Strip(places)


def show_removal(images: Sequence[SessionImage], *, are_fields: bool = False) -> None:
    """Say how many images there are, and offer to remove one, or all.

    Args:
        are_fields: Whether the page shows them by itself, as fields: which is to go is then chosen
            here; else it is the one that is open.
    """
    opened = session.opened(images)
    if not images:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="tray"):
        n_read = sum(each.micrograph is not None for each in images)
        noun = "field" if are_fields else "image"
        st.markdown(f"**{n_read} {noun}{'' if n_read == 1 else 's'}**", width="content")
        readable = {each.key: each for each in images if each.micrograph is not None}
        if are_fields and len(readable) > 1:
            chosen = st.selectbox(
                "Which to remove",
                list(readable),
                format_func=lambda key: as_field(name_of(readable[key])),
                label_visibility="collapsed",
                width=220,
                key="remove-which",
            )
            opened = readable[chosen]
        if opened is not None:
            st.button(
                f"Remove {as_field(opened.label) if are_fields else opened.label}",
                icon=":material/close:",
                on_click=session.remove,
                args=(opened.key,),
                type="tertiary",
                key="remove-open",
            )
        _show_remove_all(images)


def _show_remove_all(images: Sequence[SessionImage]) -> None:
    """Draw the button; where named cells would lose their names, it asks first."""
    keys = tuple(each.key for each in images)
    icon = ":material/delete_sweep:"
    st.button(
        "Remove all",
        icon=icon,
        on_click=_remove_or_ask,
        args=(keys,),
        type="tertiary",
        key="remove-all",
    )
    if not session.held(_ASKS) or not _are_named(keys):
        return
    st.markdown("Cells that you named go with the images; what you kept of them on Fields stays.")
    st.button(
        "Remove all the same",
        icon=icon,
        on_click=_remove,
        args=(keys,),
        type="primary",
        key="remove-all-same",
    )
    st.button("Leave them", on_click=session.hold, args=(_ASKS, False), key="remove-all-not")


def _remove_or_ask(keys: tuple[str, ...]) -> None:
    """Remove the images, unless cells were named in them: then the page asks."""
    if _are_named(keys):
        session.hold(_ASKS, True)
    else:
        _remove(keys)


def _remove(keys: tuple[str, ...]) -> None:
    session.hold(_ASKS, False)
    session.remove(*keys)


def _are_named(keys: tuple[str, ...]) -> bool:
    """Whether the reader named cells of these images on Fields, as of now."""
    return any(each.field in keys for each in named_cells()[1])


def show_failures(failures: Sequence[Outcome | SessionImage]) -> None:
    """Draw the sentence on each image that could not be read; the others are not affected."""
    failed = [
        (each.image if isinstance(each, Outcome) else each, each.error)
        for each in failures
        if each.error is not None
    ]
    if len(failed) <= BOXES:
        for image, error in failed:
            messages.show(messages.message_for(error), about=name_of(image))
    else:
        lines = [
            f"- **{as_markdown(name_of(image))}:** {messages.message_for(error).text}"
            for image, error in failed
        ]
        with st.container(height=220, border=False):
            st.error("\n".join(lines), icon=":material/error:")
    refused = [image.key for image, _ in failed if image.micrograph is None]
    if refused:
        st.button(
            "Clear what was not read",
            icon=":material/close:",
            on_click=session.remove,
            args=tuple(refused),
            key="clear-refused",
        )


def name_of(image: SessionImage) -> str:
    """What an image is called to who gave it: "Image 6, notes.txt". Not to be kept or logged."""
    return f"{image.label}, {image.name}" if image.name else image.label


def as_field(name: str) -> str:
    """What an image is called where images are fields: "Field 6" for "Image 6"."""
    return name.replace("Image", "Field", 1)


def _show_one(image: SessionImage, *, is_open: bool) -> st.delta_generator.DeltaGenerator:
    """One thumbnail; answer with the place of its words."""
    if image.micrograph is not None:
        st.image(
            jpeg_address(shrunk(image.micrograph.rgb, THUMBNAIL_PX)),
            alt=image.label,
            width="stretch",
        )
    st.button(
        image.label,
        key=f"open:{image.key}",
        on_click=session.open_image,
        args=(image.key,),
        type="primary" if is_open else "secondary",
        width="stretch",
    )
    place = st.empty()
    place.caption(_words(image, ""))
    return place


def _words(image: SessionImage, result: str) -> str:
    name = as_markdown(shortened(image.name)) if image.name else ""
    return "  \n".join(filter(None, [result, name, CAPTION if image.is_drawn else ""]))
