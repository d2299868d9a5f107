"""What tests share: the real images where they are at hand, and a small bundle that works."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.shared_bundles import made_once

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Runs and promoted models of whoever runs the tests are left alone.
os.environ["BLOODUI_STATE"] = str(Path(tempfile.gettempdir()) / f"bloodui-tests-{os.getpid()}")

# Warnings of libraries about each other, which nobody here can repair. Our own stay errors.
THIRD_PARTY_WARNINGS = (
    # tf-keras-vis 0.8.7 imports from a namespace that SciPy 2 removes (scipy is pinned below).
    r"ignore:Please import `zoom` from the `scipy\.ndimage` namespace:DeprecationWarning",
    # Keras 3.15 reads TensorFlow's variables in a way that numpy 2.4 warns of.
    r"ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
)


def pytest_configure(config: pytest.Config) -> None:
    for warning in THIRD_PARTY_WARNINGS:
        config.addinivalue_line("filterwarnings", warning)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests that take long go first: a worker would else end with one of them alone.

    A test in a browser that fails is tried once more, since among thousands of clicks on a busy
    machine one is lost now and then; the summary names it as run again, and two failures are one.
    """
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    marks = ("browser", "slow", "ray")
    long = {item.path for item in items if any(map(item.get_closest_marker, marks))}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def _own_umask() -> Iterator[None]:
    """What a test asks of the process, files for its user alone, is over with the test: the next
    test of this worker would else write folders that the reader it plays may not open.
    """
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real microscope images; tests that need it are skipped where it is not."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("BLOODUI_DATA") or beside)
    if not (folder / "index.csv").is_file():
        pytest.skip("No real images: set BLOODUI_DATA to the folder that holds their index.csv.")
    return folder


def _tiny(folder: Path, name: str = "efficientnet-lite0", **changes: Any) -> Path:
    """A pinned bundle: EfficientNet-Lite0 at 64 px by default, a head that learned nothing.

    Its parent is a root with SHA256SUMS. It answers anything, whatever the image's quality.

    Args:
        name: Of its architecture.
        changes: Of its manifest: by default it has four classes, of whole smears.
    """
    from models.answer.openvino_ir import openvino_ir
    from models.architectures import HEADS, architecture, build_model
    from models.architectures.weights import WeightsSource
    from models.bundle.card import Card, DataSource
    from models.bundle.folder import pin_bundle, write_bundle
    from models.bundle.manifest import DataFingerprint, Manifest
    from models.image.quality import QualityLimits
    from models.preprocessing import Step
    from tests.proven import proven_from

    spec = architecture(name)
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
        risk=proven_from(0.0),
        saliency_layer=spec.saliency_layer,
        quality_limits=QualityLimits(modality="smear", measures=()),
        data=DataFingerprint(index_sha256="0" * 64, n_images=1, datasets=("none",), seed=0),
        versions={"keras": "3"},
        intended_use="For tests of this program only.",
        licence="Apache-2.0",
        created="2026-11-21",
        parameters_millions=3.4,
        saliency_method="grad-cam",
        files={},
        layout=1,
    ).changed(**changes)
    network = build_model(
        spec.name,
        n_classes=len(manifest.classes),
        input_px=manifest.input_px,
        head=HEADS["linear"],
        weights=WeightsSource(kind="package"),
    )
    card = Card(
        summary="A model for tests: its head was drawn at random and never trained.",
        sources=(DataSource(name="none", citation="none", licence="Apache-2.0", n_images=1),),
        evaluations=(),
        limits=("It says nothing of any image.",),
    )
    layer = spec.saliency_layer
    write_bundle(
        folder / "written",
        model=network,
        manifest=manifest,
        card=card,
        converted=openvino_ir(network, layer=layer, domain_layer=layer),
    )
    pin_bundle(folder / "root", folder / "written")
    return folder / "root" / manifest.id


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pinned bundle that answers on whole smears, see `_tiny`."""
    return made_once(tmp_path_factory, "tiny", _tiny)


@pytest.fixture(scope="session")
def tiny_cell_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pinned bundle that reads the cells of fields, see `_tiny`; which kind it names means
    nothing.
    """
    from models.cells.count import KINDS
    from models.preprocessing import Step

    def make(folder: Path) -> Path:
        return _tiny(
            folder,
            id="tiny-cells",
            title="Tiny cells",
            task="blood-cells",
            modality="cell",
            classes=KINDS,
            steps=(
                Step(name="white_balance", parameters={"level": 230}),
                Step(name="nucleus_square", parameters={"size_px": 64, "multiple": 2.0}),
            ),
        )

    return made_once(tmp_path_factory, "tiny-cells", make)


@pytest.fixture(scope="session")
def tiny_sheet_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pinned bundle that sees nothing of a smear but its cells, see `_tiny`."""
    from models.preprocessing import Step

    def make(folder: Path) -> Path:
        return _tiny(
            folder,
            "efficientnet-lite0-stride16-cells",
            id="tiny-sheet",
            title="Tiny sheet",
            input_px=192,
            steps=(Step(name="cell_sheet", parameters={"size_px": 192}),),
        )

    return made_once(tmp_path_factory, "tiny-sheet", make)


@pytest.fixture(scope="session")
def tiny_ensemble(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pinned ensemble of two: the small model at 0.75, and one whose classes are turned round.

    The second sees the image letterboxed where the first sees its middle.
    """
    return made_once(tmp_path_factory, "ensemble", partial(_ensemble, tiny_bundle))


def _ensemble(tiny_bundle: Path, folder: Path) -> Path:
    from models.answer.ensemble import write_ensemble
    from models.answer.openvino_ir import openvino_ir
    from models.bundle.card import parse_card
    from models.bundle.folder import pin_bundle, read_bundle, write_bundle
    from models.bundle.keras_file import load_archive
    from models.bundle.manifest import Member
    from models.preprocessing import Step

    first = read_bundle(tiny_bundle)
    card = parse_card(first.files["card.json"])
    network = load_archive(first.files["model.keras"])
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights([kernel[:, ::-1], bias[::-1]])
    turned = first.manifest.changed(
        id="turned-efficientnet-lite0",
        title="Turned",
        steps=(Step(name="resize", parameters={"size_px": 64, "fit": "letterbox"}),),
        files={},
    )
    layer = turned.saliency_layer
    write_bundle(
        folder / "turned",
        model=network,
        manifest=turned,
        card=card,
        converted=openvino_ir(network, layer=layer, domain_layer=layer),
    )
    second = read_bundle(folder / "turned")
    manifest = first.manifest.changed(
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
