"""`python -m training audit-card`: a bundle again, with a card that says what audits found."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from models.answer.saliency import SALIENCY_METHODS
from models.bundle.folder import folder_beside, read_bundle
from training.audits.card_audit import audited_card
from training.audits.emptied import emptied_lines, with_emptied
from training.audits.evidence import EVIDENCE, audit_evidence, evidence_lines
from training.audits.own_maps import MAPS, METHODS
from training.audits.restated import restated_card
from training.audits.robustness import MOST_IMAGES
from training.audits.subject import read_subject
from training.audits.with_card import write_with_card
from training.data.index import read_index


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training audit-card`."""
    parser.add_argument("bundle", type=Path, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument(
        "--others",
        type=Path,
        help="index.csv of what else there is, for the domain (default: that of --index)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        default=MOST_IMAGES,
        help="number of test images for shortcuts and worse images, evenly; 0 for all "
        f"(default {MOST_IMAGES})",
    )
    parser.add_argument(
        "--maps",
        type=int,
        default=MAPS,
        help=f"number of test images for saliency maps, evenly; 0 for all (default {MAPS})",
    )
    parser.add_argument(
        "--evidence",
        type=int,
        default=EVIDENCE,
        help="number of test images of each kind (fields, single cells, others) for evidence by "
        f"cells, evenly; 0 for all (default {EVIDENCE})",
    )
    parser.add_argument(
        "--method",
        action="append",
        choices=tuple(SALIENCY_METHODS),
        help=f"saliency method to check, once for each (default {', '.join(METHODS)})",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--evidence-only",
        action="store_true",
        help="check evidence by cells, and what is answered on fields without cells, and leave all "
        "else of the bundle as it is",
    )
    only.add_argument(
        "--intervals",
        action="store_true",
        help="run no network: only count again what each figure rests on, with the interval that "
        "follows where all groups agree",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder of the new bundle, not there yet; its card names files of mistakes as the "
        "index does: see that no name is a patient's",
    )


def main(arguments: argparse.Namespace) -> int:
    """Audit a bundle, and write it again under OUT with a fuller card, what it answers without
    cells, and the same networks."""
    began = time.monotonic()
    with folder_beside(arguments.out) as folder:
        index = read_index(arguments.index)
        contents = read_bundle(arguments.bundle)
        subject = read_subject(contents, index)
        if arguments.intervals:
            card = restated_card(subject, index)
        elif arguments.evidence_only:
            checks = audit_evidence(subject, limit=arguments.evidence)
            _write(evidence_lines(checks))
            card = subject.card.changed(evidence=checks)
        else:
            card = audited_card(
                subject,
                index,
                others=read_index(arguments.others) if arguments.others else index,
                limit=arguments.limit,
                maps=arguments.maps,
                methods=tuple(arguments.method or METHODS),
                evidence=arguments.evidence,
                report=_write,
            )
        if not arguments.intervals:
            contents, card = with_emptied(contents, card, subject)
            _write(emptied_lines(contents.manifest))
        write_with_card(contents, card, folder)
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(
        f"{subject.manifest.id}: audited in {minutes:.1f} minutes, made from "
        f"{len(subject.records):,} images. New bundle: {arguments.out}\n"
    )
    return 0


def _write(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
