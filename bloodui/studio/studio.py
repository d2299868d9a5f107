"""What an admin does with runs and models, each call checked for the role. Pages call only this."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bloodui.errors import StudioError
from bloodui.people import ADMIN, Person, require
from bloodui.settings import Settings
from models.bundle.folder import retitle, verify_bundle
from models.bundle.manifest import Manifest
from models.bundle.pins import survey_root
from models.errors import BundleError
from training.errors import JobError, RegistryError, TrackingError

if TYPE_CHECKING:
    from training.jobs import JobKind, JobLimits, JobRecord, LocalJobs
    from training.progress import EpochDone
    from training.registry.faults import Fault
    from training.registry.folders import RegistryModel
    from training.registry.history import Event
    from training.registry.promotion import Registry
    from training.runs.ensemble_bundle import EnsembleOrder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunOrder:
    """A run or a study that somebody asks for in a form.

    Attributes:
        recipe: The TOML of the recipe or of the study, with every change already in it.
        index: The index CSV of the images.
        name: What the model will be called: 3 to 64 lower-case letters, digits and hyphens.
        limits: What the run may use; None for no limits.
        kind: "run" or "study".
        audits: Whether a run's model is audited when it is finished.
        estimated_s: Seconds that it is thought to take by its recipe alone.
    """

    recipe: str
    index: Path
    name: str
    limits: JobLimits | None = None
    kind: JobKind = "run"
    audits: bool = False
    estimated_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Studio:
    """The training studio of one installation, for one person.

    Attributes:
        settings: Where the state is, and how many runs go on at once.
        person: Who acts; every method raises AccessError where that is no admin.
        worker: Program that does a job; None for the usual one.
    """

    settings: Settings
    person: Person
    worker: tuple[str, ...] | None = field(default=None, repr=False)

    def submit_run(self, order: RunOrder) -> JobRecord:
        """Queue a run, which starts where there is room.

        Raises:
            RecipeError, DatasetError: The recipe or the index is not valid.
            StudioError: A model has the name.
            JobError: The name is not allowed, or another run has it.
        """
        from training.jobs import JobLimits, JobRequest

        jobs = self._jobs()
        if order.name in self._taken_ids():
            raise StudioError(
                f"A model has the name {order.name!r} already. Give the run another name."
            )
        return jobs.submit(
            JobRequest(
                recipe=order.recipe,
                index=order.index.expanduser().absolute(),
                name=order.name,
                kind=order.kind,
                limits=order.limits or JobLimits(),
                tracking=self._store(),
                by=self.person.name,
                audits=order.audits,
                estimated_s=order.estimated_s,
                expected_s=self.expected_seconds(order.estimated_s)[0],
            )
        )

    def expected_seconds(self, estimated_s: float) -> tuple[float, bool]:
        """Seconds that a run will take here, and whether earlier runs tell, or its recipe alone."""
        from training.runs.estimate import expected_seconds

        try:
            runs = self.list_runs()
        except JobError:  # told where they are listed
            runs = ()
        earlier = [
            (run.estimated_s, (run.ended - run.started).total_seconds())
            for run in runs
            if run.state == "finished" and run.estimated_s and run.started and run.ended
        ]
        return expected_seconds(estimated_s, earlier), bool(earlier)

    def list_runs(self) -> tuple[JobRecord, ...]:
        """Every run, the latest first."""
        return self._jobs().list()

    def run(self, run_id: str) -> JobRecord:
        """What is known of a run now. Raises JobError where there is none of this id."""
        return self._jobs().status(run_id)

    def run_log(self, run_id: str) -> str:
        """The last lines that a run wrote. Raises JobError where there is none of this id."""
        return self._jobs().log(run_id)

    def run_epochs(self, run_id: str) -> tuple[EpochDone, ...]:
        """The figures of a run's epochs. Raises JobError where there is none of this id."""
        return self._jobs().epochs(run_id)

    def cancel_run(self, run_id: str) -> JobRecord:
        """Stop a run; what it has reached is kept. Raises JobError where there is none."""
        return self._jobs().cancel(run_id)

    def resume_run(self, run_id: str) -> JobRecord:
        """Let a run go on that has ended. Raises JobError where it waits or runs."""
        return self._jobs().resume(run_id)

    def promote_run(self, run_id: str, *, reason: str, alias: str = "", title: str = "") -> Event:
        """Let clinicians use the model of a finished run.

        Args:
            run_id: The run.
            reason: Why, for the history.
            alias: What the model is used for; its task where it is empty.
            title: What it is called on every page; as its recipe says where it is empty.

        Raises:
            JobError: There is no such run.
            StudioError: It has no model yet, or another model has the title.
            Else as `Registry.promote`.
        """
        run = self.run(run_id)
        if run.bundle is None:
            raise StudioError(
                f"This run is {run.state} and has left no model. Wait for it, or resume it."
            )
        manifest = verify_bundle(run.bundle)
        title = title.strip() or manifest.title
        namesakes = sorted(self.titles(title) - {manifest.id})
        if namesakes:
            raise StudioError(
                f"Another model has the title {title!r} already: {', '.join(namesakes)}. Readers "
                "choose models by their titles: give this one another."
            )
        if title == manifest.title:
            return self._promote(run.bundle, reason, alias)
        with tempfile.TemporaryDirectory(prefix="bloodui-") as folder:
            retitled = Path(folder) / manifest.id
            retitle(run.bundle, title, retitled)
            return self._promote(retitled, reason, alias, recorded=run.bundle)

    def titles(self, title: str) -> set[str]:
        """Ids of the models that have a title, whatever its case, shipped or of the registry."""
        roots = [*self._other_roots(), self._registry().in_use, self._registry().kept]
        manifests = [m for root in roots if root.is_dir() for m in survey_root(root).manifests]
        return {m.id for m in manifests if m.title.casefold() == title.casefold()}

    def promote_model(self, bundle_id: str, *, reason: str, alias: str = "") -> Event:
        """Let clinicians use a model that the registry has. Raises: as `promote_run`."""
        return self._promote(self._registry().bundle(bundle_id), reason, alias)

    def retire(self, alias: str, *, reason: str) -> Event:
        """Let clinicians no longer use an alias's model. Raises RegistryError."""
        registry = self._registry()
        event = registry.retire(alias, by=self.person.name, reason=reason)
        self._mirror(registry, event)
        return event

    def rollback(self, alias: str, *, reason: str) -> Event:
        """Let an alias point at the model that it had before. Raises RegistryError."""
        registry = self._registry()
        event = registry.rollback(alias, by=self.person.name, reason=reason)
        self._mirror(registry, event)
        return event

    def models(self) -> tuple[RegistryModel, ...]:
        """Every model of the registry. Raises: as `Registry.models`."""
        return self._registry().models()

    def check_registry(self) -> tuple[Fault, ...]:
        """What is wrong with the registry; what a kill left half done is finished first."""
        return self._registry().check()

    def repair_registry(self, *, reason: str) -> tuple[str, ...]:
        """Make the registry's history and folders agree again; nothing is deleted.

        Returns:
            What was done, a sentence each.

        Raises:
            RegistryError: There is no reason, or a file cannot be read or written.
        """
        registry = self._registry()
        repair = registry.repair(by=self.person.name, reason=reason)
        for event in repair.events:
            if event.alias:
                self._mirror(registry, event)
        return repair.done

    def names_set_aside(self) -> tuple[str, ...]:
        """Names of the folders that were taken out of the registry's; nobody uses them."""
        return self._registry().names_set_aside()

    def take_back(self, name: str, *, reason: str) -> Manifest:
        """Keep a model again that was set aside. Raises: as `Registry.take_back`."""
        return self._registry().take_back(name, by=self.person.name, reason=reason)

    def history(self) -> tuple[Event, ...]:
        """Every promotion, retirement, rollback and import, the oldest first."""
        return self._registry().history()

    def export_model(self, bundle_id: str) -> bytes:
        """A shipped or a registered model as a .zip file.

        Raises:
            StudioError: No model has this id.
            BundleError, BundleTamperedError: A file of it is missing, added or altered.
        """
        from models.bundle.archive import export_bundle

        registry = self._registry()
        folders = {name: root / name for name, root in self._other_ids().items()}
        if bundle_id not in folders:
            folders |= {model.directory.name: model.directory for model in registry.models()}
        if bundle_id not in folders:
            raise StudioError(
                f"No model here has the id {bundle_id!r}. Known models: "
                f"{', '.join(sorted(folders))}."
            )
        return export_bundle(folders[bundle_id])

    def import_model(self, archive: bytes, *, reason: str) -> Manifest:
        """Keep the model of a .zip file; nobody uses it before it is promoted.

        Its network is loaded once, in a process with limits: see `check_first_load`.

        Raises:
            RegistryError: Its network cannot be loaded within the limits, or another model has
                its id.
            BundleError, BundleTamperedError: It is no archive of one bundle, or a file is missing,
                added or altered.
        """
        from models.bundle.archive import unpacked
        from training.registry.first_load import check_first_load

        registry = self._registry()
        with unpacked(archive) as bundle:
            check_first_load(bundle)
            return registry.import_bundle(bundle, by=self.person.name, reason=reason)

    def make_ensemble(self, order: EnsembleOrder, *, reason: str) -> Manifest:
        """Make one model of finished runs and keep it; nobody uses it before it is promoted.

        Raises:
            DatasetError: The runs were judged on other images.
            RegistryError: Another model has its id, or there is no reason.
            BundleError, BundleTamperedError: A run's bundle is missing or altered.
        """
        from training.runs.ensemble_bundle import make_ensemble

        registry = self._registry()
        with tempfile.TemporaryDirectory(prefix="bloodui-") as folder:
            bundle = Path(folder) / "bundle"
            make_ensemble(order, bundle)
            return registry.import_bundle(bundle, by=self.person.name, reason=reason)

    def _jobs(self) -> LocalJobs:
        require(self.person, ADMIN)
        from training.jobs import LocalJobs
        from training.jobs.ray_host import host_at

        jobs = LocalJobs(
            root=self.settings.jobs,
            at_once=self.settings.runs_at_once,
            host=host_at(self.settings.ray_address),
        )
        return jobs if self.worker is None else replace(jobs, worker=self.worker)

    def _registry(self) -> Registry:
        require(self.person, ADMIN)
        from training.registry.promotion import Registry

        return Registry(root=self.settings.registry, others=self._other_roots())

    def _other_roots(self) -> tuple[Path, ...]:
        """Roots of bundles that are not the registry's: the shipped ones and BLOODUI_MODELS."""
        mine = self.settings.registry
        return tuple(root for root in self.settings.bundle_roots if root.parent != mine)

    def _taken_ids(self) -> set[str]:
        return self._registry().taken_ids()

    def _other_ids(self) -> dict[str, Path]:
        """Id to root of the models that are not the registry's."""
        roots = [root for root in self._other_roots() if root.is_dir()]
        return {each.id: root for root in roots for each in survey_root(root).manifests}

    def _store(self) -> str:
        from training.tracking.runs import sqlite_store

        return self.settings.mlflow or sqlite_store(self.settings.state / "tracking")

    def _promote(
        self, bundle: Path, reason: str, alias: str, *, recorded: Path | None = None
    ) -> Event:
        registry = self._registry()
        event = registry.promote(bundle, by=self.person.name, reason=reason, alias=alias)
        if recorded is not None:
            self._follow(recorded, bundle)
        self._mirror(registry, event)
        return event

    def _follow(self, before: Path, after: Path) -> None:
        """Let MLflow know a run's bundle under its new title."""
        from training.tracking.runs import follow_bundle, has_runs

        store = self._store()
        try:
            if has_runs(store):
                follow_bundle(store, before, after)
        except TrackingError as error:
            logger.warning("MLflow does not follow the new title: %s", error)

    def _mirror(self, registry: Registry, event: Event) -> None:
        """Let MLflow's alias follow where it knows the run; our history stays the truth."""
        from training.tracking.runs import delete_alias, has_runs, set_alias

        store = self._store()
        if not has_runs(store):
            return
        try:
            if event.previous:
                delete_alias(store, registry.bundle(event.previous), event.alias)
            if event.bundle_id:
                set_alias(store, registry.bundle(event.bundle_id), event.alias)
        except (TrackingError, RegistryError, BundleError) as error:
            logger.warning("MLflow's alias does not follow the promotion: %s", error)
