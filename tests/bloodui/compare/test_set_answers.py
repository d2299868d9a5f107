"""A set of images through several models: agreement, accuracy and order, worked out by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from bloodui.compare.set_answers import TRUTH, ComparedSet, LabelledImage
from bloodui.inventory import Installed, names_of
from models.answer.prediction import Prediction, predict_from_logits
from models.bundle.folder import verify_bundle
from models.image.micrograph import micrograph_from_rgb

CLASSES = ("Benign", "Early", "Pre", "Pro")


@pytest.fixture(scope="module")
def models(tiny_bundle: Path) -> tuple[Installed, ...]:
    manifest = verify_bundle(tiny_bundle)
    others = manifest.changed(id="eight-classes", title="Eight", classes=(*CLASSES, "AML"))
    titles = [manifest.changed(id=f"model-{n}", title=f"Model {n}") for n in (1, 2)]
    return tuple(Installed(manifest=m, directory=tiny_bundle) for m in (*titles, others))


def said(model: Installed, top: int, logit: float = 3.0) -> Prediction:
    logits = np.zeros(len(model.manifest.classes))
    logits[top] = logit
    return predict_from_logits(logits, model.manifest)


def compared(models: tuple[Installed, ...], answers: np.ndarray, truths: list[str]) -> ComparedSet:
    images = tuple(
        LabelledImage(
            label=f"=Image {number}",
            micrograph=micrograph_from_rgb(np.full((40, 40, 3), number, np.uint8)),
            truth=truth,
        )
        for number, truth in enumerate(truths)
    )
    rows = tuple(
        tuple(
            None if top < 0 else said(model, int(top))
            for model, top in zip(models, row, strict=True)
        )
        for row in answers
    )
    return ComparedSet(images=images, models=models, predictions=rows)


def test_models_of_one_title_are_told_apart_by_their_ids(models):
    twins = tuple(
        replace(each, manifest=each.manifest.changed(title="Same")) for each in models[:2]
    )
    assert list(names_of((*twins, models[2])).values()) == [
        "Same: model-1",
        "Same: model-2",
        "Eight",
    ]
    table = compared(twins, np.array([[0, 1], [2, 2], [3, 0]]), ["", "", ""])
    names, kappas = table.kappas()
    assert names == ("Same: model-1", "Same: model-2")
    assert kappas[0][1] != 1.0


@pytest.mark.parametrize("seed", range(4))
def test_kappas_and_accuracies_are_those_of_scikit_learn_and_scipy(models, seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 50)
    answers = np.where(rng.random((50, 3)) < 0.6, truth[:, None], rng.integers(0, 4, (50, 3)))
    result = compared(models, answers, [CLASSES[t] for t in truth])
    names, kappas = result.kappas()
    assert names == (TRUTH, "Model 1", "Model 2", "Eight")
    columns = [truth, *answers.T]
    for row, first in enumerate(columns):
        for place, second in enumerate(columns):
            assert kappas[row][place] == pytest.approx(cohen_kappa_score(first, second))
    figure = result.accuracy(0)
    n_right = int((answers[:, 0] == truth).sum())
    interval = binomtest(n_right, 50).proportion_ci(method="wilson")
    assert (figure.value, figure.n) == (n_right / 50, 50)
    assert (figure.low, figure.high) == pytest.approx((interval.low, interval.high))


def test_images_on_which_models_disagree_come_first(models):
    answers = np.array([[0, 0, 0], [0, 1, 0], [2, 2, 2]])
    assert compared(models, answers, ["", "", ""]).by_disagreement()[0] == 1


def test_only_models_that_share_their_classes_are_held_against_each_other(models):
    result = compared(models, np.array([[0, 0, 4]]), [""])
    assert result.disagreement(0) == 0
    alone = compared(models, np.array([[0, -1, 4]]), [""])
    assert alone.disagreement(0) is None


def test_a_declined_image_and_a_truth_that_is_no_class_are_left_out(models):
    answers = np.array([[0, 0, 0], [-1, 0, 0], [1, 0, 4], [1, 1, 4]])
    result = compared(models, answers, ["Benign", "Benign", "Early", "AML"])
    assert [result.accuracy(number).n for number in range(3)] == [2, 3, 4]
    assert result.accuracy(2).value == pytest.approx(3 / 4)


def test_without_labels_there_is_no_truth_to_agree_with(models):
    result = compared(models, np.array([[0, 1, 0], [1, 1, 0]]), ["", ""])
    assert TRUTH not in result.kappas()[0]
    assert result.accuracy(0) is None


def test_csv_has_a_row_an_image_and_no_formula(models):
    result = compared(models, np.array([[0, -1, 4]]), ["Benign"])
    (row,) = csv.DictReader(io.StringIO(result.to_csv().decode()))
    assert row["image"] == "'=Image 0"
    assert row["model-1 class"] == "Benign"
    assert row["model-2 decision"] == "no answer"
    assert float(row["eight-classes probability"]) > 0.5


def test_images_of_classes_that_a_model_does_not_know_are_counted_with_what_it_said(models) -> None:
    answers = np.array([[0, 0, 0], [1, -1, 4], [2, -1, 4], [-1, -1, -1], [2, 2, 1]])
    found = compared(models, answers, ["Benign", "AML", "AML", "AML", "Pre"])
    assert found.foreign(0) == {"Early": 1, "Pre": 1, "no answer": 1}
    assert found.foreign(1) == {"no answer": 3}
    assert found.foreign(2) == {}  # it knows AML
    own = [found.own(number) for number in range(3)]
    assert [(each.n, each.n_unanswered) for each in own] == [(2, 0), (2, 0), (5, 1)]
    accuracy = found.accuracy(2)
    assert accuracy is not None
    assert accuracy.n == 4
    unsure = replace(found.predictions[1][0], decision="abstained")
    rows = (found.predictions[0], (unsure, None, None), *found.predictions[2:])
    assert replace(found, predictions=rows).foreign(0) == {"abstained": 1, "Pre": 1, "no answer": 1}


def test_what_is_not_proven_of_other_classes_is_said_so(models):
    answers, truths = np.array([[2, 0, 0], [0, 0, 0]]), ["CLL", "CLL"]
    assert compared(models, answers, truths).foreign(0) == {"Pre": 1, "Benign": 1}
    bare = tuple(replace(each, manifest=each.manifest.changed(risk=())) for each in models)
    result = compared(bare, answers, truths)
    assert result.foreign(0) == {"Pre (not proven)": 1, "Benign (not proven)": 1}
    assert "unproven" in result.to_csv().decode()
