"""An MLflow store: how it is opened, how a run in it is taken up, how its figures get there.

A store is named by its address: `sqlite:////folder/mlflow.db`, whose artifacts lie in the folder
beside it, or the URL of a tracking server. Whatever was sent may be sent again: what MLflow holds
already stays, so that a process that goes on for a killed one writes nothing twice.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.files import move_into_place
from training.errors import TrackingError
from training.stored import locked

SQLITE = "sqlite:///"
# MLflow takes 1,000 metrics and 100 parameters a call.
_FIGURES_AT_ONCE = 500
_PARAMETERS_AT_ONCE = 100
_LONGEST_PARAMETER = 6000

# Name, value, step
Metric = tuple[str, float, int]


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A run in MLflow that figures can be sent to.

    Attributes:
        id: MLflow's id of it.
        held: Names and steps of the figures that MLflow holds.
    """

    id: str
    held: frozenset[tuple[str, int]] = frozenset()


def load_mlflow() -> None:
    """Import MLflow, which takes seconds the first time, as one that calls nobody else."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    # A server that does not answer must not hold a run up for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    import mlflow.tracking  # noqa: F401
    import sqlalchemy.exc  # noqa: F401

    logging.getLogger("mlflow").setLevel(logging.WARNING)


@contextlib.contextmanager
def open_store(store: str) -> Iterator[Any]:
    """A client of the store; its errors become TrackingError."""
    load_mlflow()
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    try:
        if store.startswith(SQLITE):
            _make_sqlite(Path(store.removeprefix(SQLITE)))
        yield MlflowClient(tracking_uri=store, registry_uri=store)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise TrackingError(
            f"The tracking store did not take the run ({type(error).__name__}: "
            f"{_first_line(error)}). Check BLOODUI_MLFLOW and that the server runs."
        ) from error


def experiment_of(client: Any, store: str, task: str) -> str:
    """The id of the experiment that holds the runs of a task; it is made where there is none."""
    found = client.get_experiment_by_name(task)
    if found is not None:
        return str(found.experiment_id)
    location = None
    if store.startswith(SQLITE):
        location = (Path(store.removeprefix(SQLITE)).parent / "artifacts").as_uri()
    return str(client.create_experiment(task, artifact_location=location))


def runs_with(client: Any, experiment: str, tag: str, value: str) -> list[Any]:
    """MLflow's runs in an experiment that have this value of a tag."""
    return list(client.search_runs([experiment], f"tags.`{tag}` = '{value}'"))


def take_up(
    client: Any,
    experiment: str,
    *,
    name: str,
    tag: tuple[str, str],
    parameters: Mapping[str, str],
) -> OpenRun:
    """The run with this tag, to go on in, with these parameters; a new one where there is none.

    A run with other values of them is deleted: MLflow changes none, and a run that went on with
    other images would say that it had learned from the first.

    Args:
        client: See `open_store`.
        experiment: Id of the experiment.
        name: What a new run is called.
        tag: Name and value that tell the run from every other.
        parameters: Values by name.
    """
    from mlflow.entities import Param

    wanted = {mlflow_name(key): text[:_LONGEST_PARAMETER] for key, text in parameters.items()}
    run, held = None, {}
    for found in runs_with(client, experiment, *tag):
        given = found.data.params
        if run is None and all(given.get(key, text) == text for key, text in wanted.items()):
            run, held = OpenRun(id=found.info.run_id, held=_held(client, found)), given
            if found.info.status != "FINISHED":
                client.update_run(run.id, status="RUNNING")
        else:
            client.delete_run(found.info.run_id)
    if run is None:
        run = OpenRun(id=client.create_run(experiment, run_name=name, tags=dict([tag])).info.run_id)
    missing = [Param(key, text) for key, text in wanted.items() if key not in held]
    for start in range(0, len(missing), _PARAMETERS_AT_ONCE):
        client.log_batch(run.id, params=missing[start : start + _PARAMETERS_AT_ONCE])
    return run


def send(client: Any, run: OpenRun, figures: Sequence[Metric]) -> OpenRun:
    """Send the figures that MLflow does not hold, and answer with the run that holds them."""
    from mlflow.entities import Metric

    now_ms = int(time.time() * 1000)
    given = [Metric(mlflow_name(name), value, now_ms, step) for name, value, step in figures]
    given = [metric for metric in given if (metric.key, metric.step) not in run.held]
    for start in range(0, len(given), _FIGURES_AT_ONCE):
        client.log_batch(run.id, metrics=given[start : start + _FIGURES_AT_ONCE])
    return replace(run, held=run.held | {(metric.key, metric.step) for metric in given})


def mlflow_name(text: str) -> str:
    """The text in the letters that MLflow takes in a name."""
    return re.sub(r"[^\w\-. /]", "_", text)[:250]


def _held(client: Any, run: Any) -> frozenset[tuple[str, int]]:
    return frozenset(
        (metric.key, metric.step)
        for name in run.data.metrics
        for metric in client.get_metric_history(run.info.run_id, name)
    )


def _make_sqlite(path: Path) -> None:
    """Make a SQLite store, whole or not at all: a kill amid MLflow's migrations would break it."""
    if path.exists():
        return
    from mlflow.tracking import MlflowClient

    with locked(path.parent):
        if path.exists():  # another process was faster
            return
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        MlflowClient(tracking_uri=f"{SQLITE}{part}").search_experiments(max_results=1)
        move_into_place(part, path)


def _first_line(error: Exception) -> str:
    """What an error says, without the name and password that an address may hold."""
    line = next(iter(str(error).splitlines()), "no reason")
    return re.sub(r"//[^/@\s]+@", "//", line).rstrip(". ")
