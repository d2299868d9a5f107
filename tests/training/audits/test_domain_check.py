"""What a bundle takes for its own kind, and how often its prediction sets hold the truth."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from training.audits.domain_check import check_domain
from training.audits.subject import Subject


def member(limit: float) -> SimpleNamespace:
    """A model for which the first number of a picture is its distance."""
    return SimpleNamespace(
        domain=SimpleNamespace(limit=limit),
        logits_and_foreignness=lambda rgb: (rgb, rgb[:, 0] / limit),
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
    _, distances = subject(limits, weights).logits_and_foreignness(pictures)
    assert (distances > 1).astype(int).tolist() == outside


def test_a_bundle_without_a_domain_has_no_rows() -> None:
    without = replace(subject([1.0], [1.0]), members=(SimpleNamespace(domain=None),))  # type: ignore[arg-type]
    assert check_domain(without, None) == ()  # type: ignore[arg-type]
