"""The models of this installation, found in its folders of bundles; none of them is loaded."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodui.settings import Settings
from models.architectures.colour_numbers import COLOUR_NUMBERS
from models.bundle.manifest import Manifest
from models.bundle.pins import survey_root
from models.errors import BlooduiError

DEFAULT_CELL_MODEL = "blood-cells-mobilenet"
"""Id of the model that reads cells where nobody names one; else the first installed one does."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A bundle in a folder of this installation, not loaded yet."""

    manifest: Manifest
    directory: Path

    @property
    def is_baseline(self) -> bool:
        """Whether it never looks at a cell: for teaching, and no second opinion."""
        return self.manifest.architecture == COLOUR_NUMBERS.name


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """The bundles that can be used, and what is wrong with others and with their folders."""

    models: tuple[Installed, ...]
    errors: tuple[BlooduiError, ...]


def names_of(models: Sequence[Installed]) -> dict[str, str]:
    """What each is called on the page, by its id: its title, with the id where titles are alike."""
    titles = [installed.manifest.title for installed in models]
    return {
        installed.manifest.id: f"{title}: {installed.manifest.id}"
        if titles.count(title) > 1
        else title
        for title, installed in zip(titles, models, strict=True)
    }


def cell_models(models: Iterable[Installed]) -> tuple[Installed, ...]:
    """Those that read the cells of a field, the one to begin with first."""
    from models.cells.read import is_cell_model  # what lists models needs none of what finds cells

    found = [each for each in models if is_cell_model(each.manifest)]
    return tuple(sorted(found, key=lambda each: each.manifest.id != DEFAULT_CELL_MODEL))


def read_inventory(settings: Settings) -> Inventory:
    """The models that are installed, of those folders that `settings` names."""
    return installed_in(settings.bundle_roots)


def installed_in(roots: Iterable[Path]) -> Inventory:
    """The models in folders of bundles. What is wrong with one of them hides no other one, in its
    folder or in another.
    """
    models: dict[str, Installed] = {}
    errors: list[BlooduiError] = []
    for root in dict.fromkeys(roots):
        try:
            listing = survey_root(root)
        except BlooduiError as error:
            logger.error("A folder of bundles is not used: %s", error)
            errors.append(error)
            continue
        for fault in listing.errors:
            logger.error("A folder of bundles is used in part: %s", fault)
            errors.append(fault)
        for manifest in listing.manifests:
            installed = Installed(manifest=manifest, directory=root / manifest.id)
            models.setdefault(manifest.id, installed)
    return Inventory(models=tuple(models.values()), errors=tuple(errors))
