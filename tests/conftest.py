"""What tests share: the real images where they are at hand, and a small bundle that works."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Runs and promoted models of whoever runs the tests are left alone.
os.environ["BLOODUI_STATE"] = str(Path(tempfile.gettempdir()) / f"bloodui-tests-{os.getpid()}")

# Warnings of libraries about each other, which nobody here can mend. Our own stay errors.
THIRD_PARTY_WARNINGS = (
    # tf-keras-vis 0.8.7 imports from a namespace that SciPy 2 removes (scipy is pinned below).
    r"ignore:Please import `zoom` from the `scipy\.ndimage` namespace:DeprecationWarning",
    # Keras 3.15 reads TensorFlow's variables in a way that numpy 2.4 warns of.
    r"ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    for warning in THIRD_PARTY_WARNINGS:
        config.addinivalue_line("filterwarnings", warning)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real microscope images; tests that need it are skipped where it is not."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("BLOODUI_DATA") or beside)
    if not (folder / "index.csv").is_file():
        pytest.skip("No real images: set BLOODUI_DATA to the folder that holds their index.csv.")
    return folder


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pinned bundle: EfficientNet-Lite0 at 64 px, four classes, a head that learned nothing.

    Its parent is a root with SHA256SUMS. It answers anything, whatever the image's quality.
    """
    from models.architectures import HEADS, architecture, build_model
    from models.bundle import DataFingerprint, Manifest, pin_bundle, write_bundle
    from models.card import Card, DataSource
    from models.preprocessing import Step
    from models.quality import QualityLimits
    from models.weights import WeightsSource

    spec = architecture("efficientnet-lite0")
    network = build_model(
        spec.name,
        n_classes=4,
        input_px=64,
        head=HEADS["linear"],
        weights=WeightsSource(kind="package"),
    )
    manifest = Manifest(
        id="tiny-efficientnet-lite0",
        title="Tiny",
        task="all-subtypes",
        architecture=spec.name,
        input_px=64,
        classes=("Benign", "Early", "Pre", "Pro"),
        modality="smear",
        steps=(Step(name="resize", parameters={"size_px": 64}),),
        temperature=1.5,
        answer_threshold=0.0,
        saliency_layer=spec.saliency_layer,
        quality_limits=QualityLimits(modality="smear", measures=()),
        data=DataFingerprint(index_sha256="0" * 64, n_images=1, datasets=("none",), seed=0),
        versions={"keras": "3"},
        intended_use="For tests of this program only.",
        licence="Apache-2.0",
        created="2026-11-21",
        parameters_millions=3.4,
    )
    card = Card(
        summary="A model for tests: its head was drawn at random and never trained.",
        sources=(DataSource(name="none", citation="none", licence="Apache-2.0", n_images=1),),
        evaluations=(),
        limits=("It says nothing of any image.",),
    )
    folder = tmp_path_factory.mktemp("tiny")
    write_bundle(folder / "written", model=network, manifest=manifest, card=card)
    pin_bundle(folder / "root", folder / "written")
    return folder / "root" / manifest.id


@pytest.fixture(scope="session")
def tiny_ensemble(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pinned ensemble of two: the small model at 0.75, and one whose classes are turned round.

    The second sees the image letterboxed where the first sees its middle.
    """
    from dataclasses import replace

    from models.bundle import pin_bundle, read_bundle, write_bundle
    from models.card import parse_card
    from models.ensemble import write_ensemble
    from models.keras_archive import load_archive
    from models.manifest import Member
    from models.preprocessing import Step

    folder = tmp_path_factory.mktemp("ensemble")
    first = read_bundle(tiny_bundle)
    card = parse_card(first.files["card.json"])
    network = load_archive(first.files["model.keras"])
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights([kernel[:, ::-1], bias[::-1]])
    turned = replace(
        first.manifest,
        id="turned-efficientnet-lite0",
        title="Turned",
        steps=(Step(name="resize", parameters={"size_px": 64, "fit": "letterbox"}),),
        files={},
    )
    write_bundle(folder / "turned", model=network, manifest=turned, card=card)
    second = read_bundle(folder / "turned")
    manifest = replace(
        first.manifest,
        id="tiny-ensemble",
        title="Together",
        architecture="ensemble",
        temperature=1.0,
        files={},
        members=tuple(
            Member(id=each.manifest.id, title=each.manifest.title, weight=weight)
            for each, weight in ((first, 0.75), (second, 0.25))
        ),
    )
    write_ensemble(folder / "written", members=(first, second), manifest=manifest, card=card)
    pin_bundle(folder / "root", folder / "written")
    return folder / "root" / manifest.id
