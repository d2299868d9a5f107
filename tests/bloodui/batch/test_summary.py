"""What records come to, each decision with a name of its own."""

from __future__ import annotations

from pathlib import Path

from bloodui.batch.summary import DECISIONS, Conditions, Summary, Tally, in_words
from bloodui.render.text import decided
from bloodui.reports.batch import VERDICTS
from bloodui.second_opinion.many import _READ_NAMES
from models.bundle.folder import read_manifest


def record(decision: str, first: str) -> dict[str, object]:
    quality = {"measures": [{"name": "focus", "verdict": "declined"}]}
    return {
        "decision": decision,
        "top_class": first,
        "error": None,
        "quality": quality,
        "perceptual_hash": None,
    }


def test_every_decision_is_counted_and_said(tiny_bundle: Path) -> None:
    manifest, tally = read_manifest(tiny_bundle), Tally()
    for number, decision in enumerate(DECISIONS):
        for _ in range(number + 1):
            tally.add(record(decision, manifest.classes[number % 4]))
    counted = tally.counted(manifest)
    assert counted["decisions"] == {name: n + 1 for n, name in enumerate(DECISIONS)}
    assert counted["unproven_between"] == {manifest.classes[1]: 2}
    asked = Conditions(model="m", model_sha256="0" * 64, set_level=0.9, saliency=False)
    said = in_words(
        Summary(asked=asked, program="0", n_files=15, n_records=tally.n_records, **counted)
    )
    assert (
        "Decisions: answered (1), not proven (2), abstained (3), outside (4), declined (5)." in said
    )
    assert f"Not proven, though first came: {manifest.classes[1]} (2)." in said


def test_every_decision_can_be_filtered_by() -> None:
    names = {decided(each) for each in DECISIONS}
    assert names <= set(_READ_NAMES)
    assert names <= set(VERDICTS)
