"""A colour and a short code for each kind of cell: outlines are told apart by either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

# After Okabe and Ito 2008 ("Color universal design") and Tol 2021, told apart with any kind of
# colour vision, and from stained smears; the code beside each colour says the same in letters.
_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "blast": "#d55e00",
        "immature granulocyte": "#e69f00",
        "lymphocyte": "#0072b2",
        "monocyte": "#009e73",
        "neutrophil": "#56b4e9",
        "eosinophil": "#f0e442",
        "basophil": "#5d4fcf",
        "erythroblast": "#cc79a7",
        "other": "#7a7a7a",
    }
)
_FURTHER = ("#882255", "#44aa99", "#999933", "#aa4499", "#117733", "#ddcc77")
UNSURE_COLOUR = "#555555"
"""Of cells that the model does not name, and of those that the edge cuts."""


def colour_of(classes: Sequence[str], number: int) -> str:
    """The colour of a model's class, as "#rrggbb"; alike for alike names in every model."""
    known = _COLOURS.get(classes[number])
    if known is not None:
        return known
    strange = [each for each in classes if each not in _COLOURS]
    return _FURTHER[strange.index(classes[number]) % len(_FURTHER)]


def code_of(name: str) -> str:
    """Two letters for a class: "Ly" for lymphocyte, "IG" for immature granulocyte."""
    words = name.split()
    if len(words) > 1:
        return "".join(word[0] for word in words[:2]).upper()
    return name[:2].capitalize()
