"""How one cell is drawn: red cell, nucleated cell of any kind, platelet, smudge.

Shapes and textures are those that textbooks draw (WHO Classification of Haematolymphoid
Tumours; Bain, Blood Cells): fine chromatin and a thin basophilic rim in a blast, clumped
chromatin in a lymphocyte, lobes in a granulocyte, granules and Auer rods in a promyelocyte.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from drawn.canvas import (
    Box,
    Canvas,
    Ink,
    capsule,
    outline,
    random_bumps,
    soft_step,
)
from drawn.styles import CellKind

Array = np.ndarray[Any, Any]
Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CellPlan:
    """One nucleated cell that is to be drawn.

    Attributes:
        kind: How it looks.
        centre: (x, y) in px.
        radius_px: Radius of the disc of the cell's area.
        lighter: How much lighter (CIE L*) its nucleus is than the picture's usual one.
        chromatin: Contrast of the chromatin, as a share of its density.
        ragged: Unevenness of the outline's edge, as a share of the radius.
    """

    kind: CellKind
    centre: Point
    radius_px: float
    lighter: float = 0.0
    chromatin: float = 0.1
    ragged: float = 0.0


def draw_red_cell(
    canvas: Canvas,
    centre: Point,
    radius_px: float,
    pallor: float,
    rng: np.random.Generator,
    *,
    crenated: bool = False,
) -> None:
    """Draw a red cell: a disc, paler in the middle by `pallor` (0 none to 1 a ring).

    Where two overlap, the upper one adds a third of its thickness: both are flattened there.
    """
    box = canvas.box(centre, 1.25 * radius_px + 3)
    if box is None:
        return
    dx, dy = canvas.offsets(box, centre)
    bumps = random_bumps(rng, 0.03)
    if crenated:
        bumps = np.vstack([bumps, np.zeros((6, 2)), [[rng.uniform(0.03, 0.06), 0.0]]])
    inside = outline(dx, dy, radius_px, bumps, elongation=1 + abs(rng.normal(0, 0.1)))
    depth = np.clip(inside / radius_px, 0, 1)
    hollow = pallor * soft_step(depth - rng.uniform(0.5, 0.62), 0.5)
    thickness = min(max(rng.normal(1.0, 0.2), 0.6), 1.6) * (1 - hollow)
    thickness = thickness * (1 + 0.12 * soft_step(0.3 - depth, 0.3))
    alpha = soft_step(inside, max(0.9, 0.04 * radius_px + 0.5 * canvas.scale))
    above, below = alpha * thickness, canvas.red[box]
    canvas.red[box] = np.maximum(above, below) + 0.35 * np.minimum(above, below)


def draw_platelets(
    canvas: Canvas, ink: Ink, centre: Point, radius_px: float, rng: np.random.Generator
) -> None:
    """Draw a platelet, or a small clump of them: mauve, granular, without an edge."""
    for _ in range(int(rng.choice([1, 1, 1, 2, 4]))):
        at = (
            centre[0] + rng.normal(0, 1.6) * radius_px,
            centre[1] + rng.normal(0, 1.6) * radius_px,
        )
        radius = radius_px * rng.uniform(0.7, 1.25)
        box = canvas.box(at, 1.5 * radius + 2)
        if box is None:
            continue
        dx, dy = canvas.offsets(box, at)
        alpha = soft_step(outline(dx, dy, radius, random_bumps(rng, 0.12)), 0.6 * radius + 0.8)
        grain = 1 + 0.4 * canvas.texture(1.6 * canvas.scale)[box]
        depth = np.float32(rng.uniform(0.35, 0.7))
        canvas.density[box] += (alpha * grain)[..., None] * depth * ink.density("nucleus")


def draw_smudge(
    canvas: Canvas, ink: Ink, centre: Point, radius_px: float, rng: np.random.Generator
) -> None:
    """Draw a smudge cell: the pale, frayed remains of a nucleus that burst in spreading."""
    box = canvas.box(centre, 2 * radius_px)
    if box is None:
        return
    dx, dy = canvas.offsets(box, centre)
    inside = outline(dx, dy, radius_px, random_bumps(rng, 0.16, 9), elongation=rng.uniform(1, 1.6))
    frayed = inside + 0.16 * radius_px * canvas.texture(8 * canvas.scale)[box]
    veil = 1 + 0.18 * canvas.texture(2.0 * canvas.scale)[box]
    alpha = soft_step(frayed, 0.25 * radius_px + 1)
    pink = ink.density("smudge") * np.float32(rng.uniform(0.7, 1.1))
    canvas.density[box] *= (1 - 0.6 * alpha)[..., None]
    canvas.density[box] += (alpha * veil)[..., None] * pink


def draw_nucleated_cell(canvas: Canvas, ink: Ink, plan: CellPlan, rng: np.random.Generator) -> None:
    """Draw a nucleated cell over what lies there, and enter it into the canvas's masks."""
    kind, radius = plan.kind, plan.radius_px
    box = canvas.box(plan.centre, 1.35 * radius + 4)
    if box is None:
        return
    dx, dy = canvas.offsets(box, plan.centre)
    share = rng.uniform(*kind.nucleus_share)
    body = outline(
        dx,
        dy,
        radius,
        random_bumps(rng, kind.roughness),
        elongation=rng.uniform(1.0, kind.elongation),
    )
    if plan.ragged:
        body = body + plan.ragged * radius * canvas.texture(0.3 * radius)[box]
    inner = radius * math.sqrt(share)
    angle, slide = rng.uniform(0, 2 * math.pi), rng.uniform(0.1, 0.95) * (radius - inner)
    nx, ny = dx - slide * math.cos(angle), dy - slide * math.sin(angle)
    soft = max(0.8, 0.02 * radius + 0.5 * canvas.scale)
    # the nucleus shares the cell's long axis in as far as the cell's edge holds it in
    shape = np.minimum(_nucleus(kind, nx, ny, inner, rng), body + 0.3 * soft)
    cell, nucleus = soft_step(body, soft), soft_step(shape, 0.8 * soft)

    rim = soft_step(0.2 * radius - body, 0.2 * radius)
    halo = np.exp(-((shape / (0.1 * radius)) ** 2))
    plasma = kind.cytoplasm * (1 + 0.25 * rim - 0.35 * halo)
    plasma = plasma * (1 + 0.05 * canvas.texture(3.0 * canvas.scale)[box])
    plasma = plasma * (1 - _vacuoles(kind, dx, dy, radius, rng))
    density = plasma[..., None] * ink.density("cytoplasm")
    if kind.granules:
        specks = _specks(canvas, box, kind, radius, rng)
        density = density + specks[..., None] * ink.density(kind.granule_colour)

    mottled = 1 + plan.chromatin * _chromatin(canvas, box, kind, radius)
    mottled = mottled + 0.14 * np.exp(-((shape / (0.05 * radius + 0.5)) ** 2))
    mottled = mottled - _nucleoli(kind, nx, ny, inner, rng) + _crease(kind, nx, ny, inner, rng)
    stain = mottled[..., None] * ink.density("nucleus", lighter=plan.lighter)
    density = density * (1 - nucleus)[..., None] + stain * nucleus[..., None]
    for _ in range(int(rng.integers(0, kind.auer_rods + 1))):
        rod = _auer_rod(dx, dy, radius, rng) * (1 - 0.6 * nucleus)
        density = density + rod[..., None] * ink.density("granule")

    canvas.density[box] *= (1 - 0.92 * cell)[..., None]
    canvas.density[box] += cell[..., None] * np.maximum(density, 0)
    canvas.cell[box] = np.maximum(canvas.cell[box], cell)
    canvas.nucleus[box] = np.maximum(canvas.nucleus[box] * (1 - cell), nucleus)
    canvas.number[box][cell > 0.5] = canvas.number.max() + 1


def _nucleus(
    kind: CellKind, dx: Array, dy: Array, radius: float, rng: np.random.Generator
) -> Array:
    """Signed distance in px inside a nucleus of the kind's shape and about that area."""
    if kind.nucleus in ("two lobes", "lobed"):
        return _lobes(kind, dx, dy, radius, rng)
    bumps = random_bumps(rng, 0.7 * kind.roughness + 0.015)
    shape = outline(dx, dy, radius, bumps, elongation=rng.uniform(1.0, kind.elongation))
    if kind.nucleus == "kidney":
        away = radius * rng.uniform(1.25, 1.6) * _direction(rng.uniform(0, 2 * math.pi))
        notch = np.hypot(dx - away[0], dy - away[1]) - radius * rng.uniform(0.7, 0.95)
        shape = _soft_minimum(1.1 * shape + 0.06 * radius, notch, 0.12 * radius)
    return shape


def _lobes(kind: CellKind, dx: Array, dy: Array, radius: float, rng: np.random.Generator) -> Array:
    """Signed distance in px inside two broad lobes, or three to four with thin bridges."""
    n = 2 if kind.nucleus == "two lobes" else int(rng.integers(3, 5))
    turns = rng.uniform(0, 2 * math.pi) + np.linspace(
        0, math.pi if n == 2 else rng.uniform(3.4, 4.6), n
    )
    centres = [(0.75 if n == 2 else 0.85) * radius * _direction(turn) for turn in turns]
    size = radius * (0.68 if n == 2 else 1.02 / math.sqrt(n))
    shape: Array = np.full(dx.shape, -1e3, np.float32)
    for i, (x, y) in enumerate(centres):
        own = size * rng.uniform(0.9, 1.1)
        lobe = outline(
            dx - float(x),
            dy - float(y),
            own,
            random_bumps(rng, 0.07),
            elongation=rng.uniform(1, 1.3),
        )
        shape = np.maximum(shape, lobe)
        if i:
            width = (0.5 if n == 2 else 0.3) * size
            shape = np.maximum(shape, capsule(dx, dy, centres[i - 1], centres[i], width))
    return shape


def _soft_minimum(first: Array, second: Array, width_px: float) -> Array:
    """The lesser of two distances, the corner between them rounded over that width."""
    blend = np.clip(0.5 + 0.5 * (second - first) / width_px, 0, 1)
    lesser: Array = second + (first - second) * blend - width_px * blend * (1 - blend)
    return lesser


def _crease(kind: CellKind, dx: Array, dy: Array, radius: float, rng: np.random.Generator) -> Array:
    """Change of density along a fold of the nucleus: a bent line, dark beside pale."""
    if kind.nucleus != "folded" or rng.random() < 0.45:
        return np.zeros(dx.shape, np.float32)
    turn, bend = rng.uniform(0, 2 * math.pi), rng.uniform(1.2, 2.5) * radius
    centre = (bend + rng.uniform(-0.4, 0.5) * radius) * _direction(turn)
    across = (np.hypot(dx - centre[0], dy - centre[1]) - bend) / (0.055 * radius + 0.4)
    end = radius * _direction(turn + math.pi / 2) * (1 if rng.random() < 0.5 else -1)
    reach = np.hypot(dx - end[0], dy - end[1]) / (rng.uniform(0.6, 1.1) * radius)
    profile = 0.2 * np.exp(-((across - 1) ** 2)) - 0.25 * np.exp(-(across**2))
    crease: Array = profile * np.exp(-(reach**4))
    return crease


def _chromatin(canvas: Canvas, box: Box, kind: CellKind, radius_px: float) -> Array:
    """Pattern of chromatin, mean 0 and standard deviation 1: fine grain, and coarse clumps."""
    fine = canvas.texture(max(1.2 * canvas.scale, radius_px / 19))[box]
    coarse = canvas.texture(max(2.2 * canvas.scale, radius_px / 6))[box]
    of_fine, of_coarse = 1 - 0.7 * kind.clumping, 0.3 + 0.8 * kind.clumping
    pattern: Array = (of_fine * fine + of_coarse * coarse) / math.hypot(of_fine, of_coarse)
    return pattern


def _nucleoli(
    kind: CellKind, dx: Array, dy: Array, radius: float, rng: np.random.Generator
) -> Array:
    """How much paler nucleoli are, each with a dark ring of chromatin about it."""
    pale: Array = np.zeros(dx.shape, np.float32)
    for _ in range(int(rng.integers(0, kind.nucleoli + 1))):
        at = rng.uniform(0, 0.55) * radius * _direction(rng.uniform(0, 2 * math.pi))
        distance = np.hypot(dx - at[0], dy - at[1]) / (radius * rng.uniform(0.12, 0.2))
        pale += 0.24 * np.exp(-(distance**2)) - 0.1 * np.exp(-(((distance - 1.5) / 0.4) ** 2))
    return pale


def _specks(
    canvas: Canvas, box: Box, kind: CellKind, radius_px: float, rng: np.random.Generator
) -> Array:
    """Depth of granules: soft dots, faint where a picture is too small to show them."""
    width = max(canvas.scale, kind.granule_size * radius_px)
    depth: Array = canvas.dots(width, kind.granules)[box]
    return depth * min(1.0, width / 2.2) * rng.uniform(0.7, 1.0)


def _vacuoles(
    kind: CellKind, dx: Array, dy: Array, radius: float, rng: np.random.Generator
) -> Array:
    """Where clear vacuoles lie in the cytoplasm, 0 to 1."""
    clear: Array = np.zeros(dx.shape, np.float32)
    for _ in range(int(rng.integers(0, kind.vacuoles + 1))):
        at = rng.uniform(0.5, 0.85) * radius * _direction(rng.uniform(0, 2 * math.pi))
        inside = radius * rng.uniform(0.04, 0.09) - np.hypot(dx - at[0], dy - at[1])
        clear = np.maximum(clear, soft_step(inside, 1.5))
    return clear


def _auer_rod(dx: Array, dy: Array, radius: float, rng: np.random.Generator) -> Array:
    """Depth of one Auer rod in the cytoplasm."""
    middle = rng.uniform(0.45, 0.75) * radius * _direction(rng.uniform(0, 2 * math.pi))
    half = rng.uniform(0.12, 0.22) * radius * _direction(rng.uniform(0, math.pi))
    inside = capsule(dx, dy, middle - half, middle + half, 0.02 * radius)
    return 1.3 * soft_step(inside, 0.03 * radius + 0.8)


def _direction(angle: float) -> Array:
    """Unit vector (x, y) as float32, so that arrays stay float32."""
    return np.array([math.cos(angle), math.sin(angle)], np.float32)
