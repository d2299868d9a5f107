"""docs/performance.md, written from results of `python -m benchmarks … --json`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.result import Machine, Result
from models.files import write_file

PERFORMANCE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
ORDER = ("opinion", "start", "batch", "concurrency", "scale", "ray_workers", "training")
TITLES = {
    "opinion": "A whole opinion",
    "start": "From cold",
    "batch": "Many files",
    "concurrency": "Many people",
    "scale": "Folders of any size",
    "ray_workers": "Folders on a cluster",
    "training": "Trainings",
}
_TOP = """# Performance

Written by `python -m benchmarks report FOLDER` from the results of the commands below; nothing here
is typed by hand. Read the ratios: each compares with a peer in the same run, in turns, by medians.
Seconds belong to the machine, and to what else it did at the time.
"""


def write(folder: Path, out: Path) -> None:
    """Write the page from every *.json of a folder.

    Raises:
        FileNotFoundError: There is none.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise FileNotFoundError(
            f"No *.json lies in {folder}. Write results there: python -m benchmarks opinion "
            "--json > FOLDER/opinion.json"
        )
    found = [Result.model_validate_json(path.read_text(encoding="utf-8")) for path in paths]
    write_file(out, page_of(found).encode())


def page_of(results: Sequence[Result]) -> str:
    """The page, in Markdown."""
    ordered = sorted(results, key=lambda each: ORDER.index(each.benchmark))
    parts = [_TOP]
    machines = {_without_load(each.machine) for each in ordered}
    parts += [f"**Machine**: {words}.\n" for words in sorted(machines)]
    for each in ordered:
        parts.append(f"## {TITLES[each.benchmark]}\n")
        parts.append(_origin(each))
        rows = ["| figure | measured | wanted | what it is |", "|---|---|---|---|"]
        for figure in each.figures:
            missed = "" if figure.is_as_wanted else " (missed)"
            name = f"**{figure.name}**" if figure.wanted else figure.name
            rows.append(f"| {name} | {figure.shown} | {figure.wanted}{missed} | {figure.meaning} |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _origin(result: Result) -> str:
    return (
        f"`{result.command}`, {result.date.isoformat()}, {result.elapsed_s:.0f} s, with "
        f"{result.machine.load:g} processes at work when it began.\n"
    )


def _without_load(machine: Machine) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return (
        f"{machine.processor}, {machine.cores} cores, {machine.memory_gb:g} GB, {machine.system}; "
        f"Python {machine.python}, {versions}"
    )
