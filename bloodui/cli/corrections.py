"""What readers said of cells, as a data set that models learn from.

Whoever runs a command on the machine can read the state folder, and so is its admin.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TextIO

from bloodui.cli.read import INTENDED_USE
from bloodui.corrections.desk import Corrections
from bloodui.people import LOCAL_USER
from bloodui.settings import Settings


def add_corrections(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options to a command line."""
    corrections = commands.add_parser(
        "corrections",
        help="write the cells that readers corrected, and kept with their consent, as a data set",
        description="Writes index.csv and a picture of each cell into a new folder, and prints the "
        "path of the index. Cells on which readers differ are left out; field or case is the "
        "group. Pictures are of patients' cells: pass them on only where you may. "
        f"{INTENDED_USE}",
        epilog="Exit status: 0 it was written, 1 without what is damaged, 2 nothing was.",
    )
    corrections.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="a folder that is not there yet"
    )
    corrections.add_argument(
        "--version", type=int, metavar="N", help="as of when (as it is now)", dest="as_of"
    )
    corrections.add_argument(
        "--named", action="store_true", help="with the readers' names; else they are numbered"
    )


def corrections(request: argparse.Namespace, settings: Settings, records: TextIO) -> int:
    """Export what holds; answer with the exit status.

    Args:
        request: With the options of `add_corrections`.
        records: Where the path of the index goes.

    Raises:
        CorrectionError: There is nothing to export, or the folder cannot be written.
    """
    desk = Corrections(state=settings.state, person=LOCAL_USER)
    exported = desk.export(request.out, version=request.as_of, is_named=request.named)
    records.write(f"{exported.index}\n")
    words = f"{exported.n:,} cell{'' if exported.n == 1 else 's'}"
    if exported.n_differing:
        words += f"; left out, as readers differ on them: {exported.n_differing:,}"
    if exported.n_damaged:
        words += f"; left out, as the file of corrections is damaged there: {exported.n_damaged:,}"
    print(f"python -m bloodui corrections: {words}. {INTENDED_USE}", file=sys.stderr)
    return 1 if exported.n_damaged else 0
