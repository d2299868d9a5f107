"""hagar, murtoza and najjar done again on drawn smears, in a small way."""

import pytest

from tests.training.studies.smoke import check_smoke_run, recipes_of
from training.studies.claims import BEST

pytestmark = pytest.mark.slow


def test_hagar_2023(index_of, tmp_path):
    models = {name: name for name in recipes_of(("hagar-2023",))}
    found = check_smoke_run(
        "hagar-2023", "hagar-2023", models, index_of("hagar-2023-vgg16").parent, tmp_path
    )
    assert len(found.figures) == 4 + 2
    colours = [each for each in found.figures if each.claimed is None]
    assert {each.model for each in colours} == {f"six colour numbers, beside {m}" for m in models}
    assert all(each.honest is not None for each in colours)
    seconds = [each for each in found.figures if each.figure == "seconds an epoch"]
    assert all(each.honest is not None and each.honest.value > 0 for each in seconds)
    assert set(found.not_run) == {"hagar-2023-vgg16-three-dense"}


def test_murtoza_2023(index_of, tmp_path):
    models = {name: name for name in recipes_of(("murtoza-2023",))}
    found = check_smoke_run(
        "murtoza-2023",
        "murtoza-2023-folds",
        models,
        index_of("murtoza-2023-vgg16").parent,
        tmp_path,
    )
    parts = {(each.part, each.figure) for each in found.figures if each.model in models}
    assert parts == {("training", "accuracy"), ("validation", "accuracy")}
    assert all(each.honest for each in found.figures)
    best = next(each for each in found.figures if each.model.startswith(f"{BEST}: "))
    assert best.claimed == 0.9828
    assert best.model.removeprefix(f"{BEST}: ") in models
    assert {f"{name}-lodocv" for name in models} < set(found.not_run)
    assert "murtoza-2023-vgg16-one-split-from-scratch" in found.not_run


def test_najjar_2025(index_of, tmp_path):
    found = check_smoke_run(
        "najjar-2025",
        "najjar-2025-sizes",
        {"najjar-2025-vgg16-150px": "najjar-2025-vgg16"},
        index_of("najjar-2025-vgg16").parent,
        tmp_path,
    )
    sizes = {f"najjar-2025-vgg16-{size}px" for size in (300, 250, 200)}
    assert set(found.not_run) == {*sizes, "najjar-2025-vgg16", "najjar-2025-vgg16-from-scratch"}
    measured = [each for each in found.figures if each.honest]
    assert {each.figure for each in measured} == {"accuracy", "seconds of training"}
