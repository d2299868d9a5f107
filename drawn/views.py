"""What lies where in a drawn smear: a field of cells, one cell among red cells, one on black."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from drawn.canvas import Canvas, Ink
from drawn.cells import (
    CellPlan,
    draw_nucleated_cell,
    draw_platelets,
    draw_red_cell,
    draw_smudge,
)
from drawn.statistics import ClassStatistics, NumberStatistics
from drawn.styles import LYMPHOCYTE, CellKind, Style

Array = np.ndarray[Any, Any]

BLURRED_AWAY = MappingProxyType({"field": 1.2, "single": 1.1, "cutout": 0.9})
"""Contrast to draw for each unit that is left of it after the lens's blur, by kind of view."""

RED_CELL_COVER = MappingProxyType({"field": 1.28, "single": 1.12})
"""Share to cover for each unit measured: pale middles and cells beside nuclei go unseen."""

RED_CELL_FACTOR = 1.1
"""Diameter to draw for each unit measured: the measured edge lies inside the drawn one."""


MOST_TRIES = 900
"""Places to try for red cells in each field: enough to cover half of it."""


def draw_field(
    canvas: Canvas, ink: Ink, style: Style, statistics: ClassStatistics, rng: np.random.Generator
) -> None:
    """Draw a field: red cells, smudges and platelets, then the class's nucleated cells."""
    numbers, size = statistics.numbers, canvas.size_px
    counted = numbers["nucleated_cells"].at(rng.uniform(0.03, 0.97)) * canvas.fields
    n_cells = max(1, round(counted / style.pieces_per_cell))
    ranks = np.sort(rng.uniform(0.12, 0.97, n_cells))
    radii = np.array([numbers["nucleus_diameter_px"].at(rank) for rank in ranks]) / 2
    kinds = _kinds_by_size(style, n_cells, rng)
    radii = radii * canvas.scale / np.sqrt(canvas.stretch)
    radii = radii / np.sqrt([np.mean(kind.nucleus_share) for kind in kinds])
    shifts = _shifts_by_size(numbers["nucleus_lightness_shift"], ranks, rng)
    order = rng.permutation(n_cells)
    places = _scatter(radii[order], style.clumping, canvas, rng)
    taken = list(zip(places, radii[order], strict=True))
    _draw_red_cells(canvas, ink, style, statistics, taken, rng)
    cell_radius = float(np.median(radii))
    for _ in range(int(rng.poisson(style.smudges * canvas.fields))):
        at = (rng.uniform(0, size), rng.uniform(0, size))
        draw_smudge(canvas, ink, at, cell_radius * rng.uniform(0.9, 1.5), rng)
    for _ in range(int(rng.poisson(style.platelets * canvas.fields))):
        at = (rng.uniform(0, size), rng.uniform(0, size))
        draw_platelets(canvas, ink, at, 1.5 * canvas.scale * rng.uniform(0.7, 1.3), rng)
    chromatin = _chromatin_contrast(ink, statistics, rng)
    for i, place in zip(order, places, strict=True):
        plan = CellPlan(
            kind=kinds[i],
            centre=place,
            radius_px=float(radii[i]),
            lighter=float(shifts[i]),
            chromatin=chromatin,
        )
        draw_nucleated_cell(canvas, ink, plan, rng)


def draw_single(
    canvas: Canvas, ink: Ink, style: Style, statistics: ClassStatistics, rng: np.random.Generator
) -> None:
    """Draw one cell of the class in the middle, among red cells."""
    kind = _choose_kind(style, rng)
    # Lymphocytes are the smallest of the normal white cells: they take the lower third of sizes.
    rank = rng.uniform(0.08, 0.4) if kind is LYMPHOCYTE else rng.uniform(0.1, 0.88)
    radius = statistics.numbers["nucleus_diameter_px"].at(rank) / 2
    radius *= canvas.scale / float(np.sqrt(np.mean(kind.nucleus_share)))
    jitter = rng.normal(0, 0.02 * canvas.size_px, 2)
    centre = (canvas.size_px / 2 + float(jitter[0]), canvas.size_px / 2 + float(jitter[1]))
    _draw_red_cells(canvas, ink, style, statistics, [(centre, radius)], rng)
    for _ in range(int(rng.poisson(0.7))):
        at = (rng.uniform(0, canvas.size_px), rng.uniform(0, canvas.size_px))
        draw_platelets(canvas, ink, at, 0.1 * radius, rng)
    chromatin = _chromatin_contrast(ink, statistics, rng)
    plan = CellPlan(kind=kind, centre=centre, radius_px=radius, chromatin=chromatin)
    draw_nucleated_cell(canvas, ink, plan, rng)


def draw_cutout(
    canvas: Canvas, ink: Ink, style: Style, statistics: ClassStatistics, rng: np.random.Generator
) -> None:
    """Draw one cell of the class as it is cut out: an uneven outline, all else empty."""
    diameter = statistics.numbers["cell_diameter_px"].at(rng.uniform(0.02, 0.98))
    plan = CellPlan(
        kind=_choose_kind(style, rng),
        centre=(canvas.size_px / 2, canvas.size_px / 2),
        radius_px=diameter / 2 * canvas.scale,
        chromatin=_chromatin_contrast(ink, statistics, rng),
        ragged=rng.uniform(0.004, 0.02),
    )
    draw_nucleated_cell(canvas, ink, plan, rng)


def _kinds_by_size(style: Style, n: int, rng: np.random.Generator) -> list[CellKind]:
    """Kinds of n cells that stand in order of size: the style's, from small to large."""
    weights = np.array([weight for _, weight in style.kinds])
    drawn = np.sort(rng.choice(len(weights), size=n, p=weights / weights.sum()))
    return [style.kinds[int(i)][0] for i in drawn]


def _choose_kind(style: Style, rng: np.random.Generator) -> CellKind:
    weights = np.array([weight for _, weight in style.kinds])
    return style.kinds[int(rng.choice(len(weights), p=weights / weights.sum()))][0]


def _shifts_by_size(number: NumberStatistics, ranks: Array, rng: np.random.Generator) -> Array:
    """Lightness shifts: the smaller of a field's nucleated cells are mostly the darker."""
    others = rng.uniform(0, 1, len(ranks))
    mixed = np.clip(np.where(rng.uniform(0, 1, len(ranks)) < 0.25, ranks, others), 0.05, 0.95)
    return np.array([number.at(rank) for rank in mixed])


def _chromatin_contrast(ink: Ink, statistics: ClassStatistics, rng: np.random.Generator) -> float:
    """Contrast of chromatin, as a share of its density, for the measured spread of L*."""
    spread = statistics.numbers["chromatin_sd"].at(rng.uniform(0.1, 0.75))
    return BLURRED_AWAY[statistics.kind] * spread / ink.slope("nucleus")


def _scatter(
    radii: Array, clumping: float, canvas: Canvas, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Centres (x, y) for discs that may touch and hardly overlap."""
    size, stretch = canvas.size_px, canvas.stretch
    places: list[tuple[float, float]] = []
    for radius in radii:
        best, best_room = (0.0, 0.0), -np.inf
        for _ in range(12):
            if places and rng.random() < clumping:
                j = int(rng.integers(len(places)))
                turn = rng.uniform(0, 2 * np.pi)
                reach = (radius + radii[j]) * rng.uniform(0.97, 1.1)
                x = places[j][0] + reach * np.cos(turn)
                y = places[j][1] + reach * np.sin(turn) * stretch
            else:
                x, y = rng.uniform(-0.3 * radius, size + 0.3 * radius, 2)
            if not (-radius < x < size + radius and -radius < y < size + radius):
                continue
            room = min(
                (
                    np.hypot(x - px, (y - py) / stretch) - radius - radii[k]
                    for k, (px, py) in enumerate(places)
                ),
                default=np.inf,
            )
            if room > best_room:
                best, best_room = (float(x), float(y)), float(room)
            if room > -0.04 * radius:
                break
        places.append(best)
    return places


def _draw_red_cells(
    canvas: Canvas,
    ink: Ink,
    style: Style,
    statistics: ClassStatistics,
    taken: list[tuple[tuple[float, float], float]],
    rng: np.random.Generator,
) -> None:
    """Draw red cells, alone and in chains, until they cover the share that was measured."""
    numbers, size, stretch = statistics.numbers, canvas.size_px, canvas.stretch
    share = RED_CELL_COVER[statistics.kind]
    share *= numbers["red_cell_share"].at(rng.uniform(0.05, 0.95))
    mean_radius = numbers["red_cell_diameter_px"].at(rng.uniform(0.3, 0.6)) / 2 * canvas.scale
    mean_radius *= RED_CELL_FACTOR / float(np.sqrt(stretch))
    ring = min(max(rng.normal(numbers["red_cell_pallor"].mean / 16, 0.12), 0.05), 0.9)
    chain = rng.uniform(0.35, 0.75)
    crenated = rng.random() < style.crenated
    # (x, y with the squeeze undone), so that distances are plain
    others = np.array([(x, y / stretch, radius) for (x, y), radius in taken])
    placed = np.empty((MOST_TRIES * canvas.fields, 2))
    cell = 4 * canvas.scale
    sheet = np.zeros((round(size / cell), round(size / cell)), np.uint8)
    n, covered = 0, 0.0
    x, y, drift = rng.uniform(0, size), rng.uniform(0, size), rng.uniform(0, 2 * np.pi)
    for _ in range(MOST_TRIES * canvas.fields):
        if covered >= share:
            break
        radius = mean_radius * min(max(rng.normal(1, 0.11), 0.7), 1.35)
        if rng.random() < chain:
            drift += rng.normal(0, 0.6)
            reach = radius * rng.uniform(1.25, 2.05)
            x, y = x + reach * math.cos(drift), y + reach * math.sin(drift) * stretch
        else:
            x, y = rng.uniform(-radius, size + radius), rng.uniform(-radius, size + radius)
        if not (-radius < x < size + radius and -radius < y < size + radius):
            x, y = rng.uniform(0, size), rng.uniform(0, size)
        here = np.array([x, y / stretch])
        away = np.sqrt(((others[:, :2] - here) ** 2).sum(axis=1)) - others[:, 2]
        apart = rng.uniform(1.0, 1.8) * radius
        near = ((placed[:n] - here) ** 2).sum(axis=1)
        if away.min() < 0.75 * radius or (n and near.min() < apart**2):
            continue
        placed[n], n = here, n + 1
        pallor = ring + rng.normal(0.33 if rng.random() < 0.5 else -0.33, 0.12)
        pallor = min(max(pallor, 0.0), 0.92)
        draw_red_cell(canvas, (x, y), radius, pallor, rng, crenated=crenated)
        axes = (max(1, round(radius / cell)), max(1, round(radius * stretch / cell)))
        cv2.ellipse(sheet, (round(x / cell), round(y / cell)), axes, 0, 0, 360, 1, -1)
        covered = float(sheet.mean())
    canvas.density += canvas.red[..., None] * ink.density("red_cell")
