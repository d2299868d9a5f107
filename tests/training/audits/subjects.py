"""Anything that answers like a model, as what an audit takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.audits.subject import Subject
from training.data.collection import Collection
from training.data.splits import Split


def subject_of(model: Any, collection: Collection, split: Split) -> Subject:
    """One model without a card or weights; its manifest names no members."""
    return Subject(
        manifest=model.manifest,
        card=None,  # type: ignore[arg-type]
        members=(model,),
        weights=np.ones(1),
        collections=(collection,),
        split=split,
    )
