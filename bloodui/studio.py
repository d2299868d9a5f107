"""What an admin does with runs and models, each deed checked for the role. Pages call only this."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bloodui.access import ADMIN, Person, require
from bloodui.settings import Settings
from models.bundle import list_bundles
from models.errors import JobError, TrackingError
from models.manifest import Manifest

if TYPE_CHECKING:
    from training.ensemble_bundle import EnsembleOrder
    from training.jobs import JobLimits, JobRecord, LocalJobs
    from training.progress import EpochDone
    from training.registry import Deed, Registry

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
    """

    recipe: str
    index: Path
    name: str
    limits: JobLimits | None = None
    kind: str = "run"


@dataclass(frozen=True, kw_only=True)
class PromotedModel:
    """A model of the registry.

    Attributes:
        manifest: Its manifest.
        directory: Its folder.
        aliases: What it is used for; empty where it is kept, but not in use.
    """

    manifest: Manifest
    directory: Path
    aliases: tuple[str, ...]


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
            JobError: The name is not allowed, or another run or model has it.
        """
        from training.jobs import JobLimits, JobRequest

        jobs = self._jobs()
        if order.name in self._taken_ids():
            raise JobError(
                f"Expected a name that no model has, received {order.name!r}. Give another name."
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
            )
        )

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

    def promote_run(self, run_id: str, *, reason: str, alias: str = "") -> Deed:
        """Let clinicians use the model of a finished run.

        Args:
            run_id: The run.
            reason: Why, for the history.
            alias: What the model is used for; its task where it is empty.

        Raises:
            JobError: There is no such run, or it has no model yet.
            Else as `Registry.promote`.
        """
        run = self.run(run_id)
        if run.bundle is None:
            raise JobError(
                f"Expected a run that has finished, received one that is {run.state}. Wait for "
                "it, or resume it."
            )
        return self._promote(run.bundle, reason, alias)

    def promote_model(self, bundle_id: str, *, reason: str, alias: str = "") -> Deed:
        """Let clinicians use a model that the registry has. Raises: as `promote_run`."""
        return self._promote(self._registry().bundle(bundle_id), reason, alias)

    def retire(self, alias: str, *, reason: str) -> Deed:
        """Let clinicians no longer use an alias's model. Raises RegistryError."""
        registry = self._registry()
        deed = registry.retire(alias, by=self.person.name, reason=reason)
        self._mirror(registry, deed)
        return deed

    def rollback(self, alias: str, *, reason: str) -> Deed:
        """Let an alias point at the model that it had before. Raises RegistryError."""
        registry = self._registry()
        deed = registry.rollback(alias, by=self.person.name, reason=reason)
        self._mirror(registry, deed)
        return deed

    def models(self) -> tuple[PromotedModel, ...]:
        """Every model of the registry, those in use first.

        Raises:
            RegistryError: The history is damaged.
            BundleError, BundleTamperedError: A bundle is damaged.
        """
        registry = self._registry()
        aliases = registry.mend()
        return tuple(
            PromotedModel(
                manifest=manifest,
                directory=root / manifest.id,
                aliases=tuple(sorted(a for a, name in aliases.items() if name == manifest.id)),
            )
            for root in (registry.in_use, registry.kept)
            if root.is_dir()
            for manifest in list_bundles(root)
        )

    def history(self) -> tuple[Deed, ...]:
        """Every promotion, retirement, rollback and import, the oldest first."""
        return self._registry().history()

    def export_model(self, bundle_id: str) -> bytes:
        """A shipped or a registered model as a .zip file. Raises BundleError where it is none."""
        from models.bundle import find_bundle
        from training.bundle_archive import export_bundle

        registry = self._registry()
        roots = (*self._other_roots(), registry.in_use, registry.kept)
        return export_bundle(find_bundle(bundle_id, [root for root in roots if root.is_dir()]))

    def import_model(self, archive: bytes, *, reason: str) -> Manifest:
        """Keep the model of a .zip file; nobody uses it before it is promoted.

        Raises:
            RegistryError: It is no archive of one bundle, or another model has its id.
            BundleError, BundleTamperedError: A file is missing, added or altered.
        """
        from training.bundle_archive import unpacked

        registry = self._registry()
        with unpacked(archive) as bundle:
            return registry.take_in(bundle, by=self.person.name, reason=reason)

    def make_ensemble(self, order: EnsembleOrder, *, reason: str) -> Manifest:
        """Make one model of finished runs and keep it; nobody uses it before it is promoted.

        Raises:
            DatasetError: The runs were judged on other images.
            RegistryError: Another model has its id, or there is no reason.
            BundleError, BundleTamperedError: A run's bundle is missing or altered.
        """
        from training.ensemble_bundle import make_ensemble

        registry = self._registry()
        with tempfile.TemporaryDirectory(prefix="bloodui-") as folder:
            bundle = Path(folder) / "bundle"
            make_ensemble(order, bundle)
            return registry.take_in(bundle, by=self.person.name, reason=reason)

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
        from training.registry import Registry

        return Registry(root=self.settings.registry, others=self._other_roots())

    def _other_roots(self) -> tuple[Path, ...]:
        """Roots of bundles that are not the registry's: the shipped ones and BLOODUI_MODELS."""
        mine = self.settings.registry
        return tuple(root for root in self.settings.bundle_roots if root.parent != mine)

    def _taken_ids(self) -> set[str]:
        registry = self._registry()
        roots = (*self._other_roots(), registry.in_use, registry.kept)
        return {m.id for root in roots if root.is_dir() for m in list_bundles(root)}

    def _store(self) -> str:
        from training.tracking import sqlite_store

        return self.settings.mlflow or sqlite_store(self.settings.state / "tracking")

    def _promote(self, bundle: Path, reason: str, alias: str) -> Deed:
        registry = self._registry()
        deed = registry.promote(bundle, by=self.person.name, reason=reason, alias=alias)
        self._mirror(registry, deed)
        return deed

    def _mirror(self, registry: Registry, deed: Deed) -> None:
        """Let MLflow's alias follow where it knows the run; our history stays the truth."""
        from training.tracking import delete_alias, has_runs, set_alias

        store = self._store()
        if not has_runs(store):
            return
        try:
            if deed.previous:
                delete_alias(store, registry.bundle(deed.previous), deed.alias)
            if deed.bundle_id:
                set_alias(store, registry.bundle(deed.bundle_id), deed.alias)
        except TrackingError as error:
            logger.warning("MLflow's alias does not follow the promotion: %s", error)
