"""Words from manifests and files, made safe for Markdown, and names of classes in full."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.figure import percent
from models.prediction import Prediction

if TYPE_CHECKING:
    from models.opinion import Opinion

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:])")

# Ghaderzadeh et al. 2021 (the ALL data set: Benign are haematogones), Orlov et al. 2010 (lymphoma),
# Sidhom et al. 2021 (AML and APL), WHO 5th edition for the full names.
FULL_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "Benign": "benign, haematogones",
        "Early": "early pre-B acute lymphoblastic leukaemia",
        "Pre": "pre-B acute lymphoblastic leukaemia",
        "Pro": "pro-B acute lymphoblastic leukaemia",
        "AML": "acute myeloid leukaemia",
        "APL": "acute promyelocytic leukaemia",
        "CLL": "chronic lymphocytic leukaemia",
        "FL": "follicular lymphoma",
        "MCL": "mantle cell lymphoma",
    }
)


def as_markdown(words: str) -> str:
    """The words with every character escaped that Markdown would take for formatting."""
    return _SPECIAL.sub(r"\\\1", words)


def full_name(class_name: str) -> str:
    """A class in full: "Pre (pre-B acute lymphoblastic leukaemia)"; unknown ones as they are."""
    meaning = FULL_NAMES.get(class_name)
    return f"{class_name} ({meaning})" if meaning else class_name


def headline(opinion: Opinion) -> str:
    """The decision in one line: "Answered: Pre (pre-B …), 97.3 %"."""
    if opinion.decision == "outside":
        return "Outside this model's domain: no opinion"
    if opinion.prediction is None:
        return "Declined: no opinion on this image"
    if opinion.decision == "abstained":
        return "Abstained: the model is not sure enough"
    name = opinion.prediction.classes[opinion.prediction.top_class]
    top = float(opinion.prediction.probabilities[opinion.prediction.top_class])
    return f"Answered: {full_name(name)}, {percent(top)}"


def set_in_words(prediction: Prediction) -> str:
    """The classes that cannot be ruled out, in a sentence; "" where the model cannot tell."""
    if not prediction.prediction_set:
        return ""
    names = ", ".join(prediction.classes[index] for index in prediction.prediction_set)
    level = f"{100 * prediction.level:g} %"
    return (
        f"Prediction set at {level}: {names}. On images like the model's own, such sets hold the "
        f"true class for {level} of the images of each class."
    )
