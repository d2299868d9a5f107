"""What a run's networks answer on JPEG copies of images that they had not learned from."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.answer.prediction import softmax
from models.bundle.manifest import CompressedRisk
from models.image.degradation import Degradation
from training.data.collection import Collection
from training.data.pictures import read_degraded
from training.data.splits import Split
from training.judge.answered import risk_elsewhere
from training.network_outputs import outputs_of
from training.progress import Tell, ignore_share
from training.recipes.recipe import Recipe, SplitPlan
from training.runs.estimate import QUALITIES
from training.runs.folds import fold_folder
from training.stored import write_array

_log = logging.getLogger(__name__)


def compressed_risk(
    recipe: Recipe,
    collection: Collection,
    plan: SplitPlan,
    splits: Sequence[Split],
    temperatures: Sequence[float],
    out: Path,
    *,
    tell: Tell = ignore_share,
) -> tuple[CompressedRisk, ...]:
    """The curve of the first fold's risk on copies of each quality, from the highest on.

    Args:
        recipe: The protocol.
        collection: Its images.
        plan: The split plan that settles the bundle.
        splits: Its folds.
        temperatures: Of each fold.
        out: Folder of the run, where each fold's answers are kept.
        tell: Hears the share of the copies that are asked about, 0–1.
    """
    groups = collection.groups["grouped"]
    found = []
    for done, quality in enumerate(QUALITIES):
        _log.info("Answers on JPEG copies of quality %d", quality)
        shares = []
        for number, (split, temperature) in enumerate(zip(splits, temperatures, strict=True)):
            folder = fold_folder(out, plan, number)
            logits = _logits(recipe, collection, split, folder, quality)
            shares.append(softmax(logits, temperature))
            tell((done + (number + 1) / len(splits)) / len(QUALITIES))
        truths = [(collection.labels[split.test], groups[split.test]) for split in splits]
        risk = risk_elsewhere(0, shares, truths)
        if risk:
            found.append(CompressedRisk(jpeg_quality=quality, risk=risk))
    return tuple(found)


def _logits(
    recipe: Recipe, collection: Collection, split: Split, folder: Path, quality: int
) -> np.ndarray:
    """Of a fold's network on copies of its test part; kept, so that a resumed run need not ask."""
    import keras

    path = folder / f"jpeg-{quality}.npy"
    if not path.is_file():
        records = [collection.records[item] for item in split.test]
        degraded = [Degradation(jpeg_quality=quality)] * len(records)
        rgb = read_degraded(records, recipe.steps, degraded)
        network = keras.saving.load_model(folder / "model.keras", compile=False)
        write_array(path, outputs_of(network, rgb))
        keras.utils.clear_session()
    stored: np.ndarray = np.load(path, allow_pickle=False)
    return stored
