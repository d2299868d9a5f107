"""Johns Hopkins, single white cells of patients with AML or APL (figshare 14294675).

CellaVision names the file of a cell for its kind and number, and the folder for the patient:
Patient_01/…/BL_16234491.jpg, or Patient_01_BL_16234491.jpg where the folders were flattened. The
labels are the cells', whatever the folders above say of the patient's disease.

Source: Sidhom et al. 2021, "Deep learning for diagnosis of acute promyelocytic leukemia via
recognition of genomically imprinted morphologic features", npj Precision Oncology 5:38.
"""

from __future__ import annotations

import re
from pathlib import Path
from types import MappingProxyType

from training.data.adapters.adapter import (
    Adapter,
    Found,
    FoundImage,
    found,
    image_files,
)

_KINDS = MappingProxyType(
    {
        "BA": "basophil",
        "BL": "blast",
        "BNE": "neutrophil",
        "EO": "eosinophil",
        "ERB": "erythroblast",
        "LY": "lymphocyte",
        "MMY": "metamyelocyte",
        "MO": "monocyte",
        "MY": "myelocyte",
        "PMO": "promyelocyte",
        "PMY": "promyelocyte",
        "SMU": "smudge",
        "SNE": "neutrophil",
        "VLY": "lymphocyte",
    }
)
_LAYOUT = "files Patient_01/…/BL_16234491.jpg or Patient_01_BL_16234491.jpg, BL … SNE the kind"
_NAME = re.compile(r"(?:^|_)([A-Z]{2,3})_(\d+)$")
_PATIENT = re.compile(r"(?:^|/)(Patient_\d+)(?=[_/])")


def _is_layout(folder: Path) -> bool:
    return any(patient_of(path, folder) and _NAME.search(path.stem) for path in image_files(folder))


def kind_of(path: Path) -> str:
    """The kind of cell that a file is named for; "" where it is named for none that is read."""
    name = _NAME.search(path.stem)
    return _KINDS.get(name[1], "") if name else ""


def patient_of(path: Path, folder: Path) -> str:
    """The patient that a file or a folder on the way to it is named for; "" for none."""
    match = _PATIENT.search(path.relative_to(folder).as_posix())
    return match[1] if match else ""


def _read(folder: Path) -> Found:
    images, skipped = [], []
    for path in image_files(folder):
        patient, name = patient_of(path, folder), _NAME.search(path.stem)
        if not patient or name is None:
            skipped.append((path, "its name is not Patient_<number> … <kind>_<number>"))
        elif name[1] not in _KINDS:
            skipped.append((path, f"{name[1]} is no kind of cell that is read"))
        else:
            images.append(
                FoundImage(path=path, label=_KINDS[name[1]], group=patient, group_kind="patient")
            )
    return found(images, skipped, layout=_LAYOUT)


JHU_CELLS = Adapter(
    name="jhu-cells",
    title="Johns Hopkins AML and APL, cells",
    dataset="jhu_cells",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    warnings=(
        "Labels are those of the analyser's software as the readers left them, one cell at a time; "
        "the patients have leukaemia, so their normal cells are those of ill people.",
    ),
)
