"""What MLflow holds of a finished run, and that nobody else is told of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.bundle.folder import pin_bundle, read_manifest
from models.bundle.manifest import MANIFEST_FILE
from tests.training.evaluated import evaluated_bundle
from training.errors import TrackingError
from training.progress import EpochDone
from training.tracking.runs import (
    delete_alias,
    has_runs,
    record_run,
    recorded_run,
    set_alias,
    sqlite_store,
)
from training.tracking.store import open_store

# MLflow 3.17 uses a loader of SQLAlchemy that 2.1 warns of.
MLFLOW_WARNINGS = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy is deprecated")
pytestmark = [pytest.mark.slow, MLFLOW_WARNINGS]

EPOCHS = tuple(
    EpochDone(
        split="random",
        fold=0,
        phase="whole",
        epoch=number,
        epochs=2,
        values={"loss": 1 / number, "val_loss": 2 / number},
    )
    for number in (1, 2)
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    return sqlite_store(tmp_path_factory.mktemp("tracking"))


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return evaluated_bundle(tiny_bundle, tmp_path_factory.mktemp("runs"), "tracked-model")


def test_a_recorded_run_holds_parameters_data_epochs_figures_and_the_bundle(
    store: str, bundle: Path
) -> None:
    run_id = record_run(store, bundle, epochs=EPOCHS)
    with open_store(store) as client:
        run = client.get_run(run_id)
        losses = client.get_metric_history(run_id, "random/fold-0/whole/val_loss")
    assert run.info.run_name == "tracked-model"
    assert run.info.status == "FINISHED"
    assert run.data.params["data.index_sha256"] == "0" * 64
    assert run.data.params["architecture"] == "efficientnet-lite0"
    assert run.data.params["recipe.fit.epochs"] == "2"
    assert [(metric.step, metric.value) for metric in losses] == [(1, 2.0), (2, 1.0)]
    assert run.data.metrics["model/grouped/accuracy"] == 0.75
    assert run.data.metrics["model/grouped/accuracy.n"] == 40
    kept = Path(run.info.artifact_uri.removeprefix("file://")) / "bundle"
    assert (kept / MANIFEST_FILE).read_bytes() == (bundle / MANIFEST_FILE).read_bytes()
    assert (kept / "model.keras").read_bytes() == (bundle / "model.keras").read_bytes()


def test_recording_again_changes_nothing(store: str, bundle: Path) -> None:
    first = record_run(store, bundle, epochs=EPOCHS)
    assert record_run(store, bundle, epochs=EPOCHS) == first
    assert recorded_run(store, bundle) == first


def test_a_recording_that_a_kill_cut_short_goes_on_and_tells_nothing_twice(
    store: str, bundle: Path
) -> None:
    first = record_run(store, bundle, epochs=EPOCHS[:1])
    with open_store(store) as client:
        client.update_run(first, status="RUNNING")
    assert recorded_run(store, bundle) is None
    assert record_run(store, bundle, epochs=EPOCHS) == first
    assert recorded_run(store, bundle) == first
    with open_store(store) as client:
        losses = client.get_metric_history(first, "random/fold-0/whole/val_loss")
        accuracies = client.get_metric_history(first, "model/grouped/accuracy")
    assert [(metric.step, metric.value) for metric in losses] == [(1, 2.0), (2, 1.0)]
    assert [metric.value for metric in accuracies] == [0.75]


def test_a_promoted_copy_is_known_as_the_run_it_came_from(
    store: str, bundle: Path, tmp_path: Path
) -> None:
    run_id = record_run(store, bundle, epochs=EPOCHS)
    pin_bundle(tmp_path, bundle)
    assert recorded_run(store, tmp_path / "tracked-model") == run_id


def test_an_alias_follows_a_recorded_model_and_is_taken_off(store: str, bundle: Path) -> None:
    record_run(store, bundle, epochs=EPOCHS)
    assert set_alias(store, bundle, "ward-3")
    assert set_alias(store, bundle, "ward-3")
    with open_store(store) as client:
        version = client.get_model_version_by_alias("all-subtypes", "ward-3")
        assert version.run_id == recorded_run(store, bundle)
        assert len(client.search_model_versions("name = 'all-subtypes'")) == 1
    delete_alias(store, bundle, "ward-3")
    with pytest.raises(TrackingError, match="alias"), open_store(store) as client:
        client.get_model_version_by_alias("all-subtypes", "ward-3")


def test_a_model_that_was_never_recorded_gets_no_alias(
    store: str, tiny_bundle: Path, tmp_path: Path
) -> None:
    stranger = evaluated_bundle(tiny_bundle, tmp_path, "unknown-model")
    assert not set_alias(store, stranger, "ward-3")


def test_mlflow_tells_nobody(bundle: Path, tmp_path: Path) -> None:
    # In a process of its own, since MLflow keeps quiet of itself where it sees pytest.
    script = (
        "import socket, sys; from pathlib import Path; asked = []\n"
        "socket.getaddrinfo = lambda host, *rest, **more: asked.append(host) or []\n"
        "from training.tracking.runs import record_run, sqlite_store\n"
        "record_run(sqlite_store(Path(sys.argv[1])), Path(sys.argv[2]), epochs=())\n"
        "from mlflow.telemetry.client import get_telemetry_client\n"
        "assert get_telemetry_client() is None\n"
        "assert not asked, asked\n"
    )
    told = ("CI", "PYTEST", "MLFLOW", "DO_NOT_TRACK", "GITHUB")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(told)}
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(bundle)],
        check=True,
        cwd=Path(__file__).resolve().parents[3],
        env=environment,
    )


def test_a_server_that_is_not_there_is_an_error_that_says_what_to_check(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert has_runs("http://127.0.0.1:9")
    with pytest.raises(TrackingError, match="BLOODUI_MLFLOW") as caught:
        record_run("http://ann:secret@127.0.0.1:9", bundle, epochs=EPOCHS)
    assert "127.0.0.1:9" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_store_that_nobody_has_written_to_has_no_runs(tmp_path: Path) -> None:
    assert not has_runs(sqlite_store(tmp_path / "new"))


def test_a_model_of_the_same_name_from_other_images_does_not_pass_for_the_first(
    store: str, bundle: Path, tiny_bundle: Path, tmp_path: Path
) -> None:
    first = record_run(store, bundle, epochs=EPOCHS)
    other = evaluated_bundle(tiny_bundle, tmp_path, "tracked-model")
    manifest = read_manifest(other)
    data = manifest.data.changed(index_sha256="2" * 64)
    (other / MANIFEST_FILE).write_bytes(manifest.changed(data=data).to_json())
    second = record_run(store, other, epochs=EPOCHS[:1])
    assert second != first
    assert (recorded_run(store, bundle), recorded_run(store, other)) == (first, second)
    with open_store(store) as client:
        assert client.get_run(first).data.params["data.index_sha256"] == "0" * 64
        assert client.get_run(second).data.params["data.index_sha256"] == "2" * 64


def test_an_altered_bundle_is_not_recorded(store: str, bundle: Path, tmp_path: Path) -> None:
    from models.errors import BundleTamperedError

    altered = tmp_path / "altered"
    shutil.copytree(bundle, altered)
    card = json.loads((altered / "card.json").read_text())
    (altered / "card.json").write_text(json.dumps(card | {"summary": "Better"}))
    with pytest.raises(BundleTamperedError):
        record_run(store, altered, epochs=EPOCHS)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "MLflow did not hear of it"
        time.sleep(0.05)


def test_a_kill_while_a_sqlite_store_is_made_does_not_break_it(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    script = (
        "import sys; from training.tracking.store import open_store\n"
        "with open_store(sys.argv[1]): pass\n"
    )
    maker = subprocess.Popen(
        [sys.executable, "-c", script, store], cwd=Path(__file__).resolve().parents[3]
    )
    part = tmp_path / ".mlflow.db.part"
    until(lambda: part.is_file() and part.stat().st_size > 0)
    os.kill(maker.pid, signal.SIGKILL)
    maker.wait()
    assert not (tmp_path / "mlflow.db").exists()
    with open_store(store) as client:
        assert client.get_experiment_by_name("all-subtypes") is None
    assert not part.exists()
