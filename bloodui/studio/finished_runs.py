"""What finished runs measured, for whoever judges them. Each question is checked for the role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bloodui.data_sets import DataSets
from bloodui.errors import StudioError
from bloodui.people import ADMIN, require
from bloodui.studio.studio import Studio
from models.bundle.card import Card, read_card
from models.bundle.manifest import CARD_FILE

if TYPE_CHECKING:
    from models.image.micrograph import Micrograph
    from training.jobs import JobRecord
    from training.judge.predictions import Predictions
    from training.progress import EpochDone
    from training.studies.result import StudyResult


@dataclass(frozen=True, kw_only=True)
class FinishedRuns:
    """The results of one installation's runs.

    Attributes:
        studio: Whose runs, and who asks; AccessError where that is no admin.
    """

    studio: Studio

    def finished(self) -> tuple[JobRecord, ...]:
        """Every run that has left a model and whose folder is not damaged, the latest first."""
        runs = self.studio.list_runs()
        return tuple(run for run in runs if run.bundle is not None and run.state != "damaged")

    def finished_studies(self) -> tuple[JobRecord, ...]:
        """Every study that has finished, the latest first."""
        runs = self.studio.list_runs()
        return tuple(run for run in runs if run.kind == "study" and run.state == "finished")

    def study(self, run: JobRecord) -> StudyResult:
        """What a study found. Raises DatasetError where it has not finished."""
        require(self.studio.person, ADMIN)
        from training.studies.result import read_study_result

        return read_study_result(run.folder / "run")

    def card(self, run: JobRecord) -> Card:
        """The card of a run's model. Raises StudioError where it has none, or BundleError."""
        require(self.studio.person, ADMIN)
        if run.bundle is None:
            raise StudioError(
                f"This run is {run.state} and has left no model. Wait for it, or resume it."
            )
        return read_card(run.bundle / CARD_FILE)

    def predictions(self, run: JobRecord, split: str) -> Predictions:
        """A run's answers on the test images of a split. Raises DatasetError without them."""
        require(self.studio.person, ADMIN)
        from training.judge.predictions import read_predictions

        return read_predictions(run.folder / "run" / split)

    def epochs(self, run: JobRecord, split: str) -> tuple[EpochDone, ...]:
        """The figures of a run's epochs on one kind of split. Raises JobError without the run."""
        return tuple(done for done in self.studio.run_epochs(run.id) if done.split == split)

    def micrograph(self, run: JobRecord, name: str) -> Micrograph:
        """An image that a run was judged by. Raises as `DataSets.micrograph`."""
        from training.jobs.folder import JobFolder

        index = JobFolder(run.folder).request().index
        return self.sets.micrograph(index, name)

    @property
    def sets(self) -> DataSets:
        """The data sets of this installation, for the same person."""
        return DataSets(settings=self.studio.settings, person=self.studio.person)
