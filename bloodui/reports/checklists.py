"""The items of reporting checklists that a bundle can answer itself, and those it cannot.

The wording of the items is our own. Only items are listed that a card or a manifest can fill, in
whole or in part, or that say what investigators must add beside them; the full checklists are in
the sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bloodui.reports.checklist_answers import Answers
from models.bundle.card import Card
from models.bundle.manifest import Manifest

OPEN = "To be filled in by the investigators."


@dataclass(frozen=True, kw_only=True)
class ChecklistItem:
    """One item of a checklist.

    Attributes:
        number: As the checklist counts, such as "19" or "12c".
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
        ("12b", "How the input is transformed", told.preprocessing),
        ("12c", "Type of model and how it was built", told.training),
        ("12e", "Measures of performance", told.metrics),
        ("12g", "How predictions are calculated", told.prediction),
        ("13", "Class imbalance", told.imbalance),
        ("14", "Fairness", ""),
        ("15", "Output of the model and its thresholds", told.output),
        ("16", "Differences between development and evaluation data", ""),
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
        ("6", "Ethical approval", ""),
        ("7", "Eligibility", ""),
        ("9", "Where and when participants were found", ""),
        ("11", "Where the data sets come from, and their licences", told.sources),
        ("12", "Who annotated the data, and how", ""),
        ("13", "Software of the index test", told.software),
        ("14", "Acquisition and preparation of the data", told.preprocessing),
        ("15a", "The index test: model, version and what it runs on", told.model),
        ("15b", "How it was developed, and how its data were kept apart", told.partitions),
        ("15c", "Thresholds for a positive or an abstained answer", told.output),
        ("15d", "Users of the index test", told.intended_use),
        ("16a", "Reference standard", ""),
        ("16b", "Why this reference standard", ""),
        ("17b", "Whether assessors of the reference knew the index test", ""),
        ("18", "How accuracy was estimated", told.metrics),
        ("19", "Indeterminate answers and how they are handled", told.poor_input),
        ("20", "Missing data", ""),
        (
            "21",
            "Variability of accuracy: subgroups and changed conditions",
            f"{told.subgroups} {told.robustness}".strip(),
        ),
        ("22", "Intended sample size", ""),
        ("23", "Errors of the index test", told.failures),
        ("25", "Characteristics of training, validation and test data", told.numbers),
        ("26a", "Distribution of disease severity", ""),
        ("26b", "Distribution of alternative diagnoses", ""),
        ("29", "Tests on data of other places", told.external),
        ("30", "Index test against reference, cross-tabulated", told.cross_table),
        ("31", "Estimates of diagnostic accuracy and their precision", told.diagnostic),
        ("32", "Adverse events", ""),
        ("33", "Limitations", told.limits),
        ("34", "Intended use and clinical role of the index test", told.intended_use),
        ("36", "Registration", ""),
        ("37", "Protocol", told.protocol),
        ("38", "Funding", ""),
        ("40a", "Access to the model and the code", told.availability),
    )
