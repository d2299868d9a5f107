"""Which user of this machine holds the other end of a connection.

A browser sends a cookie to every port of its host. Another user of the machine who gets somebody to
open a page of a server of theirs is told that person's cookies, and could use them as their own.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

TABLES = Path("/proc/net")
"""Linux lists the connections of a machine there, and whose each is."""

_MAPPED = bytes(10) + b"\xff\xff"


def user_of_peer(peer: tuple[str, int], own: tuple[str, int]) -> str:
    """Number of the user whose process holds the other end of a connection.

    Args:
        peer: Address and port of the other end.
        own: The same of this end.

    Returns:
        "" where the other end is no process of this machine, or the system does not tell.
    """
    wanted = {(theirs, ours) for theirs, ours in zip(_listed(*peer), _listed(*own), strict=False)}
    for name in ("tcp", "tcp6"):
        try:
            lines = (TABLES / name).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if (fields[1], fields[2]) in wanted:
                return fields[7]
    return ""


def _listed(address: str, port: int) -> Iterator[str]:
    """How an end of a connection stands in the tables; one of IPv4 may stand as one of IPv6."""
    try:
        if ":" in address:
            forms = [socket.inet_pton(socket.AF_INET6, address)]
        else:
            plain = socket.inet_pton(socket.AF_INET, address)
            forms = [plain, _MAPPED + plain]
    except OSError:
        return
    for form in forms:
        words = (form[start : start + 4] for start in range(0, len(form), 4))
        shown = "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)
        yield f"{shown}:{port:04X}"
