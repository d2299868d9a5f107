"""What people do with corrections: save with consent, look, undo, take back, export.

Every method asks for the role. Readers see their own, admins everybody's. Without a login whoever
has the installation's link is one reader, as everywhere.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from bloodui.corrections.correction import (
    CONSENT,
    MOST_AT_ONCE,
    MOST_BYTES,
    Correction,
)
from bloodui.corrections.export import Exported, export_folder
from bloodui.corrections.store import CorrectionStore, Kept, Listing, Version
from bloodui.errors import CorrectionError
from bloodui.people import ADMIN, READER, Person, require
from models.cells.cut import cell_crop
from models.cells.read import FieldReading
from models.finding.find import Cell


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What was saved: its version, and the number of cells."""

    version: int
    n: int


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """The corrections of one installation, for one person.

    Attributes:
        state: The state folder.
        person: Who acts; every method raises AccessError where that is no reader.
        clock: Seconds since 1970.
        most_bytes: Of all pictures together.
    """

    state: Path
    person: Person
    clock: Callable[[], float] = time.time
    most_bytes: int = MOST_BYTES

    def save(
        self,
        readings: Sequence[tuple[FieldReading, Mapping[int, str]]],
        *,
        is_consented: bool,
        case: str = "",
        is_drawn: bool = False,
    ) -> Saved:
        """Keep what the reader said of cells, all of it or nothing, as a new version.

        What the same reader said of the same cell before no longer holds then.

        Args:
            readings: Each field with the kind that the reader gave, by the cell's number; the
                model's own kind where the reader agrees.
            is_consented: Whether the reader agreed to `CONSENT`, just now and to this.
            case: What the reader calls the case that the fields are of, which keeps them together
                where a model learns from them; only a number that tells nothing of it is kept.
            is_drawn: Whether the fields are drawn.

        Raises:
            CorrectionError: There is no consent, nothing or too much to save, a cell or a kind
                that there is not, a cell that the edge cuts, or no room left.
        """
        self._require_reader()
        if is_consented is not True:
            raise CorrectionError(
                "Nothing was kept, as you have not agreed to it. Tick that you do, or leave it."
            )
        n = sum(len(now) for _, now in readings)
        if not 1 <= n <= MOST_AT_ONCE:
            raise CorrectionError(
                f"Expected 1 to {MOST_AT_ONCE:,} cells to save, received {n:,}. Save some of them."
            )
        store = self._store
        group = store.number_of_case(case) if case.strip() else ""
        crops: dict[str, bytes] = {}
        corrections: list[Correction] = []
        for reading, now in readings:
            for correction, png in _corrections_of(reading, now, group, self.person, is_drawn):
                crops[correction.crop] = png
                corrections.append(correction)
        version = store.add(
            corrections,
            crops,
            owner=self.person.id,
            by=self.person.name,
            at=self.clock(),
            consent=CONSENT,
            most_bytes=self.most_bytes,
        )
        return Saved(version=version, n=len(corrections))

    def listed(self, *, version: int | None = None) -> tuple[Kept, ...]:
        """The corrections that hold now, or held after that version, the earliest first."""
        self._require_reader()
        if not self._store.is_there:
            return ()
        return self._store.listed(owner=self._seen, version=version).kept

    def last_said(self) -> Listing:
        """What was said last of each cell by each reader, undone or not: all whose pictures are
        kept, the earliest first."""
        self._require_reader()
        return self._store.latest(owner=self._seen) if self._store.is_there else Listing()

    def versions(self) -> tuple[Version, ...]:
        """Every change of everybody's, the latest first; for admins."""
        require(self.person, ADMIN)
        return self._store.versions() if self._store.is_there else ()

    def picture(self, kept: Kept) -> bytes:
        """The picture of a correction's cell, PNG.

        Raises:
            CorrectionError: It is not this reader's, or was taken back.
        """
        self._require_reader()
        if self._seen is not None and kept.owner != self._seen:
            raise CorrectionError("This correction is another reader's. Ask an admin.")
        return self._store.crop(kept.correction.crop)

    def undo(self, ids: Sequence[int]) -> int | None:
        """Let corrections no longer hold; what was said stays in the versions of before.

        Args:
            ids: Of `Kept`; those of others are left alone, but for an admin.

        Returns:
            The new version; None where there was nothing to undo.
        """
        self._require_reader()
        if not self._store.is_there:
            return None
        return self._store.undo(ids, owner=self._seen, by=self.person.name, at=self.clock())

    def take_back(self, ids: Sequence[int]) -> int:
        """Delete corrections and their pictures for good, from all versions; how many it were.

        What the same reader said of these cells before goes along.
        """
        self._require_reader()
        if not self._store.is_there:
            return 0
        return self._store.take_back(ids, owner=self._seen, by=self.person.name, at=self.clock())

    def n_bytes(self) -> int:
        """How much of `most_bytes` is taken."""
        self._require_reader()
        return self._store.n_bytes() if self._store.is_there else 0

    def export(
        self, folder: Path, *, version: int | None = None, is_named: bool = False
    ) -> Exported:
        """Write everybody's corrections as a data set: index.csv, and a picture of each cell.

        Args:
            folder: Must not be there yet.
            version: As of when; now where None.
            is_named: Whether readers are named; else they are numbered.

        Raises:
            AccessError: The person is no admin.
            CorrectionError: There is nothing to export, or the folder cannot be written.
        """
        require(self.person, ADMIN)
        listing = self._store.listed(version=version) if self._store.is_there else Listing()
        return export_folder(folder, listing, self._store.crop, is_named=is_named)

    @property
    def _seen(self) -> str | None:
        """Whose corrections this person sees; None for everybody's."""
        return None if self.person.is_admin else self.person.id

    def _require_reader(self) -> None:
        require(self.person, READER, ADMIN)

    @property
    def _store(self) -> CorrectionStore:
        return CorrectionStore(folder=self.state)


def _corrections_of(
    reading: FieldReading, now: Mapping[int, str], case: str, person: Person, is_drawn: bool
) -> Iterator[tuple[Correction, bytes]]:
    """What is kept of each cell of a field, with its picture."""
    cells = {each.cell.number: each for each in reading.counted}
    sha256 = reading.micrograph.sha256
    for number, kind in sorted(now.items()):
        if number not in cells or kind not in reading.manifest.classes:
            raise CorrectionError(
                f"Received the kind {kind!r} for cell {number}. Expected one of the {len(cells)} "
                "whole cells of this field, and one of the kinds "
                f"{', '.join(reading.manifest.classes)}."
            )
        each = cells[number]
        png = _picture(reading, each.cell)
        yield (
            Correction(
                field=sha256,
                group=case or f"field-{sha256[:16]}",
                group_kind="case" if case else "field",
                number=number,
                box=each.cell.box,
                nucleus_box=each.cell.nucleus_box,
                um_per_px=reading.found.scale.um_per_px,
                crop=hashlib.sha256(png).hexdigest(),
                model=reading.manifest.id,
                was=each.top_class,
                probability=each.probability,
                decision=each.decision,
                now=kind,
                by=person.name,
                is_drawn=is_drawn,
            ),
            png,
        )


def _picture(reading: FieldReading, cell: Cell) -> bytes:
    """A cell with its surroundings in the field's light, as PNG."""
    rgb = cell_crop(reading.micrograph.rgb, cell.nucleus_box, reading.found.light)
    return cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
