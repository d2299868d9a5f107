"""What this session holds: images, opinions, choices. The only place that touches
`st.session_state` and Streamlit's caches.

Images and opinions live in the memory of one session and are dropped with their upload.
Models hold nothing of a patient and are shared by all sessions.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from bloodui.inventory import Installed as Installed
from bloodui.inventory import Inventory as Inventory
from bloodui.inventory import inventory as inventory
from bloodui.received import Outcome as Outcome
from bloodui.received import Received as Received
from bloodui.received import Source as Source
from bloodui.settings import settings_from
from models.bundle import verify_bundle
from models.card import Card, read_card
from models.manifest import CARD_FILE
from models.micrograph import Micrograph

if TYPE_CHECKING:
    from models.ensemble import Ensemble
    from models.opinion import Opinion
    from models.runtime import Model

logger = logging.getLogger(__name__)

_OF_PAGE = "_of_page_"

LOADED_MODELS = 6
"""Models kept in memory at once, for all sessions together; the one longest unused goes."""


def card(installed: Installed) -> Card:
    """The card of a bundle of which every file was verified; TensorFlow is not needed.

    Raises:
        BundleError, BundleTamperedError: a file is missing, altered or not readable.
    """
    return _card(installed)


def model(installed: Installed) -> Model | Ensemble:
    """The loaded model, shared by all sessions; the first call takes seconds.

    Raises:
        BundleError, BundleTamperedError: a file is missing, altered or not readable.
    """
    return _model(installed)


def receive(sources: Sequence[Source]) -> tuple[Received, ...]:
    """The session's images: each source is read once, and those no longer named are dropped."""
    held: dict[str, Received] = _mine("received", dict)
    for key in set(held) - {source.key for source in sources}:
        del held[key]
    if not held:
        st.session_state["_last_number"] = 0
    for source in sources:
        if source.key not in held:
            held[source.key] = _read(source)
    present = {received.micrograph.sha256 for received in held.values() if received.micrograph}
    opinions: dict[tuple[Any, ...], Opinion] = _mine("opinions", dict)
    for question in [question for question in opinions if question[0] not in present]:
        del opinions[question]
    return tuple(held[source.key] for source in sources)


def forget_images() -> None:
    """Drop every image and opinion: for pages without the uploader, which lose its files."""
    receive(())


def opinion(
    micrograph: Micrograph,
    installed: Installed,
    *,
    class_index: int | None = None,
    method: str | None = None,
    despite_domain: bool = False,
) -> Opinion:
    """The model's opinion on an image, computed once for each image, model, class and method.

    Args:
        despite_domain: Whether an image of a kind that the model does not know gets an answer.

    Raises:
        BlooduiError: the model cannot be used, or the map cannot be made.
    """
    from models.opinion import opinion_on

    opinions: dict[tuple[Any, ...], Opinion] = _mine("opinions", dict)
    question = (micrograph.sha256, fingerprint(installed), class_index, method, despite_domain)
    if question not in opinions:
        loaded = model(installed)
        _mine("loaded", set).add(fingerprint(installed))
        opinions[question] = opinion_on(
            micrograph,
            loaded,
            class_index=class_index,
            method=method,
            despite_domain=despite_domain,
            level=settings_from(os.environ).set_level,
        )
    return opinions[question]


def outcomes(
    images: Sequence[Received],
    installed: Installed,
    announce: Callable[[float, str], None],
) -> tuple[Outcome, ...]:
    """What the model says of each image, or the error that stands in its way.

    Args:
        announce: Told the share done (0–1) and what comes next, before work that takes time.
    """
    given: list[Outcome] = []
    for number, received in enumerate(images):
        if received.micrograph is not None and not _is_answered(received, installed):
            words = f"Reading {received.label}"
            if fingerprint(installed) not in _mine("loaded", set):
                words = "Loading the model, which takes some seconds the first time"
            announce(number / len(images), words)
        given.append(_outcome(received, installed))
    return tuple(given)


def insist(key: str) -> None:
    """Ask for answers on this image even of models that do not know its kind."""
    _mine("insisted", set).add(key)


def is_insisted(received: Received) -> bool:
    """Whether models answer on an image of a kind that they do not know: drawn ones, and where
    the reader insists."""
    return received.is_drawn or received.key in _mine("insisted", set)


def open_image(key: str) -> None:
    """Choose the image whose details are shown."""
    st.session_state["_open_image"] = key


def open_key() -> str:
    """The key of the image that was chosen last; "" where none was."""
    return str(st.session_state.get("_open_image") or "")


def opened(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome whose details are shown: the one chosen, or else the first with an opinion."""
    chosen = open_key()
    for candidate in outcomes:
        if candidate.received.key == chosen and candidate.opinion is not None:
            return candidate
    return next((each for each in outcomes if each.opinion is not None), outcomes[0])


def begin_page(name: str) -> None:
    """Drop what another page showed of patients, its uploads included: to be called in each run.

    Args:
        name: Tells the page from others.
    """
    if st.session_state.get("_page") == name:
        return
    st.session_state["_page"] = name
    forget_images()
    for key in [key for key in st.session_state if str(key).startswith(_OF_PAGE)]:
        del st.session_state[key]


def hold(name: str, value: object) -> None:
    """Keep a value until another page is opened."""
    st.session_state[_OF_PAGE + name] = value


def held(name: str) -> Any:
    """What this page keeps under a name, or None."""
    return st.session_state.get(_OF_PAGE + name)


def set_widgets(values: Mapping[str, object]) -> None:
    """Give widgets their values by key, from a callback of another widget."""
    for key, value in values.items():
        st.session_state[key] = value


def widget(key: str) -> Any:
    """The value of a widget in this session, or None where it has none."""
    return st.session_state.get(key)


def mark_entered() -> None:
    """Remember that this session came through app.py."""
    st.session_state["_entered"] = True


def has_entered() -> bool:
    """Whether this session came through app.py."""
    return bool(st.session_state.get("_entered"))


def without_frames(error: Exception) -> Exception:
    """The error without its frames, whose variables hold the bytes of the image."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def fingerprint(installed: Installed) -> str:
    """Changes with any file of the bundle, so that a replaced bundle is loaded anew."""
    files = hash(tuple(sorted(installed.manifest.files.items())))
    return f"{installed.directory}:{files}"


def _outcome(received: Received, installed: Installed) -> Outcome:
    if received.micrograph is None:
        return Outcome(received=received, opinion=None, error=received.error)
    try:
        given = opinion(received.micrograph, installed, despite_domain=is_insisted(received))
    except Exception as error:  # noqa: BLE001 - one image must not stop the others
        return Outcome(received=received, opinion=None, error=without_frames(error))
    return Outcome(received=received, opinion=given, error=None)


def _is_answered(received: Received, installed: Installed) -> bool:
    sha256 = received.micrograph.sha256 if received.micrograph else ""
    question = (sha256, fingerprint(installed), None, None, is_insisted(received))
    return question in _mine("opinions", dict)


def _read(source: Source) -> Received:
    number = st.session_state.get("_last_number", 0) + 1
    st.session_state["_last_number"] = number
    micrograph: Micrograph | None = None
    failure: Exception | None = None
    try:
        micrograph = source.read()
    except Exception as error:  # noqa: BLE001 - one file must not stop the others
        failure = without_frames(error)
    return Received(
        key=source.key,
        label=f"Image {number}",
        is_drawn=source.is_drawn,
        micrograph=micrograph,
        error=failure,
    )


def _mine(name: str, make: Callable[[], Any]) -> Any:
    """A collection of this session, made when first asked for."""
    return st.session_state.setdefault(f"_{name}", make())


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs={Installed: fingerprint})
def _card(installed: Installed) -> Card:
    verify_bundle(installed.directory)
    return read_card(installed.directory / CARD_FILE)


@st.cache_resource(
    show_spinner=False, max_entries=LOADED_MODELS, hash_funcs={Installed: fingerprint}
)
def _model(installed: Installed) -> Model | Ensemble:
    from models.runtime import load_answerer

    _keep_compiled()
    return load_answerer(installed.directory)


def _keep_compiled() -> None:
    """Keep what TensorFlow made of each model from one run of a page to the next.

    After every run Streamlit calls Keras's `backend.clear_session`, which drops the compiled
    graphs of all models, in the midst of other sessions' questions, too; the next answer would
    wait for them to be optimised anew. Models are few and held on purpose; nothing here relies on
    that call. `keras.utils.clear_session`, which trainings use, stays what it is.
    """
    import keras

    keras.backend.clear_session = lambda: None
