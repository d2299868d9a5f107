"""The folds of a study as tasks of a Ray cluster, before the study gathers what they left.

Every node sees the folder of the study, the index and its images at the same paths, and has this
project and its environment at the same path.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.errors import BlooduiError
from models.tensorflow_environment import LEARNING
from training.data.collection import Collection, collect
from training.data.index import DatasetIndex, read_index
from training.errors import JobError
from training.progress import NO_PROGRESS, Progress
from training.ray_address import check_reachable
from training.recipes.recipe import Recipe, parse_recipe
from training.runs.folds import fit_fold, prepare

_log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[2]

# A function of this module and its arguments, which are texts and numbers alone
_Task = tuple[Callable[..., Any], tuple[str | int, ...]]


def fit_ahead(
    members: Sequence[tuple[Recipe, Path]],
    index: DatasetIndex,
    *,
    address: str,
    progress: Progress = NO_PROGRESS,
) -> None:
    """Train the folds of several recipes on a Ray cluster, as many at once as it has room for.

    A fold that fails there is left out: whoever gathers the folds tries it again and says why not.

    Args:
        members: Each recipe, and the folder of its run.
        index: The images.
        address: Of the cluster, as `ray.init` takes it; "auto" inside a Ray job.
        progress: Receives how many folds are done.

    Raises:
        JobError: The cluster does not answer, or Ray is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise JobError(
            "Ray, which the address of a cluster needs, is not installed. "
            "Install it: pip install -r requirements-ray.txt."
        ) from error
    unfinished = [(recipe, out) for recipe, out in members if not (out / "bundle").exists()]
    waiting = [
        (json.dumps(dict(recipe.source)), recipe.name, str(index.path), str(out))
        for recipe, out in unfinished
    ]
    n_folds = sum(plan.folds for recipe, _ in unfinished for plan in recipe.splits)
    try:
        if address != "auto":
            check_reachable(address)
        ray.init(address=address, logging_level=logging.WARNING)
    except (OSError, ValueError, RuntimeError) as error:
        raise JobError(
            f"No Ray cluster answers at {address!r} ({type(error).__name__}). Check the "
            "address and that the cluster runs."
        ) from error
    try:
        options = _options(n_folds)
        progress.stage("Features on Ray", 0.0)
        prepared = _done([(_prepare, member) for member in waiting], options, NO_PROGRESS)
        folds: list[_Task] = [
            (_fit, (*waiting[place], plan, number))
            for place, n_folds in prepared.items()
            for plan, n in enumerate(n_folds)
            for number in range(n)
        ]
        _done(folds, options, progress)
    finally:
        ray.shutdown()


def _options(n_folds: int) -> dict[str, Any]:
    """What a task asks of the cluster: its share of the processors, and a GPU where there are any.

    The same for every task, so that a process of Ray is kept for the next one.
    """
    import ray

    held: Mapping[str, float] = ray.cluster_resources()
    threads = max(1, int(held.get("CPU", 1)) // max(1, n_folds))
    environment = {
        "PYTHONPATH": str(_PROJECT),
        "OMP_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": "1",
        **{name: os.environ.get(name, value) for name, value in LEARNING.items()},
    }
    return {
        "num_cpus": threads,
        "num_gpus": int(held.get("GPU", 0) > 0),
        "runtime_env": {"env_vars": environment},
    }


def _done(tasks: Sequence[_Task], options: Mapping[str, Any], progress: Progress) -> dict[int, Any]:
    """What each task answers, by its place; those that failed are warned of and left out."""
    import ray
    from ray.exceptions import RayError

    places = {
        ray.remote(function).options(**options).remote(*arguments): place
        for place, (function, arguments) in enumerate(tasks)
    }
    answers: dict[int, Any] = {}
    left = list(places)
    while left:
        ended, left = ray.wait(left)
        progress.stage(
            f"{len(tasks) - len(left)} of {len(tasks)} folds on Ray", 1 - len(left) / len(tasks)
        )
        for task in ended:
            try:
                answers[places[task]] = ray.get(task)
            except (RayError, BlooduiError) as error:
                _log.warning("A task on Ray failed: %s", error)
    return answers


def _prepare(recipe: str, name: str, index: str, out: str) -> list[int]:
    """The features that all folds of a run share; answers with the folds of each split plan."""
    protocol, collection = _collected(recipe, name, index)
    return prepare(protocol, collection, Path(out))


def _fit(recipe: str, name: str, index: str, out: str, plan: int, number: int) -> None:
    protocol, collection = _collected(recipe, name, index)
    fit_fold(protocol, collection, Path(out), plan=protocol.splits[plan], number=number)


@lru_cache(maxsize=1)
def _collected(recipe: str, name: str, index: str) -> tuple[Recipe, Collection]:
    """A recipe and its images, which a process of Ray keeps for its next fold."""
    protocol = parse_recipe(json.loads(recipe), name=name)
    return protocol, collect(protocol, read_index(Path(index)))
