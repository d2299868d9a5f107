import copy
import re
import tomllib

import pytest

from models.architectures.weights import WeightsSource
from training.errors import RecipeError
from training.recipes.recipe import RECIPES, parse_recipe, read_recipe

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))


def values(name: str = "all-subtypes-efficientnet-lite0") -> dict:
    return tomllib.loads((RECIPES / f"{name}.toml").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_of_the_project_is_valid(name):
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.input_px in [step.parameters.get("size_px") for step in recipe.steps]


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (
            ("fit", "epochs"),
            "many",
            "fit.epochs to be a whole number from 0 to 500, received 'many'",
        ),
        (
            ("fit", "optimiser"),
            "adam",
            r"keys head_epochs, .* in fit, received 'optimiser'\. Did you mean 'optimizer'\?",
        ),
        (
            ("fit", "learning_rate"),
            7,
            "fit.learning_rate to be a number from 1e-07 to 1, received 7",
        ),
        (("model", "architecture"), "resnet51", "model.architecture to be one of"),
        (
            ("model", "weights"),
            {"kind": "pickle"},
            "model.weights.kind to be one of imagenet, package, file, none",
        ),
        (("augmentation", "flips"), "yes", "augmentation.flips to be a number"),
        (("seed",), -1, "seed to be a whole number from 0"),
        (("task",), "heart", "task to be one of"),
        (("colour",), 1, "Expected only the keys title, task, .*, received 'colour'"),
        (("steps",), {"name": "resize"}, "steps to be a list"),
        (("steps",), "resize", "steps to be a list"),
        (("split",), [], "split to be a list of at least 1"),
        (
            ("steps",),
            [{"name": "sharpen"}],
            r"steps\[0\].name to be one of resize, .*, received 'sharpen'",
        ),
        (
            ("fit", "schedule"),
            "step",
            "fit.schedule to be one of cosine, constant, received 'step'",
        ),
        (("fit", "keep_epoch"), "best", "fit.keep_epoch to be one of lowest_val_loss"),
        (
            ("fit", "keep_epoch"),
            "last",
            "fit: Expected patience to be 0 where keep_epoch is 'last'",
        ),
        (
            ("fit", "epoch_steps"),
            40,
            "fit: The fit.epoch_steps draw each class as often as another",
        ),
        (
            ("model", "head"),
            "texture-at-depths",
            "efficientnet-lite0 names none. .* mobilenet-stride16",
        ),
        (
            ("fit", "average"),
            0.98,
            "fit: Expected keep_epoch to be 'last' where weights are averaged",
        ),
        (("augmentation", "fog"), 1, "keys flips, .* in augmentation, received 'fog'"),
        (
            ("model", "head"),
            "deep",
            "model.head to be one of linear, .*, or a table, received 'deep'",
        ),
        (("model", "head"), {"poling": "avg"}, "in model.head, received 'poling'. Did you mean"),
        (("model", "head"), {"pooling": "min"}, "model.head.pooling to be one of avg, max"),
        (("split",), [{"kind": "by-slide"}], r"split\[0\].kind to be one of random, grouped"),
    ],
)
def test_a_faulty_recipe_is_refused_with_key_value_and_what_is_allowed(path, value, complaint):
    faulty = copy.deepcopy(values())
    place = faulty
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(RecipeError, match=complaint):
        parse_recipe(faulty, name="faulty")


def test_a_discriminant_weighs_classes_by_itself_and_has_to_be_linear():
    faulty = values("blood-cells-mobilenet")
    assert parse_recipe(faulty, name="fine").fit.is_head_solved
    weighted = faulty | {"fit": faulty["fit"] | {"class_weights": "balanced"}}
    with pytest.raises(RecipeError, match="'discriminant' counts each class alike"):
        parse_recipe(weighted, name="odd")
    faulty["model"]["head"] = "narendra-2024"
    with pytest.raises(RecipeError, match=r"'discriminant' fits a model\.head 'linear', 'texture'"):
        parse_recipe(faulty, name="odd")


def test_corrected_cells_are_learned_from_as_the_releases_are():
    own, corrected = values("blood-cells-mobilenet"), values("blood-cells-corrected-mobilenet")
    for part in ("model", "steps", "augmentation", "fit", "allow_leaks"):
        assert own[part] == corrected[part], part
    assert own.keys() == corrected.keys()


@pytest.mark.parametrize("changed", [{"epochs": 3}, {"head_epochs": 0}])
def test_a_head_is_solved_for_on_a_network_that_stays_as_it_came(changed):
    faulty = values("blood-cells-mobilenet")
    with pytest.raises(RecipeError, match="so epochs must be 0 and head_epochs above 0"):
        parse_recipe(faulty | {"fit": faulty["fit"] | changed}, name="odd")


def test_mixing_images_is_refused_where_only_stored_features_are_learned_from():
    faulty = values()
    faulty["augmentation"]["mixup"] = 0.2
    faulty["fit"]["epochs"] = 0
    with pytest.raises(RecipeError, match=r"augmentation\.mixup needs fit\.epochs above 0"):
        parse_recipe(faulty, name="faulty")


def test_a_network_of_a_sheet_takes_its_own_sheet_and_nothing_that_moves_tiles():
    sheet = values("all-subtypes-cells")
    assert parse_recipe(sheet, name="fine").architecture.endswith("-cells")
    for change, complaint in (
        ({"steps": [{"name": "cell_sheet", "parameters": {"per_side": 4}}]}, "received 4"),
        ({"steps": [{"name": "resize", "parameters": {"size_px": 288}}]}, "no step cell_sheet"),
        ({"augmentation": {"zoom": 0.1}}, r"augmentation\.zoom"),
    ):
        with pytest.raises(RecipeError, match=complaint):
            parse_recipe(sheet | change, name="odd")
    with pytest.raises(RecipeError, match="Expected a sheet of 0"):
        parse_recipe(values() | {"steps": sheet["steps"]}, name="odd")


def test_a_missing_key_is_named():
    faulty = values()
    del faulty["fit"]["epochs"]
    with pytest.raises(RecipeError, match=r"fit\.epochs, received nothing"):
        parse_recipe(faulty, name="faulty")


def test_an_unknown_recipe_lists_the_known_ones():
    with pytest.raises(RecipeError, match="all-subtypes-efficientnet-lite0"):
        read_recipe("resnet")


PAPERS = {
    "hagar-2023": {"vgg16", "densenet121"},
    "pushpalatha-2024": {"resnet50", "efficientnetb3", "vgg16", "alexnet"},
    "murtoza-2023": {"inceptionv3", "resnet50", "vgg16", "vgg19"},
    "najjar-2025": {"vgg16"},
    "narendra-2024": {"resnet50"},
}


@pytest.mark.parametrize("paper", list(PAPERS))
def test_every_architecture_of_a_paper_has_a_recipe(paper):
    recipes = [read_recipe(name) for name in NAMES if name.startswith(paper)]
    assert {recipe.architecture for recipe in recipes} == PAPERS[paper]
    for recipe in recipes:
        # Alexnet's weights are nowhere to be had; the papers' other networks were pretrained, and
        # VGG16's ImageNet weights come with the project.
        kinds = {"alexnet": "none", "vgg16": "package"}
        assert recipe.weights.kind == kinds.get(recipe.architecture, "imagenet")
        assert {split.kind for split in recipe.splits} == {"random", "grouped"}


def test_the_papers_hyperparameters_stand_in_their_recipes():
    hagar = read_recipe("hagar-2023-vgg16")
    assert (hagar.fit.optimizer, hagar.fit.learning_rate, hagar.fit.schedule) == (
        "adam",
        1e-3,
        "constant",
    )
    assert (hagar.fit.batch, hagar.fit.epochs, hagar.fit.patience) == (64, 20, 0)
    assert dict(hagar.augmentation) == {"shear_degrees": 0.2, "zoom": 0.2, "horizontal_flip": 1}
    assert hagar.scaling == read_recipe("hagar-2023-densenet121").scaling == "zero-to-one"
    najjar = read_recipe("najjar-2025-vgg16")
    assert (najjar.input_px, najjar.fit.learning_rate, najjar.fit.batch) == (300, 1e-5, 32)
    assert (najjar.fit.epochs, najjar.fit.frozen_after) == (25, "block4_conv3")
    assert najjar.augmentation["exposure"] == 0.2
    for name in NAMES:
        if name.startswith("pushpalatha"):
            assert read_recipe(name).fit.optimizer == "adamax"
    assert read_recipe("murtoza-2023-vgg19").splits[0].folds == 5
    custom, plain = (
        read_recipe("narendra-2024-custom-resnet50"),
        read_recipe("narendra-2024-resnet50"),
    )
    assert custom.fit.epochs == 50
    assert [type(layer).__name__ for layer in custom.head.layers].count("BatchNorm") == 2
    assert (plain.head.pooling, plain.head.layers) == ("flatten", ())


@pytest.mark.parametrize("name", ["pushpalatha-2024-alexnet", "all-subtypes-efficientnet-lite0"])
def test_a_light_recipe_builds_its_network(name):
    from models.architectures import build_model

    recipe = read_recipe(name)
    model = build_model(
        recipe.architecture,
        n_classes=len(recipe.task.classes),
        input_px=recipe.input_px,
        head=recipe.head,
        weights=WeightsSource(kind="none"),
    )
    assert model.output_shape == (None, len(recipe.task.classes))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenet", "squeezenet", "vgg16"])
def test_a_recipe_file_with_weights_of_the_project_builds_a_network_that_holds_them(name, tmp_path):
    from models.architectures import architecture, build_model
    from models.architectures.weights import installed_arrays

    text = (RECIPES / "all-subtypes-efficientnet-lite0.toml").read_text()
    changed = re.sub('architecture = "[^"]+"', f'architecture = "{name}"', text)
    path = tmp_path / "mine.toml"
    path.write_text(changed)
    recipe = read_recipe(str(path))
    assert (recipe.architecture, recipe.weights) == (name, WeightsSource(kind="package"))
    model = build_model(
        recipe.architecture,
        n_classes=len(recipe.task.classes),
        input_px=64,
        head=recipe.head,
        weights=recipe.weights,
    )
    arrays = installed_arrays(architecture(name))
    first = next(layer.name for layer in model.layers if layer.weights)
    held = model.get_layer(first).get_weights()[0]
    assert (held == arrays[first][0]).all()


def test_a_recipe_that_asks_for_weights_that_no_installation_has_is_refused_when_it_builds(
    tmp_path,
):
    from models.architectures import build_model
    from models.errors import ArchitectureError

    data = values()
    data["model"] = {**data["model"], "architecture": "resnet50"}
    recipe = parse_recipe(data, name="mine")
    with pytest.raises(
        ArchitectureError, match="imagenet, file, none for resnet50, received 'pack"
    ):
        build_model(
            recipe.architecture, n_classes=2, input_px=64, head=recipe.head, weights=recipe.weights
        )


def test_a_recipe_says_whether_its_bundle_has_the_network_for_openvino() -> None:
    assert not read_recipe("all-subtypes-vgg16").has_openvino
    assert read_recipe("all-subtypes-cells").has_openvino
