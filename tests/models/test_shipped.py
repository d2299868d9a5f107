"""The models that come with the project: complete cards, and answers that fit their figures."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models.bundle import SHIPPED_ROOT, list_bundles
from models.card import read_card
from models.micrograph import micrograph_from_rgb, read_micrograph
from models.opinion import opinion_on
from models.runtime import load_answerer

MANIFESTS = {manifest.id: manifest for manifest in list_bundles(SHIPPED_ROOT)}
TASKS = {
    "all-subtypes": 2,
    "blood-cancer-8": 2,
    "lymphoma-subtypes": 1,
    "aml-or-apl": 1,
    "blast-or-normal": 1,
}


def test_every_task_has_its_models_and_the_smear_tasks_two_to_compare() -> None:
    for task, least in TASKS.items():
        architectures = {m.architecture for m in MANIFESTS.values() if m.task == task}
        assert len(architectures) >= least, task


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_card_has_both_splits_each_with_the_baseline_beside_the_model(name: str) -> None:
    card = read_card(SHIPPED_ROOT / name / "card.json")
    for split in ("random", "grouped"):
        for subject in ("model", "six colour numbers"):
            evaluation = card.evaluation(split=split, subject=subject)
            assert evaluation is not None, f"{subject}, {split}"
            figure = evaluation.figure("accuracy")
            assert figure.low <= figure.value <= figure.high
            assert figure.n == sum(map(sum, evaluation.confusion))
    assert card.sources
    assert card.limits


@pytest.mark.parametrize(
    "name", [name for name, m in MANIFESTS.items() if m.task in ("all-subtypes", "blood-cancer-8")]
)
def test_real_smears_are_read_as_well_as_the_card_says(name: str, data_dir: Path) -> None:
    """Most of these images were learned from: this guards the way from file to answer."""
    with (data_dir / "index.csv").open(newline="", encoding="utf-8") as index:
        rows = [row for row in csv.DictReader(index) if row["dataset"] == "taleghani_all"]
    model = load_answerer(SHIPPED_ROOT / name)
    right = outside = 0
    sample = rows[::60]
    for row in sample:
        micrograph = read_micrograph((data_dir / row["path"]).read_bytes())
        opinion = opinion_on(micrograph, model, is_explained=False, despite_domain=True)
        if opinion.prediction is not None:
            top = opinion.prediction.classes[opinion.prediction.top_class]
            right += top == row["label"]
        outside += opinion.domain is not None and not opinion.domain.is_inside
    # A baseline that sees colours alone is right as often as its card says.
    assert right / len(sample) >= (0.7 if "colour-numbers" in name else 0.95)
    assert outside / len(sample) <= 0.15


@pytest.mark.parametrize("name", [n for n in MANIFESTS if "colour-numbers" not in n])
def test_a_photograph_of_a_cup_is_outside_every_model_s_domain(name: str) -> None:
    from skimage import data

    micrograph = micrograph_from_rgb(data.coffee())
    opinion = opinion_on(micrograph, load_answerer(SHIPPED_ROOT / name), is_explained=False)
    assert opinion.prediction is None
    assert opinion.decision in ("outside", "declined")


def test_what_is_a_baseline_says_so() -> None:
    for manifest in MANIFESTS.values():
        is_baseline = manifest.architecture == "colour-numbers"
        assert ("baseline" in manifest.title) == is_baseline
