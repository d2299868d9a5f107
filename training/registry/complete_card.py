"""Whether a model's card says what has to be known before clinicians use the model."""

from __future__ import annotations

from models.bundle.card import Card
from models.bundle.manifest import Manifest


def missing_from_card(card: Card, manifest: Manifest) -> tuple[str, ...]:
    """What a card must say before its model is promoted, and does not; empty where complete."""
    missing = []
    if not manifest.intended_use.strip():
        missing.append("an intended use")
    if not card.sources:
        missing.append("the data that it learned from")
    if not card.limits:
        missing.append("its limits")
    if not any(each.figures for each in card.evaluations if each.subject == "model"):
        missing.append("the figures of an evaluation")
    missing.extend(
        f"an evaluation on the {kind.replace('_', ' ')} split of its recipe"
        for kind in card.planned_splits
        if card.evaluation(split=kind) is None
    )
    return tuple(missing)
