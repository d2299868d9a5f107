"""Keep decoders from logging or printing what a file holds."""

from __future__ import annotations

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import PIL

_ONE_AT_A_TIME = threading.RLock()
_LOGGERS = ("PIL", "pydicom")
# Where Pillow's wheels keep their libtiff, on Linux and macOS; elsewhere it is the system's.
_LIBTIFF = ("pillow.libs/libtiff*.so*", "PIL/.dylibs/libtiff*.dylib")
_SYSTEMS_LIBTIFF = ("libtiff.so.6", "libtiff.so.5")


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """One decoding at a time, with the decoders' loggers and warnings silenced.

    Pillow and pydicom quote tags of the file, which may name a patient, in log records and
    warnings; libtiff prints on the process's standard error, past Python. One at a time also
    bounds the memory that uploads can ask for together. Whoever uploads meanwhile waits: for as
    long as the slowest file takes, which decision 11 bounds.

    `warnings.catch_warnings` is not thread-safe: another thread that leaves its own block
    meanwhile may drop this filter or keep it. The filter therefore names those two libraries
    only: kept, it hides nothing else; dropped, a warning is at worst shown, and where warnings
    are errors it is caught with the other decoding errors.
    """
    _silence_libtiff()
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


@cache
def _silence_libtiff() -> None:
    """Take away the handler by which Pillow's libtiff prints errors, once for the process.

    It is libtiff's own, and not bound to a thread: what another thread writes to standard error
    meanwhile still arrives there, as it would not if the descriptor were turned away. An error
    reaches the caller as Pillow's exception; warnings Pillow silences itself.
    """
    folder = Path(PIL.__file__).parent.parent
    found = [str(path) for pattern in _LIBTIFF for path in folder.glob(pattern)]
    for name in found or _SYSTEMS_LIBTIFF:
        try:
            ctypes.CDLL(name).TIFFSetErrorHandler(None)
        except (OSError, AttributeError):
            continue
