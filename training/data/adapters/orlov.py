"""Orlov's lymphoma sections: CLL, FL and MCL, case and slide in the file's name.

Source: Orlov et al. 2010, IEEE Trans. Inf. Technol. Biomed. 14(4) (IICBU, National Institute on
Aging); used by hagar-2023. In sj-05-588-R3_001.tif the case is sj-05-588.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from training.data.adapters.adapter import (
    Adapter,
    Found,
    images_by_class,
    roots_with,
)

_LABELS = ("CLL", "FL", "MCL")
_LAYOUT = "folders CLL, FL and MCL"


def _is_layout(folder: Path) -> bool:
    return bool(roots_with(folder, _LABELS, least=len(_LABELS)))


def _read(folder: Path) -> Found:
    return images_by_class(
        folder,
        roots_with(folder, _LABELS, least=1),
        _LABELS,
        layout=_LAYOUT,
        group_pattern=r"(sj-\d+-\d+)",
        group_kind="case",
    )


ORLOV = Adapter(
    name="orlov",
    title="Orlov lymphoma sections",
    dataset="orlov_lymphoma",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    counts=MappingProxyType({"CLL": 113, "FL": 139, "MCL": 122}),
    counts_source="hagar-2023, table I",
    warnings=("Few cases of each class: figures fall when slides are kept apart.",),
)
