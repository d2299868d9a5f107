"""Finished runs in MLflow: parameters, data, every epoch, evaluation, and the bundle itself.

A store is named by its address: `sqlite:////folder/mlflow.db`, whose artifacts lie in the folder
beside it, or the URL of a tracking server. A run is known by the SHA-256 of its bundle's
manifest, so that recording it again changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.bundle import read_manifest, verify_bundle
from models.card import Card, read_card
from models.errors import TrackingError
from models.manifest import CARD_FILE, MANIFEST_FILE, Manifest
from training.progress import EpochDone

_SQLITE = "sqlite:///"
_FINGERPRINT = "bloodui.manifest_sha256"
_AT_ONCE = 500  # MLflow takes 1,000 metrics and 100 parameters a call
_LONGEST_PARAMETER = 6000


def sqlite_store(folder: Path) -> str:
    """The address of the SQLite store in a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return f"{_SQLITE}{folder.resolve() / 'mlflow.db'}"


def has_runs(store: str) -> bool:
    """Whether it makes sense to ask a store: a server always, a SQLite store once it is there."""
    return not store.startswith(_SQLITE) or Path(store.removeprefix(_SQLITE)).is_file()


def record_run(store: str, bundle: Path, *, epochs: Sequence[EpochDone]) -> str:
    """Record a finished run and answer with its MLflow run id; recorded before, it stays.

    Args:
        store: Address of the store.
        bundle: The bundle that the run wrote.
        epochs: Figures of its epochs.

    Raises:
        BundleError: The bundle is incomplete or altered.
        TrackingError: The store cannot be reached or refuses.
    """
    manifest = verify_bundle(bundle)
    card = read_card(bundle / CARD_FILE)
    with _client(store) as client:
        experiment = _experiment(client, store, manifest.task)
        for found in _found(client, [experiment], bundle):
            if found.info.status == "FINISHED":
                return str(found.info.run_id)
            client.delete_run(found.info.run_id)  # a kill cut its recording short
        run = client.create_run(
            experiment, run_name=manifest.id, tags={_FINGERPRINT: _fingerprint(bundle)}
        )
        _log_parameters(client, run.info.run_id, _parameters(manifest, card))
        _log_figures(client, run.info.run_id, [*_epoch_figures(epochs), *_card_figures(card)])
        client.log_artifacts(run.info.run_id, str(bundle), "bundle")
        client.set_terminated(run.info.run_id, "FINISHED")
        return str(run.info.run_id)


def recorded_run(store: str, bundle: Path) -> str | None:
    """The MLflow run id of a bundle, or None where its run is not recorded.

    Raises:
        TrackingError: The store cannot be reached or refuses.
    """
    with _client(store) as client:
        experiment = client.get_experiment_by_name(read_manifest(bundle).task)
        if experiment is None:
            return None
        found = _found(client, [experiment.experiment_id], bundle)
        ended = [run.info.run_id for run in found if run.info.status == "FINISHED"]
        return str(ended[0]) if ended else None


def set_alias(store: str, bundle: Path, alias: str) -> bool:
    """Let an alias of MLflow's model registry point at a bundle, and say whether it does.

    The registered model is the bundle's task; it is False where the run is not recorded.

    Raises:
        TrackingError: The store cannot be reached or refuses.
    """
    run_id = recorded_run(store, bundle)
    if run_id is None:
        return False
    manifest = read_manifest(bundle)
    with _client(store) as client:
        name = _name(manifest.task)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        versions = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
        if versions:
            version = versions[0]
        else:
            source = f"{client.get_run(run_id).info.artifact_uri}/bundle"
            version = client.create_model_version(name, source, run_id)
        client.set_registered_model_alias(name, _name(alias), version.version)
    return True


def delete_alias(store: str, bundle: Path, alias: str) -> None:
    """Take an alias off the registered model of a bundle's task, where it has it.

    Raises:
        TrackingError: The store cannot be reached or refuses.
    """
    with _client(store) as client:
        name = _name(read_manifest(bundle).task)
        if client.search_registered_models(f"name = '{name}'"):
            client.delete_registered_model_alias(name, _name(alias))


@contextlib.contextmanager
def _client(store: str) -> Iterator[Any]:
    """A client of the store, which calls nobody else; its errors become TrackingError."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    # A server that does not answer must not hold a run up for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from sqlalchemy.exc import SQLAlchemyError

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    try:
        yield MlflowClient(tracking_uri=store, registry_uri=store)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise TrackingError(
            f"Expected the tracking store to take the run, received {type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else ''} Check BLOODUI_MLFLOW and that "
            "the server runs."
        ) from error


def _experiment(client: Any, store: str, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    location = None
    if store.startswith(_SQLITE):
        location = (Path(store.removeprefix(_SQLITE)).parent / "artifacts").as_uri()
    return str(client.create_experiment(name, artifact_location=location))


def _found(client: Any, experiments: Sequence[str], bundle: Path) -> list[Any]:
    wanted = f"tags.`{_FINGERPRINT}` = '{_fingerprint(bundle)}'"
    return list(client.search_runs(list(experiments), wanted))


def _fingerprint(bundle: Path) -> str:
    return hashlib.sha256((bundle / MANIFEST_FILE).read_bytes()).hexdigest()


def _parameters(manifest: Manifest, card: Card) -> dict[str, str]:
    return {
        "architecture": manifest.architecture,
        "input_px": str(manifest.input_px),
        "classes": ", ".join(manifest.classes),
        "temperature": str(manifest.temperature),
        "answer_threshold": str(manifest.answer_threshold),
        "parameters_millions": str(manifest.parameters_millions),
        "data.index_sha256": manifest.data.index_sha256,
        "data.n_images": str(manifest.data.n_images),
        "data.datasets": ", ".join(manifest.data.datasets),
        "data.seed": str(manifest.data.seed),
        **{f"versions.{name}": version for name, version in manifest.versions.items()},
        **_flat("recipe", card.recipe),
    }


def _flat(name: str, value: Any) -> dict[str, str]:
    """A nested table as one level, its keys joined by dots."""
    if isinstance(value, Mapping):
        entries = [(f"{name}.{key}", entry) for key, entry in value.items()]
    elif isinstance(value, list | tuple):
        entries = [(f"{name}.{number}", entry) for number, entry in enumerate(value)]
    else:
        return {name: str(value)}
    return {key: text for inner, entry in entries for key, text in _flat(inner, entry).items()}


def _epoch_figures(epochs: Sequence[EpochDone]) -> list[tuple[str, float, int]]:
    return [
        (f"{done.split}/fold-{done.fold}/{done.phase}/{name}", value, done.epoch)
        for done in epochs
        for name, value in done.values.items()
    ]


def _card_figures(card: Card) -> list[tuple[str, float, int]]:
    return [
        (f"{evaluation.subject}/{evaluation.split}/{figure.name}{suffix}", value, 0)
        for evaluation in card.evaluations
        for figure in evaluation.figures
        for suffix, value in (
            ("", figure.value),
            (".low", figure.low),
            (".high", figure.high),
            (".n", float(figure.n)),
        )
    ]


def _log_parameters(client: Any, run_id: str, parameters: Mapping[str, str]) -> None:
    from mlflow.entities import Param

    given = [Param(_name(key), text[:_LONGEST_PARAMETER]) for key, text in parameters.items()]
    for start in range(0, len(given), 100):
        client.log_batch(run_id, params=given[start : start + 100])


def _log_figures(client: Any, run_id: str, figures: Sequence[tuple[str, float, int]]) -> None:
    from mlflow.entities import Metric

    now_ms = int(time.time() * 1000)
    given = [Metric(_name(name), value, now_ms, step) for name, value, step in figures]
    for start in range(0, len(given), _AT_ONCE):
        client.log_batch(run_id, metrics=given[start : start + _AT_ONCE])


def _name(text: str) -> str:
    """The text in the letters that MLflow takes in a name."""
    return re.sub(r"[^\w\-. /]", "_", text)[:250]
