"""AML-Cytomorphology_LMU (The Cancer Imaging Archive): single white cells in class folders.

Source: Matek et al. 2019, "Human-level recognition of blast cells in acute myeloid leukaemia with
convolutional neural networks", Nature Machine Intelligence 1:538–544.
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
        "BAS": 79,
        "EBO": 78,
        "EOS": 424,
        "KSC": 15,
        "LYA": 11,
        "LYT": 3937,
        "MMZ": 15,
        "MOB": 26,
        "MON": 1789,
        "MYB": 42,
        "MYO": 3268,
        "NGB": 109,
        "NGS": 8484,
        "PMB": 18,
        "PMO": 70,
    }
)
_LABELS = tuple(_COUNTS)
_LAYOUT = "folders BAS, EBO, EOS … PMO"


def _is_layout(folder: Path) -> bool:
    return bool(roots_with(folder, _LABELS, least=8))


def _read(folder: Path) -> Found:
    return images_by_class(folder, roots_with(folder, _LABELS, least=1), _LABELS, layout=_LAYOUT)


AML_CYTOMORPHOLOGY = Adapter(
    name="aml-cytomorphology",
    title="AML-Cytomorphology (Munich)",
    dataset="aml_cytomorphology",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    counts=_COUNTS,
    counts_source="Matek et al. 2019",
    warnings=(
        "The label is the cell's, not the patient's; which cell is whose is not in the names.",
    ),
)
