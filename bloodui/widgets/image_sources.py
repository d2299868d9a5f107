"""Drawn images, those of the tray, its cells or a data set → the classes and images of a set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from bloodui import session
from bloodui.data_sets import DataSets
from bloodui.images import MOST_CLASSES, MOST_IMAGES, DraftImage
from bloodui.named_cells import named_cells, pictures_of
from bloodui.people import Person
from bloodui.render.text import as_markdown
from bloodui.settings import Settings
from bloodui.widgets import messages
from bloodui.widgets.index_form import index_form
from bloodui.widgets.intake import file_source, read_images
from bloodui.widgets.thumbnails import show_failures, show_removal
from bloodui.widgets.truths import truths_form
from drawn.dataset import DATASET
from drawn.smears import CAPTION, SMEAR_CLASSES, draw
from models.cells.cut import CROP_MULTIPLE
from models.image.micrograph import (
    DEFAULT_LIMITS,
    micrograph_from_rgb,
    read_micrograph,
)
from training.data.index import ImageRecord

DRAWN, UPLOADS, CELLS = "Drawn images", "My own images", "Cells that I named on Fields"
DATA_SET = "A data set of this installation"
_CLASSES = "set-classes"
_DEFAULT = ("Benign", "Early", "Pre", "Pro")


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A set that is put together, for a quiz or a comparison.

    Attributes:
        classes: Names to choose from.
        n_images: How many images `images` will give.
        datasets: The data sets that they are of; none for drawn images and one's own.
        images: Draws or reads them, when the set is made. Raises BlooduiError.
    """

    classes: tuple[str, ...]
    n_images: int
    images: Callable[[], tuple[DraftImage, ...]]
    datasets: frozenset[str] = frozenset()


def sources_form(settings: Settings, person: Person) -> Draft | None:
    """Ask where the images come from, and which; None while something is missing."""
    kinds = [DRAWN, UPLOADS, CELLS, *([DATA_SET] if person.is_admin else [])]
    kind = st.segmented_control(
        "Images", kinds, default=DRAWN, required=True, key="quiz-source", wrap=True
    )
    if kind == UPLOADS:
        return _uploaded()
    if kind == CELLS:
        return _named()
    if kind == DATA_SET:
        with messages.errors_shown():
            return _from_data_set(DataSets(settings=settings, person=person))
        return None
    return _drawn()


def _drawn() -> Draft | None:
    labels = st.multiselect(
        "Pictures to draw",
        list(SMEAR_CLASSES),
        default=list(_DEFAULT),
        format_func=lambda label: SMEAR_CLASSES[label].title,
        key="quiz-drawn",
    )
    n_each, seed = _number_and_seed()
    st.caption(f"Each will be labelled: {CAPTION}.")
    if not labels:
        return None
    classes = tuple(dict.fromkeys(SMEAR_CLASSES[label].class_name for label in labels))

    def images() -> tuple[DraftImage, ...]:
        return tuple(
            DraftImage(
                micrograph=micrograph_from_rgb(draw(label, seed=1000 * seed + number).rgb),
                truth=classes.index(SMEAR_CLASSES[label].class_name),
                is_drawn=True,
            )
            for label in labels
            for number in range(n_each)
        )

    return Draft(classes=classes, n_images=len(labels) * n_each, images=images)


def _uploaded() -> Draft | None:
    """The images of the tray that have one of the classes; each class has its own uploader."""
    offered = [entry.class_name for entry in SMEAR_CLASSES.values()]
    in_tray = session.truths().values()
    before = [*(session.kept(_CLASSES) or ()), *in_tray]
    classes = st.multiselect(
        "Classes, yours or known ones",
        list(dict.fromkeys([*offered, *before])),
        default=list(dict.fromkeys(before))[:MOST_CLASSES],
        accept_new_options=True,
        max_selections=MOST_CLASSES,
        placeholder="Type a name and press Enter",
        key="quiz-classes",
        on_change=session.keeping(_CLASSES, "quiz-classes", tuple),
    )
    session.keep(_CLASSES, tuple(classes))
    st.caption(
        "Use images that nobody can be recognised by, and that you may share. Only their pixels "
        "are kept (a longer side is made 2048 px): no file name, no metadata. Writing within "
        "the picture stays, so crop it off."
    )
    for name in classes:
        key = session.key_of_empty(f"quiz-upload-{name}")
        st.file_uploader(
            f"Images of {as_markdown(name)}",
            accept_multiple_files=True,
            max_upload_size=DEFAULT_LIMITS.max_bytes // 2**20,
            key=key,
            on_change=session.take_in_files,
            args=(key, partial(file_source, truth=name)),
        )
    images = read_images()
    show_removal(images)
    show_failures(images)
    readable = [each for each in images if each.micrograph is not None]
    if not classes or not readable:
        return None
    truths = truths_form(readable, classes, key="quiz")
    found = [
        (classes.index(truths[each.key]), each.micrograph, each.is_drawn)
        for each in readable
        if each.micrograph is not None and truths.get(each.key) in classes
    ]
    if len(found) < len(readable):
        st.caption(
            f"{len(readable) - len(found)} of your {len(readable)} images have none of these "
            "classes, and are left out: choose one in the table."
        )
    if not found:
        return None

    def images_of_set() -> tuple[DraftImage, ...]:
        return tuple(
            DraftImage(micrograph=micrograph, truth=number, is_drawn=is_drawn)
            for number, micrograph, is_drawn in found
        )

    return Draft(classes=tuple(classes), n_images=len(found), images=images_of_set)


def _named() -> Draft | None:
    """The cells of the tray's fields that the reader said something of, each by itself."""
    classes, named = named_cells()
    counts = Counter(each.name for each in named)
    if not named:
        st.caption(
            "None yet: open fields of a smear on Fields, and say what their cells are, by dragging "
            "or by a key; also that the model is right."
        )
    st.page_link("pages/fields.py", label="Name cells on Fields", icon=":material/grid_view:")
    if not named:
        return None
    told = ", ".join(f"{counts[name]} {as_markdown(name)}" for name in classes if counts[name])
    st.caption(
        f"{told}. Each is cut out at {CROP_MULTIPLE} times its nucleus, in the light of an empty "
        "slide. All classes of the model that read the fields are offered as answers. A quiz keeps "
        "these pictures on this server until it is deleted, and shows them to whoever has its "
        "link: use only what you may share."
    )
    if len(named) > MOST_IMAGES:
        chosen = np.random.default_rng(0).choice(len(named), MOST_IMAGES, replace=False)
        st.caption(f"{MOST_IMAGES} of the {len(named)} are taken, by lot.")
        named = tuple(named[place] for place in sorted(chosen))
    return Draft(classes=classes, n_images=len(named), images=lambda: pictures_of(named, classes))


def _from_data_set(sets: DataSets) -> Draft | None:
    path = index_form(sets, key="quiz")
    if path is None:
        return None
    index = sets.read(path)
    counts = Counter(record.label for record in index.records)
    labels = st.multiselect(
        "Classes",
        sorted(counts),
        format_func=lambda label: f"{label} ({counts[label]})",
        max_selections=MOST_CLASSES,
        key="quiz-labels",
    )
    n_each, seed = _number_and_seed()
    if not labels:
        return None
    rng = np.random.default_rng(seed)
    chosen: list[tuple[int, ImageRecord]] = []
    for number, label in enumerate(labels):
        records = [record for record in index.records if record.label == label]
        order = rng.permutation(len(records))[:n_each]
        chosen += [(number, records[place]) for place in order]

    def images() -> tuple[DraftImage, ...]:
        return tuple(
            DraftImage(
                micrograph=read_micrograph(record.path.read_bytes()),
                truth=number,
                is_drawn=record.dataset == DATASET,
            )
            for number, record in chosen
        )

    return Draft(
        classes=tuple(labels),
        n_images=len(chosen),
        images=images,
        datasets=frozenset(record.dataset for _, record in chosen),
    )


def _number_and_seed() -> tuple[int, int]:
    number, seed = st.columns(2)
    return (
        int(number.number_input("Images of each", 1, MOST_IMAGES, 5, key="quiz-each")),
        int(seed.number_input("Seed", 0, 999_999, 1, key="quiz-seed")),
    )
