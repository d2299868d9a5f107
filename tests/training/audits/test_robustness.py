"""A model is measured on its test images as they get worse, each in the way that the row says."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from models.image.degradation import STRENGTHS
from models.preprocessing import Step
from tests.training.audits.planted import fields
from tests.training.audits.subjects import subject_of
from training.audits.robustness import RobustnessReport, measure_robustness
from training.data.collection import Collection, spread_out
from training.data.index import ImageRecord
from training.data.pictures import Pictures
from training.data.splits import Split

N = 24
PX = 32
SPLIT = Split(train=np.arange(0), validation=np.arange(0), test=np.arange(N))


class ByLight:
    """A model that tells bright pictures from dark ones, and knows nothing else."""

    manifest = SimpleNamespace(
        id="by-light",
        modality="smear",
        members=(),
        steps=(Step(name="resize", parameters={"size_px": PX}),),
    )

    def logits(self, rgb: np.ndarray) -> np.ndarray:
        assert rgb.shape[1:] == (PX, PX, 3)
        light = rgb.astype(float).mean(axis=(1, 2, 3)) - 160
        return np.stack([-light, light], axis=1)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Drawn fields, every second one darkened, as files of twelve patients."""
    folder = tmp_path_factory.mktemp("light")
    labels = np.arange(N) % 2
    records = []
    for number, rgb in enumerate(fields(np.random.default_rng(0), N)):
        if labels[number] == 0:
            rgb = (rgb * 0.5).astype(np.uint8)
        path = folder / f"{number}.png"
        cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        records.append(ImageRecord(path=path, name=path.name, dataset="one", label="x"))
    return Collection(
        records=tuple(records),
        labels=labels,
        pictures=Pictures(rgb=np.zeros((N, PX, PX, 3)), colours=np.zeros((N, 6)), hashes=labels),
        groups={"grouped": np.arange(N) // 2},
    )


@pytest.fixture(scope="module")
def report(collection: Collection) -> RobustnessReport:
    return measure_robustness(subject_of(ByLight(), collection, SPLIT))


def test_every_kind_and_strength_has_its_row_with_interval_and_n(report: RobustnessReport) -> None:
    wanted = [("", 0)] + [(kind, n) for kind in STRENGTHS for n in range(1, 6)]
    assert [(row.kind, row.strength) for row in report.rows] == wanted
    assert {row.accuracy.n for row in report.rows} == {N}
    assert all(row.accuracy.low <= row.accuracy.value <= row.accuracy.high for row in report.rows)


def test_a_model_that_knows_light_alone_fails_where_light_is_taken(
    report: RobustnessReport,
) -> None:
    found = {(row.kind, row.strength): row.accuracy.value for row in report.rows}
    assert found["", 0] == 1
    assert found["brightness", 5] == pytest.approx(0.5)
    assert {found[kind, 5] for kind in ("blur", "jpeg", "rotation", "down-scaling")} == {1}


def test_a_limit_takes_test_images_evenly(collection: Collection) -> None:
    few = measure_robustness(subject_of(ByLight(), collection, SPLIT), limit=6)
    assert {row.accuracy.n for row in few.rows} == {6}
    assert spread_out(np.arange(100), 3).tolist() == [0, 50, 99]
    assert spread_out(np.arange(5), 0).tolist() == [0, 1, 2, 3, 4]
