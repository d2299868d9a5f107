"""Taleghani Hospital's ALL images (Kaggle mehradaria/leukemia): Original and Segmented.

Source: Aria et al. 2021, Acute Lymphoblastic Leukemia (ALL) image dataset; used by hagar-2023,
murtoza-2023 and najjar-2025.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import MappingProxyType

from models.errors import DatasetError
from training.datasets.adapters.adapter import (
    Adapter,
    Found,
    class_folders,
    folders_below,
    images_by_class,
)

_LABELS = ("Benign", "Early", "Pre", "Pro")
_COUNTS = MappingProxyType({"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804})
_LAYOUT = "folders Benign, Early, Pre and Pro under {half}"


def _root(folder: Path, *, is_segmented: bool) -> Path | None:
    for candidate in folders_below(folder):
        if len(class_folders(candidate, _LABELS)) == len(_LABELS) and is_segmented == (
            "segment" in candidate.name.lower()
        ):
            return candidate
    return None


def _has_layout(folder: Path, *, is_segmented: bool) -> bool:
    if is_segmented and _root(folder, is_segmented=False):
        return False  # the whole release: its Original half is meant
    return _root(folder, is_segmented=is_segmented) is not None


def _read(folder: Path, *, is_segmented: bool) -> Found:
    root = _root(folder, is_segmented=is_segmented)
    if root is None and not is_segmented and _root(folder, is_segmented=True):
        raise DatasetError(
            "Expected Taleghani's Original images, received the Segmented ones. Give the folder "
            "that holds Original, or ask for the kind taleghani-segmented."
        )
    half = "Segmented" if is_segmented else "Original"
    return images_by_class(root, _LABELS, layout=_LAYOUT.format(half=half))


TALEGHANI = Adapter(
    name="taleghani",
    title="Taleghani ALL, Original",
    dataset="taleghani_all",
    layout=_LAYOUT.format(half="Original"),
    is_layout=partial(_has_layout, is_segmented=False),
    read=partial(_read, is_segmented=False),
    counts=_COUNTS,
    counts_source="hagar-2023, table I",
    warnings=(
        "Patients are unknown: figures on unseen patients cannot be given.",
        "Scale bars and marks at the bottom right differ by class: cover the corner.",
    ),
)
TALEGHANI_SEGMENTED = Adapter(
    name="taleghani-segmented",
    title="Taleghani ALL, Segmented",
    dataset="taleghani_all_segmented",
    layout=_LAYOUT.format(half="Segmented"),
    is_layout=partial(_has_layout, is_segmented=True),
    read=partial(_read, is_segmented=True),
    counts=_COUNTS,
    counts_source="hagar-2023, table I",
    warnings=(
        "Segmented by colour thresholds that its authors set: the colours that are left can give "
        "the class away, and no image of a clinic looks so. Train on Original.",
        "Patients are unknown: figures on unseen patients cannot be given.",
    ),
)
