"""What tests of audits share: drawn images, and a bundle as a run on them would leave it."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from drawn.dataset import write_synthetic_dataset
from drawn.smears import draw
from models.bundle.card import parse_card
from models.bundle.folder import read_bundle, write_bundle
from models.bundle.keras_file import load_archive
from tests.training.drawn_recipe import drawn_recipe
from training.data.collection import collect, splits_of
from training.data.index import read_index
from training.judge.prediction_sets import conformal_scores
from training.judge.reference import reference_of
from training.recipes.recipe import parse_recipe


@pytest.fixture(scope="session")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of 48 drawn images of four classes, and of six tinted ones of another laboratory.

    Two of the six are of one patient; their label is none of the classes.
    """
    labels = ("Benign", "Early", "Pre", "Pro")
    folder = tmp_path_factory.mktemp("drawn")
    path = write_synthetic_dataset(folder, labels=labels, n_per_label=12, seed=5)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number in range(6):
        rgb = draw("Pro", seed=90 + number).rgb
        other = dict.fromkeys(rows[0], "") | {
            "path": f"elsewhere-{number}.png",
            "dataset": "elsewhere",
            "label": "field",
            "group": "one" if number < 2 else "",
        }
        tinted = np.clip(rgb.astype(float) * (0.2, 1.0, 0.2), 0, 255).astype(np.uint8)
        Image.fromarray(tinted).save(folder / other["path"])
        rows.append(other)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def bundle(tiny_bundle: Path, index_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untrained bundle, as if a run on these images had left it."""
    contents = read_bundle(tiny_bundle)
    network = load_archive(contents.files["model.keras"])
    split = 'kind = "grouped", test = 0.34, validation = 0.34'
    recipe = parse_recipe(tomllib.loads(drawn_recipe(split=split)), name="drawn")
    index = read_index(index_path)
    collection = collect(recipe, index)
    first = splits_of(collection, recipe.splits[-1], seed=recipe.seed)[0]
    tuned = first.validation
    conformal = conformal_scores(
        np.full((len(tuned), 4), 0.25),
        collection.labels[tuned],
        collection.groups["grouped"][tuned],
    )
    known = replace(recipe, architecture="efficientnet-lite0")
    data = contents.manifest.data.changed(index_sha256=index.sha256)
    card = parse_card(contents.files["card.json"])
    folder = tmp_path_factory.mktemp("bundle") / "written"
    write_bundle(
        folder,
        model=network,
        manifest=contents.manifest.changed(data=data, files={}),
        card=card.changed(recipe=tomllib.loads(drawn_recipe(split=split))),
        reference=reference_of(network, known, collection, first, conformal).to_bytes(),
    )
    return folder
