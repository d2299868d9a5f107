"""`python -m training with-saliency`: a bundle again, whose card holds its saliency checks."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.bundle import BundleContents, folder_beside, read_bundle
from models.card import SaliencyCheck, parse_card
from models.errors import DatasetError
from models.manifest import CARD_FILE, MODEL_FILE, member_file
from models.map_check import saliency_check_of
from training.audits.with_card import write_with_card


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training with-saliency`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle")
    parser.add_argument("checks", type=Path, help="JSON that `training saliency` wrote for it")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the new bundle, not there yet"
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the bundle again, with the checks in its card and all else as it was."""
    contents = read_bundle(arguments.bundle)
    checks = read_checks(arguments.checks, contents)
    card = replace(parse_card(contents.files[CARD_FILE]), saliency=checks)
    with folder_beside(arguments.out) as folder:
        manifest = write_with_card(contents, card, folder)
    sys.stdout.write(f"{manifest.id}: written to {arguments.out}\n")
    return 0


def read_checks(path: Path, contents: BundleContents) -> tuple[SaliencyCheck, ...]:
    """The checks in a JSON file, which must be of the network whose maps the bundle shows.

    An ensemble shows the maps of its first member.

    Raises:
        DatasetError: The file holds no checks, or those of another network.
    """
    try:
        data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        checks = tuple(saliency_check_of(entry) for entry in data["checks"])
        measured = data["network_sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"Expected saliency checks in {path.name}, received {type(error).__name__}: {error}. "
            "Measure the bundle: python -m training saliency."
        ) from error
    name = member_file(1, MODEL_FILE) if contents.manifest.members else MODEL_FILE
    if measured != contents.manifest.files[name]:
        raise DatasetError(
            f"Expected checks of the network in '{contents.manifest.id}', received those of "
            f"another in {path.name}. Measure this bundle: python -m training saliency."
        )
    return checks
