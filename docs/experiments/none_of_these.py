"""What models say of normal white cells and of fields whose cells are painted out.

    python -m docs.experiments.none_of_these BUNDLE… --index INDEX

Normal cells are of what `training.data.none_of_these.is_kept_to_judge` keeps, which no model is
shown as none of its classes (one that is made for such cells has learned from some of them). A line
for each bundle and kind: how many are answered, abstained from, outside, declined, and which
classes come first where the model is sure enough, proven or not. Fields are taken evenly from the
whole set, so that models have learned from some of them as they were, and were shown some emptied
in other ways. With --own, the index of its run, a line for each class of a bundle's own test
images.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.answer.loading import load_answerer
from models.bundle.folder import read_bundle
from models.finding.find import find_cells
from models.image.micrograph import micrograph_from_rgb, read_micrograph
from models.opinion import opinion_on
from training.audits.subject import read_subject
from training.data.collection import spread_out
from training.data.index import DatasetIndex, ImageRecord, read_index
from training.data.none_of_these import is_kept_to_judge, without_cells

NORMAL = ("lymphocyte", "monocyte", "neutrophil", "eosinophil", "basophil", "erythroblast")
LABORATORIES = ("jhu_cells", "pbc_barcelona")
SMEARS = "taleghani_all"
N_FIELDS = 60


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--own", type=Path, help="index that the bundles were made from")
    arguments = parser.parse_args()
    records = read_index(arguments.index).records
    fields = [each for each in records if each.dataset == SMEARS]
    kinds = {
        f"normal cells, {laboratory}": [
            each
            for each in records
            if each.dataset == laboratory and each.label in NORMAL and is_kept_to_judge(each)
        ]
        for laboratory in LABORATORIES
    } | {"fields without cells": [fields[n] for n in spread_out(np.arange(len(fields)), N_FIELDS)]}
    for bundle in arguments.bundles:
        for kind, chosen in kinds.items():
            print(f"{bundle.name}, {kind}: {said_of(bundle, chosen)}", flush=True)
        if arguments.own:
            for line in turned_away_by_class(bundle, read_index(arguments.own)):
                print(line, flush=True)


def turned_away_by_class(bundle: Path, index: DatasetIndex) -> Iterator[str]:
    """Of each class how many of a bundle's own test images are outside its domain."""
    subject = read_subject(read_bundle(bundle), index)
    test = subject.split.test
    _, foreignness = subject.logits_and_foreignness(subject.own(test))
    for number, name in enumerate(subject.manifest.classes):
        mine = foreignness[subject.labels[test] == number]
        yield f"{bundle.name}, own test images, {name}: {(mine > 1).sum()} of {len(mine)} outside"


def said_of(bundle: Path, records: Sequence[ImageRecord]) -> str:
    """What a model decides on these images, and which classes it answers."""
    model = load_answerer(bundle)
    decisions, classes = Counter[str](), Counter[str]()
    for record in records:
        micrograph = read_micrograph(record.read_bytes())
        if record.dataset == SMEARS:
            rgb = micrograph.rgb
            micrograph = micrograph_from_rgb(without_cells(rgb, find_cells(rgb)))
        opinion = opinion_on(micrograph, model, is_explained=False)
        decisions[opinion.decision] += 1
        if opinion.decision in ("answered", "unproven") and opinion.prediction is not None:
            classes[opinion.prediction.classes[opinion.prediction.top_class]] += 1
    return f"n {len(records)}, {dict(decisions)}, answers {dict(classes)}"


if __name__ == "__main__":
    main()
