import pytest

from models.architectures import HEADS, build_model
from models.architectures.weights import WeightsSource
from training.errors import RecipeError
from training.fit.freezing import freeze
from training.recipes.recipe import FitPlan, read_recipe


def plan(**changes: object) -> FitPlan:
    return read_recipe("pushpalatha-2024-alexnet").fit.changed(**changes)


@pytest.fixture(scope="module")
def network():
    return build_model(
        "alexnet",
        n_classes=2,
        input_px=64,
        head=HEADS["linear"],
        weights=WeightsSource(kind="none"),
    )


def learning(network) -> list[str]:
    return [layer.name for layer in network.layers if layer.trainable and layer.weights]


def test_a_range_of_the_backbone_and_the_head_learn(network):
    freeze(network, plan(frozen_until="conv1_relu", frozen_after="conv3"))
    assert learning(network) == ["conv2", "conv3", "logits"]


def test_a_share_of_the_backbones_layers_stays_frozen_whatever_their_names(network):
    freeze(network, plan(frozen_share=0.5))
    assert learning(network) == ["conv3", "conv4", "conv5", "logits"]
    freeze(network, plan(frozen_share=0.99))
    assert learning(network) == ["logits"]
    with pytest.raises(RecipeError, match="Leave one of the two out"):
        plan(frozen_share=0.5, frozen_until="conv1_relu")


def test_without_names_everything_learns(network):
    freeze(network, plan())
    assert learning(network) == ["conv1", "conv2", "conv3", "conv4", "conv5", "logits"]


def test_an_unknown_layer_is_refused_with_key_value_and_what_is_allowed(network):
    with pytest.raises(RecipeError, match=r"fit.frozen_after to be one of .*conv5.*'block9'"):
        freeze(network, plan(frozen_after="block9"))
