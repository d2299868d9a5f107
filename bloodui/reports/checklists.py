"""The items of reporting checklists that a bundle can answer itself, and those it cannot.

The wording of the items is our own. Only items are listed that a card or a manifest can fill, in
whole or in part, or that say what investigators must add beside them; the full checklists are in
the sources. STARD-AI's items are given by topic, without their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bloodui.reports.checklist_answers import Answers
from models.card import Card
from models.manifest import Manifest

OPEN = "To be filled in by the investigators."


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """One item of a checklist.

    Attributes:
        number: As the checklist counts, such as "19" or "12c"; "" where only the topic is given.
        topic: What it asks, in our own words.
        answer: From the bundle; OPEN where only investigators can answer.
    """

    number: str
    topic: str
    answer: str

    @property
    def is_filled(self) -> bool:
        """Whether the bundle says anything to it."""
        return self.answer != OPEN


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """A checklist as far as a bundle can fill it.

    Attributes:
        name: Of the checklist.
        source: Where it was published.
        items: In its order.
    """

    name: str
    source: str
    items: tuple[ChecklistItem, ...]

    @property
    def n_filled(self) -> int:
        """How many of the listed items the bundle answers."""
        return sum(item.is_filled for item in self.items)


CLAIM = "CLAIM 2024"
TRIPOD = "TRIPOD+AI"
STARD = "STARD-AI"
_SOURCES = {
    CLAIM: "Tejani A. S. et al. 2024, Checklist for Artificial Intelligence in Medical Imaging "
    "(CLAIM): 2024 update, Radiology: Artificial Intelligence 6(4):e240300",
    TRIPOD: "Collins G. S. et al. 2024, TRIPOD+AI statement: updated guidance for reporting "
    "clinical prediction models that use regression or machine learning methods, BMJ 385:e078378",
    STARD: "Sounderajah V. et al. 2025, The STARD-AI reporting guideline for diagnostic accuracy "
    "studies using artificial intelligence, Nature Medicine",
}


def checklists(card: Card, manifest: Manifest) -> tuple[Checklist, ...]:
    """The three checklists, as far as a card and a manifest can fill them."""
    told = Answers(card=card, manifest=manifest)
    return tuple(
        Checklist(
            name=name,
            source=_SOURCES[name],
            items=tuple(
                ChecklistItem(number=number, topic=topic, answer=answer or OPEN)
                for number, topic, answer in rows
            ),
        )
        for name, rows in (
            (CLAIM, _claim(told)),
            (TRIPOD, _tripod(told)),
            (STARD, _stard(told)),
        )
    )


_Rows = Sequence[tuple[str, str, str]]


def _claim(told: Answers) -> _Rows:
    return (
        ("3", "Background, intended use and clinical role", told.intended_use),
        ("5", "Prospective or retrospective", ""),
        ("7", "Where the data come from", told.sources),
        ("8", "Inclusion and exclusion criteria", ""),
        ("9", "Preprocessing of the data", told.preprocessing),
        ("11", "De-identification", ""),
        ("12", "Missing data", ""),
        ("13", "How images were acquired", ""),
        ("14", "How the reference standard was obtained", ""),
        ("16", "Where the reference annotations come from", ""),
        ("19", "How data were assigned to partitions", told.partitions),
        ("20", "Level at which partitions are disjoint", told.disjoint),
        ("21", "Intended sample size", ""),
        ("22", "Description of the model", told.model),
        ("23", "Software libraries and packages", told.software),
        ("24", "Initialisation of parameters", told.initialisation),
        ("25", "Details of training", told.training),
        ("26", "How the final model was selected", told.selection),
        ("27", "Ensembling", told.ensembling),
        ("28", "Metrics of performance", told.metrics),
        ("29", "Statistical measures of uncertainty", told.uncertainty),
        ("30", "Robustness or sensitivity analysis", told.robustness),
        ("31", "Explainability, and how it was checked", told.explainability),
        ("32", "Evaluation on internal data", told.internal),
        ("33", "Testing on external data", told.external),
        ("34", "Registration of a trial", ""),
        ("35", "Numbers included and excluded", told.numbers),
        ("36", "Demographic and clinical characteristics", ""),
        ("37", "Performance with its uncertainty", told.performance),
        ("38", "Diagnostic performance and its precision", told.diagnostic),
        ("39", "Failure analysis", told.failures),
        ("40", "Limitations", told.limits),
        ("42", "Protocol or further technical details", told.protocol),
        ("43", "Availability of software, model and data", told.availability),
        ("44", "Funding", ""),
    )


def _tripod(told: Answers) -> _Rows:
    return (
        ("3b", "Target population, intended purpose and users", told.intended_use),
        ("5a", "Sources of data", told.sources),
        ("5b", "Dates of the data", ""),
        ("6a", "Setting and centres", ""),
        ("6b", "Eligibility of participants", ""),
        ("7", "Preparation and quality checks of data", told.preprocessing),
        ("8a", "Outcome and how it was assessed", told.outcome),
        ("10", "Study size and how it was arrived at", told.numbers),
        ("11", "Missing data", ""),
        ("12a", "How data were used for development and evaluation", told.partitions),
        ("12c", "Type of model and how it was built", told.training),
        ("12e", "Measures of performance", told.metrics),
        ("12g", "How predictions are calculated", told.prediction),
        ("13", "Class imbalance", told.imbalance),
        ("14", "Fairness", ""),
        ("15", "Output of the model and its thresholds", told.output),
        ("17", "Ethical approval", ""),
        ("18a", "Funding", ""),
        ("18b", "Conflicts of interest", ""),
        ("18c", "Protocol", told.protocol),
        ("18e", "Sharing of data", told.sources),
        ("18f", "Sharing of code", told.availability),
        ("19", "Involvement of patients and the public", ""),
        ("20b", "Characteristics of participants", ""),
        ("21", "Number of participants and outcomes in each analysis", told.numbers),
        ("22", "The full model", told.model),
        ("23a", "Performance with intervals, in subgroups too", told.performance),
        ("23b", "Heterogeneity of performance", told.subgroups),
        ("26", "Limitations", told.limits),
        ("27a", "How poor input is recognised and handled", told.poor_input),
        ("27b", "What users have to do and know", ""),
    )


def _stard(told: Answers) -> _Rows:
    return (
        ("", "Intended use and clinical role of the index test", told.intended_use),
        ("", "Where the data sets come from, and their licences", told.sources),
        ("", "Eligibility, setting and dates", ""),
        ("", "Preparation of the data", told.preprocessing),
        ("", "Partitions of the data and how they are kept apart", told.partitions),
        ("", "The index test: model, version and what it runs on", told.model),
        ("", "Thresholds for a positive or an abstained answer", told.output),
        ("", "Reference standard and its rationale", ""),
        ("", "Whether readers of the reference knew the index test", ""),
        ("", "Estimates of diagnostic accuracy and their precision", told.diagnostic),
        ("", "Indeterminate answers and how they are handled", told.poor_input),
        ("", "Variability of accuracy, subgroups and bias", told.subgroups),
        ("", "Accuracy under changed conditions", told.robustness),
        ("", "Errors of the index test", told.failures),
        ("", "Tests on data of other places", told.external),
        ("", "Distribution of disease severity and alternative diagnoses", ""),
        ("", "Adverse events", ""),
        ("", "Limitations", told.limits),
        ("", "Access to the model, the code and the data", told.availability),
        ("", "Registration, protocol and funding", ""),
    )
