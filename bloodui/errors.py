"""The errors of the dashboard itself: its quizzes, roles, settings, studio and commands."""

from __future__ import annotations

from models.errors import BlooduiError


class QuizError(BlooduiError):
    """A quiz, an attempt or an answer is unknown, closed, or not as it has to be."""


class AccessError(BlooduiError):
    """A person lacks the role that this needs, or the server is open to more than it may be."""


class SettingsError(BlooduiError):
    """An environment variable has a value that is not allowed."""


class StudioError(BlooduiError):
    """The studio has no such model, its run is not as far, or a name that was given is not free."""


class TrayFullError(BlooduiError):
    """A tray holds as many images, or pixels, as it may."""


class CommandError(BlooduiError):
    """A command of `python -m bloodui` was given nothing that it can work on."""


class ArchiveError(BlooduiError):
    """A ZIP archive of pictures, or a file in one, cannot be read."""


class ReviewError(BlooduiError):
    """A browser sent corrections of cells that are not as they have to be."""


class CorrectionError(BlooduiError):
    """What a reader said of cells cannot be kept, found or exported as asked."""


class DamagedCorrectionError(CorrectionError):
    """A kept correction, or its picture, is not what was kept."""


def without_frames(error: Exception) -> Exception:
    """The error without its frames, whose variables hold the bytes of the image."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error
