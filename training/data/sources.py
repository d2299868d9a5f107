"""Where images come from: citation and licence of every release that a model may learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from models.bundle.card import DataSource
from training.data.index import ImageRecord

_TALEGHANI = (
    "Aria M. et al. 2021, Acute Lymphoblastic Leukemia (ALL) image dataset, "
    "Taleghani Hospital, Tehran (Kaggle mehradaria/leukemia)"
)
_ALL_IDB = (
    "Labati R. D. et al. 2011, ALL-IDB: the acute lymphoblastic leukemia image database "
    "for image processing, ICIP"
)
_SIDHOM = (
    "Sidhom J.-W. et al. 2021, Deep learning for diagnosis of acute promyelocytic "
    "leukemia via recognition of genomically imprinted morphologic features, "
    "npj Precision Oncology 5 (figshare 14294675)"
)
_ZHENG = (
    "Zheng X. et al. 2018, Fast and robust segmentation of white blood cell images by "
    "self-supervised learning, Micron 107 (GitHub zxaoyou/segmentation_WBC)"
)
# name in an index → (title, citation, licence, note). Licences as the releases state them.
_RELEASES: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "taleghani_all": (
            "Taleghani ALL 2021",
            _TALEGHANI,
            "as the Kaggle page states; images are not passed on",
            "89 patients whose ids are lost; scale bars and marks in a corner differ by class.",
        ),
        "taleghani_all_segmented": (
            "Taleghani ALL 2021, segmented",
            _TALEGHANI,
            "as the Kaggle page states; images are not passed on",
            "89 patients whose ids are lost; cells cut out by colour thresholds of the authors.",
        ),
        "orlov_lymphoma": (
            "NIA lymphoma 2010",
            "Orlov N. et al. 2010, Automatic classification of lymphoma images with transform-"
            "based global features, IEEE Trans. Inf. Technol. Biomed. 14(4) (NIA IICBU)",
            "public domain release of the NIH; images are not passed on",
            "H&E sections; cases inferred from the public file list.",
        ),
        "c_nmc": (
            "C-NMC 2019",
            "Gupta A. et al., C-NMC 2019 (ISBI challenge), The Cancer Imaging Archive",
            "CC BY 3.0",
            "single cells cut out on black; few of its subjects are healthy.",
        ),
        "jhu_aml": (
            "Johns Hopkins AML and APL 2021",
            _SIDHOM,
            "CC BY 4.0",
            "CellaVision single cells; the diagnosis is the patient's.",
        ),
        "jhu_cells": (
            "Johns Hopkins cells 2021",
            _SIDHOM,
            "CC BY 4.0",
            "CellaVision single cells, each by its own kind, of the same patients as jhu_aml.",
        ),
        "aml_cytomorphology": (
            "AML-Cytomorphology_LMU 2019",
            "Matek C. et al. 2019, A single-cell morphological dataset of leukocytes from AML "
            "patients and non-malignant controls, The Cancer Imaging Archive "
            "(doi 10.7937/tcia.2019.36f5o9ld); Matek C. et al. 2019, Human-level recognition of "
            "blast cells in acute myeloid leukaemia with convolutional neural networks, Nature "
            "Machine Intelligence 1",
            "CC BY 3.0",
            "single cells of 100 patients and 100 controls; no name says whose a cell is.",
        ),
        "pbc_barcelona": (
            "PBC Barcelona 2020",
            "Acevedo A. et al. 2020, A dataset of microscopic peripheral blood cell images for "
            "development of automatic recognition systems, Data in Brief 30, 105474 "
            "(Mendeley Data snkd93bnjr)",
            "CC BY 4.0",
            "CellaVision single cells of people without a blood disease; people unknown.",
        ),
        "all_idb1": (
            "ALL-IDB1",
            _ALL_IDB,
            "research use on request; images are not passed on",
            "fields; the size of the image alone tells blast from healthy.",
        ),
        "all_idb2": (
            "ALL-IDB2",
            _ALL_IDB,
            "research use on request; images are not passed on",
            "single cells.",
        ),
        "marrow_cells": (
            "Marrow cells, MLL and Helmholtz Munich 2021",
            "Matek C. et al. 2021, Highly accurate differentiation of bone marrow cell "
            "morphologies using deep neural networks on a large image data set, Blood 138 (The "
            "Cancer Imaging Archive, doi 10.7937/TCIA.AXH3-T579)",
            "as the archive's page states; images are not passed on",
            "single cells of bone marrow; told from names and size, saved anew as JPEG.",
        ),
        "jtsc": (
            "JTSC (Jiangxi Tecom)",
            _ZHENG,
            "as the repository states; images are not passed on",
            "crops of white cells, quick stain; the authors call the class labels unverified.",
        ),
        "cellavision": (
            "CellaVision blog crops",
            _ZHENG,
            "as the repository states; images are not passed on",
            "crops of white cells; the authors call the class labels unverified.",
        ),
        "ash": (
            "ASH image bank",
            "American Society of Hematology, imagebank.hematology.org",
            "as the bank's terms state; images are not passed on",
            "single pictures of many laboratories, chosen by hand; patients unknown.",
        ),
        "bccd": (
            "BCCD",
            "BCCD Dataset (GitHub Shenggan/BCCD_Dataset), from images of cosmicad and akshaylamba",
            "MIT",
            "fields with boxes around cells.",
        ),
        "corrections": (
            "Corrected cells",
            "Readers of one installation, with their consent",
            "as who runs the installation says; pictures are of patients' cells",
            "single cells of fields, named by readers who saw a model's answer first.",
        ),
        "synthetic": (
            "Drawn smears",
            "Drawn by this project",
            "Apache-2.0",
            "Drawn, not a patient's.",
        ),
    }
)


def sources_of(records: Sequence[ImageRecord]) -> tuple[DataSource, ...]:
    """The releases that these images come from, with the number of images and groups of each."""
    sources = []
    for name in sorted({record.dataset for record in records}):
        mine = [record for record in records if record.dataset == name]
        groups = {record.group for record in mine if record.group}
        title, citation, licence, note = _RELEASES.get(
            name, (name, "not stated in the index", "not stated in the index", "")
        )
        sources.append(
            DataSource(
                name=title,
                citation=citation,
                licence=licence,
                n_images=len(mine),
                n_groups=len(groups) or None,
                note=note,
            )
        )
    return tuple(sources)
