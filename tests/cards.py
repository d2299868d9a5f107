"""Parts of an audited card, made up."""

from __future__ import annotations

from models.bundle.card import MapContest, SaliencyCheck, Shortcut
from models.rate import Rate


def figure(value: float) -> Rate:
    return Rate(name="accuracy", value=value, low=value - 0.05, high=value + 0.04, n=60)


def shortcut(name: str, kind: str, value: float) -> Shortcut:
    gap = figure(0.9 - value).changed(name="gap")
    return Shortcut(
        name=name,
        kind=kind,
        accuracy=figure(value),
        balanced_accuracy=figure(value),
        gap=gap,
        p_value=0.5 if kind == "baseline" else None,
    )


def check(method: str) -> SaliencyCheck:
    contest = MapContest(
        own=figure(0.288),
        gaussian=0.401,
        random=0.191,
        over_gaussian=figure(-0.1),
        over_random=figure(0.1),
    )
    return SaliencyCheck(
        method=method,
        n=60,
        groups=9,
        share=contest,
        even_share=0.19,
        deletion=contest,
        insertion=contest,
        randomised_head=0.1,
        randomised_network=0.1,
    )
