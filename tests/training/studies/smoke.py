"""A paper done again in a smoke run, from drawn pictures to its page, and what it leaves.

The papers lie in two test files, so that two processors take them at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.bundle.card import read_card
from models.bundle.folder import verify_bundle
from tests.training.drawn_releases import draw_release
from training.__main__ import main
from training.recipes.overrides import SMOKE_IMAGES_OF_A_CLASS
from training.recipes.recipe import RECIPES, read_recipe
from training.studies.reproduction import Reproduction, read_reproduction

SMEARS = ("hagar-2023", "murtoza-2023", "najjar-2025")
SINGLE_CELLS = ("narendra-2024", "pushpalatha-2024")


def recipes_of(papers: tuple[str, ...]) -> list[str]:
    """Names of every recipe of some papers."""
    return sorted(path.stem for path in RECIPES.glob("*.toml") if path.stem.startswith(papers))


def indexes(folder: Path) -> Callable[[str], Path]:
    """From a recipe's name to the index of its task's drawn pictures, more than a smoke run takes;
    each task is drawn once, into a folder."""

    def index(name: str) -> Path:
        task = read_recipe(name).task
        drawn = folder / task.name / "index.csv"
        if not drawn.is_file():
            draw_release(drawn.parent, task, n_per_label=SMOKE_IMAGES_OF_A_CLASS + 4)
        return drawn

    return index


def check_smoke_run(
    paper: str, study: str, models: dict[str, str], data: Path, out: Path
) -> Reproduction:
    """Do a paper again by its command, and look at its page, its table and its bundles.

    Args:
        paper: Its name.
        study: The one of its studies that is run.
        models: The members that are run, each with the recipe that it is made of.
        data: Folder of the drawn pictures, which has an index.
        out: Where it is done.

    Returns:
        What the command left.
    """
    words = ["reproduce", paper, "--smoke", "--data", str(data), "--out", str(out), "--only"]
    assert main([*words, *models]) == 0
    found = read_reproduction(out / "reproduction.json")
    page = (out / "index.html").read_text(encoding="utf-8")
    for model, recipe in models.items():
        bundle = out / study / "members" / f"{model}-smoke" / "bundle"
        manifest = verify_bundle(bundle)
        known = read_recipe(recipe)
        assert manifest.id == f"{model}-smoke"
        assert manifest.architecture == known.architecture
        assert manifest.data.n_images == SMOKE_IMAGES_OF_A_CLASS * len(known.task.classes)
        card = read_card(bundle / "card.json")
        assert {each.split for each in card.evaluations} == {known.splits[-1].kind}
        assert "smoke run" in card.summary
        assert card.recipe["overridden"]
        assert "a smoke run" in found.departures[model]
        ours = [each for each in found.figures if (each.model, each.part) == (model, "test")]
        accuracy = card.evaluations[0].figure("accuracy")
        for each in ours:
            assert each.own is None  # the last split alone
            if each.figure == "accuracy" and not each.classifier:
                assert each.honest is not None
                assert (each.honest.value, each.honest.n) == (accuracy.value, accuracy.n)
        assert f"<h2>{model}</h2>" in page
    assert not set(models) & set(found.not_run)
    assert page.count("plotly.js v") == 1
    assert "<script src" not in page
    assert page.count("Confusion matrix, grouped split") == len(models)
    return found
