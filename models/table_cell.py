"""Text in a CSV file that no spreadsheet takes for a formula, and that is read again as it was."""

from __future__ import annotations

import re

# Where a cell may begin: a file may be opened with another separator than it was written with.
_START = r"(?:\A|(?<=[;|\t\r\n]))"
# Apostrophes of before, blanks, marks that nobody sees and quotation marks, which may begin a cell
# of another separator; then what begins a formula, also in full
# width; or a tab or the end of a line that begins the text.
_UNSEEN = r"(?:[^\S\t\r\n]|[\"\x00-\x08\x0b\x0c\x0e-\x1f\u200b-\u200f\u2060\ufeff])*"
_FORMULA = rf"(?='*{_UNSEEN}[=+\-@＝＋－＠])"
_NEW_CELL = r"(?='*[\t\r\n])"
_UNSAFE = re.compile(rf"{_START}{_FORMULA}|\A{_NEW_CELL}")
_MADE_SAFE = re.compile(rf"{_START}'{_FORMULA}|\A'{_NEW_CELL}")


def as_cell(value: object) -> str:
    """A cell's text that no spreadsheet takes for a formula; "" for None, numbers as they are.

    An apostrophe stands before what would be one; `from_cell` takes it away again.

    Source: OWASP, "CSV Injection": cells that begin with = + - @, tab or carriage return, also
    behind a separator within a text.
    """
    if value is None:
        return ""
    text = str(value)
    return _UNSAFE.sub("'", text) if isinstance(value, str) else text


def from_cell(text: str) -> str:
    """The inverse of `as_cell`, for tables that are read again."""
    return _MADE_SAFE.sub("", text)
