"""`python -m bloodui read PATH…`: what a model says of files, folders and archives."""

from __future__ import annotations

import argparse
import contextlib
import csv
import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

from bloodui.batch.inputs import Inputs, Item, inputs_of, shown
from bloodui.batch.out import Places, read_into
from bloodui.batch.pipeline import Options, PlainRecord, records_of
from bloodui.batch.ray_tasks import records_on_ray
from bloodui.batch.record import columns, csv_row
from bloodui.batch.summary import Conditions, in_words
from bloodui.batch.words import counted
from bloodui.cli.progress import progress
from bloodui.cli.ray_job import run_as_job
from bloodui.errors import CommandError
from bloodui.settings import Settings, networks_in
from models.bundle.folder import read_manifest
from models.bundle.manifest import MANIFEST_FILE, Manifest

INTENDED_USE = "For research and teaching, not for diagnosis."
_SAYS = "python -m bloodui read: "
STOPPED = 130
"""Exit status of a command that somebody stopped, as of shells."""


def add_read(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], *, default_model: str
) -> None:
    """Add the command and its options to a command line."""
    read = commands.add_parser(
        "read",
        help="write what a model says of images, one record for each image",
        description="Writes one record for each image of files, folders and ZIP archives, as soon "
        f"as it is read, in the order in which they are given. {INTENDED_USE}",
        epilog="Exit status: 0 every image was read, 1 some had an error, 2 nothing was done, "
        f"{STOPPED} it was stopped; with --out the same command then goes on.",
    )
    read.add_argument("--model", default=default_model, metavar="ID", help="%(default)s")
    read.add_argument(
        "--format", choices=("jsonl", "csv"), help="of what is written to standard output: jsonl"
    )
    read.add_argument(
        "--out",
        type=Path,
        metavar="PATH",
        help="write there, with a summary: into a folder (JSON lines, CSV and Parquet), or into a "
        "file that ends in .jsonl, .csv or .parquet. What is there of an earlier call that was "
        "stopped or killed is not read again",
    )
    read.add_argument(
        "--saliency",
        type=Path,
        metavar="DIR",
        help="write the saliency map of each image's most probable class there, as PNG",
    )
    read.add_argument(
        "--ray",
        default="",
        metavar="ADDRESS",
        help="of a Ray cluster that reads the images, as in auto or 127.0.0.1:6379; with --out the "
        "cluster of BLOODUI_RAY_ADDRESS is used where there is one",
    )
    read.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="image, folder or ZIP archive"
    )


def read(request: argparse.Namespace, bundle: Path, settings: Settings, records: TextIO) -> int:
    """Read what was asked for; answer with the exit status.

    Args:
        request: With the options of `add_read`.
        bundle: Folder of the model.
        records: Where records go without `--out`.

    Raises:
        CommandError: There is nothing to read, or it does not go together with what is there.
    """
    if request.out and request.format:
        raise CommandError(
            "--format is of what goes to standard output, and --out says its form by its ending. "
            "Leave one of them out."
        )
    if request.out and settings.ray_address and not request.ray:
        with stoppable("read") as stop:
            return run_as_job(_as_words(request), settings, is_stopped=stop.is_set)
    if request.saliency:
        request.saliency.mkdir(parents=True, exist_ok=True)
    found = inputs_of(request.paths)
    tell_left_out(found, command="read")
    if not found.items:
        raise CommandError("These folders are empty. Give others, or the paths of images.")
    options = Options(
        rules=settings.rules,
        saliency_dir=request.saliency,
        is_hashed=request.out is not None,
    )
    cache = networks_in(settings.state)
    how = _How(bundle=bundle, cache=cache, options=options, ray=request.ray)
    if request.out is None:
        return _to_stdout(found, how, request.format or "jsonl", records)
    return _to_files(found, how, request.out)


@dataclass(frozen=True, kw_only=True)
class _How:
    """Of which model, and where, images are read.

    Attributes:
        bundle: Folder of the model.
        cache: Folder for networks that were converted on this machine.
        ray: Address of a Ray cluster; "" for this machine.
    """

    bundle: Path
    cache: Path
    options: Options
    ray: str

    def read(
        self, items: Sequence[Item], is_stopped: Callable[[], bool]
    ) -> Iterator[Sequence[PlainRecord]]:
        """The records of items, in their order, a group at a time."""
        from models.answer.loading import load_answerer

        # With a cluster, too: an error of the bundle is told here, and no node converts it anew.
        model = load_answerer(self.bundle, cache=self.cache)
        if self.ray:
            return records_on_ray(
                items,
                self.bundle,
                self.options,
                address=self.ray,
                cache=self.cache,
                is_stopped=is_stopped,
            )
        return records_of(items, model, self.options, is_stopped=is_stopped)


def _to_stdout(found: Inputs, how: _How, form: str, records: TextIO) -> int:
    n_read = n_failed = n_unread = 0
    with stoppable("read") as stop, progress(len(found.items)) as tell:
        groups = how.read(found.items, stop.is_set)  # where there is no such model, nothing else
        write = _writer(form, read_manifest(how.bundle), records)
        for group in groups:
            for record in group:
                n_read += 1
                n_failed += record["error"] is not None
                n_unread += record["decision"] is None
                write(record)
            records.flush()
            tell(len(group))
        is_stopped = stop.is_set()
    if n_failed:
        where = "error" if form == "jsonl" else "the columns error_code and error_message"
        for n, fault in ((n_unread, "could not be read"), (n_failed - n_unread, "got no map")):
            if n:
                _say(f"{n:,} of {counted(n_read, 'file')} {fault}; see {where}.")
    return STOPPED if is_stopped else int(n_failed > 0)


def _to_files(found: Inputs, how: _How, out: Path) -> int:
    places = Places.of(out)
    manifest = read_manifest(how.bundle)
    asked = Conditions(
        model=manifest.id,
        model_sha256=hashlib.sha256((how.bundle / MANIFEST_FILE).read_bytes()).hexdigest(),
        set_level=how.options.rules.set_level,
        error_limit=how.options.rules.error_limit,
        saliency=how.options.saliency_dir is not None,
    )

    def read_rest(
        left: Sequence[Item], n_total: int, n_before: int
    ) -> Iterator[Sequence[PlainRecord]]:
        if n_before:
            _say(f"With a record in {places.records}: {n_before:,} of {counted(n_total, 'image')}.")
        if not left:
            return
        groups = how.read(left, stop.is_set)
        with progress(n_total, n_before) as tell:
            for group in groups:
                yield group
                tell(len(group))

    with stoppable("read") as stop:
        summary = read_into(
            places, found.items, manifest=manifest, asked=asked, read=read_rest, tell=_say
        )
    for line in in_words(summary):
        _say(line)
    _say("Written: " + ", ".join(str(each) for each in places.all) + ".")
    if not summary.is_complete:
        _say("Stopped. What is done is kept, and the same command goes on from there.")
        return STOPPED
    return int(bool(summary.errors))


def _as_words(request: argparse.Namespace) -> list[str]:
    """The command again, for a job that reads on the cluster that it is on."""
    named = {
        "--model": request.model,
        "--models": request.models,
        "--saliency": request.saliency,
        "--out": request.out,
    }
    options = [f"{name}={value}" for name, value in named.items() if value]
    return ["read", "--ray=auto", *options, "--", *map(str, request.paths)]


@contextlib.contextmanager
def stoppable(command: str) -> Iterator[threading.Event]:
    """An event that is set by Ctrl-C or SIGTERM; by the second one the program ends at once.

    Args:
        command: What is to be stopped, for the words that say so.
    """
    stop = threading.Event()

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        del frame
        if stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()
        with contextlib.suppress(OSError):  # print may have been interrupted, and takes no other
            words = "Stopping once the images that are being read are done."
            os.write(2, f"python -m bloodui {command}: {words}\n".encode())

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, ask_to_stop) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _writer(form: str, manifest: Manifest, records: TextIO) -> Callable[[PlainRecord], object]:
    if form == "jsonl":
        return lambda record: records.write(
            json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"
        )
    rows = csv.DictWriter(records, columns(manifest), lineterminator="\n")
    rows.writeheader()
    return lambda record: rows.writerow(csv_row(record, manifest))


def tell_left_out(found: Inputs, *, command: str) -> None:
    """Say on standard error what a command does not read."""
    for each in found.left_out:
        line = f"left out: {shown(each.path)}: {each.reason}"
        print(f"python -m bloodui {command}: {line}", file=sys.stderr, flush=True)


def _say(line: str) -> None:
    print(f"{_SAYS}{line}", file=sys.stderr, flush=True)
