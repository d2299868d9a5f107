"""The errors of drawn smears."""

from __future__ import annotations

from models.errors import BlooduiError


class DrawingError(BlooduiError):
    """A smear, a set of smears or its statistics cannot be made as asked."""
