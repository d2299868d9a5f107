"""What finished runs measured, for whoever judges them. Each question is checked for the role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bloodui.access import ADMIN, require
from bloodui.data_sets import DataSets
from bloodui.studio import Studio
from models.card import Card, read_card
from models.errors import JobError
from models.manifest import CARD_FILE

if TYPE_CHECKING:
    from training.jobs import JobRecord
    from training.predictions import Predictions
    from training.progress import EpochDone
    from training.study_results import StudyResult


@dataclass(frozen=True, kw_only=True)
class RunResults:
    """The results of one installation's runs.

    Attributes:
        studio: Whose runs, and who asks; AccessError where that is no admin.
    """

    studio: Studio

    def finished(self) -> tuple[JobRecord, ...]:
        """Every run that has left a model, the latest first."""
        return tuple(run for run in self.studio.list_runs() if run.bundle is not None)

    def finished_studies(self) -> tuple[JobRecord, ...]:
        """Every study that has finished, the latest first."""
        runs = self.studio.list_runs()
        return tuple(run for run in runs if run.kind == "study" and run.state == "finished")

    def study(self, run: JobRecord) -> StudyResult:
        """What a study found. Raises DatasetError where it has not finished."""
        require(self.studio.person, ADMIN)
        from training.study_results import read_study_result

        return read_study_result(run.folder / "run")

    def card(self, run: JobRecord) -> Card:
        """The card of a run's model. Raises JobError before there is one, BundleError if broken."""
        require(self.studio.person, ADMIN)
        if run.bundle is None:
            raise JobError(f"Expected a finished run, received one that is {run.state}.")
        return read_card(run.bundle / CARD_FILE)

    def predictions(self, run: JobRecord, split: str) -> Predictions:
        """A run's answers on the test images of a split. Raises DatasetError without them."""
        require(self.studio.person, ADMIN)
        from training.predictions import read_predictions

        return read_predictions(run.folder / "run" / split)

    def epochs(self, run: JobRecord, split: str) -> tuple[EpochDone, ...]:
        """The figures of a run's epochs on one kind of split. Raises JobError without the run."""
        return tuple(done for done in self.studio.run_epochs(run.id) if done.split == split)

    def image(self, run: JobRecord, name: str) -> np.ndarray:
        """An image that a run was judged by, as (H, W, 3) uint8. Raises as `DataSets.image`."""
        from training.jobs.folder import JobFolder

        index = JobFolder(run.folder).request().index
        sets = DataSets(settings=self.studio.settings, person=self.studio.person)
        return sets.image(index, name)
