"""The models that come with the project: complete cards, and answers that fit their figures."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.answer.loading import load_answerer
from models.bundle.card import read_card
from models.bundle.folder import SHIPPED_ROOT, list_bundles
from models.image.micrograph import micrograph_from_rgb, read_micrograph
from models.opinion import opinion_on

pytestmark = pytest.mark.slow

MANIFESTS = {manifest.id: manifest for manifest in list_bundles(SHIPPED_ROOT)}
TASKS = {
    "all-subtypes": 4,
    "blood-cancer-8": 2,
    "lymphoma-subtypes": 1,
    "aml-or-apl": 1,
    "blood-cells": 1,
}


def test_every_task_has_its_models_and_the_smear_tasks_two_to_compare() -> None:
    for task, least in TASKS.items():
        architectures = {m.architecture for m in MANIFESTS.values() if m.task == task}
        assert len(architectures) >= least, task


BESIDE_GROUPS = dict.fromkeys(MANIFESTS, ("random",)) | {
    "blood-cells-mobilenet": ("leave_one_dataset_out",),
    "all-subtypes-cells": (),  # no paper's, so that no random split has to be compared
    "all-subtypes-vgg16": (),
}
"""What a card has beside groups kept apart."""


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_card_has_its_splits_each_with_the_baseline_beside_the_model(name: str) -> None:
    """Groups kept apart always; beside them the papers' random split, or laboratories left out."""
    card = read_card(SHIPPED_ROOT / name / "card.json")
    for split in ("grouped", *BESIDE_GROUPS[name]):
        for subject in ("model", "six colour numbers"):
            evaluation = card.evaluation(split=split, subject=subject)
            assert evaluation is not None, f"{subject}, {split}"
            figure = evaluation.figure("accuracy")
            assert figure.low <= figure.value <= figure.high
            assert figure.n == sum(map(sum, evaluation.confusion))
    assert card.sources
    assert card.limits


@pytest.mark.parametrize("name", MANIFESTS)
def test_each_figure_of_a_class_has_the_n_that_it_rests_on(name: str) -> None:
    """The files say the number of all test images, as they were written before."""
    for evaluation in read_card(SHIPPED_ROOT / name / "card.json").evaluations:
        total = sum(map(sum, evaluation.confusion))
        for number, of in enumerate(evaluation.classes):
            true = sum(evaluation.confusion[number])
            right = evaluation.confusion[number][number]
            sensitivity = evaluation.figure(f"sensitivity {of}")
            specificity = evaluation.figure(f"specificity {of}")
            assert (sensitivity.n, specificity.n) == (true, total - true)
            assert sensitivity.value * sensitivity.n == pytest.approx(right)
            wrongly = sum(row[number] for row in evaluation.confusion) - right
            assert specificity.value * specificity.n == pytest.approx(total - true - wrongly)
            assert evaluation.figure(f"AUROC {of}").n == total


@pytest.mark.parametrize("name", MANIFESTS)
def test_no_figure_of_a_card_claims_certainty(name: str) -> None:
    """In the file itself, which other programs read: a width, or null for no interval."""
    found = list(_figures_in(json.loads((SHIPPED_ROOT / name / "card.json").read_bytes())))
    assert len(found) > (200 if BESIDE_GROUPS[name] else 180)
    for figure in found:
        assert (figure["low"] is None) == (figure["high"] is None), figure
        assert figure["low"] is None or figure["low"] < figure["high"], figure
        assert figure["groups"] is None or 1 <= figure["groups"] <= figure["n"], figure
        if figure["low"] is None and figure["groups"] is not None:
            assert figure["groups"] <= len(MANIFESTS[name].classes), figure


def _figures_in(part: Any) -> Iterator[dict[str, Any]]:
    """Every figure in a card's JSON."""
    if isinstance(part, dict) and {"value", "low", "high", "n"} <= part.keys():
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _figures_in(each)


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
