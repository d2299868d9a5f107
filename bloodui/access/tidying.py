"""The timer that drops what nobody uses any more: trays, and the sessions of windows that closed.

Streamlit keeps the session of a window that was closed until another session ends, however long
that takes; what a page drew lies in it.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import TYPE_CHECKING

from bloodui.settings import Settings

if TYPE_CHECKING:
    from streamlit.runtime import Runtime

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 5.0


async def tidy_forever(settings: Settings) -> None:
    """Look through the trays again and again, in the server's own loop, until cancelled."""
    from streamlit import runtime

    idle_s = 60 * settings.idle_minutes
    pause_s = min(max(idle_s / 8, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
    while True:
        await asyncio.sleep(pause_s)
        if runtime.exists():
            tidy(runtime.get_instance(), idle_s)


def tidy(running: Runtime, idle_s: float) -> None:
    """Drop idle trays, and close the sessions of windows that are closed.

    A window that is still open is left alone: it sees by itself that its tray is gone.
    """
    # Streamlit loads our modules anew when a contributor edits them: this is the one in use.
    trays = sys.modules.get("bloodui.trays")
    if trays is None:
        return
    gone = trays.TRAYS.tidy(idle_s, running.is_active_session)
    for window in gone:
        if not running.is_active_session(window):
            running.close_session(window)
    if gone:
        gc.collect()  # sessions refer to themselves in a circle, and to what their pages drew
