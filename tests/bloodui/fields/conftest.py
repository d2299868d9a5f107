"""Two small models for cells: one answers always, the other is never sure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.bloodui.dashboard import Server
from tests.bloodui.fields.place import drawn_field, fields_server, open_fields
from tests.shared_bundles import made_once


@pytest.fixture(scope="session")
def cell_root(tiny_cell_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of the two bundles."""
    return made_once(tmp_path_factory, "cells", partial(_cells, tiny_cell_bundle))


def _cells(tiny_cell_bundle: Path, folder: Path) -> Path:
    from models.bundle.card import parse_card
    from models.bundle.folder import pin_bundle, read_bundle, write_bundle
    from models.bundle.keras_file import load_archive
    from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS

    contents = read_bundle(tiny_cell_bundle)
    for bundle_id, title, threshold in (
        ("tiny-cells", "Tiny cells", 0.0),
        ("shy-cells", "Shy cells", 1.0),
    ):
        write_bundle(
            folder / "written" / bundle_id,
            model=load_archive(contents.files["model.keras"]),
            manifest=contents.manifest.changed(
                id=bundle_id, title=title, answer_threshold=threshold, files={}
            ),
            card=parse_card(contents.files["card.json"]),
            converted={name: contents.files[name] for name in (IR_NETWORK, IR_WEIGHTS)},
        )
        pin_bundle(folder / "root", folder / "written" / bundle_id)
    return folder / "root"


@pytest.fixture(scope="module")
def server(cell_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dashboard with the two models."""
    with fields_server(cell_root, tmp_path_factory.mktemp("fields")) as running:
        yield running


@pytest.fixture
def page(camera_browser: Browser, server: Server) -> Iterator[Page]:
    """The Fields page of a person of its own, whose model answers always."""
    context = camera_browser.new_context(viewport={"width": 1280, "height": 1000})
    window = context.new_page()
    open_fields(window, server)
    yield window
    context.close()


@pytest.fixture(scope="session")
def field() -> bytes:
    """A drawn field of twenty cells."""
    return drawn_field(20)
