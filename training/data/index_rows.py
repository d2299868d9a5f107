"""The rows of an index, in whatever encoding and with whatever separator a spreadsheet saved it."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from models.table_cell import from_cell
from training.errors import DatasetError

_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of an index.

    Attributes:
        line: Its line in the file, for messages.
        cells: By the column's name in small letters.
    """

    line: int
    cells: Mapping[str, str]


def read_rows(data: bytes) -> tuple[Row, ...]:
    """The rows of an index that hold anything; an index without a header has none.

    UTF-8, UTF-16 and what Windows calls ANSI (cp1252) are read, with commas, semicolons, tabs or
    bars between the columns, and names of columns in capitals too.

    Args:
        data: The whole file.

    Raises:
        DatasetError: It is no table of text, or a row has more cells than there are columns.
    """
    text = _decoded(data)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DatasetError(
            f"Line {line} of the index holds a NUL character, so the file is damaged or no CSV. "
            "Save the table anew as CSV UTF-8."
        )
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == len("sep=") + 1:
        return _rows(rest, first.strip()[-1], lines_before=1)
    return _rows(text, max(_SEPARATORS, key=first.count), lines_before=0)


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data.startswith(_UTF_16) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DatasetError(
            f"Line {line} of the index is text in no encoding that is read: UTF-8, UTF-16 or "
            "cp1252. Save the table anew as CSV UTF-8."
        ) from error


def _rows(text: str, separator: str, *, lines_before: int) -> tuple[Row, ...]:
    # io.StringIO, not splitlines(): a path may hold what Unicode calls a line separator.
    table = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[str] = []
    rows = []
    try:
        for cells in table:
            line = table.line_num + lines_before
            if not any(map(str.strip, cells)):
                continue
            if not columns:
                columns = _columns(cells)
                continue
            if any(map(str.strip, cells[len(columns) :])):
                mark = _SEPARATORS.get(separator, repr(separator))
                raise DatasetError(
                    f"Line {line} of the index has {len(cells)} cells, and its header names "
                    f"{len(columns)} columns. Put a cell that holds {mark} into "
                    "quotation marks."
                )
            filled = cells + [""] * (len(columns) - len(cells))
            named = dict(zip(columns, map(from_cell, filled), strict=False))
            rows.append(Row(line=line, cells=named))
    except csv.Error as error:
        raise DatasetError(
            f"Line {table.line_num + lines_before} of the index cannot be read as CSV: {error}. "
            "Look for a quotation mark that is opened and not closed, or save the table anew."
        ) from error
    return tuple(rows)


def _columns(header: list[str]) -> list[str]:
    """The names of the columns. Raises DatasetError where one of them stands there twice."""
    names = [from_cell(name).strip().lower() for name in header]
    while names and not names[-1]:
        names.pop()
    twice = [name for name, number in Counter(names).items() if name and number > 1]
    if twice:
        raise DatasetError(
            f"The index has more than one column {twice[0]!r}. Drop or rename all but one."
        )
    return names
