"""What finished runs measured, for whoever judges them. Each question is checked for the role."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bloodui.data_sets import DataSets
from bloodui.errors import StudioError
from bloodui.people import ADMIN, require
from bloodui.render.text import as_plain
from bloodui.studio.studio import Studio
from models.bundle.card import Card, parse_card
from models.bundle.folder import read_manifest, verify_bundle
from models.bundle.manifest import CARD_FILE, MANIFEST_FILE
from models.files import disk_reason, read_plain_file
from training.recipes.recipe import SPLIT_KINDS

if TYPE_CHECKING:
    from training.jobs import JobRecord
    from training.judge.predictions import Predictions
    from training.progress import EpochDone
    from training.studies.result import StudyResult

DEEPEST = 6
"""Folders from BLOODUI_RUNS down to a run; of a paper's a study and its members lie between."""


@dataclass(frozen=True, kw_only=True)
class FinishedRun:
    """A run that has left a model.

    Attributes:
        id: Tells it from every other, in links and on the page.
        name: On the page; no two of a list have one.
        kind: Asked for by itself, a member of a study, or a run of the command line.
        folder: What it wrote: its bundle, and a folder for each kind of split.
        job: What asked for it; None for a run of the command line.
    """

    id: str
    name: str
    kind: Literal["run", "member", "elsewhere"]
    folder: Path
    job: JobRecord | None = None

    @property
    def bundle(self) -> Path:
        """Folder of its model."""
        return self.folder / "bundle"


@dataclass(frozen=True, kw_only=True)
class FinishedRuns:
    """The results of one installation's runs.

    Attributes:
        studio: Whose runs, and who asks; AccessError where that is no admin.
    """

    studio: Studio

    def finished(self) -> tuple[FinishedRun, ...]:
        """Every run of the studio that has left a model and whose folder is not damaged, the
        latest first.
        """
        return tuple(
            FinishedRun(id=job.id, name=job.name, kind="run", folder=job.folder / "run", job=job)
            for job in self.studio.list_runs()
            if job.kind == "run" and job.bundle is not None and job.state != "damaged"
        )

    def members(self) -> tuple[FinishedRun, ...]:
        """Every member of a study that has left a model, of the latest study first."""
        return tuple(
            FinishedRun(
                id=f"{job.id}-{folder.name}",
                name=f"{job.name}: {as_plain(folder.name)}",
                kind="member",
                folder=folder,
                job=job,
            )
            for job in self.studio.list_runs()
            if job.kind == "study" and job.state != "damaged"
            for folder in _runs_below(job.folder / "run")[0]
        )

    def finished_elsewhere(self) -> tuple[tuple[FinishedRun, ...], StudioError | None]:
        """Every run of the command line below BLOODUI_RUNS that has left a model, by its path, and
        what could not be looked at there.
        """
        require(self.studio.person, ADMIN)
        root = self.studio.settings.runs
        if root is None:
            return (), None
        folders, refused = _runs_below(root)
        found = []
        for folder in folders:
            path = os.fsencode(folder.relative_to(root))
            told = hashlib.sha256(path).hexdigest()[:16]
            name = as_plain(path.decode("utf-8", "replace")) if folder != root else root.name
            found.append(
                FinishedRun(id=f"elsewhere-{told}", name=name, kind="elsewhere", folder=folder)
            )
        counts = Counter(run.name for run in found)
        runs = tuple(
            replace(run, name=f"{run.name} ({run.id})") if counts[run.name] > 1 else run
            for run in found
        )
        return runs, _problem(root, runs, refused)

    def finished_studies(self) -> tuple[JobRecord, ...]:
        """Every study that has finished, the latest first."""
        runs = self.studio.list_runs()
        return tuple(run for run in runs if run.kind == "study" and run.state == "finished")

    def study(self, run: JobRecord) -> StudyResult:
        """What a study found. Raises DatasetError where it has not finished."""
        require(self.studio.person, ADMIN)
        from training.studies.result import read_study_result

        return read_study_result(run.folder / "run")

    def card(self, run: FinishedRun) -> Card:
        """The card of a run's model; the files of one of the command line are checked before.

        Raises:
            BundleError, BundleTamperedError: A file of it is missing, added or altered.
        """
        require(self.studio.person, ADMIN)
        if run.kind == "elsewhere":
            verify_bundle(run.bundle)
        return parse_card(read_plain_file(run.bundle, CARD_FILE))

    def predictions(self, run: FinishedRun, split: str) -> Predictions:
        """A run's answers on the test images of a split. Raises DatasetError without them."""
        require(self.studio.person, ADMIN)
        from training.judge.predictions import read_predictions

        return read_predictions(run.folder / _known(split))

    def epochs(self, run: FinishedRun, split: str) -> tuple[EpochDone, ...]:
        """The figures of a run's epochs on one kind of split; of a run of the command line those in
        which the whole network learned.

        Raises JobError without the run, DatasetError where a history cannot be read.
        """
        require(self.studio.person, ADMIN)
        from training.progress import epochs_within
        from training.runs.curves import epochs_of

        if run.job is None:
            return epochs_of(run.folder, _known(split))
        epochs = self.studio.run_epochs(run.job.id)
        if run.kind == "member":
            epochs = epochs_within(epochs, run.folder.name)
        return tuple(done for done in epochs if done.split == split)

    def index_of(self, run: FinishedRun) -> Path | None:
        """The index of a run's images: what was asked for, or the one with its very hash among the
        known ones and what lies beside them; None where it is not on this machine.
        """
        require(self.studio.person, ADMIN)
        if run.job is not None:
            from training.jobs.folder import JobFolder

            asked = JobFolder(run.job.folder).request().index
            return asked if asked.is_file() else None
        wanted = read_manifest(run.bundle).data.index_sha256
        known = self.sets.known()
        beside = (each for index in known for each in sorted(index.parent.glob("*.csv")))
        for index in dict.fromkeys((*known, *beside)):
            with contextlib.suppress(OSError):
                if hashlib.sha256(index.read_bytes()).hexdigest() == wanted:
                    return index
        return None

    @property
    def sets(self) -> DataSets:
        """The data sets of this installation, for the same person."""
        return DataSets(settings=self.studio.settings, person=self.studio.person)


def _known(split: str) -> str:
    """The split, which is the name of a folder. Raises StudioError where a card made it up."""
    if split not in SPLIT_KINDS:
        raise StudioError(f"The card names a split that there is not, {as_plain(split)!r}.")
    return split


def _problem(
    root: Path, runs: Sequence[FinishedRun], refused: Sequence[OSError]
) -> StudioError | None:
    """What of BLOODUI_RUNS cannot be looked at, or that there is nothing to be shown."""
    if not refused and not runs:
        return StudioError(
            "Below BLOODUI_RUNS no run has left a model yet. Links are not followed, and runs more "
            f"than {DEEPEST} folders deep not found."
        )
    if not refused:
        return None
    reason, first = disk_reason(refused[0]), Path(os.fsdecode(refused[0].filename or root))
    if first == root:
        return StudioError(
            f"The folder of BLOODUI_RUNS cannot be looked at: {reason}. Set it to a folder with "
            "runs, or leave it unset."
        )
    name = as_plain(os.fsencode(first.relative_to(root)).decode("utf-8", "replace"))
    return StudioError(
        f"Below BLOODUI_RUNS {len(refused)} of the folders cannot be looked at, first {name}: "
        f"{reason}. Let the server's user open them."
    )


def _runs_below(root: Path) -> tuple[list[Path], list[OSError]]:
    """Every folder that holds the bundle of a run, by path, and why others were not looked at.

    Links, hidden folders (what is being copied) and folders of images are not entered.
    """
    found: list[Path] = []
    refused: list[OSError] = []
    for path, folders, files in os.walk(root, onerror=refused.append):
        here = Path(path)
        if "bundle" in folders and not os.path.islink(here / "bundle"):
            try:
                is_run = MANIFEST_FILE in os.listdir(here / "bundle")
            except OSError as error:
                refused.append(error)
                is_run = False
            if is_run:
                found.append(here)
                folders.clear()
        is_data = here != root and "index.csv" in files
        if is_data or len(here.relative_to(root).parts) >= DEEPEST:
            folders.clear()
        folders[:] = sorted(each for each in folders if not each.startswith("."))
    return found, refused
