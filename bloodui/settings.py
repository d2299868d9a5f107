"""The dashboard's settings: typed, read once from the environment.

`BLOODUI_TOKEN` is no setting but a secret: see `bloodui.access.start_link`.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from bloodui.errors import SettingsError
from models.answer.answer_bound import DEFAULT_ERROR_LIMIT
from models.answer.prediction import AnswerRules
from models.answer.prediction_set import DEFAULT_LEVEL
from models.bundle.folder import SHIPPED_ROOT
from models.stored import Location, Stored

DEFAULT_MODEL = "all-subtypes-cells"
DEFAULT_STATE = Path("~/.local/share/bloodui")

Folder = Annotated[Location, AfterValidator(lambda path: path.expanduser().absolute())]


class Settings(
    Stored,
    alias_generator=lambda name: f"BLOODUI_{name.upper()}",
    validate_by_name=True,
    validate_default=True,
):
    """What an installation may change, each by an environment variable."""

    refused_as = SettingsError
    advice = "Set it so, or leave it unset for the default."

    models: Folder | None = None
    """A further folder of bundles, beside the shipped ones."""
    default_model: str = Field(DEFAULT_MODEL, alias="BLOODUI_MODEL")
    """Id of the model that is chosen when the page opens; where it is not installed, the first
    installed model is."""
    state: Folder = DEFAULT_STATE
    """Folder of runs, promoted models and what else is kept."""
    data: Folder | None = None
    """Folder of a data set, with its index.csv, to train on."""
    runs: Folder | None = None
    """Folder with runs and studies of the command line, up to six folders deep, which the page
    Evaluation shows, too. Networks are loaded from it."""
    runs_at_once: Annotated[int, Field(ge=1, le=64, strict=False)] = 1
    """Training runs at once; others wait in the queue."""
    ray_address: str = ""
    """URL of a Ray cluster's Jobs server that does the runs, and reads images with `--out`; without
    it this machine does."""
    mlflow: str = ""
    """URL of an MLflow server; a SQLite store in the state folder without it."""
    roles_claim: str = "roles"
    """Claim of the OpenID Connect login that holds a person's roles; dots lead into objects."""
    set_level: Annotated[float, Field(ge=0.5, le=0.999, strict=False)] = DEFAULT_LEVEL
    """Share of the images of each class whose prediction set shall hold it."""
    error_limit: Annotated[float, Field(ge=0.005, le=0.5, strict=False)] = DEFAULT_ERROR_LIMIT
    """Share of a model's answers that may be wrong; one that cannot prove that never answers."""
    idle_minutes: Annotated[float, Field(gt=0, le=1440, strict=False)] = 30.0
    """Minutes after which the images of a visitor who does nothing are dropped."""

    memory_mb: Annotated[float, Field(ge=64, strict=False)] = 1024.0
    """Memory for models, in MB; the one longest unused goes first, and one alone may take more."""

    @property
    def bundle_roots(self) -> tuple[Path, ...]:
        """Folders of pinned bundles: shipped and promoted where there are any, then further."""
        own = (SHIPPED_ROOT, self.registry / "in-use")
        return (*filter(_may_be_there, own), *((self.models,) if self.models else ()))

    @property
    def rules(self) -> AnswerRules:
        """What is asked of models' prediction sets and answers."""
        return AnswerRules(set_level=self.set_level, error_limit=self.error_limit)

    @property
    def jobs(self) -> Path:
        """Folder of the training runs."""
        return self.state / "jobs"

    @property
    def registry(self) -> Path:
        """Folder of the promoted models and their history."""
        return registry_in(self.state)


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings that these environment variables (usually `os.environ`) ask for.

    Raises:
        SettingsError: A variable has a value that is not allowed; the message names it.
    """
    given = {
        str(each.alias): environment.get(str(each.alias), "").strip()
        for each in Settings.model_fields.values()
    }
    return Settings.from_dict({name: text for name, text in given.items() if text})


def is_loopback(address: str | None) -> bool:
    """Whether only this machine reaches a server at this address."""
    if (address or "").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address((address or "").strip("[]")).is_loopback
    except ValueError:
        return False


def networks_in(state: Path) -> Path:
    """The folder in a state folder for networks that were converted on this machine."""
    return state / "networks"


def registry_in(state: Path) -> Path:
    """The registry's folder in a state folder."""
    return state / "registry"


def _may_be_there(folder: Path) -> bool:
    """Whether there is such a folder; also where that may not be known, so that it is told."""
    try:
        return folder.is_dir()
    except OSError:
        return True


@cache
def program_version() -> str:
    """The version of this program, as pyproject.toml states it."""
    pyproject = Path(__file__).resolve().parent.parent / "pyproject.toml"
    return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
