"""Where a reading leaves its records, its tables and its summary; goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bloodui.batch.inputs import Item, NamedItem
from bloodui.batch.journal import Journal
from bloodui.batch.pipeline import PlainRecord
from bloodui.batch.record import row_of
from bloodui.batch.summary import Conditions, Summary, Tally
from bloodui.batch.tables import with_groups, write_table
from bloodui.batch.words import counted
from bloodui.errors import CommandError
from bloodui.settings import program_version
from models.bundle.manifest import Manifest
from models.files import write_file

TABLES = (".csv", ".parquet")
_RECORDS = ".jsonl"


@dataclass(frozen=True, kw_only=True)
class Places:
    """The files of a reading.

    Attributes:
        records: One line of JSON for each file; written as they are read.
        tables: Made of the records at the end.
        summary: What they come to.
    """

    records: Path
    tables: tuple[Path, ...]
    summary: Path

    @classmethod
    def of(cls, out: Path) -> Places:
        """Those for a file whose ending says its form (.csv, .parquet, .jsonl), or for a folder."""
        if out.suffix.lower() in (*TABLES, _RECORDS) and not out.is_dir():
            base, forms = out.with_suffix(""), {out.suffix.lower()} - {_RECORDS}
        else:
            base, forms = out / "records", set(TABLES)
        named = {form: base.with_name(base.name + form) for form in (*TABLES, _RECORDS)}
        return cls(
            records=named[_RECORDS],
            tables=tuple(named[form] for form in TABLES if form in forms),
            summary=base.with_name(f"{base.name}.summary.json"),
        )

    @property
    def all(self) -> tuple[Path, ...]:
        """Every one of them."""
        return (self.records, *self.tables, self.summary)


def read_into(
    places: Places,
    items: Iterable[Item],
    *,
    manifest: Manifest,
    asked: Conditions,
    read: Callable[[Sequence[Item], int, int], Iterator[Sequence[PlainRecord]]],
    tell: Callable[[str], object],
) -> Summary:
    """Read the items that have no record yet, and write tables and summary of all.

    Args:
        items: A name twice is read once; the places themselves are left out.
        manifest: Of the model.
        asked: Of the model; records of another question are not mixed with these.
        read: Called with the items that are left, how many there are in all, and how many of
            these have a record; gives records, a group at a time. It may end before all are read.
        tell: Called with a sentence where a record was found that is not whole, and was cut off.

    Raises:
        CommandError: There are records of another question or of other files, or other things.
    """
    wanted = _by_name(items, places)
    before = _begun(places)
    with Journal(places.records) as journal:
        _require_same(journal, before, asked, wanted.keys())
        if journal.n_bytes_cut:
            tell(
                f"A record that was being written when an earlier call ended is cut off "
                f"({journal.n_bytes_cut:,} bytes); its file is read again."
            )
        tables = {each.name for each in places.tables} | set(before.tables if before else ())
        begun = Summary(
            asked=asked,
            program=program_version(),
            n_files=len(wanted),
            tables=tuple(sorted(tables)),
        )
        _write(places.summary, begun)
        left = journal.left_of(wanted.values())
        for records in read(left, len(wanted), len(wanted) - len(left)):
            journal.append(records)
        names = [name for name in wanted if name in journal]
        is_complete = len(names) == len(wanted)
        if is_complete:
            journal.put_in_order(names)
        tally = Tally()
        for record in journal.records(names):
            tally.add(record)
        groups = tally.duplicates()
        for table in places.tables:
            rows = (row_of(record, manifest) for record in journal.records(names))
            write_table(table, with_groups(rows, groups), manifest)
    summary = begun.changed(
        is_complete=is_complete,
        n_records=len(names),
        likely_duplicates=[[names[place] for place in group] for group in groups],
        **tally.counted(manifest),
    )
    _write(places.summary, summary)
    return summary


def _by_name(items: Iterable[Item], places: Places) -> dict[str, Item]:
    own = {each.name: each.resolve() for each in places.all}
    found: dict[str, Item] = {}
    for item in items:
        name = item.name
        path = Path(name)
        if path.name in own and own[path.name] == path.resolve():
            continue
        if found.get(name, item) == item:
            found[name] = item
            continue
        # Characters that are no UTF-8 look alike, and an archive may hold a name twice.
        number = 2
        while f"{name} [{number}]" in found:
            number += 1
        renamed = NamedItem(name=f"{name} [{number}]", item=item)
        found[renamed.name] = renamed
    return found


def _begun(places: Places) -> Summary | None:
    """What was written of an earlier call; None where there was none.

    Raises:
        CommandError: There are files of something else, which nobody may overwrite.
    """
    try:
        found = Summary.from_dict(json.loads(places.summary.read_bytes()))
    except FileNotFoundError:
        for each in places.all:
            if each.exists():
                raise CommandError(
                    f"{each} is there already, without the {places.summary.name} that an earlier "
                    "call of this command leaves. Give another --out."
                ) from None
        return None
    except (OSError, ValueError) as error:
        raise CommandError(
            f"{places.summary}, which says of what the records are, cannot be read "
            f"({type(error).__name__}). Give another --out."
        ) from error
    for table in places.tables:
        if table.exists() and table.name not in found.tables:
            raise CommandError(
                f"{table} is there already, and {places.summary.name} does not say that an earlier "
                "call wrote it. Give another --out."
            )
    return found


def _require_same(
    journal: Journal, before: Summary | None, asked: Conditions, names: Iterable[str]
) -> None:
    """Refuse to mix records of two questions, or to leave out some that are there."""
    if before is None or not len(journal):
        return
    if before.asked != asked:
        was = before.asked.to_dict()
        differing = [key for key, value in asked.to_dict().items() if was[key] != value]
        raise CommandError(
            f"{journal.path} has {counted(len(journal), 'record')} of another "
            f"{', '.join(differing)}. Give another --out, or ask as before."
        )
    strange = set(journal).difference(names)
    if strange:
        raise CommandError(
            f"{journal.path} has records of {counted(len(strange), 'file')} not among those "
            "given now. Give them, too, or another --out."
        )


def _write(path: Path, summary: Summary) -> None:
    text = json.dumps(summary.to_dict(), indent=1, ensure_ascii=False)
    write_file(path, text.encode() + b"\n")
