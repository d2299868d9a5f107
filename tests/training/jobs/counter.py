"""A job that counts instead of training: quick to start, and it notices where it was killed.

`python -m tests.training.jobs.counter FOLDER`; how far it counts is in COUNTER_STEPS, and what it
does when it gets there in COUNTER_END: nothing, "fail", "break" or "hog".
"""

from __future__ import annotations

import os
import sys
import time

from training.errors import DatasetError
from training.jobs.folder import JobFolder
from training.jobs.worker import main
from training.progress import EpochDone, Progress

STEP_S = 0.01
MODULE = "tests.training.jobs.counter"


def count(folder: JobFolder, progress: Progress) -> str:
    """Count on from the last epoch that is recorded."""
    steps = int(os.environ["COUNTER_STEPS"])
    progress.stage("Counting", 0.5)
    done = max((epoch.epoch for epoch in folder.epochs()), default=0)
    for number in range(done + 1, steps + 1):
        time.sleep(STEP_S)
        progress.epoch(
            EpochDone(
                split="random",
                fold=0,
                phase="whole",
                epoch=number,
                epochs=steps,
                values={"loss": 1 / number},
            )
        )
    match os.environ.get("COUNTER_END", ""):
        case "fail":
            raise DatasetError("Expected images, received none. Add some.")
        case "break":
            raise ZeroDivisionError
        case "hog":
            held = bytearray(300 * 2**20)
            time.sleep(60)
            return f"Held {len(held)} bytes."
    return "Counted."


if __name__ == "__main__":
    sys.exit(main(task=count, module=MODULE))
