"""What tests of audits share: drawn images, and a bundle as a run on them would leave it."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import write_bundle
from models.runtime import load_model
from tests.training.drawn_recipe import drawn_recipe
from training.datasets.index import read_index
from training.datasets.synthetic_dataset import write_synthetic_dataset


@pytest.fixture(scope="session")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 48 drawn images of four classes."""
    labels = ("Benign", "Early", "Pre", "Pro")
    folder = tmp_path_factory.mktemp("drawn")
    return write_synthetic_dataset(folder, labels=labels, n_per_label=12, seed=5)


@pytest.fixture(scope="session")
def bundle(tiny_bundle: Path, index_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untrained bundle, as if a run on these images had left it."""
    import keras

    model = load_model(tiny_bundle)
    split = 'kind = "grouped", test = 0.34, validation = 0.34'
    manifest = replace(
        model.manifest,
        data=replace(model.manifest.data, index_sha256=read_index(index_path).sha256),
        files={},
    )
    folder = tmp_path_factory.mktemp("bundle") / "written"
    write_bundle(
        folder,
        model=keras.saving.load_model(tiny_bundle / "model.keras", compile=False),
        manifest=manifest,
        card=replace(model.card, recipe=tomllib.loads(drawn_recipe(split=split))),
    )
    return folder
