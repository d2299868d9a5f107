"""Keep decoders from logging or printing what a file holds."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.RLock()
_LOGGERS = ("PIL", "pydicom")


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """One decoding at a time, with the decoders' loggers and warnings silenced.

    Pillow and pydicom quote tags of the file, which may name a patient, in log records and
    warnings. One at a time also bounds the memory that uploads can ask for together.

    `warnings.catch_warnings` is not thread-safe: another thread that leaves its own block
    meanwhile may drop this filter or keep it. The filter therefore names those two libraries
    only: kept, it hides nothing else; dropped, a warning is at worst shown, and where warnings
    are errors it is caught with the other decoding errors.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(PIL|pydicom)(\.|$)")
        levels = [(logging.getLogger(name), logging.getLogger(name).level) for name in _LOGGERS]
        try:
            for logger, _ in levels:
                logger.setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for logger, level in levels:
                logger.setLevel(level)
