"""An installation with drawn images, a run that was judged on them, and a model with mistakes.

The same run lies below BLOODUI_RUNS, too, as `reproduce` would have left it.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bloodui.people import LOCAL_USER
from bloodui.settings import settings_from
from bloodui.studio.studio import Studio
from drawn.dataset import write_synthetic_dataset
from models.bundle.card import Card, parse_card
from models.bundle.folder import (
    folder_beside,
    pin_bundle,
    read_bundle,
    seal_bundle,
)
from tests.bloodui.studio.test_studio import finished_run
from tests.training.jobs.counter import MODULE
from training.audits.card_audit import surest_mistakes
from training.data.index import DatasetIndex, ImageRecord, read_index
from training.judge.evaluation import EvaluationPlan, evaluate
from training.judge.predictions import write_predictions

CLASSES = ("Benign", "Early", "Pre", "Pro")
PER_CLASS = 4
RUN, MODEL = "drawn-run", "Learned by heart"
ELSEWHERE = "a-paper/its-study/members/by-hand"
EPOCHS = 3
"""In which the network of the run of the command line learned."""
SPLITS = ("random", "grouped")
# Number of the image, what was answered, and how surely; every other answer is right, at 0.9.
# On the random split every answer is wrong.
MISTAKES = {1: ("Pro", 0.7), 8: ("Pro", 0.6), 9: ("Pro", 0.8), 15: ("Benign", 0.95)}
SECOND_FOLD = (9,)


@dataclass(frozen=True, kw_only=True)
class JudgedPlace:
    """What the environment of a dashboard needs to show it.

    Attributes:
        records: The images, four of each class in the order of CLASSES.
        card: Of the model; that of the run has the same figures and lists no mistakes.
    """

    folder: Path
    records: tuple[ImageRecord, ...]
    card: Card

    @property
    def settings(self) -> dict[str, str]:
        return {
            "BLOODUI_STATE": str(self.folder / "state"),
            "BLOODUI_MODELS": str(self.folder / "root"),
            "BLOODUI_DATA": str(self.folder / "data"),
            "BLOODUI_RUNS": str(self.folder / "runs"),
        }


def judged_place(tiny_bundle: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> JudgedPlace:
    """Write such an installation into a folder."""
    index_path = write_synthetic_dataset(
        folder / "data", labels=CLASSES, n_per_label=PER_CLASS, seed=7
    )
    index = read_index(index_path)
    records = tuple(sorted(index.records, key=lambda record: CLASSES.index(record.label)))
    labels = np.array([CLASSES.index(record.label) for record in records])
    given = {
        "grouped": _probabilities(labels),
        "random": np.roll(np.eye(len(CLASSES)), 1, 1)[labels],
    }
    contents = read_bundle(tiny_bundle)
    card = parse_card(contents.files["card.json"]).changed(
        evaluations=tuple(
            evaluate(
                given[split],
                labels,
                np.arange(len(labels)),
                EvaluationPlan(classes=CLASSES, split=split, protocol="Drawn for this test"),
                subject="model",
            )
            for split in SPLITS
        ),
    )
    with_mistakes = card.changed(
        mistakes=surest_mistakes(CLASSES, records, labels, given["grouped"])
    )

    monkeypatch.setenv("COUNTER_STEPS", "2")
    settings = settings_from({"BLOODUI_STATE": str(folder / "state")})
    studio = Studio(settings=settings, person=LOCAL_USER, worker=(sys.executable, "-m", MODULE))
    run = studio.run(finished_run(studio, index_path, RUN))
    for bundle, bundle_id, title, its_card in (
        (run.folder / "run" / "bundle", RUN, RUN, card),
        (folder / "written", "by-heart", MODEL, with_mistakes),
    ):
        bundle.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(bundle) as part:
            (part / "model.keras").write_bytes(contents.files["model.keras"])
            manifest = contents.manifest.changed(id=bundle_id, title=title, files={})
            seal_bundle(part, manifest, its_card)
    pin_bundle(folder / "root", folder / "written")
    for split in SPLITS:
        write_predictions(
            run.folder / "run" / split,
            classes=CLASSES,
            records=records,
            groups=np.arange(len(labels)),
            labels=labels,
            folds=np.isin(np.arange(len(labels)), SECOND_FOLD).astype(int),
            probabilities=given[split],
        )
    shutil.rmtree(folder / "written")
    _leave_elsewhere(folder / "runs" / ELSEWHERE, run.folder / "run", card, index)
    return JudgedPlace(folder=folder, records=records, card=with_mistakes)


def _leave_elsewhere(place: Path, run: Path, card: Card, index: DatasetIndex) -> None:
    """What `python -m training reproduce` leaves of a network that learned on these images."""
    for split in SPLITS:
        shutil.copytree(run / split, place / split)
        history = place / split / "fold-0" / "history.csv"
        history.parent.mkdir(exist_ok=True)
        lines = ["epoch,accuracy,loss,val_accuracy,val_loss,seconds"]
        lines += [f"{each},0.{5 + each},1.{9 - each},0.5,1.{each},2.5" for each in range(EPOCHS)]
        history.write_text("\n".join(lines) + "\n")
    contents = read_bundle(run / "bundle")
    data = contents.manifest.data.changed(index_sha256=index.sha256)
    with folder_beside(place / "bundle") as part:
        (part / "model.keras").write_bytes(contents.files["model.keras"])
        seal_bundle(part, contents.manifest.changed(id="by-hand", data=data, files={}), card)


def _probabilities(labels: np.ndarray) -> np.ndarray:
    shares = np.full((len(labels), len(CLASSES)), 0.1 / 3)
    shares[np.arange(len(labels)), labels] = 0.9
    for number, (answer, share) in MISTAKES.items():
        shares[number] = (1 - share) / 3
        shares[number, CLASSES.index(answer)] = share
    return shares
