"""Drawn smears under the names of public releases, so that any task finds its classes in them."""

from __future__ import annotations

import csv
from pathlib import Path

from drawn.dataset import write_synthetic_dataset
from training.recipes.recipe import Task

# Class of a task → what is drawn for it
_DRAWN = {"blast": "blast-cutout", "normal": "normal-cutout"}


def draw_release(folder: Path, task: Task, *, n_per_label: int, seed: int = 1) -> Path:
    """Draw a task's classes, as the releases that it names would hold them.

    Args:
        folder: A new folder.
        task: Its classes bear names that can be drawn.
        n_per_label: Pictures of each "dataset/label" of the task, four of each patient.
        seed: Of the drawing.

    Returns:
        The path of the index.csv.
    """
    # The last is what is drawn where a task names drawn images; of others the release itself.
    pairs = {_DRAWN.get(name, name): pairs[-1] for name, pairs in task.classes.items()}
    index = write_synthetic_dataset(folder, labels=list(pairs), n_per_label=n_per_label, seed=seed)
    with index.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["dataset"], _, row["label"] = pairs[Path(row["path"]).parts[0]].partition("/")
    with index.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return index
