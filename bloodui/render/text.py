"""Words from outside, drawn as nothing but text, and names of classes in full.

Whatever comes from a bundle, an index, a login or a quiz goes through one of these on its way to
the place that draws it:

| place                                                       | function      |
|-------------------------------------------------------------|---------------|
| Markdown: Streamlit's texts, headings, labels and messages  | `as_markdown` |
| HTML                                                        | `as_html`     |
| Plotly: names, ticks, text and data that a hover shows      | `as_plotly`   |
| a cell of a CSV file, or of a table that exports one        | `as_cell` (*) |

(*) Of `models.table_cell`, for every table of the project.

Select boxes, code and the alternative text of pictures draw text as it is.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from models.answer.prediction import Prediction
from models.rate import told_apart

if TYPE_CHECKING:
    from models.opinion import Opinion

# Control characters, halves of characters, and marks that turn the writing's direction round.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Where Streamlit finds addresses and icons in a text that was already read as Markdown, so that no
# backslash keeps them from it: http://, www., somebody@, :icon: and :emoji:.
_FOUND_IN_TEXT = re.compile(r"(?<=:/)(?=/)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=[\w+-]+:)", re.IGNORECASE)
_BEFORE_PERCENT = re.compile(r"(?<=\d) (?=%)")
# A piece of grey text without a character: it parts the text in two and is not seen or copied.
_NOTHING = ":gray[]"

PERCENT = "%d\N{NARROW NO-BREAK SPACE}%%"
"""How a slider writes per cents, which never break from their sign."""

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


def as_plain(words: str) -> str:
    """The words on one line; what is not to be seen, or turns their direction, as U+FFFD.

    No line breaks between a number and its per cent sign.
    """
    return unbroken(_UNSEEN.sub("\ufffd", " ".join(words.split())))


def unbroken(words: str) -> str:
    """Our own words or Markdown with a narrow blank that no line breaks at before each "%"."""
    return _BEFORE_PERCENT.sub("\N{NARROW NO-BREAK SPACE}", words)


def shortened(name: str, most: int = 26) -> str:
    """A name with its middle left out where it is long: files often differ in their ends."""
    plain = as_plain(name)
    if len(plain) <= most:
        return plain
    end = (most - 1) * 2 // 3
    return f"{plain[: most - 1 - end]}…{plain[-end:]}"


def as_markdown(words: str) -> str:
    """The words as Markdown that Streamlit draws as these words, without link, icon or emoji."""
    parts = _FOUND_IN_TEXT.split(as_plain(words))
    return _NOTHING.join(_PUNCTUATION.sub(r"\\\1", part) for part in parts)


def as_html(words: str) -> str:
    """The words as HTML, for the text of an element or an attribute in quotation marks."""
    return html.escape(as_plain(words))


def as_plotly(words: str) -> str:
    """The words for a chart: Plotly draws some of HTML's elements, links among them."""
    return html.escape(as_plain(words), quote=False)


def full_name(class_name: str) -> str:
    """A class in full: "Pre (pre-B acute lymphoblastic leukaemia)"; unknown ones as they are."""
    meaning = FULL_NAMES.get(class_name)
    return f"{class_name} ({meaning})" if meaning else class_name


def decided(decision: str) -> str:
    """A decision of an opinion in a word or two, with a capital."""
    return "Not proven" if decision == "unproven" else decision.capitalize()


def headline(opinion: Opinion) -> str:
    """The decision in one line: "Answered: Pre (pre-B …), 97.3 %"."""
    outside = "Outside this model's domain: "
    if opinion.prediction is None:
        no_opinion = opinion.decision == "outside"
        return f"{outside}no opinion" if no_opinion else "Declined: no opinion on this image"
    if opinion.decision == "abstained":
        return "Abstained: the model is not sure enough"
    name = opinion.prediction.classes[opinion.prediction.top_class]
    top = float(opinion.prediction.probabilities[opinion.prediction.top_class])
    share, _ = told_apart(top, opinion.prediction.threshold)
    if opinion.decision == "outside":
        return f"{outside}{full_name(name)} comes first, {share}, which means little"
    if opinion.decision == "unproven":
        return f"Not proven: {full_name(name)} comes first, {share}"
    return f"Answered: {full_name(name)}, {share}"


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
