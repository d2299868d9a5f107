"""The groups of a reading as tasks of a Ray cluster: the same records, in the same order.

Every node sees the files and the models at the same paths, and has this project and its environment
at the same path.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from bloodui.batch.inputs import FaultyItem, Item
from bloodui.batch.pipeline import GROUP, Options, PlainRecord, grouped, read_group
from bloodui.errors import CommandError
from models.tensorflow_environment import ANSWERING
from training.ray_address import check_reachable

if TYPE_CHECKING:
    from models.answer.ensemble import Ensemble
    from models.answer.runtime import Model

_log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[2]
CALLED = "python -m bloodui read"
"""What the cluster's list of jobs says of this command."""
_AHEAD = 3
"""Groups that are handed out for each processor, so that none waits."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}


def records_on_ray(
    items: Iterable[Item],
    bundle: Path,
    options: Options,
    *,
    address: str,
    cache: Path | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Sequence[PlainRecord]]:
    """The records of all items, in their order, a group at a time, read where there is room.

    A file with which a process of Ray ends gets a record that says so.

    Args:
        bundle: Folder of the model.
        address: Of the cluster, as `ray.init` takes it; "auto" inside a Ray job.
        cache: Folder of converted networks, see `load_answerer`.
        is_stopped: Once it is true, no other group is handed out, and what is not ready is left.

    Raises:
        CommandError: The cluster does not answer, or cannot load the model, or Ray is not
            installed.
    """
    ray = _connected(address)
    try:
        n_cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
        task = ray.remote(_read).options(num_cpus=1, runtime_env={"env_vars": _environment()})
        how = _How(directory=os.getcwd(), bundle=bundle, cache=cache, options=options)
        waiting: deque[tuple[Sequence[Item], Any]] = deque()
        groups = grouped(items, GROUP)
        is_more = True
        while waiting or is_more:
            while is_more and len(waiting) < _AHEAD * n_cpus:
                group = next(groups, None)
                is_more = group is not None and not is_stopped()
                if group is not None and is_more:
                    waiting.append((group, task.remote(group, how)))
            if not waiting:
                break
            group, ref = waiting[0]
            if not ray.wait([ref], timeout=0.5)[0]:
                if is_stopped():
                    return
                continue
            waiting.popleft()
            yield _records(ray, task, ref, group, how)
    finally:
        ray.shutdown()


@dataclass(frozen=True, kw_only=True)
class _How:
    """What a task needs beside its files.

    Attributes:
        directory: Where paths begin.
        bundle: Folder of the model.
        cache: Folder of converted networks.
        options: What is wanted of every picture.
    """

    directory: str
    bundle: Path
    cache: Path | None
    options: Options


def _connected(address: str) -> Any:
    """Ray, connected to a cluster."""
    try:
        import ray
    except ImportError as error:
        raise CommandError(
            "Ray, which the address of a cluster needs, is not installed. "
            "Install it: pip install -r requirements-ray.txt."
        ) from error
    try:
        if address != "auto":
            check_reachable(address)
        # Ray keeps the command line of whoever connects, in which names of files stand.
        with patch("ray._private.utils.get_entrypoint_name", lambda: CALLED):
            ray.init(address=address, logging_level=logging.WARNING, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise CommandError(
            f"No Ray cluster answers at {address!r} ({type(error).__name__}). Check the "
            "address and that the cluster runs."
        ) from error
    return ray


def _records(
    ray: Any, task: Any, ref: Any, group: Sequence[Item], how: _How
) -> Sequence[PlainRecord]:
    """What a task answers; where its process ended, the files are tried one by one."""
    try:
        found: Sequence[PlainRecord] = ray.get(ref)
    except ray.exceptions.RayTaskError as error:  # an error of a file would be in its record
        raise CommandError(
            f"A process of the Ray cluster cannot begin to read ({type(error.cause).__name__}). "
            "Every node must see the models, the state folder and the working folder at the same "
            "paths, and have the same version of this program."
        ) from error
    except ray.exceptions.RayError as error:
        _log.warning("A task on Ray failed: %s", type(error).__name__)
        if len(group) > 1:
            return [_records(ray, task, task.remote([item], how), [item], how)[0] for item in group]
        faulty = FaultyItem(
            name=group[0].name,
            fault="The process that read it ended. Leave it out, and tell whoever looks after the "
            "program.",
            state=group[0].state,
        )
        found = ray.get(task.remote([faulty], how))
    return found


def _environment() -> dict[str, str]:
    return {
        "PYTHONPATH": str(_PROJECT),
        **_ONE_THREAD,
        **{name: os.environ.get(name, value) for name, value in ANSWERING.items()},
    }


def _read(items: Sequence[Item], how: _How) -> Sequence[PlainRecord]:
    """Read a group in a process of Ray, where paths begin as in the command."""
    os.chdir(how.directory)
    return read_group(items, _model(how.bundle, how.cache), how.options)


@lru_cache(maxsize=1)
def _model(bundle: Path, cache: Path | None) -> Model | Ensemble:
    """A model, which a process of Ray keeps for its next group; a task has one processor."""
    from models.answer.loading import load_answerer

    return load_answerer(bundle, cache=cache, threads=1)
