"""Runs in MLflow: parameters, data, every epoch, evaluation, and the bundle itself.

A run is recorded once it has ended, and known by the SHA-256 of its bundle's manifest, so that
recording it again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.bundle.card import Card, read_card
from models.bundle.folder import read_manifest, verify_bundle
from models.bundle.manifest import CARD_FILE, MANIFEST_FILE, Manifest
from training.progress import EpochDone
from training.tracking.store import (
    SQLITE,
    Metric,
    experiment_of,
    mlflow_name,
    open_store,
    runs_with,
    send,
    take_up,
)

_FINGERPRINT = "bloodui.manifest_sha256"


def sqlite_store(folder: Path) -> str:
    """The address of the SQLite store in a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return f"{SQLITE}{folder.resolve() / 'mlflow.db'}"


def has_runs(store: str) -> bool:
    """Whether it makes sense to ask a store: a server always, a SQLite store once it is there."""
    return not store.startswith(SQLITE) or Path(store.removeprefix(SQLITE)).is_file()


def record_run(store: str, bundle: Path, *, epochs: Sequence[EpochDone]) -> str:
    """Record a finished run and answer with its MLflow run id; recorded before, it stays.

    What MLflow was told before a kill cut its recording short is not told again.

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
    fingerprint = _sha256_of_manifest(bundle)
    with open_store(store) as client:
        experiment = experiment_of(client, store, manifest.task)
        ended = _ended(client, experiment, fingerprint)
        if ended is not None:
            return ended
        run = take_up(
            client,
            experiment,
            name=manifest.id,
            tag=(_FINGERPRINT, fingerprint),
            parameters=_parameters(manifest, card),
        )
        send(client, run, [*epoch_metrics(epochs), *_card_metrics(card)])
        client.log_artifacts(run.id, str(bundle), "bundle")
        client.set_terminated(run.id, "FINISHED")
        return run.id


def recorded_run(store: str, bundle: Path) -> str | None:
    """The MLflow run id of a bundle, or None where its run is not recorded.

    Raises:
        TrackingError: The store cannot be reached or refuses.
    """
    with open_store(store) as client:
        experiment = client.get_experiment_by_name(read_manifest(bundle).task)
        if experiment is None:
            return None
        return _ended(client, experiment.experiment_id, _sha256_of_manifest(bundle))


def follow_bundle(store: str, before: Path, after: Path) -> None:
    """Let a recorded run be known by its bundle as it is now, where only words of it changed.

    Raises:
        TrackingError: The store cannot be reached or refuses.
    """
    run_id = recorded_run(store, before)
    if run_id is not None:
        with open_store(store) as client:
            client.set_tag(run_id, _FINGERPRINT, _sha256_of_manifest(after))


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
    with open_store(store) as client:
        name = mlflow_name(manifest.task)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        versions = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
        if versions:
            version = versions[0]
        else:
            source = f"{client.get_run(run_id).info.artifact_uri}/bundle"
            version = client.create_model_version(name, source, run_id)
        client.set_registered_model_alias(name, mlflow_name(alias), version.version)
    return True


def delete_alias(store: str, bundle: Path, alias: str) -> None:
    """Take an alias off the registered model of a bundle's task, where it has it.

    Raises:
        TrackingError: The store cannot be reached or refuses.
    """
    with open_store(store) as client:
        name = mlflow_name(read_manifest(bundle).task)
        if client.search_registered_models(f"name = '{name}'"):
            client.delete_registered_model_alias(name, mlflow_name(alias))


def epoch_metrics(epochs: Sequence[EpochDone]) -> list[Metric]:
    """The figures of epochs as MLflow gets them, such as "grouped/fold-0/whole/val_loss"."""
    return [
        (f"{done.split}/fold-{done.fold}/{done.phase}/{name}", value, done.epoch)
        for done in epochs
        for name, value in done.values.items()
    ]


def _ended(client: Any, experiment: str, fingerprint: str) -> str | None:
    """The id of the run that has ended with the bundle of this fingerprint."""
    found = runs_with(client, experiment, _FINGERPRINT, fingerprint)
    return next((str(run.info.run_id) for run in found if run.info.status == "FINISHED"), None)


def _sha256_of_manifest(bundle: Path) -> str:
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


def _card_metrics(card: Card) -> list[Metric]:
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
        if value is not None
    ]
