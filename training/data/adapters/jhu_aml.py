"""Johns Hopkins, blasts and promyelocytes with their patient's diagnosis (figshare 14294675).

The release has a folder for each patient with "Signed slides" and a folder for each kind of cell
in it, and master.csv, whose columns Patient_ID, Diagnosis and Cohort say what a patient has.

Source: Sidhom et al. 2021, npj Precision Oncology 5:38, which read these cells; for the kinds of
all cells see `jhu_cells`.
"""

from __future__ import annotations

import csv
from pathlib import Path

from training.data.adapters.adapter import (
    Adapter,
    Found,
    FoundImage,
    children,
    found,
    image_files,
)
from training.data.adapters.jhu_cells import kind_of, patient_of
from training.errors import DatasetError

_TABLE = "master.csv"
_READ = ("blast", "promyelocyte")
_LAYOUT = "master.csv with Patient_ID and Diagnosis, and Patient_01/Signed slides/…/BL_16234491.jpg"
_MOST_BYTES = 2**20


def table_of(folder: Path) -> Path | None:
    """The table of patients of a release, in its folder, one below it or the one above."""
    below = (child / _TABLE for child in children(folder))
    return next(filter(_patients, (folder / _TABLE, *below, folder.parent / _TABLE)), None)


def _patients(table: Path) -> dict[str, tuple[str, str]]:
    """Diagnosis and cohort by patient; empty where the table is another one."""
    try:
        if table.stat().st_size > _MOST_BYTES:
            return {}
        with table.open(newline="", encoding="utf-8-sig") as file:
            return {
                row["Patient_ID"].strip(): (row["Diagnosis"].strip(), (row["Cohort"] or "").strip())
                for row in csv.DictReader(file)
                if row["Patient_ID"] and row["Diagnosis"]
            }
    except (OSError, UnicodeError, csv.Error, KeyError, AttributeError):
        return {}


def _is_layout(folder: Path) -> bool:
    return table_of(folder) is not None and any(
        patient_of(path, folder) and kind_of(path) for path in image_files(folder)
    )


def _read(folder: Path) -> Found:
    table, paths = table_of(folder), image_files(folder)
    if table is None and paths:
        raise DatasetError(
            f"The folder has no {_TABLE} with Patient_ID, Diagnosis and Cohort, which says what "
            "each patient has. Put it beside the patients, or take the kind jhu-cells."
        )
    patients = _patients(table) if table else {}
    images, skipped = [], []
    for path in paths:
        patient, kind = patient_of(path, folder), kind_of(path)
        if not patient or not kind:
            skipped.append((path, "its name is not Patient_<number> … <kind>_<number>"))
        elif kind not in _READ:
            skipped.append((path, "it is neither a blast nor a promyelocyte (kind jhu-cells)"))
        elif patient not in patients:
            skipped.append((path, f"{_TABLE} does not say what its patient has"))
        else:
            diagnosis, cohort = patients[patient]
            images.append(
                FoundImage(
                    path=path, label=diagnosis, group=patient, group_kind="patient", note=cohort
                )
            )
    return found(images, skipped, layout=_LAYOUT)


JHU_AML = Adapter(
    name="jhu-aml",
    title="Johns Hopkins AML and APL, by the patient's diagnosis",
    dataset="jhu_aml",
    layout=_LAYOUT,
    is_layout=_is_layout,
    read=_read,
    warnings=(
        "Labels are the patients' diagnoses, not the cells': one cell alone says little.",
        "Blasts and promyelocytes alone; for the kinds of all cells take the kind jhu-cells.",
    ),
)
