"""The command line: `python -m bloodui serve`, `read PATH…`, `models` and `card MODEL`.

Exit status: 0 where every file got a record with an opinion, 1 where a file had an error,
2 where the command itself could not be carried out.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import datetime as dt
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bloodui.settings import Settings, program_version, settings_from
from models.bundle import SHIPPED_ROOT, find_bundle, list_bundles, read_bundle
from models.card import parse_card
from models.errors import BlooduiError, SettingsError
from models.manifest import CARD_FILE, Manifest

if TYPE_CHECKING:
    from bloodui.reading import Record

INTENDED_USE = "For research and teaching, not for diagnosis."


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and answer with its exit status."""
    try:
        settings = settings_from(os.environ)
    except SettingsError as error:
        print(f"python -m bloodui: error: {error}", file=sys.stderr)
        return 2
    request = _parser(settings).parse_args(arguments)
    if request.command == "serve":
        return _serve(request)
    further = (request.models,) if request.models else ()
    installed = (root for root in settings.bundle_roots if root != SHIPPED_ROOT or root.is_dir())
    roots = (*installed, *further)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    records = sys.stdout
    try:
        # Only records reach stdout, whatever a library prints while it works.
        with contextlib.redirect_stdout(sys.stderr):
            if request.command == "models":
                return _list_models(roots, settings.default_model, records)
            if request.command == "card":
                return _card(request, find_bundle(request.model, roots), records)
            return _read(
                request, find_bundle(request.model, roots), records, level=settings.set_level
            )
    except (BlooduiError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), records.fileno())
            return 1
        print(f"python -m bloodui {request.command}: error: {error}", file=sys.stderr)
        return 2


def _parser(settings: Settings) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bloodui",
        description=f"A second reader for blood-cancer microscopy. {INTENDED_USE}",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="start the dashboard",
        description=f"Serves the dashboard; to other machines only with a login. {INTENDED_USE}",
        epilog="Exit status: 2 where it would be open to others without a login.",
    )
    serve.add_argument("--address", help="where to listen (Streamlit's setting: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="(Streamlit's setting: 8501)")
    models = commands.add_parser(
        "models", help="list the installed models as JSON", description=f"{INTENDED_USE}"
    )
    read = commands.add_parser(
        "read",
        help="write what a model says of images, a record an image",
        description=f"Writes one record an image, as soon as it is read. {INTENDED_USE}",
        epilog="Exit status: 0 every image was read, 1 some had an error, 2 nothing was done.",
    )
    read.add_argument("--model", default=settings.default_model, metavar="ID", help="%(default)s")
    read.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="%(default)s")
    read.add_argument(
        "--saliency",
        type=Path,
        metavar="DIR",
        help="write the saliency map of each image's most probable class there, as PNG",
    )
    read.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="image or folder")
    card = commands.add_parser(
        "card",
        help="write a model's card with its checklists, as a page or as data",
        description=f"Writes the card of a model to standard output. {INTENDED_USE}",
    )
    card.add_argument("model", metavar="MODEL", help="id of a model")
    card.add_argument("--format", choices=("html", "json"), default="html", help="%(default)s")
    card.add_argument(
        "--data", type=Path, metavar="DIR", help="folder of its index, for pictures of mistakes"
    )
    for command in (models, read, card):
        command.add_argument(
            "--models",
            type=Path,
            metavar="DIR",
            help="a further folder of pinned bundles (also: environment BLOODUI_MODELS)",
        )
    return parser


def _serve(request: argparse.Namespace) -> int:
    from bloodui.serve import serve

    try:
        serve(address=request.address, port=request.port)
    except BlooduiError as error:
        print(f"python -m bloodui serve: error: {error}", file=sys.stderr)
        return 2


def _list_models(roots: Sequence[Path], default_model: str, records: TextIO) -> int:
    from bloodui.reading import describe

    listed: dict[str, dict[str, object]] = {}
    for root in roots:
        for manifest in list_bundles(root):
            is_default = manifest.id == default_model
            listed.setdefault(manifest.id, describe(manifest, is_default=is_default))
    json.dump(list(listed.values()), records, indent=1, ensure_ascii=False)
    records.write("\n")
    return 0


def _card(request: argparse.Namespace, bundle: Path, records: TextIO) -> int:
    from bloodui.reports.card import card_html, card_json

    contents = read_bundle(bundle)
    card = parse_card(contents.files[CARD_FILE])
    if request.format == "json":
        records.write(card_json(card, contents.manifest))
    else:
        made = dt.datetime.now(dt.UTC)
        version = program_version()
        records.write(
            card_html(card, contents.manifest, version=version, made=made, data=request.data)
        )
    return 0


def _read(request: argparse.Namespace, bundle: Path, records: TextIO, *, level: float) -> int:
    from tqdm import tqdm

    from bloodui.reading import files_in, read_file
    from models.runtime import load_answerer

    if request.saliency:
        request.saliency.mkdir(parents=True, exist_ok=True)
    files = list(files_in(request.paths))
    if not files:
        raise FileNotFoundError("Expected image files, received empty folders. Give other paths.")
    model = load_answerer(bundle)
    write = _writer(request.format, model.manifest, records)
    n_failed = 0
    for path in tqdm(files, unit="image", file=sys.stderr, disable=None):
        record = read_file(path, model, saliency_dir=request.saliency, level=level)
        n_failed += record.failure is not None
        write(record)
        records.flush()
    return 1 if n_failed else 0


def _writer(format_name: str, manifest: Manifest, records: TextIO) -> Callable[[Record], object]:
    from bloodui.reading import csv_columns

    if format_name == "jsonl":
        return lambda record: records.write(
            json.dumps(record.to_dict(), ensure_ascii=False, allow_nan=False) + "\n"
        )
    rows = csv.DictWriter(records, csv_columns(manifest), lineterminator="\n")
    rows.writeheader()
    return lambda record: rows.writerow(record.to_row())


if __name__ == "__main__":
    sys.exit(main())
