"""A run whose network was shown compressed images is asked about JPEG copies of its test images."""

from pathlib import Path

import numpy as np
import pytest

from drawn.dataset import write_synthetic_dataset
from models.bundle.folder import read_manifest
from training.data.index import read_index
from training.recipes.recipe import RECIPES, Recipe, parse_recipe
from training.recipes.toml_file import read_toml
from training.runs.estimate import QUALITIES
from training.runs.run import run

pytestmark = pytest.mark.slow


def recipe(*, folds: int, worsening: dict[str, float]) -> Recipe:
    values = read_toml(RECIPES / "all-subtypes-frozen.toml")
    values["model"] |= {"input_px": 64, "architecture": "efficientnet-lite0"}
    values["steps"] = [{"name": "resize", "parameters": {"size_px": 64, "fit": "stretch"}}]
    values["fit"] = {"head_epochs": 1, "head_copies": 2, "head_solver": "logistic", "epochs": 0}
    values["worsening"] = worsening
    values["split"] = [{"kind": "grouped", "folds": folds}]
    return parse_recipe(values, name="drawn-compressed")


@pytest.fixture(scope="module")
def index_path(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    labels = ("Benign", "Early", "Pre", "Pro")
    return write_synthetic_dataset(folder, labels=labels, n_per_label=16, seed=1)


def test_the_curve_is_of_other_folds_answers_on_copies(index_path: Path, tmp_path: Path) -> None:
    shown = recipe(folds=2, worsening={"jpeg_quality": 40})
    manifest = run(shown, read_index(index_path), tmp_path)
    assert tuple(each.jpeg_quality for each in manifest.risk_compressed) == QUALITIES
    assert read_manifest(tmp_path / "bundle") == manifest
    for number in (0, 1):
        clean = np.load(tmp_path / "grouped" / f"fold-{number}" / "logits.npz")["test"]
        for quality in QUALITIES:
            copies = np.load(tmp_path / "grouped" / f"fold-{number}" / f"jpeg-{quality}.npy")
            assert copies.shape == clean.shape
            assert not np.allclose(copies, clean)
    hardest = manifest.risk_compressed[-1].risk
    everything = hardest[-1]
    assert (everything.threshold, everything.answered) == (0.0, 1.0)
    assert everything.n_groups == manifest.risk[-1].n_groups


@pytest.mark.parametrize(
    ("folds", "worsening"), [(1, {"jpeg_quality": 40}), (2, {"blur_percent": 1.0})]
)
def test_nothing_is_measured_where_nothing_could_be_proven_or_was_learned(
    folds: int, worsening: dict[str, float], index_path: Path, tmp_path: Path
) -> None:
    manifest = run(recipe(folds=folds, worsening=worsening), read_index(index_path), tmp_path)
    assert manifest.risk
    assert not manifest.risk_compressed
    assert "risk_compressed" not in manifest.to_dict()
    assert not list(tmp_path.rglob("jpeg-*.npy"))
