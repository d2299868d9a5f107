"""The leaks that an audit can find, by the names under which a recipe may allow them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LEAKS: Mapping[str, str] = MappingProxyType(
    {
        "duplicates-across-sides": "Keep each picture on one side, or drop its copies.",
        "near-duplicates-across-sides": "Keep pictures that look the same on one side.",
        "groups-across-sides": "Split by patient, case or slide.",
        "label-from-size": "Bring all images to one size, and crop alike.",
        "label-from-format": "Convert all images alike from one source.",
        "label-from-metadata": "Save all images anew with one program and one quality.",
        "label-from-file-order": "Split by group or by blocks of numbers, and check the labels.",
        "label-from-source": "Add images of these classes from the other sources.",
    }
)
"""Name of a leak → what to do about it."""
