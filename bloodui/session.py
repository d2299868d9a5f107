"""What this session holds: images and choices. The only place that touches `st.session_state` and
Streamlit's caches.

Images lie in a tray (`bloodui.trays`), which all pages and windows of one browser share, with what
models answered on them (`bloodui.answers`) and the models that were chosen. What else a page showed
of patients is dropped with the page. Models hold nothing of a patient and are shared by all
sessions.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from bloodui import trays
from bloodui.errors import TrayFullError, without_frames
from bloodui.images import MOST_BYTES, MOST_IMAGES, SessionImage, Source
from bloodui.inventory import Installed
from bloodui.loaded import LoadedModels, memory_mb
from bloodui.settings import networks_in, settings_from
from models.bundle.card import Card, read_card
from models.bundle.folder import verify_bundle
from models.bundle.manifest import CARD_FILE, IR_NETWORK, MODEL_FILE
from models.image.micrograph import Micrograph

if TYPE_CHECKING:
    from models.answer.ensemble import Ensemble
    from models.answer.runtime import Model

_OF_PAGE = "_of_page_"
_TRAY, _SEEN, _PAGE = "_tray", "_tray_seen", "_page"
_OPEN, _BESIDE = "open", "beside"


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
    loaded = _model(installed)
    _mine("loaded", set).add(fingerprint(installed))
    return loaded


def may_need_conversion(installed: Installed) -> bool:
    """Whether a network of the bundle is there for Keras alone: its first use converts it."""
    names = installed.manifest.files
    networks = [name for name in names if name.endswith(MODEL_FILE)]
    return any(name.removesuffix(MODEL_FILE) + IR_NETWORK not in names for name in networks)


def has_loaded(installed: Installed) -> bool:
    """Whether this session had the model before, so that it is probably still in memory."""
    return fingerprint(installed) in _mine("loaded", set)


@contextmanager
def page(name: str, tray: str) -> Iterator[None]:
    """What a run of a page is drawn in: app.py opens it each time.

    What another page showed of patients, and is not in the tray, is dropped; so is all that this
    page showed where its tray is gone.

    Args:
        name: Tells the page from others.
        tray: Names the visitor's tray, as nobody else can; "" for one of this session alone.
    """
    context = get_script_run_ctx()
    key = tray or st.session_state.get(_TRAY) or secrets.token_hex()
    st.session_state[_TRAY] = key
    opened = trays.TRAYS.begin_run(key, context.session_id if context else "")
    try:
        if is_tray_gone():
            st.session_state["_lost"] = True
        if is_tray_gone() or st.session_state.get(_PAGE) != name:
            for held_name in [each for each in st.session_state if str(each).startswith(_OF_PAGE)]:
                del st.session_state[held_name]
            opened.trim()
        st.session_state[_PAGE] = name
        # Of a tray that would be missed it is noted which one it was, to see when it is gone.
        st.session_state[_SEEN] = opened.id if opened.is_missed else None
        yield
    finally:
        if trays.TRAYS.look(key) is opened:
            st.session_state[_SEEN] = opened.id if opened.is_missed else None
        trays.TRAYS.end_run(opened)


def is_tray_gone() -> bool:
    """Whether the images that this window showed last were dropped; looking is no use of them."""
    seen = st.session_state.get(_SEEN)
    tray = trays.TRAYS.look(st.session_state.get(_TRAY, ""))
    return seen is not None and (tray is None or tray.id is not seen)


def was_tray_lost() -> bool:
    """Whether a reader is to be told that the images were dropped; true once."""
    return bool(st.session_state.pop("_lost", False))


def drop_tray() -> None:
    """Drop all images of this visitor, and what was said of them."""
    trays.TRAYS.drop(st.session_state.get(_TRAY, ""))
    st.session_state[_SEEN] = None


def take_in(sources: Iterable[Source]) -> None:
    """Put images into the tray, where `read_waiting` finds them; the first of them is opened."""
    tray = _tray()
    new = {each.key: each for each in sources}
    tray.waiting |= {key: each for key, each in new.items() if key not in tray.images}
    if new:
        open_image(next(iter(new)))


def take_in_files(widget_key: str, make: Callable[[Any], Source]) -> None:
    """Put the files of an uploader or a camera into the tray, and empty the widget.

    For a callback of the widget, whose key is that of `key_of_empty`.
    """
    take_in(make(file) for file in taken_files(widget_key))


def taken_files(widget_key: str) -> list[UploadedFile]:
    """The files of an uploader or a camera, which is emptied; its key is that of `key_of_empty`.

    They lie in memory for as long as somebody holds them.
    """
    given = st.session_state.get(widget_key) or []
    # Of a run that was stopped the same files may come once more, when they were taken already.
    files = [
        each
        for each in (given if isinstance(given, list) else [given])
        if isinstance(each, UploadedFile)
    ]
    _rounds()[widget_key.rpartition("-")[0]] = int(widget_key.rpartition("-")[2]) + 1
    context = get_script_run_ctx()
    if context and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
    return files


def key_of_empty(name: str) -> str:
    """The key of an uploader or a camera of that name: another each time its files were taken."""
    return f"{name}-{_rounds().get(name, 0)}"


def read_waiting(announce: Callable[[float, str], None]) -> None:
    """Read what was put into the tray, one after the other; a run that is stopped loses none.

    Args:
        announce: Told the share done (0–1) and what comes next.
    """
    tray = _tray()
    sources = list(tray.waiting.values())
    for number, source in enumerate(sources):
        words = f"Opening image {number + 1} of {len(sources)}"
        announce(number / len(sources), f"{words}: {source.name}" if source.name else words)
        image = _read(source, tray)
        # It may have been removed in another window, or the tray be gone.
        if tray.waiting.pop(source.key, None) is not None:
            tray.last_number += 1
            tray.images[source.key] = image
            if source.truth:
                hold_truth(source.key, source.truth)


def has_images() -> bool:
    """Whether the tray holds an image, read or not."""
    return not _tray().is_empty


def images() -> tuple[SessionImage, ...]:
    """The images of the tray, in order of arrival: read, or refused with an error."""
    return tuple(_tray().images.values())


def remove(*keys: str) -> None:
    """Drop images from the tray, and what was said of them and of others that were made of them."""
    _tray().remove(*keys)
    forget_beside(())


def open_image(key: str) -> None:
    """Choose the image whose details are shown."""
    keep(_OPEN, key)


def opened(images: Sequence[SessionImage]) -> SessionImage | None:
    """The image that was chosen last, or else the next one that was read; None where none was."""
    keys = [each.key for each in images]
    chosen = kept(_OPEN)
    place = keys.index(chosen) if chosen in keys else 0
    in_order = [*images[place:], *images[:place]]
    return next((each for each in in_order if each.micrograph is not None), None)


def truths() -> Mapping[str, str]:
    """The class that was given to each image of the tray, by key; only those that have one."""
    held: dict[str, str] = kept("truths") or {}
    return {key: name for key, name in held.items() if name}


def hold_truth(key: str, name: str) -> None:
    """Give an image of the tray a class; "" takes it away."""
    keep("truths", {**(kept("truths") or {}), key: name})


def give_way() -> None:
    """End this run of the page where another is asked for, or its window is gone.

    Streamlit looks for that whenever its state is read.
    """
    st.session_state.get("none")


def keep(name: str, value: object) -> None:
    """Keep a choice for as long as the tray, on every page."""
    _tray().kept[name] = value


def keeping(name: str, widget_key: str, form: Callable[[Any], object]) -> Callable[[], None]:
    """What a widget calls when its value changes, so that the choice outlasts its page.

    A page that is left before it is drawn anew keeps nothing by itself.

    Args:
        name: What the choice is kept under.
        widget_key: The widget's.
        form: From its value to what is kept.
    """
    return lambda: keep(name, form(st.session_state[widget_key]))


def kept(name: str) -> Any:
    """What is kept under a name, or None."""
    return _tray().kept.get(name)


def keep_batch(batch: object) -> None:
    """Keep what is said of many images at once, as long as the tray; None drops it."""
    _tray().batch = batch


def batch() -> Any:
    """What is said of many images at once, or None."""
    return _tray().batch


def is_tray_missed() -> bool:
    """Whether the visitor is to be told when this tray is dropped."""
    return _tray().is_missed


def hold(name: str, value: object) -> None:
    """Keep a value until another page is opened."""
    st.session_state[_OF_PAGE + name] = value


def held(name: str) -> Any:
    """What this page keeps under a name, or None."""
    return st.session_state.get(_OF_PAGE + name)


def hold_beside(sha256: str, what: Hashable, value: object) -> None:
    """Keep something with an image: as long as that is in the tray, else until another page."""
    tray = _tray()
    if tray.holds(sha256):
        tray.beside.setdefault(sha256, {})[what] = value
        return
    of_page: dict[str, dict[Hashable, Any]] = held(_BESIDE) or {}
    # New mappings: the old ones may be those of a run that was stopped.
    hold(_BESIDE, of_page | {sha256: of_page.get(sha256, {}) | {what: value}})


def held_beside(sha256: str, what: Hashable) -> Any:
    """What is kept with an image under that name, or None."""
    in_tray = _tray().beside.get(sha256, {})
    return in_tray[what] if what in in_tray else (held(_BESIDE) or {}).get(sha256, {}).get(what)


def forget_beside(kept_hashes: Iterable[str]) -> None:
    """Drop what is kept with images that are neither in the tray nor among these, by SHA-256."""
    of_page: dict[str, dict[Hashable, Any]] = held(_BESIDE) or {}
    left = {sha256: of_page[sha256] for sha256 in kept_hashes if sha256 in of_page}
    if len(left) < len(of_page):
        hold(_BESIDE, left)


def is_tray_there() -> Callable[[], bool]:
    """What tells any thread whether this visitor's tray, with what is kept, is still there."""
    tray, key = _tray(), st.session_state[_TRAY]
    return lambda: trays.TRAYS.look(key) is tray


def kept_later(name: str) -> Callable[[], Any]:
    """What gives, on any thread, what this visitor's tray keeps under a name by then."""
    tray = _tray()
    return lambda: tray.kept.get(name)


def beside_later() -> Callable[[str, Hashable], Any]:
    """What gives, on any thread, what is kept with an image of this visitor's tray by then."""
    tray = _tray()
    return lambda sha256, what: tray.beside.get(sha256, {}).get(what)


def holds_later() -> Callable[[str], bool]:
    """What tells, on any thread, whether this visitor's tray has an image by then, by SHA-256."""
    return _tray().holds


def set_widgets(values: Mapping[str, object]) -> None:
    """Give widgets their values by key, from a callback of another widget."""
    for key, value in values.items():
        st.session_state[key] = value


def asked_by_link(name: str) -> str:
    """What the link that led to this page asks for; once, so that what is chosen then stays."""
    value: str = st.query_params.get(name, "")
    if value:
        del st.query_params[name]
    return value


def widget(key: str) -> Any:
    """The value of a widget in this session, or None where it has none."""
    return st.session_state.get(key)


def fingerprint(installed: Installed) -> str:
    """Changes with any file of the bundle, so that a replaced bundle is loaded anew."""
    files = hash(tuple(sorted(installed.manifest.files.items())))
    return f"{installed.directory}:{files}"


def _tray() -> trays.Tray:
    """This visitor's tray; outside of a server each session has one of its own."""
    return trays.TRAYS.of(st.session_state.setdefault(_TRAY, secrets.token_hex()))


def _rounds() -> dict[str, int]:
    """How often the files of each uploader of this session were taken."""
    return _mine("rounds", dict)  # type: ignore[no-any-return]


def _read(source: Source, tray: trays.Tray) -> SessionImage:
    micrograph: Micrograph | None = None
    failure: Exception | None = None
    try:
        _require_room(tray)
        micrograph = source.read()
    except Exception as error:  # noqa: BLE001 - one file must not stop the others
        failure = without_frames(error)
    return SessionImage(
        key=source.key,
        label=f"Image {tray.last_number + 1}",
        is_drawn=source.is_drawn,
        micrograph=micrograph,
        error=failure,
        name=source.name,
    )


def _require_room(tray: trays.Tray) -> None:
    n_images = sum(each.micrograph is not None for each in tray.images.values())
    if n_images >= MOST_IMAGES or tray.n_bytes >= MOST_BYTES:
        raise TrayFullError(
            f"The tray holds {n_images} images with {tray.n_bytes / 2**30:.1f} GB of pixels; "
            f"{MOST_IMAGES} images or {MOST_BYTES // 2**30} GB are the most. Remove some of them."
        )


def _mine(name: str, make: Callable[[], Any]) -> Any:
    """A collection of this session, made when first asked for."""
    return st.session_state.setdefault(f"_{name}", make())


@st.cache_resource(show_spinner=False, max_entries=64, hash_funcs={Installed: fingerprint})
def _card(installed: Installed) -> Card:
    verify_bundle(installed.directory)
    return read_card(installed.directory / CARD_FILE)


@st.cache_resource(show_spinner=False)
def _models() -> LoadedModels:
    return LoadedModels()


def _model(installed: Installed) -> Model | Ensemble:
    from models.answer.loading import load_answerer

    settings = settings_from(os.environ)
    return _models().get(
        fingerprint(installed),
        lambda: load_answerer(installed.directory, cache=networks_in(settings.state)),
        mb=memory_mb(installed.manifest),
        budget_mb=settings.memory_mb,
    )
