"""What a bundle takes for its own kind, and how often its prediction sets hold the truth."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from training.audits.domain_check import check_domain
from training.audits.subject import Subject
from training.reference import conformal_scores, set_figures


def member(limit: float) -> SimpleNamespace:
    """A model for which the first number of a picture is its distance."""
    return SimpleNamespace(
        domain=SimpleNamespace(limit=limit),
        logits_and_distances=lambda rgb: (rgb, rgb[:, 0].astype(float)),
    )


def subject(limits: list[float], weights: list[float]) -> Subject:
    nothing = SimpleNamespace(members=())
    return Subject(
        manifest=nothing,  # type: ignore[arg-type]
        card=nothing,  # type: ignore[arg-type]
        members=tuple(map(member, limits)),  # type: ignore[arg-type]
        weights=np.array(weights),
        collections=(),
        split=nothing,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("limits", "weights", "outside"),
    [
        ([4.0], [1.0], [0, 0, 0, 0, 1]),
        ([2.0, 4.0], [0.5, 0.5], [0, 0, 1, 1, 1]),  # half of the weights turn it away
        ([2.0, 4.0], [0.4, 0.6], [0, 0, 0, 0, 1]),
        ([1.5, 2.5, 3.5], [0.3, 0.3, 0.4], [0, 0, 1, 1, 1]),
    ],
)
def test_an_ensemble_turns_away_what_half_of_its_weights_turn_away(
    limits: list[float], weights: list[float], outside: list[int]
) -> None:
    """At the distances 1, 2, 3, 4 and 5."""
    pictures = (np.arange(1, 6)[:, np.newaxis],) * len(limits)
    _, distances = subject(limits, weights).logits_and_distances(pictures)
    assert (distances > 1).astype(int).tolist() == outside


def test_a_bundle_without_a_domain_has_no_rows() -> None:
    told = replace(subject([1.0], [1.0]), members=(SimpleNamespace(domain=None),))  # type: ignore[arg-type]
    assert check_domain(told, None) == ()  # type: ignore[arg-type]


def test_set_figures_are_the_share_of_sets_that_hold_the_truth() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), 600)
    labels = np.array([rng.choice(3, p=row) for row in probabilities])
    conformal = conformal_scores(probabilities[:300], labels[:300], np.arange(300))
    coverage, size = set_figures(
        [probabilities[300:]], [labels[300:]], [np.arange(300)], [conformal], level=0.8
    )
    assert coverage.name == "coverage of 80 % prediction sets"
    assert 0.75 < coverage.value < 0.95
    assert 1 < size.value < 3
    assert coverage.low < coverage.value < coverage.high
