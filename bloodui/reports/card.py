"""A model's card as one HTML page that needs nothing else, and as JSON, with its checklists.

Streamlit is not imported. Everything that comes from a manifest or a card is escaped by the
template.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bloodui.render.card_words import (
    DOMAIN_NOTE,
    EVIDENCE_NOTE,
    LEFT_OUT_NOTE,
    MISTAKES_NOTE,
    ROBUSTNESS_NOTE,
    SALIENCY_NOTE,
    SHORTCUTS_NOTE,
    SUBGROUPS_NOTE,
    confusion_rows,
    domain_rows,
    figure_rows,
    lacking,
    mistake_rows,
    risk_note,
    risk_rows,
    robustness_rows,
    saliency_rows,
    shortcut_rows,
    shortcut_verdict,
    split_in_words,
    subgroup_rows,
    timing_in_words,
)
from bloodui.render.evidence_words import checked_rows
from bloodui.render.pictures import picture_address
from bloodui.render.text import full_name
from bloodui.reports.checklists import checklists
from bloodui.reports.template import template
from models.answer.answer_bound import DEFAULT_ERROR_LIMIT, proof_in_words
from models.bundle.card import Card, Mistake
from models.bundle.manifest import Manifest
from models.errors import MicrographError
from models.image.micrograph import read_micrograph
from models.image.scale import shrunk

TEMPLATE = "card.html.j2"
_PICTURE_PX = 224


def card_html(
    card: Card, manifest: Manifest, *, version: str, made: dt.datetime, data: Path | None = None
) -> str:
    """The card as HTML.

    Args:
        version: Of this program.
        made: When the page was made, with its time zone.
        data: Folder of the index that the model was made from, for pictures of mistakes: only
            files whose hash is the card's are shown. None for no pictures.
    """
    return template(TEMPLATE).render(
        card=card,
        manifest=manifest,
        version=version,
        made=made.strftime("%Y-%m-%d %H:%M %Z").strip(),
        classes=[full_name(name) for name in manifest.classes],
        evaluations=[
            (each, split_in_words(each.split), figure_rows(each), confusion_rows(each))
            for each in sorted(card.evaluations, key=lambda each: each.subject != "model")
        ],
        left_out=[(each.name, confusion_rows(each)) for each in card.left_out],
        left_out_note=LEFT_OUT_NOTE,
        timing=timing_in_words(card.timing) if card.timing else "",
        risk=risk_rows(manifest),
        proven=proof_in_words(manifest, DEFAULT_ERROR_LIMIT),
        risk_note=risk_note(manifest),
        subgroups=subgroup_rows(card),
        shortcuts=shortcut_rows(card),
        verdict=shortcut_verdict(card, manifest),
        shortcuts_note=SHORTCUTS_NOTE,
        robustness=robustness_rows(card),
        robustness_note=ROBUSTNESS_NOTE,
        domain=domain_rows(card),
        domain_note=DOMAIN_NOTE,
        saliency=saliency_rows(card),
        saliency_note=SALIENCY_NOTE,
        evidence=checked_rows(card.evidence),
        evidence_note=EVIDENCE_NOTE,
        mistakes=mistake_rows(card),
        mistakes_note=MISTAKES_NOTE,
        subgroups_note=SUBGROUPS_NOTE,
        pictures=_pictures(card, data) if data is not None else [],
        lacking=lacking(card),
        checklists=checklists(card, manifest),
    )


def card_json(card: Card, manifest: Manifest) -> str:
    """Manifest, card and checklists as JSON, each figure with n and interval."""
    lists = [
        {"name": each.name, "source": each.source, "items": [asdict(item) for item in each.items]}
        for each in checklists(card, manifest)
    ]
    whole: dict[str, Any] = {
        "intended_use": "For research and teaching, not for diagnosis.",
        "manifest": manifest.to_dict(),
        "card": card.to_dict(),
        "lacking": list(lacking(card)),
        "checklists": lists,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _pictures(card: Card, data: Path) -> list[tuple[str, str]]:
    """(caption, data address) of each mistake whose very file is in the folder."""
    found = []
    for mistake in card.mistakes:
        address = _picture(mistake, data)
        if address:
            found.append((f"{mistake.truth}, answered {mistake.answer}", address))
    return found


def _picture(mistake: Mistake, data: Path) -> str:
    """The image of a mistake as a data address; "" where it is not there, or another."""
    path = (data / mistake.path).resolve()
    if not path.is_relative_to(data.resolve()) or not path.is_file():
        return ""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != mistake.sha256:
        return ""
    try:
        return picture_address(shrunk(read_micrograph(content).rgb, _PICTURE_PX))
    except MicrographError:
        return ""
