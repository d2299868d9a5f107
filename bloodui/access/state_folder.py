"""What the server does with its state folder before it serves anybody."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from bloodui.settings import Settings

_OURS_ALONE = 0o077
_FOLDERS = ("jobs", "registry", "tracking", "drawn", "networks")
_FILES = tuple(
    f"{name}.sqlite{end}" for name in ("quizzes", "corrections") for end in ("", "-wal", "-shm")
)


def keep_private(state: Path) -> None:
    """Let this process and those that it starts write files for their user alone (600, folders
    700), and close what an earlier version left open to others in the state folder.

    A state folder that was there before keeps its own mode: it may hold more than ours.
    """
    os.umask(_OURS_ALONE)
    for name in (*_FOLDERS, *_FILES):
        _close(state / name)
        for folder, folders, files in os.walk(state / name):  # follows no link
            for each in (*folders, *files):
                _close(Path(folder) / each)


def _close(path: Path) -> None:
    """Take a file or folder from others; what is a link, not there or not ours stays as it is."""
    with contextlib.suppress(OSError):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _OURS_ALONE:
            path.chmod(stat.S_IMODE(mode) & ~_OURS_ALONE)


def finish_promotions(settings: Settings) -> tuple[str, ...]:
    """Finish or undo what a kill left half done in the registry, before readers are offered models.

    Returns:
        What is wrong with the registry, a sentence each; nothing is changed where that stops it.
    """
    from training.registry.promotion import Registry

    if not settings.registry.is_dir():
        return ()
    return tuple(fault.what for fault in Registry(root=settings.registry).check())
