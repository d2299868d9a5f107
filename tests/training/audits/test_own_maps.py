"""Maps are compared with the annotated cell as the model saw it."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.audits.own_maps import mask_on_input
from training.audits.saliency import centred_gaussian
from training.data.index import ImageRecord
from training.errors import DatasetError


def masked(folder: Path) -> ImageRecord:
    """An image whose mask is mask.png of that folder."""
    mask = folder / "mask.png"
    return ImageRecord(path=folder / "a.png", name="a.png", dataset="d", label="x", mask=mask)


def test_a_mask_is_cut_and_scaled_as_the_picture_was(tmp_path: Path) -> None:
    mask = np.zeros((60, 100), np.uint8)
    mask[20:40, 40:60] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    record = masked(tmp_path)
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


def test_a_mask_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(b"no picture")
    record = masked(tmp_path)
    with pytest.raises(DatasetError, match=r"a\.png"):
        mask_on_input(record, (0.0, 0.0, 10.0, 10.0), 10)
