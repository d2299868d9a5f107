"""What every command line of the project does with a stdout that takes no more."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from models.files import disk_reason


@contextlib.contextmanager
def stdout_may_close() -> Iterator[None]:
    """A block that writes to stdout: where nobody reads any more, as after `| head -1`, or the disk
    is full, the program ends with status 1 or 2, and without a traceback.
    """
    if sys.stdout is None:  # closed by whoever started it
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the whole program
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
        sys.exit(1)
    except OSError as error:
        if error.filename is not None:
            raise
        _drop_stdout()
        sys.stderr.write(f"error: What was found cannot be written: {disk_reason(error)}.\n")
        sys.exit(2)


def _drop_stdout() -> None:
    """Send what is still to be written nowhere, so that the end of the program writes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
