"""What a bundle takes for its own kind: of its own test images, and of all others at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np

from models.bundle.card import KindCheck
from training.audits.subject import Subject, Views
from training.data.collection import spread_out
from training.data.index import DatasetIndex, ImageRecord
from training.data.none_of_these import (
    fields_with_cells,
    is_kept_to_judge,
    is_none_of,
)
from training.data.pictures import read_rgb
from training.judge.basis import Basis
from training.judge.bootstrap import bootstrap_figures
from training.judge.emptied import emptied_views
from training.judge.measures import aurocs
from training.recipes.recipe import read_task

OWN = "own test images"
"""What the kind is called that a model was made of."""
EMPTY = "own test images, cells painted out"
"""What the kind is called that is its own fields without what is to be read in them."""
UNNAMED = ", not named as none"
"""What follows the name of a data set: those of its labels that a task does not name as none of its
classes, where the model was shown such."""
OTHERS = 150
"""Largest number of images of each other kind."""
PHOTOGRAPHS, DOCUMENTS = "photographs", "documents"
FOREIGN = (PHOTOGRAPHS, DOCUMENTS)
"""What the kinds are called that come from no index."""
_PHOTOGRAPHS = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket")
_DOCUMENTS = ("page", "text")
_N_DRAWN_DOCUMENTS = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz     "


def check_domain(
    subject: Subject,
    index: DatasetIndex,
    *,
    others: DatasetIndex | None = None,
    limit: int = OTHERS,
) -> tuple[KindCheck, ...]:
    """What a model's domain check says of its own test images and of every other kind.

    Args:
        subject: Who is audited.
        index: The images that it was made from, and those of other data sets beside them.
        others: Another index of other data sets; `index` where None.
        limit: Largest number of images of each other kind, evenly taken; of its own all of the
            test part.

    Returns:
        Its own images first; nothing of a bundle from before domains were stored.

    Raises:
        DatasetError: A file is not a readable image.
    """
    if any(member.domain is None for member in subject.members):
        return ()
    test = subject.split.test
    own = _measured(subject, subject.own(test)), subject.groups[test]
    rows = [_row(OWN, *own, None)]
    for kind, records in sorted(other_kinds(subject, others or index).items()):
        chosen = [records[item] for item in spread_out(np.arange(len(records)), limit)]
        pictures = subject.prepared([read_rgb(record) for record in chosen])
        rows.append(_row(kind, _measured(subject, pictures), groups_of_kind(chosen), own))
    task = read_task(subject.manifest.task)
    fields = fields_with_cells(task, subject.collections[0], subject.split.test, limit)
    if len(fields):
        records = [subject.records[n] for n in fields]
        measured = _measured(
            subject,
            tuple(
                np.concatenate([*emptied_views(records, member.manifest.steps)])
                for member in subject.members
            ),
        )
        rows.append(_row(EMPTY, measured, subject.groups[fields], own))
    for kind, images in _foreign().items():
        measured = _measured(subject, subject.prepared(images))
        rows.append(_row(kind, measured, np.arange(len(images)), own))
    return tuple(rows)


def domain_lines(rows: Sequence[KindCheck]) -> Iterator[str]:
    """The rows as lines of text."""
    for row in rows:
        line = f"{row.kind} (n {row.turned_away.n}): {row.turned_away.in_percent} turned away"
        if row.auroc:
            line += f", AUROC {row.auroc.in_decimals}"
        if row.energy_auroc:
            line += f", of energy {row.energy_auroc.in_decimals}"
        yield line


def _measured(subject: Subject, views: Views) -> np.ndarray:
    """Foreignness of prepared pictures, and energy too where it is one model: (1 or 2, n).

    Both are high where pictures are foreign. The energy of an ensemble, whose logits are those of
    a mean of probabilities, would be 0 for every picture.
    """
    logits, foreignness = subject.logits_and_foreignness(views)
    if subject.manifest.members:
        return foreignness[np.newaxis]
    return np.stack([foreignness, -np.logaddexp.reduce(logits.astype(np.float64), axis=1)])


def other_kinds(subject: Subject, index: DatasetIndex) -> dict[str, list[ImageRecord]]:
    """The images of each data set that is none of the model's own, by its name.

    Of what the model was shown as none of its classes, those images that it was not shown.
    """
    known = {record.dataset for record in subject.records}
    task = read_task(subject.manifest.task)
    was_shown = any(each.domain is not None and each.domain.none for each in subject.members)
    named_sets = {r.dataset for r in index.records if was_shown and is_none_of(r, task)}
    others: dict[str, list[ImageRecord]] = {}
    for record in index.records:
        is_named = was_shown and is_none_of(record, task)
        if record.dataset in known or (is_named and not is_kept_to_judge(record)):
            continue
        is_apart = record.dataset in named_sets and not is_named
        name = f"{record.dataset}{UNNAMED}" if is_apart else record.dataset
        others.setdefault(name, []).append(record)
    return others


def groups_of_kind(records: Sequence[ImageRecord]) -> np.ndarray:
    """Patient or case of each image, as (n,) int; an image without one is its own."""
    names = [record.person or f"#{item}" for item, record in enumerate(records)]
    return np.unique(names, return_inverse=True)[1]


def _row(
    kind: str,
    measured: np.ndarray,
    groups: np.ndarray,
    own: tuple[np.ndarray, np.ndarray] | None,
) -> KindCheck:
    """A kind's figures; the areas from draws of its own groups and of the model's together."""
    away = measured[0] > 1
    share = bootstrap_figures(lambda rows: {"turned away": float(away[rows].mean())}, groups)[0]
    if own is None:
        return KindCheck(kind=kind, turned_away=share)
    truth = np.repeat([0, 1], [own[0].shape[1], measured.shape[1]])
    both = np.concatenate([own[0], measured], axis=1).T
    tied = np.concatenate([own[1], groups + own[1].max() + 1])

    def areas(rows: np.ndarray) -> dict[str, float]:
        scores = both[rows].T
        return {
            str(item): float(aurocs(np.stack([each, each], axis=1), truth[rows])[1])
            for item, each in enumerate(scores)
        }

    basis = Basis(rows=truth == 1, parts=((truth == 0, truth == 1),))
    found = [
        figure.changed(name="AUROC")
        for figure in bootstrap_figures(
            areas, tied, bases={str(item): basis for item in range(len(both.T))}
        )
    ]
    return KindCheck(
        kind=kind,
        turned_away=share,
        auroc=found[0],
        energy_auroc=found[1] if len(found) > 1 else None,
    )


def _foreign() -> Mapping[str, list[np.ndarray]]:
    """Photographs that travel with scikit-image, and printed pages, as (H, W, 3) uint8."""
    from skimage import data

    def read(names: Sequence[str]) -> list[np.ndarray]:
        pictures = [np.asarray(getattr(data, name)()) for name in names]
        return [p[..., :3] if p.ndim == 3 else np.dstack([p] * 3) for p in pictures]

    rng = np.random.default_rng(0)
    pages = []
    for _ in range(_N_DRAWN_DOCUMENTS):
        page = np.full((640, 480, 3), 248, np.uint8)
        for line in range(28):
            words = "".join(rng.choice(list(_LETTERS), 44))
            place = (16, 24 + 22 * line)
            cv2.putText(page, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (25, 25, 25), 1)
        pages.append(page)
    return {PHOTOGRAPHS: read(_PHOTOGRAPHS), DOCUMENTS: [*read(_DOCUMENTS), *pages]}
