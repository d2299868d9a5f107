"""A saliency map lies on what speaks for a class, and says how strongly it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.answer.loading import load_model
from models.answer.runtime import Model
from models.answer.saliency import SALIENCY_METHODS, Explanation, share_on_mask
from models.bundle.card import read_card
from models.bundle.folder import read_manifest
from models.bundle.keras_file import load_archive
from models.errors import SaliencyError
from models.preprocessing import Step

pytestmark = pytest.mark.slow

PX = 224
NORMAL, BLAST = 0, 1
CAM_METHODS = ("grad-cam", "grad-cam++", "layercam")
PALE, DARK = 0.25, 1.0


@dataclass(frozen=True, kw_only=True)
class Field:
    """A drawn field of red cells with or without one blast, and where the blast is."""

    rgb: np.ndarray
    blast_mask: np.ndarray


def draw_field(seed: int, *, stain: float) -> Field:
    """A field whose blast is stained this strongly: 0 is no blast, 1 a dark one."""
    rng = np.random.default_rng(seed)
    rgb = np.full((PX, PX, 3), (236, 224, 228), np.float32)
    for _ in range(rng.integers(8, 14)):
        centre = tuple(int(v) for v in rng.integers(0, PX, 2))
        radius = int(rng.integers(14, 20))
        cv2.circle(rgb, centre, radius, (214, 170, 176), -1, cv2.LINE_AA)
        cv2.circle(rgb, centre, radius // 2, (226, 196, 200), -1, cv2.LINE_AA)
    radius = 30
    x, y = (int(v) for v in rng.integers(radius, PX - radius, 2))
    blast = rgb.copy()
    cv2.circle(blast, (x, y), radius, (150, 140, 200), -1, cv2.LINE_AA)
    cv2.circle(blast, (x + 2, y), radius - 5, (92, 48, 130), -1, cv2.LINE_AA)
    rgb = (1 - stain) * rgb + stain * blast
    mask = np.zeros((PX, PX), np.uint8)
    if stain > 0:
        cv2.circle(mask, (x, y), radius, 1, -1)
    noisy = cv2.GaussianBlur(rgb, (0, 0), 1.0) + rng.normal(0, 3, rgb.shape)
    return Field(rgb=np.clip(noisy, 0, 255).astype(np.uint8), blast_mask=mask.astype(bool))


@pytest.fixture(scope="module")
def blast_model(tiny_bundle: Path) -> Model:
    """EfficientNet-Lite0 on its ImageNet features, its head fitted to fields like these."""
    import keras
    from sklearn.linear_model import LogisticRegression

    from models.architectures import HEADS, build_model
    from models.architectures.weights import WeightsSource

    network = build_model(
        "efficientnet-lite0",
        n_classes=2,
        input_px=PX,
        head=HEADS["linear"],
        weights=WeightsSource(kind="package"),
    )
    logits = network.get_layer("logits")
    features = keras.Model(network.inputs[0], logits.input)
    labels = np.arange(32) % 2
    drawn = np.stack([draw_field(seed, stain=float(seed % 2)).rgb for seed in range(32)])
    batches = (np.asarray(features(batch.astype(np.float32))) for batch in np.split(drawn, 8))
    fitted = LogisticRegression().fit(np.concatenate(list(batches)), labels)
    weights, bias = fitted.coef_[0] / 2, fitted.intercept_[0] / 2
    logits.set_weights([np.stack([-weights, weights], axis=1), np.array([-bias, bias])])
    manifest = read_manifest(tiny_bundle).changed(
        classes=("normal", "blast"),
        input_px=PX,
        steps=(Step(name="resize", parameters={"size_px": PX}),),
        temperature=1.0,
    )
    return Model(manifest=manifest, card=read_card(tiny_bundle / "card.json"), network=network)


@pytest.fixture(scope="module")
def tiny_model(tiny_bundle: Path) -> Model:
    return load_model(tiny_bundle)


@pytest.fixture(scope="module")
def fields() -> tuple[Field, ...]:
    return tuple(draw_field(seed, stain=DARK) for seed in range(1000, 1004))


@pytest.fixture(scope="module")
def explained(blast_model: Model, fields: tuple[Field, ...]) -> Callable[[Field, str], Explanation]:
    """The map of a field's blast by a method; each is made once for all tests."""
    made: dict[tuple[int, str], Explanation] = {}

    def explain(field: Field, method: str) -> Explanation:
        key = (id(field), method)
        if key not in made:
            made[key] = blast_model.explain(field.rgb, BLAST, method)
        return made[key]

    return explain


def tiny_picture() -> np.ndarray:
    return cv2.resize(draw_field(1, stain=DARK).rgb, (64, 64), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("method", CAM_METHODS)
def test_a_map_of_a_drawn_blast_peaks_on_the_blast(
    method: str,
    blast_model: Model,
    fields: tuple[Field, ...],
    explained: Callable[[Field, str], Explanation],
) -> None:
    for field in fields:
        assert blast_model.ask(field.rgb)[0].top_class == BLAST
        saliency_map = explained(field, method).map
        row, column = np.unravel_index(int(saliency_map.argmax()), saliency_map.shape)
        # Cells of the map are 32 px wide: the peak may lie half a cell beside the blast.
        near = cv2.dilate(field.blast_mask.astype(np.uint8), np.ones((33, 33), np.uint8))
        assert near[row, column]


@pytest.mark.parametrize("method", SALIENCY_METHODS)
def test_every_method_is_denser_on_the_blast_than_beside_it(
    method: str, fields: tuple[Field, ...], explained: Callable[[Field, str], Explanation]
) -> None:
    denser = []
    for field in fields[:2]:
        saliency_map = explained(field, method).map
        on_blast = saliency_map[field.blast_mask].mean()
        denser.append(on_blast / saliency_map[~field.blast_mask].mean())
    assert np.mean(denser) > 1.2


@pytest.mark.parametrize("method", SALIENCY_METHODS)
def test_maps_run_from_0_to_1_over_the_prepared_picture_and_cannot_be_changed(
    method: str, fields: tuple[Field, ...], explained: Callable[[Field, str], Explanation]
) -> None:
    explanation = explained(fields[0], method)
    assert explanation.map.shape == (PX, PX)
    assert explanation.map.dtype == np.float32
    assert explanation.map.min() >= 0
    assert explanation.map.max() == 1
    assert explanation.raw_peak > 0
    assert explanation.method == method
    assert explanation.class_name == "blast"
    with pytest.raises(ValueError, match="read-only"):
        explanation.map[0, 0] = 1


def test_a_pale_blast_has_a_lower_raw_peak_than_a_dark_one_though_both_maps_reach_1(
    blast_model: Model,
) -> None:
    pale, dark, none = (
        blast_model.explain(draw_field(1000, stain=stain).rgb, BLAST, "grad-cam")
        for stain in (PALE, DARK, 0.0)
    )
    assert none.raw_peak < pale.raw_peak < dark.raw_peak
    assert pale.map.max() == dark.map.max() == 1


def test_a_dark_blast_carries_more_of_the_map_than_its_area_would(
    fields: tuple[Field, ...], explained: Callable[[Field, str], Explanation]
) -> None:
    for field in fields:
        explanation = explained(field, "grad-cam")
        assert explanation.share_on_cells is not None
        assert explanation.share_on_cells > 1.5 * explanation.cell_area > 0


def test_another_class_has_another_map(
    blast_model: Model, fields: tuple[Field, ...], explained: Callable[[Field, str], Explanation]
) -> None:
    field = fields[0]
    blast = explained(field, "grad-cam")
    normal = blast_model.explain(field.rgb, NORMAL, "grad-cam")
    assert normal.class_name == "normal"
    assert blast.map[field.blast_mask].mean() > normal.map[field.blast_mask].mean()


def test_the_manifest_chooses_the_method_where_none_is_asked_for(tiny_model: Model) -> None:
    assert tiny_model.explain(tiny_picture(), 0).method == tiny_model.manifest.saliency_method


@pytest.mark.parametrize("method", CAM_METHODS)
def test_maps_are_those_of_the_library_on_the_whole_network(
    method: str, tiny_bundle: Path, tiny_model: Model
) -> None:
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.layercam import Layercam

    kinds = {"grad-cam": Gradcam, "grad-cam++": GradcamPlusPlus, "layercam": Layercam}
    network = load_archive((tiny_bundle / "model.keras").read_bytes())
    picture = tiny_picture()
    expected = kinds[method](network)(
        lambda logits: logits[:, 3],
        picture[np.newaxis].astype(np.float32),
        penultimate_layer=tiny_model.manifest.saliency_layer,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    peak = float(np.max(expected))
    if method == "grad-cam++":  # its factor exp(logit) is left out
        peak /= float(np.exp(tiny_model.ask(picture)[0].logits[3]))
    received = tiny_model.explain(picture, 3, method)
    assert received.raw_peak == pytest.approx(peak, rel=1e-3)
    row, column = np.unravel_index(int(received.map.argmax()), received.map.shape)
    assert (row // 32, column // 32) == np.unravel_index(int(np.argmax(expected)), (2, 2))


def test_smoothgrad_gives_the_same_map_twice_and_leaves_the_global_random_state_alone(
    tiny_model: Model,
) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (tiny_model.explain(tiny_picture(), 1, "smoothgrad") for _ in range(2))
    np.testing.assert_array_equal(first.map, second.map)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_no_method_writes_to_stdout(tiny_model: Model, capfd: pytest.CaptureFixture[str]) -> None:
    for method in SALIENCY_METHODS:
        tiny_model.explain(tiny_picture(), 0, method)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("method", ["grad-cam", "grad-cam++", "layercam", "smoothgrad"])
def test_where_nothing_speaks_for_a_class_the_map_is_0_throughout(
    method: str, tiny_bundle: Path
) -> None:
    network = load_archive((tiny_bundle / "model.keras").read_bytes())
    network.get_layer("logits").set_weights([np.zeros((1280, 4)), np.zeros(4)])
    model = Model(
        manifest=read_manifest(tiny_bundle),
        card=read_card(tiny_bundle / "card.json"),
        network=network,
    )
    explanation = model.explain(tiny_picture(), 2, method)
    assert explanation.raw_peak == 0
    assert not explanation.map.any()
    assert explanation.share_on_cells is None


@pytest.mark.parametrize("class_index", [-1, 4, 1.0, True, None])
def test_a_class_that_is_not_there_is_refused_with_those_that_are(
    class_index: object, tiny_model: Model
) -> None:
    with pytest.raises(SaliencyError, match=r"0 to 3 \(Benign, Early, Pre, Pro\)"):
        tiny_model.explain(tiny_picture(), class_index)  # type: ignore[arg-type]


def test_an_unknown_method_is_refused_with_those_that_are_known(tiny_model: Model) -> None:
    with pytest.raises(SaliencyError, match="Known methods: grad-cam"):
        tiny_model.explain(tiny_picture(), 0, "guesswork")


@pytest.mark.parametrize(
    "change",
    [lambda rgb: rgb[:32], lambda rgb: rgb.astype(np.float32), lambda rgb: rgb[..., 0]],
)
def test_a_picture_that_does_not_fit_the_model_is_refused(
    change: Callable[[np.ndarray], np.ndarray], tiny_model: Model
) -> None:
    with pytest.raises(SaliencyError, match="prepared picture"):
        tiny_model.explain(change(tiny_picture()), 0)


def test_share_on_a_mask_is_the_part_of_the_sum_that_lies_there() -> None:
    saliency_map = np.array([[1.0, 0.5], [0.5, 0.0]], np.float32)
    mask = np.array([[True, False], [False, True]])
    assert share_on_mask(saliency_map, mask) == pytest.approx(0.5)
    assert share_on_mask(saliency_map, np.zeros((2, 2), bool)) is None
    assert share_on_mask(np.zeros((2, 2), np.float32), mask) is None
