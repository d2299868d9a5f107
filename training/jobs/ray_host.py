"""Jobs on a Ray cluster, through its Jobs server.

Every node has this project and its environment at the same path, and sees the folder of the jobs
and the images at the same paths (a shared file system): the worker is the same as on one machine.
"""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.errors import JobError
from training.jobs.folder import JobFolder
from training.jobs.host import PROJECT, Host, Started, ThisMachine
from training.jobs.record import State
from training.ray_address import check_reachable

_log = logging.getLogger(__name__)
_ALIVE = ("PENDING", "RUNNING")


@dataclass(frozen=True)
class RayHost:
    """A Ray cluster.

    Attributes:
        address: Of its Jobs server, as in "http://127.0.0.1:8265".
    """

    address: str

    @property
    def words(self) -> tuple[str, ...]:
        """What a worker needs to start the next job there too."""
        return ("--ray", self.address)

    def start(self, command: Sequence[str], folder: JobFolder, *, token: str) -> Started:
        """Submit a process to Ray; see `Host`.

        A run reserves a processor. A study reserves none: its folds do, while it waits for them.

        Raises:
            JobError: The server does not answer or refuses.
        """
        log = shlex.quote(str(folder.log_path))
        is_study = folder.request().kind == "study"
        try:
            self._client().submit_job(
                entrypoint=f"exec {shlex.join(command)} >> {log} 2>&1",
                submission_id=_submission(token),
                entrypoint_num_cpus=0 if is_study else 1,
                runtime_env={"env_vars": {"PYTHONPATH": str(PROJECT)}},
            )
        except (RuntimeError, OSError) as error:
            raise JobError(
                f"Ray's Jobs server at {self.address} did not take the run "
                f"({type(error).__name__}: {_first_line(error)}). Check BLOODUI_RAY_ADDRESS and "
                "that the cluster runs; then resume the run."
            ) from error
        return Started()

    def is_alive(self, state: State) -> bool:
        """Whether Ray still has the job; no where Ray does not answer: its heart may still beat."""
        try:
            status = self._client().get_job_status(_submission(state.token))
        except (RuntimeError, OSError) as error:
            _log.warning("Ray does not tell how a job stands: %s", type(error).__name__)
            return False
        return str(getattr(status, "value", status)) in _ALIVE

    def kill(self, state: State) -> None:
        """Ask Ray to stop the job; a worker that Ray cannot reach ends itself within seconds."""
        try:
            self._client().stop_job(_submission(state.token))
        except (RuntimeError, OSError) as error:
            _log.warning("Ray does not stop a job: %s", type(error).__name__)

    def _client(self) -> Any:
        try:
            from ray.job_submission import JobSubmissionClient

            check_reachable(self.address)
            return JobSubmissionClient(self.address)
        except ImportError as error:
            raise OSError("no Ray here: pip install -r requirements-ray.txt.") from error
        except ConnectionError as error:
            raise OSError(f"no answer from {self.address}.") from error


def _submission(token: str) -> str:
    """Ray's name of one start of a job."""
    return f"bloodui-{token}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0]


def host_at(address: str) -> Host:
    """The Ray cluster at an address of its Jobs server, or this machine where it is empty."""
    return RayHost(address) if address else ThisMachine()
