"""The errors of how a model comes to be, from the index of its images to its promotion.

Paths that an index lists, and names of folders on the server, are an admin's own: a message shows
them to the admin who has to correct them. It never holds the name of a file that a client uploaded.
"""

from __future__ import annotations

from models.errors import BlooduiError


class DatasetError(BlooduiError):
    """An index, its images or its groups cannot be used as asked."""


class LeakageError(DatasetError):
    """The same patient, case or picture would stand on both sides of a split."""


class RecipeError(BlooduiError):
    """A recipe has a key or a value that is not allowed."""


class JobError(BlooduiError):
    """A run is unknown, or cannot be queued, stopped or resumed as asked."""


class TrackingError(BlooduiError):
    """MLflow did not take or give what was asked of it."""


class RegistryError(BlooduiError):
    """A model cannot be promoted, retired, rolled back or imported as asked."""
