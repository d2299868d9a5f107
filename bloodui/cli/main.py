"""The command line: `python -m bloodui serve`, `read PATH…`, `cells PATH…`, `corrections`,
`models`, `card MODEL`, `settings`.

Exit status: 0 where every file got a record with an opinion, 1 where a file had an error, or a
model among those listed; 2 where the command itself could not be carried out; 130 where it was
stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bloodui.cli.cells import add_cells, cells
from bloodui.cli.corrections import add_corrections, corrections
from bloodui.cli.read import INTENDED_USE, add_read, read
from bloodui.errors import SettingsError
from bloodui.settings import Settings, program_version, settings_from
from models.bundle.card import parse_card
from models.bundle.folder import find_bundle, read_bundle, verify_bundle
from models.bundle.manifest import CARD_FILE, Manifest
from models.errors import BlooduiError, BundleError
from models.files import disk_error_in_words
from models.tensorflow_environment import ANSWERING, tell_tensorflow

if TYPE_CHECKING:
    from bloodui.inventory import Installed


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command and answer with its exit status."""
    try:
        settings = settings_from(os.environ)
    except SettingsError as error:
        print(f"python -m bloodui: error: {error}", file=sys.stderr)
        return 2
    request = _parser(settings).parse_args(arguments)
    if request.command == "serve":
        from bloodui.cli.serve import serve

        serve(address=request.address, port=request.port, browser=not request.no_browser)
    if request.command == "settings":
        print(json.dumps(Settings.schema_for_people(), indent=1, ensure_ascii=False))
        return 0
    further = getattr(request, "models", None)
    roots = (*settings.bundle_roots, *((further,) if further else ()))
    tell_tensorflow(ANSWERING)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    records = sys.stdout
    try:
        # Only records reach stdout, whatever a library prints while it works.
        with contextlib.redirect_stdout(sys.stderr):
            if request.command == "models":
                return _list_models(roots, settings, records)
            if request.command == "card":
                return _card(request, find_bundle(request.model, roots), records)
            if request.command == "cells":
                return cells(request, roots, settings, records)
            if request.command == "corrections":
                return corrections(request, settings, records)
            return read(request, find_bundle(request.model, roots), settings, records)
    except (BlooduiError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise  # `stdout_may_close` ends the program
        words = disk_error_in_words(error) if isinstance(error, OSError) else str(error)
        print(f"python -m bloodui {request.command}: error: {words}", file=sys.stderr)
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
        description="Serves the dashboard, and prints the link that opens it; to other machines "
        f"only with a login. {INTENDED_USE}",
        epilog="Exit status: 2 where it would be open to others without a login.",
    )
    serve.add_argument("--address", help="where to listen (Streamlit's setting: 127.0.0.1)")
    serve.add_argument("--port", type=int, help="(Streamlit's setting: 8501)")
    serve.add_argument(
        "--no-browser", action="store_true", help="print the link, and leave it at that"
    )
    commands.add_parser(
        "settings",
        help="write what may be set by environment variables, as a JSON schema",
        description="Writes every setting with its meaning, its default and what it may be.",
    )
    models = commands.add_parser(
        "models",
        help="list the installed models as JSON",
        description=f"Lists the models that the dashboard offers. {INTENDED_USE}",
        epilog="Exit status: 0 every model is sound, 1 some are not used, for the reasons that are "
        "printed.",
    )
    add_read(commands, default_model=settings.default_model)
    add_cells(commands)
    add_corrections(commands)
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
    for command in (models, commands.choices["read"], commands.choices["cells"], card):
        command.add_argument(
            "--models",
            type=Path,
            metavar="DIR",
            help="a further folder of pinned bundles (also: environment BLOODUI_MODELS)",
        )
    return parser


def _list_models(roots: Sequence[Path], settings: Settings, records: TextIO) -> int:
    from bloodui.inventory import installed_in

    found = installed_in(roots)
    listed = [
        _describe(
            model.manifest,
            settings.error_limit,
            is_default=model.manifest.id == settings.default_model,
        )
        for model in found.models
    ]
    json.dump(listed, records, indent=1, ensure_ascii=False)
    records.write("\n")
    errors = [*found.errors, *_altered(found.models)]
    for error in errors:
        print(f"python -m bloodui models: error: {error}", file=sys.stderr)
    return 1 if errors else 0


def _describe(manifest: Manifest, error_limit: float, *, is_default: bool) -> dict[str, Any]:
    """A model as `python -m bloodui models` lists it, in JSON's own types; one whose `answers_from`
    is null never answers."""
    from models.answer.answer_bound import bound_of

    keys = (
        "id",
        "title",
        "task",
        "architecture",
        "modality",
        "classes",
        "input_px",
        "answer_threshold",
        "parameters_millions",
        "created",
        "licence",
        "intended_use",
    )
    plain: Mapping[str, Any] = manifest.to_dict()
    members = [member.id for member in manifest.members]
    return {key: plain[key] for key in keys} | {
        "members": members,
        "is_default": is_default,
        "answers_from": bound_of(manifest, error_limit).threshold,
    }


def _altered(models: Sequence[Installed]) -> Iterator[BundleError]:
    """What is wrong with files beside the manifests, which pages look at when they ask a model."""
    for model in models:
        try:
            verify_bundle(model.directory)
        except BundleError as error:
            yield error


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
