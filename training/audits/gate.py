"""A run starts only where nothing leaks, or where its recipe allows the leak by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from models.card import AllowedLeak
from models.errors import LeakageError
from training.audits.file_headers import read_headers
from training.audits.findings import LeakageReport, how_to_override
from training.audits.leakage import audit_leakage
from training.collection import Collection, splits_of
from training.recipe import Recipe
from training.stored import write_json

REPORT_FILE = "leakage.json"


def audit_recipe(recipe: Recipe, collection: Collection) -> LeakageReport:
    """What leaks in a recipe's images and in every split that it names.

    Args:
        recipe: The protocol.
        collection: Its images, see `collect`.
    """
    report = audit_leakage(
        collection.records,
        collection.labels,
        {plan.kind: splits_of(collection, plan, seed=recipe.seed) for plan in recipe.splits},
        headers=read_headers(collection.records, collection.pictures.hashes),
        near_bits=recipe.task.near_bits,
    )
    return replace(report, allowed=recipe.allow_leaks)


def pass_leakage_audit(
    recipe: Recipe, collection: Collection, out: Path
) -> tuple[AllowedLeak, ...]:
    """Audit a run before it starts, and leave the report in its folder.

    Args:
        recipe: The protocol.
        collection: Its images, see `collect`.
        out: Folder of the run.

    Returns:
        What the recipe had to allow, for the model's card.

    Raises:
        LeakageError: Something leaks that the recipe does not allow by name.
    """
    report = audit_recipe(recipe, collection)
    write_json(out / REPORT_FILE, report.to_dict())
    if report.refused:
        found = " ".join(f"{each.name}: {each.sentence}" for each in report.refused)
        raise LeakageError(
            f"Expected images and splits that give no label away, received {len(report.refused)} "
            f"findings. {found} {how_to_override(report.refused)}"
        )
    return tuple(
        AllowedLeak(name=found.name, finding=found.sentence) for found in report.overridden
    )
