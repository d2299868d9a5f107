"""A run starts only where nothing leaks, or where its recipe allows the leak by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.bundle.card import AllowedLeak
from training.audits.findings import LeakageReport, how_to_override
from training.audits.leakage import audit_leakage
from training.data.collection import Collection, TaskImages, splits_of
from training.data.file_facts import ImageFacts, read_facts
from training.errors import LeakageError
from training.recipes.recipe import Recipe
from training.stored import write_json

REPORT_FILE = "leakage.json"


def audit_recipe(recipe: Recipe, images: TaskImages, facts: Sequence[ImageFacts]) -> LeakageReport:
    """What leaks in a recipe's images and in every split that it names.

    Args:
        recipe: The protocol.
        images: Its images.
        facts: Of each file.

    Raises:
        DatasetError: The images cannot be split as the recipe asks.
    """
    report = audit_leakage(
        images.records,
        images.labels,
        {plan.kind: splits_of(images, plan, seed=recipe.seed) for plan in recipe.splits},
        facts=facts,
        near_bits=recipe.task.near_bits,
    )
    return replace(report, allowed=recipe.allow_leaks)


def audit_collection(recipe: Recipe, collection: Collection) -> LeakageReport:
    """As `audit_recipe`, of images that were read for a run; their files' headers are read."""
    facts = read_facts(collection.records, collection.pictures.hashes)
    return audit_recipe(recipe, collection, facts)


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
    report = audit_collection(recipe, collection)
    write_json(out / REPORT_FILE, report.to_dict())
    if report.refused:
        found = " ".join(f"{each.name}: {each.sentence}" for each in report.refused)
        raise LeakageError(
            f"Images or splits give labels away ({len(report.refused)} findings). {found} "
            f"{how_to_override(report.refused)}"
        )
    return tuple(
        AllowedLeak(name=found.name, finding=found.sentence) for found in report.overridden
    )
