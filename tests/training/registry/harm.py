"""What becomes of the files of a registry when people and programs have been at them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

Harm = Callable[[Path], object]


def written_by_sha256sum(*options: str) -> Harm:
    def write(pins: Path) -> None:
        names = sorted(path.parent.name for path in pins.parent.glob("*/manifest.json"))
        command = ["sha256sum", *options, *(f"{name}/manifest.json" for name in names)]
        with pins.open("wb") as file:
            subprocess.run(command, cwd=pins.parent, stdout=file, check=True)

    return write


def with_line_of_another_file(pins: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "anna-schmidt-1961.jpg").write_bytes(b"a picture")
        told = subprocess.run(
            ["sha256sum", "anna-schmidt-1961.jpg"], cwd=folder, capture_output=True, check=True
        )
    pins.write_bytes(told.stdout + pins.read_bytes())


HARM_TO_PINS: dict[str, tuple[Harm, str]] = {
    "empty": (lambda pins: pins.write_bytes(b""), "is empty"),
    "missing": (Path.unlink, "is missing"),
    "without its lines": (lambda pins: pins.write_bytes(b"\n"), "line 1"),
    "not ASCII": (lambda pins: pins.write_bytes(pins.read_bytes() + "Ä".encode()), "not ASCII"),
    "in UTF-16": (lambda pins: pins.write_text(pins.read_text(), "utf-16"), "line 1"),
    "with a foreign line": (with_line_of_another_file, "line 1"),
    "with two hashes": (
        lambda pins: pins.write_text(pins.read_text() + f"{'0' * 64}{pins.read_text()[64:]}"),
        "one hash",
    ),
    "a folder": (lambda pins: (pins.unlink(), pins.mkdir()), "plain file"),
    "a link": (lambda pins: (pins.unlink(), pins.symlink_to("nowhere")), "plain file"),
}


def lines_but(*numbers: int) -> Harm:
    def write(path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(each for n, each in enumerate(lines, 1) if n not in numbers))

    return write


HARM_TO_HISTORY: dict[str, tuple[Harm, str]] = {
    "deleted": (Path.unlink, "it is missing"),
    "emptied": (lambda path: path.write_bytes(b""), "it has 0"),
    "cut in front": (lines_but(1, 2), "it has 1"),
    "cut at its end": (lines_but(3), "it has 2"),
    "with another line": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"Better.", b"Poorer.")),
        "not those that were written",
    ),
    "damaged": (
        lambda path: path.write_bytes(path.read_bytes().replace(b'"Better."', b'"Bet')),
        "damaged line 2. It is no JSON. Restore the file from a backup.",
    ),
    "nested without end": (
        lambda path: path.write_bytes(b"[" * 300_000 + b"\n" + path.read_bytes()),
        "damaged line 1",
    ),
    "not UTF-8": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"Better.", b"\xff\xfe")),
        "damaged line 2",
    ),
    "with an event of no kind": (
        lambda path: path.write_bytes(path.read_bytes().replace(b'"import"', b'"destroy"')),
        "line 3. Expected deed of the event to be one of promote, retire, rollback, import, "
        "repair, received 'destroy'.",
    ),
    "with an id that is a path": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"model-c", b"../../c")),
        "line 3. Expected bundle_id of the event to be 3 to 64 lower-case letters",
    ),
    "with numbers": (
        lambda path: path.write_bytes(path.read_bytes().replace(b'"Better."', b"7")),
        "line 2. Expected reason of the event to be a text, received 7.",
    ),
}
