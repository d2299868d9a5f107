"""Corrections and their pictures in one SQLite file, in versions: what was said stays readable.

A save or an undo is one version, whole or not at all. A correction holds from the version that
saved it until one that undid it, or saved another of the same cell by the same reader. It keeps;
who may see what, the service decides.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sql
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from bloodui import sqlite_file
from bloodui.corrections.correction import Correction
from bloodui.errors import CorrectionError, DamagedCorrectionError

FILE = "corrections.sqlite"
_tables = sql.MetaData()
_versions = sql.Table(
    "versions",
    _tables,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("at", sql.Float, nullable=False),
    sql.Column("by", sql.String, nullable=False),
    sql.Column("what", sql.String, nullable=False),
    sql.Column("consent", sql.String, nullable=False),
    sqlite_autoincrement=True,
)
_crops = sql.Table(
    "crops",
    _tables,
    sql.Column("sha256", sql.String, primary_key=True),
    sql.Column("png", sql.LargeBinary, nullable=False),
)
_corrections = sql.Table(
    "corrections",
    _tables,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("saved", sql.Integer, sql.ForeignKey("versions.number"), nullable=False),
    sql.Column("undone", sql.Integer, sql.ForeignKey("versions.number")),
    sql.Column("owner", sql.String, nullable=False, index=True),
    sql.Column("cell", sql.String, nullable=False, index=True),
    sql.Column("crop", sql.String, sql.ForeignKey("crops.sha256"), nullable=False, index=True),
    sql.Column("record", sql.String, nullable=False),
    sqlite_autoincrement=True,
)
_salt = sql.Table(
    "salt",
    _tables,
    sql.Column("only", sql.Integer, primary_key=True),
    sql.Column("value", sql.LargeBinary, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Version:
    """One change.

    Attributes:
        number: From 1, in order.
        at: Seconds since 1970.
        by: Name of who did it, "" where nobody is logged in.
        what: "saved", "undone" or "taken back".
        n: Corrections that it saved, or undid and that are still kept.
    """

    number: int
    at: float
    by: str
    what: str
    n: int


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A correction as it lies in the store.

    Attributes:
        id: Its number here.
        saved: The version that saved it, and when that was, in seconds since 1970.
        undone: The version from which on it no longer holds; None as long as it does.
        owner: Id of the login that it belongs to; "" where nobody is logged in.
    """

    id: int
    saved: int
    at: float
    undone: int | None
    owner: str
    correction: Correction


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Corrections that were asked for.

    Attributes:
        kept: Those that can be read.
        damaged: Ids of those whose record is damaged.
    """

    kept: tuple[Kept, ...] = ()
    damaged: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CorrectionStore:
    """The corrections of one installation.

    Attributes:
        folder: The state folder; where it is missing, it is made for its owner alone.
    """

    folder: Path

    @property
    def is_there(self) -> bool:
        """Whether anything was ever kept; asking makes no file."""
        return (self.folder / FILE).is_file()

    def add(
        self,
        corrections: Sequence[Correction],
        crops: Mapping[str, bytes],
        *,
        owner: str,
        by: str,
        at: float,
        consent: str,
        most_bytes: int,
    ) -> int:
        """Keep corrections with their pictures as a new version, and return its number.

        Args:
            crops: PNG of each cell by its hash.
            most_bytes: Of all pictures together, those of before included.

        Raises:
            CorrectionError: There is no room left.
        """
        with self._writing() as connection:
            version = _new_version(connection, by=by, at=at, what="saved", consent=consent)
            connection.execute(
                _crops.insert().prefix_with("OR IGNORE"),
                [{"sha256": sha256, "png": png} for sha256, png in crops.items()],
            )
            if _n_bytes(connection) > most_bytes:
                raise CorrectionError(
                    f"The pictures of corrected cells would take more than "
                    f"{most_bytes / 2**20:,.0f} MiB. Take some back; an admin can export them "
                    "first (python -m bloodui corrections)."
                )
            cells = [_cell(each) for each in corrections]
            connection.execute(
                _corrections.update()
                .where(_corrections.c.cell.in_(cells), _corrections.c.owner == owner, _holds())
                .values(undone=version)
            )
            connection.execute(
                _corrections.insert(),
                [
                    {
                        "saved": version,
                        "owner": owner,
                        "cell": cell,
                        "crop": each.crop,
                        "record": json.dumps(each.to_dict(), ensure_ascii=False),
                    }
                    for each, cell in zip(corrections, cells, strict=True)
                ],
            )
            return version

    def listed(self, *, owner: str | None = None, version: int | None = None) -> Listing:
        """The corrections that hold, the earliest first.

        Args:
            owner: Whose; everybody's where None.
            version: As of when; now where None.
        """
        return self._chosen(_holds(version) & _of(owner))

    def latest(self, *, owner: str | None = None) -> Listing:
        """What was said last of each cell by each reader, undone or not, the earliest first.

        Args:
            owner: Whose; everybody's where None.
        """
        last = sql.select(sql.func.max(_corrections.c.id)).group_by(
            _corrections.c.owner, _corrections.c.cell
        )
        return self._chosen(_corrections.c.id.in_(last) & _of(owner))

    def versions(self) -> tuple[Version, ...]:
        """Every change, the latest first."""
        n = (
            sql.select(sql.func.count())
            .where(
                (_corrections.c.saved == _versions.c.number)
                | (_corrections.c.undone == _versions.c.number) & (_versions.c.what == "undone")
            )
            .scalar_subquery()
            .label("n")
        )
        with self._reading() as connection:
            rows = connection.execute(
                sql.select(_versions, n).order_by(_versions.c.number.desc())
            ).all()
        return tuple(
            Version(number=row.number, at=row.at, by=row.by, what=row.what, n=row.n) for row in rows
        )

    def crop(self, sha256: str) -> bytes:
        """The picture of that hash.

        Raises:
            DamagedCorrectionError: It is not what was kept.
            CorrectionError: There is none.
        """
        with self._reading() as connection:
            png = connection.scalar(sql.select(_crops.c.png).where(_crops.c.sha256 == sha256))
        if png is None:
            raise CorrectionError("The picture of this cell was taken back. Open the list again.")
        if not isinstance(png, bytes) or hashlib.sha256(png).hexdigest() != sha256:
            raise DamagedCorrectionError(
                f"The picture of this cell is damaged in {FILE} of the state folder. Take it back, "
                "or restore the file from a copy."
            )
        return png

    def n_bytes(self) -> int:
        """Of all pictures that are kept."""
        with self._reading() as connection:
            return _n_bytes(connection)

    def undo(self, ids: Sequence[int], *, owner: str | None, by: str, at: float) -> int | None:
        """Let corrections no longer hold, as a new version; None where none of them does.

        Args:
            owner: Whose may be undone; everybody's where None.
        """
        with self._writing() as connection:
            chosen = _corrections.c.id.in_(list(ids)) & _holds() & _of(owner)
            if not connection.scalar(sql.select(sql.func.count()).where(chosen)):
                return None
            version = _new_version(connection, by=by, at=at, what="undone")
            connection.execute(_corrections.update().where(chosen).values(undone=version))
            return version

    def take_back(self, ids: Sequence[int], *, owner: str | None, by: str, at: float) -> int:
        """Delete corrections and their pictures for good; what was there is overwritten.

        All that the same readers said of the same cells goes along, also what no longer held. That
        it happened is kept, and how it was before no longer. Returns how many corrections it were.
        """
        with self._writing() as connection:
            given = sql.select(_corrections.c.owner, _corrections.c.cell).where(
                _corrections.c.id.in_(list(ids)) & _of(owner)
            )
            chosen = sql.tuple_(_corrections.c.owner, _corrections.c.cell).in_(given)
            gone = connection.execute(_corrections.delete().where(chosen)).rowcount
            if gone:
                _new_version(connection, by=by, at=at, what="taken back")
                kept = sql.select(_corrections.c.crop)
                connection.execute(_crops.delete().where(_crops.c.sha256.not_in(kept)))
        with self._reading() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def number_of_case(self, case: str) -> str:
        """What stands for a case's name: the same each time, and nothing leads back to the name.

        A name of a patient can be guessed, so it is hashed with a secret of this installation.
        """
        with self._writing() as connection:
            connection.execute(
                _salt.insert()
                .prefix_with("OR IGNORE")
                .values(only=1, value=secrets.token_bytes(32))
            )
            salt = connection.scalar(sql.select(_salt.c.value)) or b""
        name = " ".join(case.split()).casefold().encode("utf-8", "surrogatepass")
        return f"case-{hmac.new(salt, name, 'sha256').hexdigest()[:16]}"

    def _chosen(self, which: sql.ColumnElement[bool]) -> Listing:
        columns = [each for each in _corrections.c if each is not _corrections.c.record]
        chosen = sql.select(*columns, _record(), _versions.c.at).join(
            _versions, _versions.c.number == _corrections.c.saved
        )
        with self._reading() as connection:
            rows = connection.execute(chosen.where(which).order_by(_corrections.c.id)).all()
        kept, damaged = [], []
        for row in rows:
            correction = _correction_in(row.record)
            if correction is None:
                damaged.append(row.id)
                continue
            kept.append(
                Kept(
                    id=row.id,
                    saved=row.saved,
                    at=row.at,
                    undone=row.undone,
                    owner=row.owner,
                    correction=correction,
                )
            )
        return Listing(kept=tuple(kept), damaged=tuple(damaged))

    @contextmanager
    def _reading(self) -> Iterator[sql.Connection]:
        with _told_as_ours(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        with _told_as_ours(), self._engine.begin() as connection:
            # Others wait from here on: what is read below is still so when it is written.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @property
    def _engine(self) -> sql.Engine:
        return sqlite_file.engine_at(self.folder / FILE, _tables)


def _cell(correction: Correction) -> str:
    """Names a cell: the field and where in it; finding it anew may give it another number."""
    return f"{correction.field}:{','.join(map(str, correction.nucleus_box))}"


def _record() -> sql.ColumnElement[bytes]:
    """The record as its bytes, so that one that is no text keeps no other from being read."""
    return sql.cast(_corrections.c.record, sql.LargeBinary).label("record")


def _correction_in(record: bytes) -> Correction | None:
    """The correction of a record; None where it is damaged."""
    try:
        return Correction.from_dict(json.loads(record))
    except (ValueError, RecursionError, CorrectionError):
        return None


def _of(owner: str | None) -> sql.ColumnElement[bool]:
    return sql.true() if owner is None else _corrections.c.owner == owner


def _holds(version: int | None = None) -> sql.ColumnElement[bool]:
    if version is None:
        return _corrections.c.undone.is_(None)
    is_undone_later = _corrections.c.undone.is_(None) | (_corrections.c.undone > version)
    return (_corrections.c.saved <= version) & is_undone_later


def _new_version(
    connection: sql.Connection, *, by: str, at: float, what: str, consent: str = ""
) -> int:
    number = connection.scalar(
        _versions.insert()
        .values(by=by, at=at, what=what, consent=consent)
        .returning(_versions.c.number)
    )
    return int(number or 0)


def _n_bytes(connection: sql.Connection) -> int:
    return connection.scalar(sql.select(sql.func.sum(sql.func.length(_crops.c.png)))) or 0


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """A block whose database errors come out as CorrectionError, without what was written."""
    try:
        yield
    except OperationalError as error:
        if not sqlite_file.is_busy(error):
            raise _unusable(error) from None
        raise CorrectionError(
            "The corrections are busy: others were reading or writing for longer than "
            f"{sqlite_file.BUSY_MS // 1000} seconds. Try again in a moment; nothing was kept."
        ) from None
    except (SQLAlchemyError, OSError) as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> CorrectionError:
    return CorrectionError(
        f"The corrections cannot be read or written ({type(error).__name__}). Check space and "
        f"rights of {FILE} in the state folder."
    )
