"""Drawn images, uploads or a data set → the classes of a quiz and its images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from bloodui import session
from bloodui.access import Person
from bloodui.data_sets import DataSets
from bloodui.forms.index_choice import index_form
from bloodui.quizzes.quiz import MOST_CLASSES, MOST_IMAGES, DraftImage
from bloodui.session import Received, Source
from bloodui.settings import Settings
from bloodui.views import messages
from bloodui.views.pictures import picture_address, shrunk
from bloodui.views.text import as_markdown
from models.micrograph import DEFAULT_LIMITS, micrograph_from_rgb, read_micrograph
from training.datasets.index import ImageRecord
from training.datasets.synthetic import CAPTION, SMEAR_CLASSES, draw
from training.datasets.synthetic_dataset import DATASET

DRAWN, UPLOADS, DATA_SET = "Drawn images", "My own images", "A data set of this installation"
_THUMBNAIL_PX, _THUMBNAILS = 120, 6
_DEFAULT = ("Benign", "Early", "Pre", "Pro")


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """What shall go into a quiz.

    Attributes:
        classes: Names to choose from.
        n_images: How many images `images` will give.
        images: Draws or reads them, when the quiz is made. Raises BlooduiError.
    """

    classes: tuple[str, ...]
    n_images: int
    images: Callable[[], tuple[DraftImage, ...]]


def sources_form(settings: Settings, person: Person) -> Draft | None:
    """Ask where the images come from, and which; None while something is missing."""
    kinds = [DRAWN, UPLOADS, *([DATA_SET] if person.is_admin else [])]
    kind = st.segmented_control(
        "Images", kinds, default=DRAWN, required=True, key="quiz-source", wrap=True
    )
    if kind == UPLOADS:
        return _uploaded()
    session.forget_images()
    if kind == DATA_SET:
        with messages.told():
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
    classes = st.multiselect(
        "Classes, yours or known ones",
        list(dict.fromkeys(entry.class_name for entry in SMEAR_CLASSES.values())),
        accept_new_options=True,
        max_selections=MOST_CLASSES,
        placeholder="Type a name and press Enter",
        key="quiz-classes",
    )
    st.caption(
        "Use images that nobody can be recognised by, and that you may share. Only their pixels "
        "are kept (a longer side is made 2048 px): no file name, no metadata. Writing within "
        "the picture stays, so crop it off."
    )
    sources: dict[str, tuple[Source, ...]] = {}
    places = {}
    for name in classes:
        files = st.file_uploader(
            f"Images of {as_markdown(name)}",
            accept_multiple_files=True,
            max_upload_size=DEFAULT_LIMITS.max_bytes // 2**20,
            key=f"quiz-upload-{name}",
        )
        places[name] = st.container(horizontal=True)
        sources[name] = tuple(
            Source(
                key=f"quiz:{file.file_id}",
                is_drawn=False,
                read=lambda file=file: read_micrograph(file.getvalue()),  # type: ignore[misc]
            )
            for file in files
        )
    received = {
        each.key: each for each in session.receive([s for one in sources.values() for s in one])
    }
    found = [
        (number, image)
        for number, name in enumerate(classes)
        for image in _readable([received[source.key] for source in sources[name]], places[name])
    ]
    if not found:
        return None

    def images() -> tuple[DraftImage, ...]:
        return tuple(
            DraftImage(micrograph=image.micrograph, truth=number, is_drawn=False)
            for number, image in found
            if image.micrograph is not None
        )

    return Draft(classes=tuple(classes), n_images=len(found), images=images)


def _readable(
    received: Sequence[Received], place: st.delta_generator.DeltaGenerator
) -> list[Received]:
    """The images that could be read, the first of them as thumbnails; the others' errors."""
    good = [each for each in received if each.micrograph is not None]
    with place:
        for each in good[:_THUMBNAILS]:
            if each.micrograph is not None:
                st.image(picture_address(shrunk(each.micrograph.rgb, _THUMBNAIL_PX)), width=72)
        if len(good) > _THUMBNAILS:
            st.caption(f"and {len(good) - _THUMBNAILS} more")
    for each in received:
        if each.error is not None:
            messages.show(messages.message_for(each.error), about=each.label)
    return good


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

    return Draft(classes=tuple(labels), n_images=len(chosen), images=images)


def _number_and_seed() -> tuple[int, int]:
    number, seed = st.columns(2)
    return (
        int(number.number_input("Images of each", 1, MOST_IMAGES, 5, key="quiz-each")),
        int(seed.number_input("Seed", 0, 999_999, 1, key="quiz-seed")),
    )
