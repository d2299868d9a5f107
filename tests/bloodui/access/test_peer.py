"""Whose the other end of a connection is, told of real sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from bloodui.access.peer import user_of_peer

pytestmark = pytest.mark.skipif(
    not Path("/proc/net/tcp").exists(), reason="Only Linux tells whose a connection is."
)


@pytest.mark.parametrize(
    ("family", "own", "dialled"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET6, "::1", "::1"),
        (socket.AF_INET6, "127.0.0.1", "::ffff:127.0.0.1"),  # as some programs open IPv4
    ],
)
def test_the_other_end_of_a_connection_is_this_users(
    family: socket.AddressFamily, own: str, dialled: str
) -> None:
    listening = socket.AF_INET6 if ":" in own else socket.AF_INET
    with socket.socket(listening) as server, socket.socket(family) as client:
        server.bind((own, 0))
        server.listen()
        port = server.getsockname()[1]
        client.connect((dialled, port))
        taken, peer = server.accept()
        with taken:
            assert user_of_peer(peer[:2], (own, port)) == str(os.getuid())
            assert user_of_peer((peer[0], peer[1] ^ 1), (own, port)) == ""
            assert user_of_peer(peer[:2], (own, port ^ 1)) == ""


@pytest.mark.parametrize("peer", [("203.0.113.9", 0), ("", 1), ("unknown", 1), ("fe80::1%eth0", 1)])
def test_of_an_end_elsewhere_nothing_is_known(peer: tuple[str, int]) -> None:
    assert user_of_peer(peer, ("127.0.0.1", 8501)) == ""
