"""Who is in a drawn smear of each class: kinds of cells, and what lies about them.

After textbooks: WHO Classification of Haematolymphoid Tumours; Bain, Blood Cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, kw_only=True)
class CellKind:
    """How a kind of nucleated cell looks, apart from its size and colour.

    Attributes:
        nucleus_share: Least and most share of the cell's area that the nucleus takes.
        nucleus: "round", "folded" (a cleft), "kidney", "two lobes" or "lobed".
        roughness: Unevenness of the cell's outline, as a share of its radius.
        elongation: Greatest long to short axis.
        clumping: 0 for fine, even chromatin to 1 for coarse clumps.
        nucleoli: Most nucleoli that are drawn.
        granules: Share of the cytoplasm that granules cover.
        granule_size: Width of a granule, as a share of the cell's radius.
        granule_colour: Name of the granules' colour, in the picture's ink.
        auer_rods: Most rods that are drawn.
        vacuoles: Most vacuoles that are drawn.
        cytoplasm: Depth of the cytoplasm's colour; 1 as measured.
    """

    nucleus_share: tuple[float, float]
    nucleus: str = "round"
    roughness: float = 0.03
    elongation: float = 1.15
    clumping: float = 0.2
    nucleoli: int = 0
    granules: float = 0.0
    granule_size: float = 0.045
    granule_colour: str = "granule"
    auer_rods: int = 0
    vacuoles: int = 0
    cytoplasm: float = 1.0


LYMPHOBLAST = CellKind(nucleus_share=(0.8, 0.94), nucleus="folded", nucleoli=2, clumping=0.35)
CUT_OUT_BLAST = CellKind(
    nucleus_share=(0.8, 0.95),
    nucleus="folded",
    nucleoli=2,
    clumping=0.6,
    roughness=0.05,
    elongation=1.35,
)
CUT_OUT_LYMPHOCYTE = CellKind(nucleus_share=(0.8, 0.95), clumping=0.75, elongation=1.25)
PRE_B_BLAST = CellKind(nucleus_share=(0.72, 0.92), nucleus="folded", nucleoli=2, clumping=0.25)
PRO_B_BLAST = CellKind(
    nucleus_share=(0.8, 0.95), nucleus="folded", nucleoli=1, clumping=0.1, elongation=1.25
)
LYMPHOCYTE = CellKind(nucleus_share=(0.78, 0.92), clumping=0.8, elongation=1.12)
LARGE_LYMPHOCYTE = CellKind(nucleus_share=(0.45, 0.7), clumping=0.6, roughness=0.05)
GRANULOCYTE = CellKind(
    nucleus_share=(0.36, 0.46),
    nucleus="lobed",
    clumping=0.9,
    granules=0.12,
    granule_size=0.024,
    cytoplasm=0.6,
    granule_colour="fine granule",
)
EOSINOPHIL = CellKind(
    nucleus_share=(0.32, 0.42),
    nucleus="two lobes",
    clumping=0.8,
    granules=0.5,
    granule_size=0.045,
    cytoplasm=0.4,
    granule_colour="eosin granule",
)
MONOCYTE = CellKind(
    nucleus_share=(0.5, 0.62), nucleus="kidney", clumping=0.45, roughness=0.06, vacuoles=4
)
MYELOCYTE = CellKind(
    nucleus_share=(0.45, 0.65),
    nucleus="round",
    clumping=0.5,
    granules=0.12,
    granule_size=0.024,
    cytoplasm=0.8,
    granule_colour="fine granule",
)
MYELOBLAST = CellKind(
    nucleus_share=(0.68, 0.9),
    nucleus="folded",
    nucleoli=3,
    clumping=0.15,
    roughness=0.06,
    auer_rods=1,
)
MONOBLAST = CellKind(
    nucleus_share=(0.55, 0.75),
    nucleus="kidney",
    nucleoli=2,
    clumping=0.15,
    roughness=0.05,
    vacuoles=6,
)
PROMYELOCYTE = CellKind(
    nucleus_share=(0.6, 0.8),
    nucleus="kidney",
    clumping=0.2,
    roughness=0.06,
    granules=0.24,
    nucleoli=1,
    auer_rods=3,
)
BILOBED_PROMYELOCYTE = CellKind(
    nucleus_share=(0.58, 0.72),
    nucleus="two lobes",
    clumping=0.2,
    roughness=0.06,
    granules=0.26,
    auer_rods=6,
)


@dataclass(frozen=True, kw_only=True)
class Style:
    """Who is in a class's pictures: kinds of cells with weights, and what lies about them.

    Attributes:
        kinds: Kinds from the smallest cells to the largest, each with its weight.
        smudges: Mean number of smudge cells a field.
        platelets: Mean number of platelets a field.
        clumping: Chance that the next cell lies beside the one before.
        crenated: Share of fields whose red cells have a scalloped edge.
    """

    kinds: tuple[tuple[CellKind, float], ...]
    smudges: float = 0.0
    platelets: float = 2.0
    clumping: float = 0.4
    crenated: float = 0.0

    @property
    def pieces_per_cell(self) -> float:
        """How many nuclei measuring counts for each cell: a lobed one counts for about three."""
        weights = sum(weight for _, weight in self.kinds)
        lobed = sum(weight for kind, weight in self.kinds if kind.nucleus == "lobed")
        return 1 + 2 * lobed / weights


STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "Benign": Style(
            kinds=(
                (LYMPHOCYTE, 0.55),
                (GRANULOCYTE, 0.12),
                (MYELOCYTE, 0.13),
                (LARGE_LYMPHOCYTE, 0.1),
                (LYMPHOBLAST, 0.1),
            ),
            platelets=7,
            clumping=0.2,
            crenated=0.15,
        ),
        "Early": Style(kinds=((LYMPHOBLAST, 1.0),), smudges=0.2, platelets=5, crenated=0.35),
        "Pre": Style(kinds=((PRE_B_BLAST, 1.0),), smudges=1.6, platelets=1),
        "Pro": Style(kinds=((PRO_B_BLAST, 1.0),), smudges=0.5, platelets=1),
        "AML": Style(kinds=((MYELOBLAST, 0.7), (MONOBLAST, 0.3))),
        "APL": Style(kinds=((PROMYELOCYTE, 0.6), (BILOBED_PROMYELOCYTE, 0.4))),
        "blast": Style(kinds=((LYMPHOBLAST, 1.0),)),
        "normal": Style(
            kinds=((LYMPHOCYTE, 0.3), (GRANULOCYTE, 0.45), (EOSINOPHIL, 0.08), (MONOCYTE, 0.17))
        ),
        "blast-cutout": Style(kinds=((CUT_OUT_BLAST, 1.0),)),
        "normal-cutout": Style(kinds=((CUT_OUT_LYMPHOCYTE, 1.0),)),
    }
)
