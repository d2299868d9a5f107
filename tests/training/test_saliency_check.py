"""Maps are compared with the annotated cell as the model saw it."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.__main__ import main
from training.datasets.index import ImageRecord, read_index
from training.datasets.synthetic_dataset import write_synthetic_dataset
from training.saliency_check import centred_gaussian, mask_on_input


@pytest.fixture(scope="module")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    return write_synthetic_dataset(folder, labels=("Benign", "Pro"), n_per_label=2, seed=3)


def test_every_method_stands_beside_two_maps_that_know_nothing(
    tiny_bundle: Path, index_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "check.json"
    words = ["saliency", "--bundle", str(tiny_bundle), "--index", str(index_path)]
    words += ["--dataset", "synthetic", "--method", "grad-cam", "--out", str(out)]
    assert main(words) == 0
    check = json.loads(out.read_text(encoding="utf-8"))
    shares = {figure["name"]: figure for figure in check["shares"]}
    assert list(shares) == ["grad-cam", "centred Gaussian", "random"]
    assert check["model"] == tiny_bundle.name
    # A random map has as much of its mass on the cells as the cells have of the picture.
    areas = []
    for record in read_index(index_path).records:
        mask = mask_on_input(record, (0.0, 0.0, record_width(record), record_width(record)), 64)
        areas.append(mask.mean())
    assert shares["random"]["value"] == pytest.approx(np.mean(areas), abs=0.02)
    assert shares["random"]["n"] == 4
    assert shares["random"]["low"] <= shares["random"]["value"] <= shares["random"]["high"]


def record_width(record: ImageRecord) -> float:
    return float(cv2.imread(str(record.path)).shape[1])


def test_a_mask_is_cut_and_scaled_as_the_picture_was(tmp_path: Path) -> None:
    mask = np.zeros((60, 100), np.uint8)
    mask[20:40, 40:60] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    record = ImageRecord(
        path=tmp_path / "a.png",
        name="a.png",
        dataset="d",
        label="x",
        group="",
        mask=tmp_path / "mask.png",
    )
    # The middle square of a picture of 100 × 60, at half the size.
    on_input = mask_on_input(record, (20.0, 0.0, 80.0, 60.0), 30)
    expected = np.zeros((30, 30), bool)
    expected[10:20, 10:20] = True
    assert (on_input == expected).mean() > 0.98


def test_the_centred_gaussian_peaks_in_the_middle_and_falls_evenly() -> None:
    blob = centred_gaussian(65)
    assert np.unravel_index(blob.argmax(), blob.shape) == (32, 32)
    assert np.allclose(blob, blob.T)
    assert blob[32, 0] == pytest.approx(np.exp(-0.5 * (32 / (65 * 0.25)) ** 2))


def test_a_data_set_without_masks_is_refused(
    tiny_bundle: Path, index_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["saliency", "--bundle", str(tiny_bundle), "--index", str(index_path)]
    assert main([*words, "--dataset", "bccd", "--out", str(tmp_path / "c.json")]) == 2
    assert "bccd" in capsys.readouterr().err
    assert not (tmp_path / "c.json").exists()
