"""What a reader said of one cell, as it is kept, and what the reader agreed to."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bloodui.errors import CorrectionError
from models.finding.find import Box
from models.stored import Id, Line, Positive, Sha256, Share, Stored

CONSENT = (
    "Keep on this installation, for research and teaching and to train models: a picture of each "
    "of these cells, its place and scale, which model read it and what that said, what I say, my "
    "name, my login and the time; of the field a hash, and of the case a keyed number, which tell "
    "when two are the same, and nothing else. I may keep such pictures. I can undo this, and take "
    "all of it back for good."
)
"""What a reader agrees to; nothing is kept without it. It is kept with what was saved."""

MOST_BYTES = 2 * 2**30
"""Of all pictures that are kept."""
MOST_AT_ONCE = 3000
"""Cells that are saved in one go: all that a page shows."""


class Correction(Stored):
    """What a reader said of one cell of a field, be it another kind or the model's own."""

    refused_as = CorrectionError
    called = "the correction"

    field: Sha256
    """Of the field's file, or of its pixels where these were drawn."""
    group: Line
    """The case where the reader named one, else the field: images that belong together."""
    group_kind: Literal["case", "field"]
    """Which of the two. A case is kept as a number that tells nothing of its name."""
    number: Annotated[int, Field(ge=1)]
    """Of the cell in its field."""
    box: Annotated[Box, Field(strict=False)]
    """x, y, width, height of the cell, in pixels of the field."""
    nucleus_box: Annotated[Box, Field(strict=False)]
    """The same of its nucleus."""
    um_per_px: Positive | None
    """Scale of the field; None where nothing tells."""
    crop: Sha256
    """Of the picture of the cell, PNG."""
    model: Id
    """Which model had read it."""
    was: Line
    """The class that the model put first."""
    probability: Share
    """Of that class."""
    decision: Literal["answered", "abstained", "outside"]
    """What the model made of it."""
    now: Line
    """The class that the reader gave; the same as `was` where the reader agrees."""
    by: str
    """The reader's name, "" where nobody is logged in."""
    is_drawn: bool = False
    """Whether the field is drawn, and no patient's."""
