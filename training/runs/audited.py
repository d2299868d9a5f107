"""A finished run's bundle again, with a card that says what audits found."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from models.bundle.card import parse_card
from models.bundle.folder import folder_beside, read_bundle
from models.bundle.manifest import CARD_FILE
from training.audits.card_audit import audited_card
from training.audits.subject import read_subject
from training.audits.with_card import write_with_card
from training.data.index import DatasetIndex
from training.progress import Progress

MOST_IMAGES, MOST_MAPS = 120, 20
"""Test images for shortcuts and worse images, and for maps: fewer than `audit-card` takes, so that
a run does not wait for hours."""
_STAGES = ("shortcuts", "worse images", "domain", "maps")


def audit_run(out: Path, index: DatasetIndex, *, progress: Progress) -> None:
    """Audit the bundle of a finished run, once, and put the audited one in its place.

    Args:
        out: Folder of the run.
        index: The images that it was made from.
        progress: Receives which audit goes on.

    Raises:
        DatasetError: A file is not a readable image.
        BundleError: The bundle cannot be read or written.
    """
    contents = read_bundle(out / "bundle")
    if parse_card(contents.files[CARD_FILE]).domain:
        return
    waiting = iter(enumerate(_STAGES))

    def begin_next(lines: Iterable[str] = ()) -> None:
        number, stage = next(waiting, (len(_STAGES), ""))
        if stage:
            progress.stage(f"Checking {stage}", number / len(_STAGES))

    begin_next()
    subject = read_subject(contents, index)
    card = audited_card(subject, index, limit=MOST_IMAGES, maps=MOST_MAPS, report=begin_next)
    card = card.changed(mistakes=())  # files may be named after patients, and bundles travel
    new, before = out / "bundle-audited", out / "bundle-before"
    for left in (new, before):  # by a run that was stopped here
        shutil.rmtree(left, ignore_errors=True)
    with folder_beside(new) as folder:
        write_with_card(contents, card, folder)
    (out / "bundle").rename(before)  # stopped behind this, the run writes its bundle once more
    new.rename(out / "bundle")
    shutil.rmtree(before)
