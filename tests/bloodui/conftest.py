"""What the tests of the screens share: image files, small models, and what browsers did."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest, app_test

from bloodui.access.start_link import VARIABLE
from drawn.dataset import write_synthetic_dataset
from drawn.smears import draw
from models.bundle.folder import pin_bundle
from models.image.quality import MeasureLimit
from tests.bloodui import visitor
from tests.bloodui.app_pages import APP
from tests.bloodui.dashboard import Server, browsing, serving
from tests.bloodui.tiny import CLASSES, SHY, STRICT, TINY, jpeg_of
from tests.controls import LIST, SCRIPT, Control, control_of, read_list
from tests.proven import proven_from
from tests.shared_bundles import made_once


@pytest.fixture(autouse=True)
def whoever_started_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that run without a server are looked at by whoever would have started it."""
    monkeypatch.setenv(VARIABLE, "of-the-tests-" + "0" * 32)
    monkeypatch.setattr(ContextProxy, "headers", visitor.HEADERS)
    monkeypatch.setattr(ContextProxy, "cookies", visitor.cookies())
    monkeypatch.setattr(app_test, "PagesManager", visitor.PagesOfServer)


# Pages of a login's provider, and what Streamlit says of a page that somebody may not see.
NOT_OURS = ("/oauth2/", "/_stcore/", "does not seem to exist")


class Watched:
    """What the pages of a test showed: controls, whether each was used, and what went wrong."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.controls: dict[Control, bool] = {}
        self.faults: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Hear of every control of the pages of a context, and of what the browser complains of."""
        context.expose_binding("tellControl", lambda _, note: WATCHED[-1].hear(note))
        context.expose_binding("tellFault", lambda _, fault: WATCHED[-1].faults.append(fault))
        context.add_init_script(path=SCRIPT)
        context.on("weberror", lambda fault: WATCHED[-1].faults.append(str(fault.error)))
        context.on("console", lambda told: WATCHED[-1].hear_console(told))

    def hear_console(self, told: ConsoleMessage) -> None:
        """Take in an error of the console."""
        where = told.page.url if told.page else ""
        fault = f"{told.text} ({told.location['url']}, on {where})"
        if told.type == "error" and not any(sign in fault for sign in NOT_OURS):
            self.faults.append(fault)

    def hear(self, note: str) -> None:
        """Take in what `controls.js` tells."""
        *element, is_used = json.loads(note)
        control = control_of(*element)
        if control is not None:
            self.controls[control] = self.controls.get(control, False) or is_used


WATCHED = [Watched()]
"""The last one is that of the test under way."""


@pytest.fixture(scope="session", autouse=True)
def _browsers_are_watched() -> Iterator[None]:
    opened = Browser.new_context

    def new_context(browser: Browser, **options: object) -> BrowserContext:
        context = opened(browser, **options)  # type: ignore[arg-type]
        WATCHED[-1].watch(context)
        return context

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Browser, "new_context", new_context)
        yield


@pytest.fixture(autouse=True)
def _controls_are_noted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep which controls the test saw and used, for `python -m tests.controls`."""
    WATCHED.append(Watched())
    failed_before = request.session.testsfailed
    yield
    watched, test = WATCHED.pop(), request.node.nodeid
    if request.session.testsfailed > failed_before or not watched.controls:
        return
    notes = [(asdict(control), is_used) for control, is_used in sorted(watched.controls.items())]
    request.config.cache.set(f"controls/{test}", notes)
    if "_controls.py" in test:
        assert not watched.faults, watched.faults
    unused = [
        each for each, by in read_list().items() if by == test and not watched.controls.get(each)
    ]
    assert not unused, f"{LIST.name} says that this test uses {unused}, which it does not."


def _limit(name: str, declined_below: float) -> MeasureLimit:
    return MeasureLimit(
        name=name,
        unit="",
        declined_below=declined_below,
        warned_below=None,
        warned_above=None,
        declined_above=None,
        source="Chosen for this test.",
    )


@pytest.fixture(scope="session")
def smear_jpeg() -> bytes:
    """A drawn smear as a JPEG file."""
    return jpeg_of(draw("Pre", seed=3).rgb)


@pytest.fixture(scope="session")
def other_jpeg() -> bytes:
    """Another drawn smear as a JPEG file."""
    return jpeg_of(draw("Pro", seed=4).rgb)


@pytest.fixture(scope="session")
def model_root(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of three bundles: one answers always, one always abstains, one declines all."""
    return made_once(tmp_path_factory, "screens", partial(_screens, tiny_bundle))


def _screens(tiny_bundle: Path, folder: Path) -> Path:
    from models.bundle.card import Evaluation, read_card
    from models.bundle.folder import read_bundle, write_bundle
    from models.bundle.keras_file import load_archive
    from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS
    from models.image.quality import QualityLimits
    from models.rate import Rate

    contents = read_bundle(tiny_bundle)
    network = load_archive(contents.files["model.keras"])
    card = read_card(tiny_bundle / "card.json")
    figure = Rate(name="accuracy", value=0.913, low=0.881, high=0.942, n=321)
    evaluations = [
        Evaluation(
            subject=subject,
            split=split,
            protocol="Drawn for this test.",
            classes=contents.manifest.classes,
            figures=(figure.changed(value=value),),
            confusion=((1, 0, 0, 0),) * 4,
            groups=12,
        )
        for subject, split, value in (
            ("model", "random", 0.913),
            ("six colour numbers", "random", 0.722),
            ("model", "grouped", 0.644),
        )
    ]
    wide = (_limit("size", 1.0), _limit("stain", -9.0), _limit("cells", -1.0))
    impossible = (_limit("size", 1.0), _limit("stain", 99.0))
    for bundle_id, title, threshold, measures in (
        (TINY, "Tiny", 0.0, wide),
        (SHY, "Shy", 1.0, wide),
        (STRICT, "Strict", 0.0, impossible),
    ):
        manifest = contents.manifest.changed(
            id=bundle_id,
            title=title,
            risk=proven_from(threshold),
            quality_limits=QualityLimits(modality="smear", measures=measures),
            files={},
        )
        written = folder / "written" / bundle_id
        write_bundle(
            written,
            model=network,
            manifest=manifest,
            card=card.changed(evaluations=tuple(evaluations)),
            converted={name: contents.files[name] for name in (IR_NETWORK, IR_WEIGHTS)},
        )
        pin_bundle(folder / "root", written)
    return folder / "root"


@pytest.fixture(scope="session")
def dashboard(
    model_root: Path, tiny_ensemble: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A dashboard with the small models, two of them together and a data set, for all tests that
    only ask of it.
    """
    folder = tmp_path_factory.mktemp("dashboard")
    index = write_synthetic_dataset(folder / "data", labels=CLASSES, n_per_label=2, seed=1)
    shutil.copytree(model_root, folder / "models")
    pin_bundle(folder / "models", tiny_ensemble)
    settings = {
        "BLOODUI_MODELS": str(folder / "models"),
        "BLOODUI_MODEL": TINY,
        "BLOODUI_STATE": str(folder / "state"),
        "BLOODUI_DATA": str(index.parent),
    }
    with serving(settings, folder / "log.txt") as running:
        yield running


@pytest.fixture(scope="module")
def camera_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium whose camera sees a drawn smear, and that never asks whether it may be used."""
    seen = tmp_path_factory.mktemp("camera") / "smear.mjpeg"
    seen.write_bytes(jpeg_of(draw("Pre", seed=9).rgb))
    with browsing(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={seen}",
    ) as chromium:
        yield chromium


@pytest.fixture
def page(camera_browser: Browser) -> Iterator[Page]:
    """An empty window of a person of its own."""
    context = camera_browser.new_context(viewport={"width": 1280, "height": 1600})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def app_root(model_root: Path) -> Path:
    """The models of `app`: the three small ones. A module may have others."""
    return model_root


@pytest.fixture
def app_model() -> str:
    """The model that `app` opens with. A module may have another."""
    return TINY


@pytest.fixture
def app(app_root: Path, app_model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AppTest:
    """The dashboard with these models, opened on its first page."""
    monkeypatch.setattr("bloodui.settings.SHIPPED_ROOT", tmp_path / "none")
    monkeypatch.setitem(os.environ, "BLOODUI_MODELS", str(app_root))
    monkeypatch.setitem(os.environ, "BLOODUI_MODEL", app_model)
    return AppTest.from_file(str(APP), default_timeout=300).run()
