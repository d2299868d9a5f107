"""What is wrong with the files and labels of an index, on which no run may start.

`data check`, the page Training and every run ask the same question here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from training.data.index import ImageRecord, plain
from training.errors import DatasetError

_MOST_NAMES = 3  # of images, in one sentence


@dataclass(frozen=True, kw_only=True)
class Objection:
    """What keeps a run from starting.

    Attributes:
        kind: A file that is not what the index's hash says, one file with two labels, or labels
            of one data set that differ by capitals, blanks or accents alone.
        sentence: What is wrong, and what to do.
        names: The images, as the index names them.
    """

    kind: Literal["altered", "two-labels", "spelling"]
    sentence: str
    names: tuple[str, ...]


def objections_to(
    records: Sequence[ImageRecord], classes: Sequence[str], sha256: Sequence[str]
) -> tuple[Objection, ...]:
    """What keeps a run on these images from starting.

    Args:
        records: The images.
        classes: Name of the class of each, or its label where no recipe was chosen.
        sha256: Of each file's bytes.
    """
    return (*_altered(records, sha256), *_two_labels(records, classes, sha256))


def objections_to_labels(
    records: Sequence[ImageRecord], sha256: Sequence[str]
) -> tuple[Objection, ...]:
    """As `objections_to`, of the labels of each data set as they are; no label is none.

    Two data sets may have a file in common with labels of their own.
    """
    found = list(_altered(records, sha256))
    members: dict[str, list[int]] = defaultdict(list)
    for number, record in enumerate(records):
        if record.label:
            members[record.dataset].append(number)
    for numbers in members.values():
        mine = [records[number] for number in numbers]
        labels = [record.label for record in mine]
        found += _two_labels(mine, labels, [sha256[number] for number in numbers])
        found += _spellings(mine)
    return tuple(found)


def refuse(objections: Sequence[Objection]) -> None:
    """Refuse images that there are objections to. Raises DatasetError with every sentence."""
    if objections:
        raise DatasetError(" ".join(each.sentence for each in objections))


def _altered(records: Sequence[ImageRecord], sha256: Sequence[str]) -> list[Objection]:
    names = [
        record.name
        for record, found in zip(records, sha256, strict=True)
        if record.sha256 not in ("", found)
    ]
    if not names:
        return []
    files = "1 file is" if len(names) == 1 else f"{len(names)} files are"
    sentence = (
        f"{files} not what the index's hash says: {_listed(names)}. Put the right file back, or "
        "correct the column sha256 where the file is right."
    )
    return [Objection(kind="altered", sentence=sentence, names=tuple(names))]


def _two_labels(
    records: Sequence[ImageRecord], classes: Sequence[str], sha256: Sequence[str]
) -> list[Objection]:
    same: dict[str, list[int]] = defaultdict(list)
    for item, found in enumerate(sha256):
        same[found].append(item)
    torn = [items for items in same.values() if len({classes[item] for item in items}) > 1]
    if not torn:
        return []
    names = tuple(records[item].name for items in torn for item in items)
    told = [
        " and ".join(f"{records[item].name} as {classes[item]}" for item in items) for items in torn
    ]
    number = "1 picture has" if len(torn) == 1 else f"{len(torn)} pictures have"
    sentence = f"{number} two labels: {_listed(told, mark='; ')}. Drop the lines that are wrong."
    return [Objection(kind="two-labels", sentence=sentence, names=names)]


def _spellings(records: Sequence[ImageRecord]) -> list[Objection]:
    """The labels of one data set that differ by capitals, blanks or accents alone."""
    spellings: dict[str, dict[str, int]] = defaultdict(dict)
    for label, number in Counter(record.label for record in records).items():
        spellings[plain(label)][label] = number
    objections = []
    for numbers in spellings.values():
        if len(numbers) > 1:
            told = ", ".join(f"{label} (rows: {n})" for label, n in sorted(numbers.items()))
            sentence = (
                f"Labels of {records[0].dataset} differ by capitals, blanks or accents alone: "
                f"{told}. Write them in one way."
            )
            names = tuple(record.name for record in records if record.label in numbers)
            objections.append(Objection(kind="spelling", sentence=sentence, names=names))
    return objections


def _listed(names: Sequence[str], mark: str = ", ") -> str:
    more = len(names) - _MOST_NAMES
    return mark.join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
