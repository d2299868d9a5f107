"""Checks of a map's method on a model, and of evidence by cells: passed ones and failed ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.bundle.card import EvidenceCheck, MapContest, SaliencyCheck, parse_card
from models.bundle.folder import folder_beside, pin_bundle, read_bundle
from models.bundle.manifest import CARD_FILE
from models.rate import Rate
from tests.bloodui.tiny import SHY, STRICT, TINY
from training.audits.with_card import write_with_card


def a_contest(own: float, gaussian: float, random: float, *, lead: float) -> MapContest:
    figure = Rate(name="measured", value=own, low=own, high=own, n=60)
    ahead = Rate(name="lead", value=lead, low=lead - 0.01, high=lead + 0.01, n=60)
    return MapContest(
        own=figure, gaussian=gaussian, random=random, over_gaussian=ahead, over_random=ahead
    )


PASSED = SaliencyCheck(
    method="grad-cam",
    n=60,
    groups=12,
    share=a_contest(0.81, 0.40, 0.19, lead=0.2),
    even_share=0.18,
    deletion=a_contest(0.452, 0.6, 0.7, lead=0.2),
    insertion=a_contest(0.8, 0.7, 0.6, lead=0.1),
    randomised_head=0.2,
    randomised_network=0.1,
)
FAILED = PASSED.changed(deletion=a_contest(0.6, 0.5, 0.5, lead=-0.1))


def an_evidence_check(*, lead: float, kind: str = "cells") -> EvidenceCheck:
    def rate(value: float, spread: float = 0.01) -> Rate:
        return Rate(
            name="measured", value=value, low=value - spread, high=value + spread, n=60, groups=12
        )

    return EvidenceCheck(
        kind=kind,
        n=60,
        groups=12,
        parts=9.5,
        orders=5,
        own=rate(0.912),
        random=0.912 + lead,
        grad_cam=0.95,
        over_random=rate(lead),
        over_grad_cam=rate(0.03),
        grad_cam_over_random=rate(0.004),
        keeps_class=rate(0.81),
        probability_without=rate(0.77),
        median_without=rate(0.93),
    )


CELLS_PASSED = an_evidence_check(lead=0.037)
CELLS_FAILED = an_evidence_check(lead=0.004)
EVIDENCE_OF = {
    TINY: {"evidence": (CELLS_FAILED,)},
    SHY: {"evidence": (CELLS_PASSED,)},
    STRICT: {"evidence": ()},
}
"""What the cards of the small models say of evidence by cells, for `root_of_checked`."""


def root_of_checked(
    model_root: Path, folder: Path, checks: Mapping[str, Mapping[str, tuple[Any, ...]]]
) -> Path:
    """The models of these names, pinned in a new root with these fields of their cards."""
    for name, changes in checks.items():
        contents = read_bundle(model_root / name)
        card = parse_card(contents.files[CARD_FILE]).changed(**changes)
        with folder_beside(folder / "written" / name) as written:
            write_with_card(contents, card, written)
        pin_bundle(folder / "root", folder / "written" / name)
    return folder / "root"
