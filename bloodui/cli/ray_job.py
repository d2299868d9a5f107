"""`read` as a job of a Ray cluster, through its Jobs server: what the job says is said here.

Names of files often hold names of patients. The cluster keeps what starts a job, its environment
and what it prints, for everybody who may look there: so what is asked, and what is said, pass
through a folder in the state folder that its owner alone may open.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bloodui.errors import CommandError
from bloodui.settings import Settings
from models.files import make_folder, write_file
from training.ray_address import check_reachable

_PROJECT = Path(__file__).resolve().parents[2]
_LOOK_EVERY_S = 1.0
REQUEST_FILE = "request.json"
"""What a job is asked: the folder that it works in, and the arguments of the command."""


def run_as_job(
    arguments: Sequence[str], settings: Settings, *, is_stopped: Callable[[], bool]
) -> int:
    """Let a cluster carry out `python -m bloodui` with these arguments; answer as it would.

    Args:
        arguments: Paths in them begin where this command runs.
        settings: With the address of the Jobs server. Of the others a job gets those that settle
            what is read and answered, and none that may hold a secret.
        is_stopped: Once it is true the job is asked to stop, and keeps what it has.

    Raises:
        CommandError: The server does not answer, or does not take the job.
    """
    client = _client(settings.ray_address)
    private = settings.state / "reads"
    make_folder(private)
    with tempfile.TemporaryDirectory(dir=private) as made:  # which its owner alone may open
        folder = Path(made)
        asked = {"directory": os.getcwd(), "arguments": list(arguments)}
        write_file(folder / REQUEST_FILE, json.dumps(asked).encode())
        said = folder / "said.txt"
        said.touch()
        command = shlex.join([sys.executable, "-m", "bloodui.cli.in_ray_job", made])
        try:
            job = client.submit_job(
                entrypoint=f"exec {command} >> {shlex.quote(str(said))} 2>&1",
                entrypoint_num_cpus=0,  # its tasks reserve processors, while it waits for them
                runtime_env={"env_vars": _environment(settings)},
            )
            return _followed(client, job, said, is_stopped)
        except (RuntimeError, OSError) as error:
            raise CommandError(
                f"Ray's Jobs server at {settings.ray_address} did not take the command "
                f"({type(error).__name__}). Check BLOODUI_RAY_ADDRESS and that the cluster runs."
            ) from error


def _environment(settings: Settings) -> dict[str, str]:
    """The variables that a job gets."""
    wanted = {
        "BLOODUI_MODEL": settings.default_model,
        "BLOODUI_MODELS": settings.models,
        "BLOODUI_ERROR_LIMIT": settings.error_limit,
        "BLOODUI_SET_LEVEL": settings.set_level,
        "BLOODUI_STATE": settings.state,
        "PYTHONPATH": _PROJECT,
    }
    return {name: str(value) for name, value in wanted.items() if value is not None}


def _followed(client: Any, job: str, said: Path, is_stopped: Callable[[], bool]) -> int:
    """Say what a job says until it ends; answer with its exit status."""
    was_told_to_stop = False
    with said.open(encoding="utf-8", errors="replace", newline="") as file:
        while True:
            info = client.get_job_info(job)
            sys.stderr.write(file.read())
            sys.stderr.flush()
            if info.status.is_terminal():
                status = info.driver_exit_code
                if not file.tell():
                    print(f"The job on Ray said nothing: {info.message}", file=sys.stderr)
                return 1 if status is None else int(status) % 256
            if is_stopped() and not was_told_to_stop:
                was_told_to_stop = True
                with contextlib.suppress(RuntimeError):
                    client.stop_job(job)
            time.sleep(_LOOK_EVERY_S)


def _client(address: str) -> Any:
    try:
        from ray.job_submission import JobSubmissionClient

        check_reachable(address)
        return JobSubmissionClient(address)
    except ImportError as error:
        raise CommandError(
            "Ray, which BLOODUI_RAY_ADDRESS needs, is not installed. "
            "Install it: pip install -r requirements-ray.txt."
        ) from error
    except (ConnectionError, OSError) as error:
        raise CommandError(
            f"No Ray Jobs server answers at {address} ({type(error).__name__}). Check "
            "BLOODUI_RAY_ADDRESS and that the cluster runs."
        ) from error
