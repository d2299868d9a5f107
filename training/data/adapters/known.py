"""Every adapter, by the name that a user types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from training.data.adapters.adapter import Adapter
from training.data.adapters.all_idb import ALL_IDB1, ALL_IDB2
from training.data.adapters.aml_cytomorphology import AML_CYTOMORPHOLOGY
from training.data.adapters.ash import ASH
from training.data.adapters.c_nmc import C_NMC
from training.data.adapters.class_folders import CLASS_FOLDERS
from training.data.adapters.jhu_aml import JHU_AML
from training.data.adapters.jhu_cells import JHU_CELLS
from training.data.adapters.orlov import ORLOV
from training.data.adapters.pbc_barcelona import PBC_BARCELONA
from training.data.adapters.taleghani import TALEGHANI, TALEGHANI_SEGMENTED
from training.errors import DatasetError

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            TALEGHANI,
            TALEGHANI_SEGMENTED,
            C_NMC,
            ALL_IDB1,
            ALL_IDB2,
            ORLOV,
            AML_CYTOMORPHOLOGY,
            PBC_BARCELONA,
            JHU_AML,
            JHU_CELLS,
            ASH,
            CLASS_FOLDERS,
        )
    }
)


def adapter(name: str) -> Adapter:
    """The adapter of that name. Raises DatasetError that lists those there are."""
    try:
        return ADAPTERS[name]
    except KeyError:
        raise DatasetError(
            f"There is no kind of release {name!r}. Name one of {', '.join(ADAPTERS)}."
        ) from None


def detect(folder: Path) -> Adapter:
    """The adapter whose release a folder is laid out as; plain class folders at last.

    Raises:
        DatasetError: None fits, or several releases lie in the folder.
    """
    if not folder.is_dir():
        raise DatasetError("There is no such folder of images. Give another path.")
    fitting = [
        entry
        for entry in ADAPTERS.values()
        if entry is not CLASS_FOLDERS and entry.is_layout(folder)
    ]
    if JHU_AML in fitting:  # one release: where it says what patients have, that is its label
        fitting.remove(JHU_CELLS)
    if len(fitting) > 1:
        raise DatasetError(
            f"The folder holds more than one release: {' and '.join(e.name for e in fitting)}. "
            "Name the kind, or give the folder of one."
        )
    if fitting:
        return fitting[0]
    if CLASS_FOLDERS.is_layout(folder):
        return CLASS_FOLDERS
    layouts = "; ".join(f"{entry.name}: {entry.layout}" for entry in ADAPTERS.values())
    raise DatasetError(
        f"The folder is laid out as no known release. They are laid out so: {layouts}. Give the "
        "folder that a release was unpacked into."
    )


def expected_counts(dataset: str) -> tuple[Mapping[str, int], str]:
    """How many images of each label a release has, and who says so; empty where nobody does.

    Args:
        dataset: The index's name of it.
    """
    for entry in ADAPTERS.values():
        if entry.dataset == dataset:
            return entry.counts, entry.counts_source
    return {}, ""
