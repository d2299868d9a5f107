"""Drawn microscope pictures with known cell masks, for tests and as the app's demo images.

Colours, numbers and sizes follow statistics measured on the real classes
(statistics.json, written by `python -m training synthetic-statistics`). No pixel is
copied from a real image, and no drawing shows a patient: every drawing carries CAPTION.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from drawn.canvas import (
    Canvas,
    Ink,
    lab_to_rgb,
    rgb_to_lab,
)
from drawn.errors import DrawingError
from drawn.statistics import read_statistics
from drawn.styles import STYLES
from drawn.tissue import TISSUE_STYLES, draw_tissue
from drawn.views import draw_cutout, draw_field, draw_single

Array = np.ndarray[Any, Any]

CAPTION = "Drawn image, not a patient's"
SMALLEST_PX, LARGEST_PX = 64, 2048
LARGEST_EXTENT = 8
PATIENT_SHARE = 0.75
"""Share of the variance of colours that lies between patients; the rest is between fields."""


@dataclass(frozen=True, kw_only=True)
class SmearClass:
    """A class that can be drawn.

    Attributes:
        label: Its key in SMEAR_CLASSES, such as "Pre" or "blast-cutout".
        class_name: The class as a model names it: "blast-cutout" is a "blast".
        title: Its name for a reader.
        tasks: What models are asked of such a picture.
        modality: "smear", "cell" (cut out on black) or "histology".
        native_px: Side at which cells have the size that was measured.
        blur_px, stretch: The lens's blur and the height to width of what is round, there.
    """

    label: str
    class_name: str
    title: str
    tasks: tuple[str, ...]
    modality: str
    native_px: int
    blur_px: float
    stretch: float = 1.0


@dataclass(frozen=True, kw_only=True)
class DrawnSmear:
    """A drawn picture and what is known of it.

    Attributes:
        rgb: (H, W, 3) uint8, read-only.
        cell_mask: (H, W) bool, read-only: nucleated cells, cytoplasm included.
        nucleus_mask: (H, W) bool, read-only: their nuclei; lies inside cell_mask.
        cell_numbers: (H, W) uint16, read-only: number of the nucleated cell on top; 0 for none.
        label: Key of SMEAR_CLASSES.
        class_name: The class as a model names it.
        seed: The seed that it was drawn with.
        patient: Number of the simulated patient, whose stain it shares.
        caption: Says that it is drawn; show it wherever the picture is shown.
    """

    rgb: Array
    cell_mask: Array
    nucleus_mask: Array
    cell_numbers: Array
    label: str
    class_name: str
    seed: int
    patient: int
    caption: str = CAPTION

    def __post_init__(self) -> None:
        for array in (self.rgb, self.cell_mask, self.nucleus_mask, self.cell_numbers):
            array.setflags(write=False)


_ALL = ("all-subtypes", "blood-cancer-8")
_LYMPHOMA = ("lymphoma-subtypes", "blood-cancer-8")
_CLASSES = (
    ("Benign", "Benign", "Benign (haematogones and normal cells)", _ALL, "smear", 224, 0.42, 1.32),
    ("Early", "Early", "Early pre-B acute lymphoblastic leukaemia", _ALL, "smear", 224, 0.42, 1.32),
    ("Pre", "Pre", "Pre-B acute lymphoblastic leukaemia", _ALL, "smear", 224, 0.42, 1.32),
    ("Pro", "Pro", "Pro-B acute lymphoblastic leukaemia", _ALL, "smear", 224, 0.42, 1.32),
    ("AML", "AML", "Acute myeloid leukaemia, one cell", ("aml-or-apl", "blood-cancer-8"),
     "smear", 360, 0.65, 1.0),
    ("APL", "APL", "Acute promyelocytic leukaemia, one cell", ("aml-or-apl",),
     "smear", 360, 0.65, 1.0),
    ("blast", "blast", "Lymphoblast", ("blast-or-normal",), "smear", 257, 0.55, 1.0),
    ("normal", "normal", "Normal white cell", ("blast-or-normal",), "smear", 257, 0.55, 1.0),
    ("blast-cutout", "blast", "Lymphoblast, cut out on black", ("blast-or-normal",),
     "cell", 450, 2.2, 1.0),
    ("normal-cutout", "normal", "Normal lymphoid cell, cut out on black", ("blast-or-normal",),
     "cell", 450, 2.2, 1.0),
    ("CLL", "CLL", "Chronic lymphocytic leukaemia, lymph node", _LYMPHOMA,
     "histology", 312, 0.4, 1.0),
    ("FL", "FL", "Follicular lymphoma, lymph node", _LYMPHOMA, "histology", 312, 0.4, 1.0),
    ("MCL", "MCL", "Mantle cell lymphoma, lymph node", _LYMPHOMA, "histology", 312, 0.4, 1.0),
)  # fmt: skip

SMEAR_CLASSES: Mapping[str, SmearClass] = MappingProxyType(
    {
        row[0]: SmearClass(
            label=row[0],
            class_name=row[1],
            title=row[2],
            tasks=row[3],
            modality=row[4],
            native_px=row[5],
            blur_px=row[6],
            stretch=row[7],
        )
        for row in _CLASSES
    }
)
"""Every class that can be drawn, by label."""


def labels_of_task(task: str) -> tuple[str, ...]:
    """Labels of SMEAR_CLASSES that a task's models are asked about, in their order there."""
    return tuple(entry.label for entry in SMEAR_CLASSES.values() if task in entry.tasks)


def draw(
    label: str,
    *,
    seed: int,
    size_px: int | None = None,
    patient: int | None = None,
    extent: int = 1,
) -> DrawnSmear:
    """Draw one picture of a class; the same arguments give the same bytes.

    Args:
        label: Key of SMEAR_CLASSES.
        seed: Not negative; another seed is another field.
        size_px: Side of the square picture, 64 to 2048; the same extent of the slide in more
            or fewer pixels. The class's native side by default.
        patient: Number of the simulated patient: pictures of one patient share a stain. By
            default every seed is a patient of its own.
        extent: How many usual fields lie side by side along the picture, 1 to 8: so many times
            as wide a part of the slide, with as many more cells. Only for fields of cells.

    Raises:
        DrawingError: The label, the seed or the size is not allowed.
    """
    entry = SMEAR_CLASSES.get(label)
    size = size_px if size_px is not None or entry is None else entry.native_px
    if entry is None or size is None:
        raise DrawingError(
            f"Expected a label of {', '.join(SMEAR_CLASSES)}, received {label!r}. Name one of them."
        )
    if not SMALLEST_PX <= size <= LARGEST_PX or seed < 0 or (patient is not None and patient < 0):
        raise DrawingError(
            f"Expected a side of {SMALLEST_PX} to {LARGEST_PX} px and numbers that are not "
            f"negative, received side {size}, seed {seed}, patient {patient}."
        )
    owner = seed if patient is None else patient
    statistics = read_statistics()[label]
    if not 1 <= extent <= LARGEST_EXTENT or (extent > 1 and statistics.kind != "field"):
        raise DrawingError(
            f"Expected an extent of 1 to {LARGEST_EXTENT}, more than 1 for fields of cells only, "
            f"received {extent} for {label}. Draw Benign, Early, Pre or Pro, or leave it out."
        )
    class_key = zlib.crc32(label.encode())
    layout, grain = (np.random.default_rng([seed, class_key, stream]) for stream in (1, 2))
    stain = stain_of(label, patient=owner, rng=layout)
    scale = size / (entry.native_px * extent)
    canvas = Canvas(size_px=size, scale=scale, stretch=entry.stretch, rng=grain, fields=extent**2)
    if entry.modality == "histology":
        draw_tissue(canvas, stain, TISSUE_STYLES[label], statistics, layout)
    else:
        views = {"field": draw_field, "single": draw_single, "cutout": draw_cutout}
        views[statistics.kind](canvas, stain, STYLES[label], statistics, layout)
    # in tissue and in cut-out cells the measure sees texture, not noise: 0.2 is a camera's own
    measures_noise = statistics.kind in ("field", "single")
    noise = statistics.numbers["noise_sd"].at(0.5) if measures_noise else 0.2
    blur = entry.blur_px * scale * float(layout.uniform(0.75, 1.3))
    rgb = canvas.expose(stain.rgb[stain.light], blur_px=blur, noise_sd=noise)
    cell = canvas.cell > (0.75 if entry.modality == "cell" else 0.5)
    nucleus = (canvas.nucleus > 0.5) & cell
    if entry.modality == "cell":
        rgb = _cut_out(rgb, cell)
    return DrawnSmear(
        rgb=np.ascontiguousarray(rgb),
        cell_mask=cell,
        nucleus_mask=nucleus,
        cell_numbers=canvas.number,
        label=label,
        class_name=entry.class_name,
        seed=seed,
        patient=owner,
    )


def _cut_out(rgb: Array, cell: Array) -> Array:
    """The picture with all but the cell black; the outermost pixel is half black, as if shrunk."""
    inner = cv2.erode(cell.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    share = np.where(inner, 1.0, np.where(cell, 0.55, 0.0)).astype(np.float32)
    black: Array = np.rint(rgb * share[..., None]).astype(np.uint8)
    return black


def stain_of(label: str, *, patient: int, rng: np.random.Generator) -> Ink:
    """Colours of one picture: the class's mean, the patient's shift, and the field's own.

    Args:
        label: Key of SMEAR_CLASSES.
        patient: Pictures of one patient share a stain.
        rng: For what is the field's own.
    """
    statistics = read_statistics()[label]
    eigenvalues, vectors = np.linalg.eigh(statistics.colour_covariance)
    n = len(eigenvalues)
    own = np.random.default_rng([patient, 0x57A1]).standard_normal(n)
    field = rng.standard_normal(n)
    deviate = np.sqrt(PATIENT_SHARE) * own + np.sqrt(1 - PATIENT_SHARE) * field
    # of other kinds few slides stand behind the statistics: beyond lie colours that none has
    most = 1.7 if statistics.kind == "field" else 1.2
    shift = vectors @ (np.sqrt(np.maximum(eigenvalues, 0)) * np.clip(deviate, -most, most))
    lab = dict(
        zip(statistics.colour_names, (statistics.colour_mean + shift).reshape(-1, 3), strict=True)
    )
    if statistics.kind == "single":
        # darker than 22, and the picture would be declined as underexposed, as such real ones are
        lab["nucleus"][0] = max(lab["nucleus"][0], 22.0)
    rgb = {name: lab_to_rgb(colour) for name, colour in lab.items()}
    if statistics.kind == "tissue":
        return Ink(rgb=MappingProxyType(rgb), light="gap")
    if statistics.kind == "cutout":
        # the cells were cut out of slides that were dark: 60 is about the light they had
        rgb |= {"background": lab_to_rgb(np.array([60.0, 2.0, 2.0])), "cytoplasm": rgb["edge"]}
    lightness, red, blue = rgb_to_lab(rgb["nucleus"])
    paper = rgb_to_lab(rgb["background"])[0]
    rgb |= {
        "smudge": lab_to_rgb(np.array([0.72 * paper + 0.2 * lightness, 0.6 * red, 0.35 * blue])),
        "granule": lab_to_rgb(np.array([0.9 * lightness, 1.1 * red, 0.5 * blue])),
        "fine granule": lab_to_rgb(
            np.array([0.3 * paper + 0.6 * lightness, 0.8 * red, 0.2 * blue])
        ),
        "eosin granule": lab_to_rgb(np.array([0.45 * paper + 0.2 * lightness, 0.8 * red, 12.0])),
    }
    return Ink(rgb=MappingProxyType(rgb), light="background")
