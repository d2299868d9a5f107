"""PBC, normal peripheral blood cells of Barcelona (Mendeley Data snkd93bnjr), in class folders.

Source: Acevedo et al. 2020, "A dataset of microscopic peripheral blood cell images for development
of automatic recognition systems", Data in Brief 30:105474.
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

_COUNTS = MappingProxyType(
    {
        "basophil": 1218,
        "eosinophil": 3117,
        "erythroblast": 1551,
        "ig": 2895,
        "lymphocyte": 1214,
        "monocyte": 1420,
        "neutrophil": 3329,
        "platelet": 2348,
    }
)
_LABELS = tuple(_COUNTS)
_LAYOUT = "folders basophil, eosinophil, erythroblast, ig … platelet"


def _is_layout(folder: Path) -> bool:
    return bool(roots_with(folder, _LABELS, least=len(_LABELS)))


def _read(folder: Path) -> Found:
    return images_by_class(folder, roots_with(folder, _LABELS, least=1), _LABELS, layout=_LAYOUT)


PBC_BARCELONA = Adapter(
    name="pbc-barcelona",
    title="PBC Barcelona",
    dataset="pbc_barcelona",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    counts=_COUNTS,
    counts_source="Acevedo et al. 2020",
    warnings=("Patients are unknown: figures on unseen patients cannot be given.",),
)
