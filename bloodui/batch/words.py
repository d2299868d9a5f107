"""Numbers of things in words."""

from __future__ import annotations


def counted(n: int, thing: str) -> str:
    """As in "1 file" and "2,000 files".

    Args:
        thing: One of them, in a word that takes an "s".
    """
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"
