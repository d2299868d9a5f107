"""Taleghani Hospital's ALL images (Kaggle mehradaria/leukemia): Original and Segmented.

Source: Aria et al. 2021, Acute Lymphoblastic Leukemia (ALL) image dataset; used by hagar-2023,
murtoza-2023 and najjar-2025.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import MappingProxyType

from training.data.adapters.adapter import (
    Adapter,
    Found,
    folders_below,
    images_by_class,
    roots_with,
)
from training.errors import DatasetError

_LABELS = ("Benign", "Early", "Pre", "Pro")
_COUNTS = MappingProxyType({"Benign": 504, "Early": 985, "Pre": 963, "Pro": 804})
_LAYOUT = "folders Benign, Early, Pre and Pro under {half}"


def _roots(folder: Path, *, is_segmented: bool) -> tuple[Path, ...]:
    """The folders that hold those of the classes: one, or each part of a split."""
    for candidate in folders_below(folder):
        names = (folder.resolve().name, *candidate.relative_to(folder).parts)
        if is_segmented == any("segment" in name.lower() for name in names):
            roots = roots_with(candidate, _LABELS, least=len(_LABELS), deepest=1)
            if roots:
                return roots
    return ()


def _has_layout(folder: Path, *, is_segmented: bool) -> bool:
    if is_segmented and _roots(folder, is_segmented=False):
        return False  # the whole release: its Original half is meant
    return bool(_roots(folder, is_segmented=is_segmented))


def _read(folder: Path, *, is_segmented: bool) -> Found:
    roots = _roots(folder, is_segmented=is_segmented)
    if not roots and not is_segmented and _roots(folder, is_segmented=True):
        raise DatasetError(
            "These are Taleghani's Segmented images, not the Original ones. Give the folder "
            "that holds Original, or ask for the kind taleghani-segmented."
        )
    half = "Segmented" if is_segmented else "Original"
    return images_by_class(folder, roots, _LABELS, layout=_LAYOUT.format(half=half))


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
