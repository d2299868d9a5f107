"""The JSON schemas of what is stored, for other programs and for people."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from models.architectures import HeadSpec
from models.bundle.card import Card
from models.bundle.manifest import Manifest
from models.stored import Stored
from training.jobs.record import Beat, JobRequest, State
from training.progress import EpochDone
from training.recipes.recipe import RecipeFile, Task
from training.registry.history import Checkpoint, Event
from training.stored import write_json
from training.studies.claims import Paper
from training.studies.plan import StudyFile
from training.studies.reproduction import Reproduction

SCHEMAS: Mapping[str, type[Stored]] = MappingProxyType(
    {
        "manifest": Manifest,
        "card": Card,
        "head": HeadSpec,
        "recipe": RecipeFile,
        "task": Task,
        "study": StudyFile,
        "paper": Paper,
        "reproduction": Reproduction,
        "job": JobRequest,
        "job-state": State,
        "job-heartbeat": Beat,
        "job-epoch": EpochDone,
        "registry-event": Event,
        "registry-checkpoint": Checkpoint,
    }
)
"""Name of the schema's file → what it describes. Settings: `python -m bloodui settings`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training schema`."""
    parser.add_argument("--out", type=Path, required=True, help="folder that they are written to")


def main(arguments: argparse.Namespace) -> int:
    """Write each schema as NAME.json."""
    for name, kind in SCHEMAS.items():
        write_json(arguments.out / f"{name}.json", kind.schema_for_people())
    return 0
