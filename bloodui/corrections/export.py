"""Corrections as a data set that `python -m training` reads: index.csv, and a picture of each cell.

Field or case is the group, so that no split parts them. A cell on which readers differ is left out:
it has no one label.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodui.corrections.store import Kept, Listing
from bloodui.errors import CorrectionError, DamagedCorrectionError
from models.cells.cut import CROP_PX
from models.files import disk_reason, flush, write_file
from models.table_cell import as_cell
from training.data import adapt

DATASET = "corrections"
"""What the index calls it; tasks name its labels "corrections/blast"."""
COLUMNS = (
    *adapt.COLUMNS,
    "was",
    "probability",
    "decision",
    "model",
    "reader",
    "saved",
    "field_sha256",
    "x",
    "y",
    "w",
    "h",
    "um_per_px",
)
_NOTES = (
    "Cells that readers named, kept with their consent. For research and teaching, not for "
    "diagnosis.\nindex.csv lists them; `python -m training data check --index index.csv` looks "
    "through them. `label` is what the reader said, `was` what the model had put first. A field, "
    "or a case where one was named, is a group. Pictures are of patients' cells: pass them on "
    "only where you may.\n"
)


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was exported.

    Attributes:
        index: The index.csv.
        n: Cells in it.
        n_differing: Cells that were left out, as readers differ on them.
        n_damaged: Cells that were left out, as their record or picture is damaged.
    """

    index: Path
    n: int
    n_differing: int
    n_damaged: int


def export_folder(
    folder: Path,
    listing: Listing,
    crop: Callable[[str], bytes],
    *,
    is_named: bool,
) -> Exported:
    """Write the data set into a new folder; its index comes last. See `Corrections.export`.

    Args:
        listing: What holds.
        crop: Gives a picture by its hash. Raises DamagedCorrectionError where it is damaged.
    """
    chosen, n_differing = _chosen(listing.kept)
    written: list[Kept] = []
    try:
        folder.mkdir(parents=True)
        for each in chosen:
            try:
                picture = crop(each.correction.crop)
            except DamagedCorrectionError:
                continue  # counted below
            write_file(folder / _name(each), picture)
            written.append(each)
        write_file(folder / "README.txt", _NOTES.encode())
        index = _index(written, _groups(listing.kept), is_named=is_named)
        write_file(folder / "index.csv", index.encode())
        flush(folder)
    except OSError as error:
        raise CorrectionError(
            f"The corrections cannot be written there: {disk_reason(error)}. Give a new folder."
        ) from error
    return Exported(
        index=folder / "index.csv",
        n=len(written),
        n_differing=n_differing,
        n_damaged=len(listing.damaged) + len(chosen) - len(written),
    )


def _chosen(kept: Sequence[Kept]) -> tuple[tuple[Kept, ...], int]:
    """One correction for each picture on which readers agree, and on how many they differ."""
    by_picture: dict[str, list[Kept]] = {}
    for each in kept:
        by_picture.setdefault(each.correction.crop, []).append(each)
    agreed = [
        same[-1] for same in by_picture.values() if len({each.correction.now for each in same}) == 1
    ]
    if not agreed:
        raise CorrectionError(
            "There is no corrected cell to export. Save corrections on the page Fields first."
        )
    return tuple(agreed), len(by_picture) - len(agreed)


def _index(chosen: Sequence[Kept], groups: Mapping[str, str], *, is_named: bool) -> str:
    owners = sorted({(each.owner, each.correction.by) for each in chosen})
    numbers = {owner: f"reader {number}" for number, owner in enumerate(owners, start=1)}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for each in chosen:
        said = each.correction
        row = (
            _name(each),
            DATASET,
            said.now,
            groups[said.group],
            groups[said.group].partition("-")[0],
            CROP_PX,
            CROP_PX,
            "",
            "drawn" if said.is_drawn else "",
            said.crop,
            said.was,
            f"{said.probability:.4f}",
            said.decision,
            said.model,
            said.by if is_named else numbers[each.owner, said.by],
            dt.datetime.fromtimestamp(each.at, dt.UTC).isoformat(timespec="seconds"),
            said.field,
            *said.box,
            said.um_per_px,
        )
        table.writerow([as_cell(cell) for cell in row])
    return text.getvalue()


def _groups(kept: Sequence[Kept]) -> dict[str, str]:
    """What each group is called, so that no field is in two.

    A field may have been saved alone once, and as one of a case another time.
    """
    name = {each.correction.group: each.correction.group for each in kept}

    def called(group: str) -> str:
        while name[group] != group:
            group = name[group]
        return group

    of_field: dict[str, str] = {}
    for each in kept:
        mine = called(each.correction.group)
        first = called(of_field.setdefault(each.correction.field, mine))
        name[max(mine, first)] = min(mine, first)  # "case-…" comes before "field-…"
    return {group: called(group) for group in name}


def _name(kept: Kept) -> str:
    return f"cells/{kept.correction.crop[:32]}.png"
