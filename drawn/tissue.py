"""How lymphoma tissue is drawn: nuclei by the thousand, nodules, fibres, vessels and clefts.

Patterns after the WHO Classification of Haematolymphoid Tumours: CLL a diffuse sheet of small
round nuclei with vague pale proliferation centres; follicular lymphoma crowded follicles of
paler, larger nuclei in a darker surround; mantle cell lymphoma a monotonous sheet with
hyalinised small vessels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from drawn.canvas import Canvas, Ink, soft_step
from drawn.statistics import ClassStatistics

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, kw_only=True)
class TissueStyle:
    """How a lymphoma's tissue looks.

    Attributes:
        nodules: Least and most nodules a field.
        nodule_radius: Least and most radius of a nodule, as a share of the field's side.
        paleness: How much paler (share of density) and larger nuclei are inside a nodule.
        edge: How sharply a nodule ends: 0 vague to 1 with a dark mantle about it.
        fibres: Least and most strands of collagen or hyalinised vessels.
        irregularity: Unevenness of nuclei: 0 round.
        unevenness: How much the depth of stain changes across a field.
        pinkness: How much of the ground outside nodules is pink with collagen.
    """

    nodules: tuple[int, int]
    nodule_radius: tuple[float, float]
    paleness: float
    edge: float
    fibres: tuple[int, int]
    irregularity: float
    pinkness: float
    unevenness: float


TISSUE_STYLES: Mapping[str, TissueStyle] = MappingProxyType(
    {
        "CLL": TissueStyle(
            nodules=(1, 2),
            nodule_radius=(0.16, 0.28),
            paleness=0.22,
            edge=0.0,
            fibres=(2, 4),
            irregularity=0.08,
            pinkness=0.25,
            unevenness=0.11,
        ),
        "FL": TissueStyle(
            nodules=(2, 4),
            nodule_radius=(0.17, 0.27),
            paleness=0.34,
            edge=1.0,
            fibres=(3, 6),
            irregularity=0.28,
            pinkness=0.6,
            unevenness=0.05,
        ),
        "MCL": TissueStyle(
            nodules=(0, 1),
            nodule_radius=(0.25, 0.4),
            paleness=0.12,
            edge=0.2,
            fibres=(3, 6),
            irregularity=0.22,
            pinkness=0.35,
            unevenness=0.11,
        ),
    }
)

OVERSAMPLING = 3


LATTICE = 0.72
"""Spacing of drawn nuclei for each unit measured: measuring also counts clumps of chromatin."""


def draw_tissue(
    canvas: Canvas,
    ink: Ink,
    style: TissueStyle,
    statistics: ClassStatistics,
    rng: np.random.Generator,
) -> None:
    """Draw a field of lymph node, haematoxylin and eosin."""
    size, scale = canvas.size_px, canvas.scale
    measured = statistics.numbers["nucleus_spacing_px"].at(rng.uniform(0.1, 0.9))
    spacing = LATTICE * measured * scale
    nodule, mantle = _nodules(style, size, rng)
    fibre, space = _fibres(style, size, scale, rng)
    centres = _centres(size, spacing, nodule, fibre, rng)
    rows, columns = (np.clip(centres[:, axis], 0, size - 1).astype(int) for axis in (1, 0))
    depth, mask = _nuclei(size, centres, spacing, nodule[rows, columns], style, rng)
    thickness = (
        1 + style.unevenness * canvas.texture(45 * scale) + 0.05 * canvas.texture(16 * scale)
    )
    stain = depth * (1 - style.paleness * nodule) * (1 + 0.15 * mantle)
    stain = stain * (1 + 0.25 * canvas.texture(1.2 * scale)) * thickness
    weave = (1 + 0.3 * canvas.texture(2.2 * scale)) * thickness
    weave = weave * (1 - 0.3 * style.paleness * nodule)
    clefts = _clefts(canvas, mask, space, rng)
    pink = soft_step(canvas.texture(30 * scale) - 0.9, 1.6) * (1 - nodule) * style.pinkness
    ground = np.clip(weave * (1 - fibre) * (1 - clefts), 0, None)
    strand = 0.75 * fibre * (1 + 0.2 * canvas.texture(2.5 * scale)) * (1 - space)
    density = (ground * (1 - pink))[..., None] * ink.density("stroma")
    density += (strand + ground * pink)[..., None] * ink.density("eosin")
    density += _red_cells(canvas, spacing, rng)[..., None] * ink.density("eosin")
    canvas.density += density * (1 - mask)[..., None] + stain[..., None] * ink.density("nucleus")
    canvas.density *= (1 - space)[..., None]
    canvas.nucleus = np.asarray(mask * (1 - space), np.float32)
    canvas.cell = cv2.dilate(canvas.nucleus, np.ones((3, 3), np.uint8))


def _nodules(style: TissueStyle, size: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """How much each pixel lies inside a nodule, and in the dark mantle about one, 0 to 1."""
    small = 64
    ys, xs = np.mgrid[:small, :small] / small
    wobble = cv2.GaussianBlur(rng.standard_normal((small, small)), (0, 0), 5)
    inside = np.full((small, small), -1.0)
    for _ in range(int(rng.integers(style.nodules[0], style.nodules[1] + 1))):
        x, y = rng.uniform(0.1, 0.9, 2)
        radius = rng.uniform(*style.nodule_radius)
        inside = np.maximum(inside, radius - np.hypot((xs - x) * rng.uniform(0.8, 1.2), ys - y))
    inside += 0.25 * wobble
    softness = 0.16 - 0.1 * style.edge
    nodule = soft_step(inside, softness)
    mantle = style.edge * np.exp(-(((inside + 0.03) / 0.04) ** 2)) * (1 - nodule)
    return (
        cv2.resize(nodule, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.float32),
        cv2.resize(mantle, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.float32),
    )


def _fibres(
    style: TissueStyle, size: int, scale: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Strands of collagen and small vessels, and the empty space inside and beside some."""
    fibre, space = np.zeros((size, size), np.uint8), np.zeros((size, size), np.uint8)
    for _ in range(int(rng.integers(style.fibres[0], style.fibres[1] + 1))):
        _draw_strand(fibre, space, scale, rng)
    for _ in range(int(rng.integers(1, style.fibres[1] + 1))):
        _draw_vessel(fibre, space, scale, rng)
    frayed = cv2.GaussianBlur(rng.standard_normal((size, size)), (0, 0), 2.2 * scale) * 3.4 * scale
    soft = cv2.GaussianBlur(fibre, (0, 0), 1.3 * scale).astype(np.float32) / 255
    soft = soft_step(soft - 0.38 + 0.5 * frayed.astype(np.float32), 0.5)
    return soft, cv2.GaussianBlur(space, (0, 0), 0.7 * scale).astype(np.float32) / 255


def _draw_strand(fibre: Array, space: Array, scale: float, rng: np.random.Generator) -> None:
    """A winding strand of collagen that tapers, here and there with a split beside it."""
    size = len(fibre)
    at, heading = rng.uniform(0, size, 2), rng.uniform(0, 2 * np.pi)
    steps, width = int(rng.integers(14, 40)), float(rng.uniform(2.0, 5.0)) * scale
    has_split = rng.random() < 0.35
    for i in range(steps):
        heading += rng.normal(0, 0.14)
        at = at + 3.2 * scale * np.array([np.cos(heading), np.sin(heading)])
        radius = width * np.sin(np.pi * (i + 0.5) / steps) ** 0.6 * rng.uniform(0.8, 1.2)
        place = (round(at[0] * 16), round(at[1] * 16))
        cv2.circle(fibre, place, max(8, round(radius * 16)), 255, -1, cv2.LINE_AA, 4)
        if has_split and steps // 4 < i < steps // 2:
            side = at + 1.3 * radius * np.array([-np.sin(heading), np.cos(heading)])
            place = (round(side[0] * 16), round(side[1] * 16))
            cv2.circle(space, place, max(6, round(0.45 * radius * 16)), 255, -1, cv2.LINE_AA, 4)


def _draw_vessel(fibre: Array, space: Array, scale: float, rng: np.random.Generator) -> None:
    """A small vessel cut across: a hyaline ring with a slit of a lumen."""
    size = len(fibre)
    place = tuple(round(float(v) * 16) for v in rng.uniform(0, size, 2))
    radius, turn = float(rng.uniform(4, 9)) * scale, float(rng.uniform(0, 180))
    outer = (round(radius * 16), round(radius * rng.uniform(0.6, 0.9) * 16))
    cv2.ellipse(fibre, place, outer, turn, 0, 360, 255, -1, cv2.LINE_AA, 4)
    lumen = (round(0.45 * outer[0]), round(0.3 * outer[1]))
    cv2.ellipse(space, place, lumen, turn, 0, 360, 255, -1, cv2.LINE_AA, 4)


def _centres(
    size: int, spacing: float, nodule: Array, fibre: Array, rng: np.random.Generator
) -> Array:
    """Centres (n, 2) of nuclei: an uneven lattice, wider in nodules, empty on fibres."""
    rows, columns = int(size / (spacing * 0.866)) + 3, int(size / spacing) + 3
    ys, xs = np.mgrid[:rows, :columns].astype(np.float64)
    xs, ys = (xs + 0.5 * (ys % 2) - 1) * spacing, (ys - 1) * spacing * 0.866
    centres = np.stack([xs.ravel(), ys.ravel()], axis=1)
    centres = centres[rng.permutation(len(centres))]
    centres += rng.normal(0, 0.2 * spacing, centres.shape)
    at = np.clip(centres, 0, size - 1).astype(int)
    dropped = 0.05 + 0.12 * nodule[at[:, 1], at[:, 0]] + 0.9 * fibre[at[:, 1], at[:, 0]]
    kept: Array = centres[rng.uniform(0, 1, len(centres)) > dropped]
    return kept


def _nuclei(
    size: int,
    centres: Array,
    spacing: float,
    inside: Array,
    style: TissueStyle,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Depth of stain and cover (H, W), 0 to about 1, of all nuclei."""
    over = OVERSAMPLING if size <= 640 else 1
    depth = np.zeros((size * over, size * over), np.uint8)
    cover = np.zeros_like(depth)
    radii = 0.36 * spacing * np.clip(rng.normal(1, 0.13, len(centres)), 0.6, 1.5)
    radii = radii * (1 + 0.5 * style.paleness * inside)
    shades = np.clip(rng.normal(200, 26, len(centres)), 110, 255)
    longer = 1 + np.abs(rng.normal(0, style.irregularity, len(centres)))
    turns = rng.uniform(0, 180, len(centres))
    for (x, y), radius, shade, long, turn in zip(
        centres, radii, shades, longer, turns, strict=True
    ):
        place = (round(x * over * 16), round(y * over * 16))
        axes = (round(radius * over * 16 * long), round(radius * over * 16 / long))
        cv2.ellipse(depth, place, axes, turn, 0, 360, int(shade), -1, cv2.LINE_8, 4)
        cv2.ellipse(cover, place, axes, turn, 0, 360, 255, -1, cv2.LINE_8, 4)
    depth = cv2.resize(depth, (size, size), interpolation=cv2.INTER_AREA)
    cover = cv2.resize(cover, (size, size), interpolation=cv2.INTER_AREA)
    return depth.astype(np.float32) / 200, cover.astype(np.float32) / 255


def _clefts(canvas: Canvas, mask: Array, space: Array, rng: np.random.Generator) -> Array:
    """Bright slits between cells, where tissue shrank in fixing."""
    wide = canvas.texture(5 * canvas.scale)
    slits = soft_step(wide - rng.uniform(0.7, 1.3), 1.2) * (1 - mask)
    clefts: Array = np.maximum(slits, space)
    return clefts


def _red_cells(canvas: Canvas, spacing: float, rng: np.random.Generator) -> Array:
    """Loose groups of red cells, as depth of eosin."""
    size = canvas.size_px
    sheet = np.zeros((size, size), np.uint8)
    for _ in range(int(rng.poisson(4))):
        group = rng.uniform(0, size, 2)
        for x, y in rng.normal(group, 2.2 * spacing, (int(rng.integers(2, 14)), 2)):
            place = (round(x * 16), round(y * 16))
            cv2.circle(sheet, place, round(0.33 * spacing * 16), 255, -1, cv2.LINE_AA, 4)
    blurred: Array = cv2.GaussianBlur(sheet, (0, 0), 0.6 * canvas.scale).astype(np.float32)
    return blurred / 255
