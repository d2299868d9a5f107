"""What the check of a data set found, by how much it matters, and what would repair it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from training.audits.data_report import DataReport
from training.audits.findings import LeakageReport
from training.data.objections import Objection

Severity = Literal["refused", "doubtful", "to know"]
# Grave ones first.
SEVERITIES: tuple[Severity, ...] = ("refused", "doubtful", "to know")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence of a report.

    Attributes:
        severity: Whether a run refuses to start, figures may be too good, or neither.
        sentence: What was found.
        repair: Key of `training.data.repairs.REPAIRS`; "" where a person has to decide.
    """

    severity: Severity
    sentence: str
    repair: str = ""


def findings_of(report: DataReport) -> list[Finding]:
    """Everything that a check found, grave things first."""
    found = [*_of_files(report), *_of_leaks(report), *_of_recipe(report), *_to_know(report)]
    return sorted(found, key=lambda each: SEVERITIES.index(each.severity))


def _of_files(report: DataReport) -> Iterator[Finding]:
    for each in report.unreadable:
        yield Finding(
            severity="refused", sentence=f"{each.name}: {each.reason}", repair="unreadable"
        )
    for name in report.altered:
        sentence = f"{name} is not the file that the index names."
        yield Finding(severity="refused", sentence=sentence)
    # Of altered files each was told by its name.
    yield from _objected([each for each in report.objections if each.kind != "altered"])
    if report.exact_duplicates:
        n = sum(len(same) - 1 for same in report.exact_duplicates)
        sentence = f"Copies of other images, to the byte: {n:,}."
        yield Finding(severity="doubtful", sentence=sentence, repair="copies")
    if report.near_duplicates:
        sentence = f"Pairs of images that look the same: {len(report.near_duplicates):,}."
        yield Finding(severity="doubtful", sentence=sentence)
    for one, two in report.conflicts:
        sentence = f"{one} and {two} look the same and bear two labels."
        yield Finding(severity="doubtful", sentence=sentence)


def _of_leaks(report: DataReport) -> Iterator[Finding]:
    """Leaks of the labels as they are; of a recipe's run its own leaks decide."""
    yield from _leaks(report.leaks, "", is_decisive=report.recipe_audit is None)


def _of_recipe(report: DataReport) -> Iterator[Finding]:
    audit = report.recipe_audit
    if audit is None:
        return
    if audit.problem:
        sentence = f"A run of {audit.recipe} would end at once: {audit.problem}"
        yield Finding(severity="refused", sentence=sentence)
    told = {each.sentence for each in report.objections}
    yield from _objected([each for each in audit.objections if each.sentence not in told])
    yield from _leaks(audit.leaks, f"{audit.recipe}, ", is_decisive=True)
    if audit.left_over:
        yield Finding(severity="doubtful", sentence=audit.left_over)


def _objected(objections: list[Objection]) -> Iterator[Finding]:
    for each in objections:
        yield Finding(severity="refused", sentence=each.sentence)


def _leaks(leaks: LeakageReport, start: str, *, is_decisive: bool) -> Iterator[Finding]:
    for each in leaks.findings:
        severity: Severity = "refused" if is_decisive and each in leaks.refused else "doubtful"
        yield Finding(severity=severity, sentence=start + leaks.in_words(each))


def _to_know(report: DataReport) -> Iterator[Finding]:
    for dataset, number in report.n_ungrouped.items():
        if number:
            yield Finding(
                severity="to know",
                sentence=f"{dataset}: of {number:,} images nobody knows the patient. A grouped "
                "split keeps blocks of neighbouring file numbers together.",
                repair="blocks",
            )
    for sentence in report.warnings:
        yield Finding(severity="to know", sentence=sentence)
