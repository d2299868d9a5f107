"""What the tests of the screens share: image files, and a folder of small models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.quality import MeasureLimit
from training.datasets.synthetic import draw

TINY = "tiny-efficientnet-lite0"
SHY = "shy-efficientnet-lite0"
STRICT = "strict-efficientnet-lite0"


def jpeg_of(rgb: np.ndarray) -> bytes:
    """The picture as a JPEG file."""
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1])


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
    from models.bundle import pin_bundle, read_bundle, write_bundle
    from models.card import Evaluation, Figure, read_card
    from models.keras_archive import load_archive
    from models.quality import QualityLimits

    folder = tmp_path_factory.mktemp("screens")
    contents = read_bundle(tiny_bundle)
    network = load_archive(contents.files["model.keras"])
    card = read_card(tiny_bundle / "card.json")
    figure = Figure(name="accuracy", value=0.913, low=0.881, high=0.942, n=321)
    evaluations = [
        Evaluation(
            subject=subject,
            split=split,
            protocol="Drawn for this test.",
            classes=contents.manifest.classes,
            figures=(replace(figure, value=value),),
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
        manifest = replace(
            contents.manifest,
            id=bundle_id,
            title=title,
            answer_threshold=threshold,
            quality_limits=QualityLimits(modality="smear", measures=measures),
            files={},
        )
        written = folder / "written" / bundle_id
        write_bundle(
            written,
            model=network,
            manifest=manifest,
            card=replace(card, evaluations=tuple(evaluations)),
        )
        pin_bundle(folder / "root", written)
    return folder / "root"
