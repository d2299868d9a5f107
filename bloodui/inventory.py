"""The models of this installation, found in its folders of bundles; none of them is loaded."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodui.settings import SHIPPED, Settings
from models.architectures.colour_numbers import COLOUR_NUMBERS
from models.bundle import list_bundles
from models.errors import BlooduiError
from models.manifest import Manifest

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
    """The bundles that can be used, and the errors of folders that cannot."""

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


def inventory(settings: Settings) -> Inventory:
    """The models that are installed. A folder of bundles with an error does not hide others."""
    models: dict[str, Installed] = {}
    errors: list[BlooduiError] = []
    for root in settings.bundle_roots:
        if root == SHIPPED and not root.is_dir():
            continue
        try:
            manifests = list_bundles(root)
        except BlooduiError as error:
            logger.error("A folder of bundles is not used: %s", error)
            errors.append(error)
            continue
        for manifest in manifests:
            installed = Installed(manifest=manifest, directory=root / manifest.id)
            models.setdefault(manifest.id, installed)
    return Inventory(models=tuple(models.values()), errors=tuple(errors))
