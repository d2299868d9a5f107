"""The dashboard's settings: typed, read once from the environment.

| variable          | meaning                                                     |
|-------------------|-------------------------------------------------------------|
| `BLOODUI_MODELS`  | a further folder of bundles, beside the shipped ones        |
| `BLOODUI_MODEL`   | id of the model that is chosen when the page opens          |
| `BLOODUI_STATE`   | folder of runs, promoted models and what else is kept       |
| `BLOODUI_DATA`    | folder of a data set, with its index.csv, to train on       |
| `BLOODUI_RUNS_AT_ONCE` | training runs at once; others wait in the queue        |
| `BLOODUI_RAY_ADDRESS` | URL of a Ray cluster's Jobs server that does the runs   |
| `BLOODUI_MLFLOW`  | URL of an MLflow server; a SQLite store without it          |
| `BLOODUI_ROLES_CLAIM` | claim of the login that holds a person's roles          |
| `BLOODUI_SET_LEVEL` | share of images whose prediction set shall hold the truth |
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.errors import SettingsError
from models.prediction_set import DEFAULT_LEVEL

SHIPPED = Path(__file__).resolve().parent.parent / "models" / "shipped"
DEFAULT_MODEL = "blood-cancer-8-efficientnet-lite0"
DEFAULT_STATE = Path("~/.local/share/bloodui")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation may change.

    Attributes:
        bundle_roots: Folders of pinned bundles: the shipped ones, then the promoted ones where
            there are any, then those of `BLOODUI_MODELS`.
        default_model: Id of the model that is chosen when the page opens; where it is not
            installed, the first installed model is.
        state: Folder of runs, promoted models and what else is kept.
        data: Folder of a data set with its index.csv, or None.
        runs_at_once: Training runs at once; others wait in the queue.
        ray_address: URL of a Ray cluster's Jobs server; "" to run on this machine.
        mlflow: URL of an MLflow server; "" for a SQLite store in the state folder.
        set_level: Share of images of each class whose prediction set shall hold it, 0–1.
        roles_claim: Claim of the OpenID Connect login that holds roles; dots lead into objects.
    """

    bundle_roots: tuple[Path, ...]
    default_model: str = DEFAULT_MODEL
    state: Path = DEFAULT_STATE
    data: Path | None = None
    runs_at_once: int = 1
    ray_address: str = ""
    mlflow: str = ""
    roles_claim: str = "roles"
    set_level: float = DEFAULT_LEVEL

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

    def value(name: str, default: str = "") -> str:
        return environment.get(name, "").strip() or default

    state = Path(value("BLOODUI_STATE", str(DEFAULT_STATE))).expanduser().absolute()
    promoted = registry_in(state) / "in-use"
    further = value("BLOODUI_MODELS")
    return Settings(
        bundle_roots=(
            SHIPPED,
            *((promoted,) if promoted.is_dir() else ()),
            *((Path(further).expanduser(),) if further else ()),
        ),
        default_model=value("BLOODUI_MODEL", DEFAULT_MODEL),
        state=state,
        data=Path(value("BLOODUI_DATA")).expanduser().absolute() if value("BLOODUI_DATA") else None,
        runs_at_once=_runs_at_once(value("BLOODUI_RUNS_AT_ONCE", "1")),
        ray_address=value("BLOODUI_RAY_ADDRESS"),
        mlflow=value("BLOODUI_MLFLOW"),
        roles_claim=value("BLOODUI_ROLES_CLAIM", "roles"),
        set_level=_set_level(value("BLOODUI_SET_LEVEL", str(DEFAULT_LEVEL))),
    )


def registry_in(state: Path) -> Path:
    """The registry's folder in a state folder."""
    return state / "registry"


def _runs_at_once(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 64:
        raise SettingsError(
            f"Expected BLOODUI_RUNS_AT_ONCE to be a whole number from 1 to 64, received {text!r}. "
            "Set it so, or leave it unset for 1."
        )
    return int(text)


def _set_level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = -1.0
    if not 0.5 <= level <= 0.999:
        raise SettingsError(
            f"Expected BLOODUI_SET_LEVEL to be a number from 0.5 to 0.999, received {text!r}. "
            f"Set it so, or leave it unset for {DEFAULT_LEVEL}."
        )
    return level


@cache
def program_version() -> str:
    """The version of this program, as pyproject.toml states it."""
    pyproject = Path(__file__).resolve().parent.parent / "pyproject.toml"
    return str(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]["version"])
