"""docs/results.md, written from the cards of bundles: the papers' claims beside our figures."""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.bundle import list_bundles
from models.card import Card, Evaluation, Figure, read_card
from training.recipe import RECIPES, Recipe, read_recipe
from training.stored import write_text
from training.study_page import cell, study_section
from training.study_results import StudyResult, read_study_result

_CLAIMS = Path(__file__).parent / "claims.toml"
_FIGURES = (
    "accuracy",
    "balanced accuracy",
    "macro F1",
    "macro AUROC",
    "calibration error",
    "coverage of 90 % prediction sets",
    "mean size of 90 % prediction sets",
)
_HEADING = """# Results

Written by `python -m training results`; change nothing here by hand. Every figure is measured on
images that the model had not seen, with n and the 95 % bootstrap interval over groups. *Random*:
split as the papers do, duplicates kept together. *Grouped*: patients, cases or blocks of
consecutive file numbers kept together. A model's shipped weights are those of the last split in
its table (the first fold where there are several); a split without a row was not run. For research
and teaching, not for diagnosis.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training results`."""
    parser.add_argument("--bundles", type=Path, required=True, help="folder of pinned bundles")
    parser.add_argument("--saliency", type=Path, nargs="*", default=[], help="JSON of saliency")
    parser.add_argument("--domain", type=Path, nargs="*", default=[], help="JSON of domain")
    parser.add_argument("--studies", type=Path, nargs="*", default=[], help="folders of studies")
    parser.add_argument("--out", type=Path, required=True, help="Markdown file to write")


def main(arguments: argparse.Namespace) -> int:
    """Write the page, whole or not at all."""
    page = results_page(
        [
            (manifest.id, manifest.task, read_card(arguments.bundles / manifest.id / "card.json"))
            for manifest in list_bundles(arguments.bundles)
        ],
        [json.loads(path.read_text(encoding="utf-8")) for path in arguments.saliency],
        [read_study_result(folder) for folder in arguments.studies],
        [json.loads(path.read_text(encoding="utf-8")) for path in arguments.domain],
    )
    write_text(arguments.out, page)
    return 0


def results_page(
    bundles: Iterable[tuple[str, str, Card]],
    saliency_checks: Iterable[dict[str, Any]],
    studies: Iterable[StudyResult] = (),
    domain_checks: Iterable[dict[str, Any]] = (),
) -> str:
    """The page as Markdown.

    Args:
        bundles: (bundle id, task, card) of each bundle.
        saliency_checks: What `python -m training saliency` wrote.
        studies: What studies found.
        domain_checks: What `python -m training domain` wrote.
    """
    claims = tomllib.loads(_CLAIMS.read_text(encoding="utf-8"))
    by_task: dict[str, list[tuple[str, Card]]] = {task: [] for task in claims}
    for name, task, card in bundles:
        by_task.setdefault(task, []).append((name, card))
    parts = [_HEADING]
    for task, entries in sorted(by_task.items()):
        parts.append(f"## {task}\n")
        parts += [f"- Claimed: {claim}" for claim in claims.get(task, [])]
        absent = sorted(
            recipe.name
            for recipe in paper_recipes()
            if recipe.task.name == task and recipe.name not in dict(entries)
        )
        parts += [f"- {name}: not run" for name in absent]
        if entries:
            parts.append("\n" + _table(entries))
        parts += [_by_class(name, card) for name, card in entries]
        parts.append("")
    parts += [study_section(study) for study in studies]
    parts += [_domain(check) for check in domain_checks]
    parts += [_saliency(check) for check in saliency_checks]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip() + "\n"


def paper_recipes() -> tuple[Recipe, ...]:
    """The recipes of papers: their names carry the paper's year."""
    names = sorted(path.stem for path in RECIPES.glob("*.toml"))
    return tuple(read_recipe(name) for name in names if re.search(r"-20\d\d-", name))


def _table(entries: Iterable[tuple[str, Card]]) -> str:
    lines = [
        "| model | split | n (groups) | " + " | ".join(_FIGURES) + " |",
        "|---|---|---|" + "---|" * len(_FIGURES),
    ]
    baselines: set[tuple[str, str]] = set()
    for name, card in entries:
        for evaluation in card.evaluations:
            subject = name if evaluation.subject == "model" else f"*{evaluation.subject}*"
            key = (subject, f"{evaluation.split} {evaluation.confusion}")
            if key not in baselines:
                lines.append(_row(subject, evaluation))
                baselines.add(key)
    return "\n".join(lines) + "\n"


def _row(subject: str, evaluation: Evaluation) -> str:
    found = {figure.name: figure for figure in evaluation.figures}
    cells = [cell(found.get(name)) for name in _FIGURES]
    n = evaluation.figure("accuracy").n
    return f"| {subject} | {evaluation.split} | {n} ({evaluation.groups}) | {' | '.join(cells)} |"


def _by_class(name: str, card: Card) -> str:
    """Sensitivity of each class and, where a group is a patient, the patients' AUROC."""
    lines = []
    for evaluation in card.evaluations:
        if evaluation.subject != "model":
            continue
        found = {figure.name: figure for figure in evaluation.figures}
        sensitivities = [
            f"{label} {cell(found[f'sensitivity {label}'])}"
            for label in evaluation.classes
            if f"sensitivity {label}" in found
        ]
        line = f"- {name}, {evaluation.split}: {evaluation.protocol}. Sensitivity: "
        line += ", ".join(sensitivities) + "."
        if "AUROC by group" in found:
            figure = found["AUROC by group"]
            line += f" Patient-level AUROC {cell(figure)}, n {figure.n} patients."
        lines.append(line)
    return "\n".join(lines) + "\n"


def _domain(check: dict[str, Any]) -> str:
    lines = [
        "## Domain",
        "",
        "What each model takes for its own kind (`python -m training domain`): share of images "
        "turned away, and AUROC of their distance against the model's own test images; beside it "
        "that of the logits' energy, which the check does not use.",
        "",
        "| model | images | n | turned away | AUROC | AUROC of energy |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in check.items():
        for row in rows:
            shares = [row["auroc"], row["energy_auroc"]]
            aurocs = " | ".join("" if each is None else f"{each:.3f}" for each in shares)
            share = f"{100 * row['turned_away']:.1f} %"
            lines.append(f"| {name} | {row['kind']} | {row['n']} | {share} | {aurocs} |")
    return "\n".join(lines) + "\n"


def _saliency(check: dict[str, Any]) -> str:
    lines = [
        f"## Saliency of {check['model']} on {check['images']}\n",
        "Share of the map's mass on cells (`python -m training saliency`).\n",
        "| map | share on cell | n |",
        "|---|---|---|",
    ]
    for values in check["shares"]:
        figure = Figure(**values)
        lines.append(f"| {figure.name} | {cell(figure)} | {figure.n} |")
    return "\n".join(lines) + "\n"
