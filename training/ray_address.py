"""Addresses of a Ray cluster."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

_TIMEOUT_S = 5.0


def check_reachable(address: str) -> None:
    """Raise OSError where nobody listens at an address; Ray itself would try for many minutes.

    Args:
        address: As in "http://127.0.0.1:8265", "ray://127.0.0.1:10001" or "127.0.0.1:6379".
    """
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        place = (parts.hostname, parts.port or {"http": 80, "https": 443}[parts.scheme])
    except (KeyError, ValueError) as error:
        raise OSError(f"no port in {address!r}.") from error
    socket.create_connection(place, timeout=_TIMEOUT_S).close()
