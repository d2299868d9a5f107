"""Tiny folders laid out as public releases are, with drawn pictures in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image


def draw(path: Path, *, seed: int, size: tuple[int, int] = (40, 40)) -> Path:
    """A picture of coarse noise, unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST).save(path)
    return path


def draw_all(root: Path, names: Iterable[str]) -> Path:
    """A picture of each name, each of a seed of its own."""
    for seed, name in enumerate(names):
        draw(root / name, seed=seed)
    return root


def taleghani(root: Path, half: str = "Original") -> Path:
    stems = {"Benign": "WBC-Benign", "Early": "WBC-Malignant-Early"}
    stems |= {"Pre": "WBC-Malignant-Pre", "Pro": "WBC-Malignant-Pro"}
    return draw_all(
        root,
        (
            f"{half}/{label}/{stem}-{number:03d}.jpg"
            for label, stem in stems.items()
            for number in (1, 2)
        ),
    )


def c_nmc(root: Path) -> Path:
    names = (
        "fold_0/all/UID_11_10_1_all.bmp",
        "fold_0/hem/UID_H10_1_1_hem.bmp",
        "fold_1/all/UID_2_3_4_all.bmp",
        "fold_1/hem/UID_H10_2_1_hem.bmp",
    )
    return draw_all(root, (f"C-NMC_Leukemia/C-NMC_training_data/{name}" for name in names))


def all_idb1(root: Path) -> Path:
    return draw_all(root, ("ALL_IDB1/im/Im001_1.jpg", "ALL_IDB1/im/Im034_0.jpg"))


def all_idb2(root: Path) -> Path:
    return draw_all(root, ("img/Im001_1.tif", "img/Im131_0.tif"))


def orlov(root: Path) -> Path:
    names = ("CLL/sj-05-588-R3_001.tif", "CLL/sj-05-588-R1_002.tif", "FL/sj-05-1881-R1_013.tif")
    return draw_all(root, (*names, "MCL/sj-05-1374_002.tif"))


def aml_cytomorphology(root: Path) -> Path:
    labels = ("BAS", "EBO", "EOS", "KSC", "LYA", "LYT", "MMZ", "MOB", "MON", "MYO")
    return draw_all(root, (f"AML-Cytomorphology_LMU/{label}/{label}_0001.tiff" for label in labels))


def jhu_cells(root: Path) -> Path:
    names = ("Patient_00/Unsigned/BL_16234491.jpg", "Patient_00/Unsigned/SNE_16234492.jpg")
    return draw_all(root, (*names, "Patient_07_PMY_5899689.jpg", "Patient_07_ERB_5899690.jpg"))


def jhu_aml(root: Path) -> Path:
    """As it is downloaded: patients, signed slides, kinds of cells; diagnoses in a table."""
    names = (
        "Patient_00/Signed slides/Blast, no lineage spec/BL_15336348.jpg",
        "Patient_00/Signed slides/Promyelocyte/PMY_13884202.jpg",
        "Patient_01/Signed slides/Blast, no lineage spec/BL_16234491.jpg",
        "Patient_83/Signed slides/Promyelocyte/PMO_17043013.jpg",
    )
    draw_all(root, (f"Data/All/{name}" for name in names))
    rows = ("00,APL,Discovery,29,Female", "01,AML,Discovery,28,Male", "83,AML,Validation,67,Male")
    lines = ("Patient_ID,Diagnosis,Cohort,Age at Diagnosis,Gender", *(f"Patient_{r}" for r in rows))
    (root / "Data" / "master.csv").write_text("\n".join(lines) + "\n")
    return root


def ash(root: Path) -> Path:
    draw_all(root / "ash", ("AML/00060519.jpg", "AML/00061127.jpg"))
    return root / "ash"


def pbc_barcelona(root: Path) -> Path:
    stems = {"basophil": "BA", "eosinophil": "EO", "erythroblast": "ERB", "ig": "MMY"}
    stems |= {"lymphocyte": "LY", "monocyte": "MO", "neutrophil": "SNE", "platelet": "PLATELET"}
    return draw_all(
        root,
        (
            f"PBC_dataset_normal_DIB/{label}/{stem}_{number}.jpg"
            for number, (label, stem) in enumerate(stems.items(), start=100102)
        ),
    )


def class_folders(root: Path) -> Path:
    return draw_all(
        root, (f"{label}/{number}.png" for label in ("blast", "normal") for number in (1, 2))
    )


def taleghani_segmented(root: Path) -> Path:
    return taleghani(root, "Segmented")


RELEASES = {
    "taleghani": taleghani,
    "taleghani-segmented": taleghani_segmented,
    "c-nmc": c_nmc,
    "all-idb1": all_idb1,
    "all-idb2": all_idb2,
    "orlov": orlov,
    "aml-cytomorphology": aml_cytomorphology,
    "pbc-barcelona": pbc_barcelona,
    "jhu-aml": jhu_aml,
    "jhu-cells": jhu_cells,
    "ash": ash,
    "class-folders": class_folders,
}
