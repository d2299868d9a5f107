"""docs/results.md: the papers' claims beside our figures, and the cards of bundles."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from models.bundle.card import Card, Evaluation, read_card
from models.bundle.folder import list_bundles
from models.rate import Rate
from training.errors import DatasetError
from training.judge.measures import (
    macro_precision,
    macro_specificity,
    matthews_correlation,
)
from training.stored import write_text
from training.studies.claims import paper, read_papers
from training.studies.page import cell, study_section
from training.studies.reproduction import Reproduction, read_reproduction
from training.studies.reproduction_page import section_of
from training.studies.result import StudyResult, read_study_result

_FIGURES = (
    "accuracy",
    "balanced accuracy",
    "macro F1",
    "macro precision",
    "macro specificity",
    "Matthews correlation",
    "macro AUROC",
    "calibration error",
    "coverage of 90 % prediction sets",
    "mean size of 90 % prediction sets",
)
_HEADING = """# Results

Written by `python -m training results`; change nothing here by hand. Every figure is measured on
images that the model had not seen, with n and the 95 % bootstrap interval over groups; where all
groups agree it is Wilson's over groups, and of one group there is none. *Random*: split as the
papers do, duplicates kept together. *Grouped*: patients, cases or blocks of consecutive file
numbers kept together. A model's shipped weights are those of the last split in
its table (the first fold where there are several); a split without a row was not run. For research
and teaching, not for diagnosis.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training results`."""
    parser.add_argument("--bundles", type=Path, required=True, help="folder of pinned bundles")
    parser.add_argument("--studies", type=Path, nargs="*", default=[], help="folders of studies")
    parser.add_argument(
        "--reproductions",
        type=Path,
        nargs="*",
        default=[],
        help="reproduction.json of each paper that was done again",
    )
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")


def main(arguments: argparse.Namespace) -> int:
    """Write the page, whole or not at all."""
    page = results_page(
        [
            (manifest.id, manifest.task, read_card(arguments.bundles / manifest.id / "card.json"))
            for manifest in list_bundles(arguments.bundles)
        ],
        [read_study_result(folder) for folder in arguments.studies],
        [read_reproduction(path) for path in arguments.reproductions],
    )
    write_text(arguments.out, page)
    return 0


def results_page(
    bundles: Iterable[tuple[str, str, Card]],
    studies: Iterable[StudyResult] = (),
    reproductions: Iterable[Reproduction] = (),
) -> str:
    """The page as Markdown.

    Args:
        bundles: (bundle id, task, card) of each bundle.
        studies: What studies found.
        reproductions: Of papers that were done again.
    """
    by_task: dict[str, list[tuple[str, Card]]] = {}
    for name, task, card in bundles:
        by_task.setdefault(task, []).append((name, card))
    parts = [_HEADING, _papers(reproductions)]
    for task, entries in sorted(by_task.items()):
        parts.append(f"## {task}\n")
        parts.append(_table(entries))
        parts += [_by_class(name, card) for name, card in entries]
        parts.append("")
    parts += [study_section(study) for study in studies]
    audited = [entry for _, entries in sorted(by_task.items()) for entry in entries]
    parts += [_domain(audited), _evidence(audited), _saliency(audited)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def _papers(reproductions: Iterable[Reproduction]) -> str:
    """What each paper prints, beside ours where it was done again."""
    found: dict[str, Reproduction] = {}
    for each in reproductions:
        paper(each.paper)  # refuses one that there is not
        if each.paper in found:
            raise DatasetError(f"Two reproductions are of {each.paper}. Give one of each paper.")
        found[each.paper] = each
    sections = [section_of(each, found.get(name), name) for name, each in read_papers().items()]
    return "\n".join(["## The five papers\n", *sections])


def _table(entries: Iterable[tuple[str, Card]]) -> str:
    lines = [
        "| model | network | split | n (groups) | " + " | ".join(_FIGURES) + " |",
        "|---|---|---|---|" + "---|" * len(_FIGURES),
    ]
    baselines: set[tuple[str, str]] = set()
    for name, card in entries:
        for evaluation in card.evaluations:
            subject = name if evaluation.subject == "model" else f"*{evaluation.subject}*"
            key = (subject, f"{evaluation.split} {evaluation.confusion}")
            if key not in baselines:
                network = _network(card) if evaluation.subject == "model" else f"beside {name}"
                lines.append(_row(subject, network, evaluation))
                baselines.add(key)
    return "\n".join(lines) + "\n"


def _network(card: Card) -> str:
    """Architecture and input size, or the members of an ensemble, as the card's recipe has them."""
    model = card.recipe.get("model")
    if isinstance(model, Mapping):
        return f"{model['architecture']}, {model['input_px']} px"
    members = card.recipe.get("members", ())
    return " + ".join(str(each) for each in members) if isinstance(members, list | tuple) else ""


def _row(subject: str, network: str, evaluation: Evaluation) -> str:
    found = {figure.name: figure for figure in _with_means(evaluation)}
    cells = [cell(found.get(name)) for name in _FIGURES]
    n = evaluation.figure("accuracy").n
    begin = f"| {subject} | {network} | {evaluation.split} | {n} ({evaluation.groups})"
    return f"{begin} | {' | '.join(cells)} |"


def _with_means(evaluation: Evaluation) -> tuple[Rate, ...]:
    """The figures, and means over classes that cards from before don't have, without interval."""
    known = {figure.name for figure in evaluation.figures}
    confusion = np.array(evaluation.confusion)
    n = evaluation.figure("accuracy").n
    means = {
        "macro precision": macro_precision(confusion),
        "macro specificity": macro_specificity(confusion),
        "Matthews correlation": matthews_correlation(confusion),
    }
    added = (
        Rate(name=name, value=value, low=None, high=None, n=n)
        for name, value in means.items()
        if name not in known and np.isfinite(value)
    )
    return (*evaluation.figures, *added)


def _by_class(name: str, card: Card) -> str:
    """Sensitivity of each class and, where a group is a patient, the patients' AUROC."""
    lines = []
    for evaluation in card.evaluations:
        if evaluation.subject != "model":
            continue
        found = {figure.name: figure for figure in evaluation.figures}
        sensitivities = [
            f"{label} {cell(figure := found[f'sensitivity {label}'])}, {figure.size_in_words}"
            for label in evaluation.classes
            if f"sensitivity {label}" in found
        ]
        line = f"- {name}, {evaluation.split}: {evaluation.protocol}. Sensitivity: "
        line += "; ".join(sensitivities) + "."
        if "AUROC by group" in found:
            figure = found["AUROC by group"]
            line += f" Patient-level AUROC {cell(figure)}, n {figure.n} patients."
        lines.append(line)
    return "\n".join(lines) + "\n"


def _domain(entries: Iterable[tuple[str, Card]]) -> str:
    """What each model takes for its own kind; nothing where no card says."""
    lines = [
        "## Domain",
        "",
        "What each model takes for its own kind (`python -m training audit-card`): share of images "
        "turned away, and AUROC of their distance against the model's own test images; beside it "
        "that of the logits' energy, which the check does not use. Intervals are drawn over "
        "groups; where all of these agree, they are Wilson's over groups.",
        "",
        "| model | images | n (groups) | turned away | AUROC | AUROC of energy |",
        "|---|---|---|---|---|---|",
    ]
    rows = [
        f"| {name} | {row.kind} | {_counts(row.turned_away)} | {cell(row.turned_away)} | "
        + " | ".join(cell(each) if each else "" for each in (row.auroc, row.energy_auroc))
        + " |"
        for name, card in entries
        for row in card.domain
    ]
    return "\n".join([*lines, *rows]) + "\n" if rows else ""


def _counts(figure: Rate) -> str:
    return f"{figure.n}" if figure.groups is None else f"{figure.n} ({figure.groups})"


def _saliency(entries: Iterable[tuple[str, Card]]) -> str:
    """How each model's maps did beside maps that know nothing; nothing where no card says."""
    lines = [
        "## Saliency",
        "",
        "Maps on the model's own test images (`python -m training audit-card`): share of a map's "
        "mass on cells, and area under the curve as what it marks is deleted (less is better), "
        "each beside a blob in the middle and a random map, with the lead over them.",
        "",
        "| model | map | n (groups) | on cells | blob | random | lead over blob | lead over random "
        "| deletion | lead over blob | lead over random | passes |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    rows = []
    for name, card in entries:
        for check in card.saliency:
            share, deletion = check.share, check.deletion
            cells = [
                cell(share.own),
                f"{share.gaussian:.3f}",
                f"{share.random:.3f}",
                cell(share.over_gaussian),
                cell(share.over_random),
                cell(deletion.own),
                cell(deletion.over_gaussian),
                cell(deletion.over_random),
                "yes" if check.passes else "no",
            ]
            rows.append(
                f"| {name} | {check.method} | {check.n} ({check.groups}) | {' | '.join(cells)} |"
            )
    return "\n".join([*lines, *rows]) + "\n" if rows else ""


def _evidence(entries: Iterable[tuple[str, Card]]) -> str:
    """How each model's evidence by cells did beside other orders; nothing where no card says."""
    lines = [
        "## Evidence by cells",
        "",
        "On the model's own test images (`python -m training audit-card`): cells, or the parts of "
        "a single one, or blocks are taken away one after the other until half are gone. Mean "
        "probability of the first class over these steps (less is better), and how much lower it "
        "is than with the same parts in random order, and in Grad-CAM's order; then with all "
        "gone: the share of images that keep their class, and its mean and median probability.",
        "",
        "| model | taken away | n (groups) | an image | half gone | random | Grad-CAM | lead over "
        "random | lead over Grad-CAM | Grad-CAM's lead over random | all gone: keep their class "
        "| mean | median | passes |",
        "|" + "---|" * 14,
    ]
    rows = []
    for name, card in entries:
        for check in card.evidence:
            cells = [
                f"{check.parts:.1f}",
                cell(check.own),
                f"{check.random:.3f}",
                f"{check.grad_cam:.3f}",
                cell(check.over_random),
                cell(check.over_grad_cam),
                cell(check.grad_cam_over_random),
                cell(check.keeps_class),
                cell(check.probability_without),
                cell(check.median_without),
                "yes" if check.passes else "no",
            ]
            rows.append(
                f"| {name} | {check.kind} | {check.n} ({check.groups}) | {' | '.join(cells)} |"
            )
    return "\n".join([*lines, *rows]) + "\n" if rows else ""
