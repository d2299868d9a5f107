"""How far a command is: a bar in a terminal, elsewhere a line from time to time."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from bloodui.batch.pace import Pace

EVERY_S = 10.0
"""Between two lines."""


@contextlib.contextmanager
def progress(n_total: int, n_before: int = 0) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more images are done; it says so on stderr.

    Args:
        n_total: Of all images.
        n_before: Of those that were done before.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=n_total, initial=n_before, unit="image", file=sys.stderr) as bar:
            yield lambda n_more: bar.update(n_more) and None
        return
    pace = Pace(n_total, n_before=n_before)
    told_s = 0.0

    def tell(n_more: int) -> None:
        nonlocal told_s
        pace.n_done += n_more
        if pace.elapsed_s - told_s >= EVERY_S:
            told_s = pace.elapsed_s
            print(f"python -m bloodui read: {pace.in_words()}.", file=sys.stderr, flush=True)

    yield tell
