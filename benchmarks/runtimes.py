"""Whether OpenVINO decides as TensorFlow does, for every shipped model and image at hand.

`python -m benchmarks.runtimes [--data DIR] [--n 10000] [--model ID …]` asks both about the images
of DIR (or BLOODUI_DATA), evenly drawn from its index.csv, and prints a line a model: how far logits
lie apart at most, and how many decisions, sets, classes and verdicts of the domain differ.
Exit status 1 where one does.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.answer.loading import load_model
from models.answer.runtime import Model
from models.bundle.folder import SHIPPED_ROOT, list_bundles
from models.errors import BlooduiError
from models.image.micrograph import read_micrograph
from models.tensorflow_environment import ANSWERING, tell_tensorflow

_BATCH = 32


def prepared(model: Model, paths: Sequence[Path]) -> Iterator[np.ndarray]:
    """What the model sees of images, in batches (n, px, px, 3) uint8; unreadable ones are left."""
    pictures = []
    for path in paths:
        try:
            pictures.append(model.prepare(read_micrograph(path.read_bytes()))[-1].rgb)
        except BlooduiError:
            continue
        if len(pictures) == _BATCH:
            yield np.stack(pictures)
            pictures = []
    if pictures:
        yield np.stack(pictures)


def compare(model: Model, paths: Sequence[Path]) -> tuple[Counter[str], float]:
    """How many answers of the two differ, by what differs; and the largest distance of logits."""
    other = model.on_tensorflow()
    counts: Counter[str] = Counter()
    farthest = 0.0
    for pictures in prepared(model, paths):
        passes = [each.look_at_all(pictures) for each in (model, other)]
        for rgb, ours, others in zip(pictures, *passes, strict=True):
            farthest = max(farthest, float(np.abs(ours.logits - others.logits).max()))
            said, verdict = model.ask(rgb, passed=ours)
            theirs, other_verdict = other.ask(rgb, passed=others)
            counts["images"] += 1
            counts["decisions"] += said.decision != theirs.decision
            counts["sets"] += said.prediction_set != theirs.prediction_set
            counts["classes"] += said.top_class != theirs.top_class
            if verdict is not None and other_verdict is not None:
                counts["domain"] += verdict.is_inside != other_verdict.is_inside
    return counts, farthest


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("BLOODUI_DATA"))
    parser.add_argument("--n", type=int, default=10_000, help="images (%(default)s)")
    parser.add_argument("--model", nargs="*", help="ids (all that run on OpenVINO)")
    request = parser.parse_args()
    if request.data is None:
        parser.error("Expected a folder with an index.csv: give --data or set BLOODUI_DATA.")
    with (request.data / "index.csv").open(newline="", encoding="utf-8") as index:
        paths = [request.data / row["path"] for row in csv.DictReader(index)]
    paths = paths[:: max(1, len(paths) // request.n)]
    tell_tensorflow(ANSWERING)
    n_different = 0
    for manifest in list_bundles(SHIPPED_ROOT):
        if manifest.members or (request.model and manifest.id not in request.model):
            continue
        model = load_model(SHIPPED_ROOT / manifest.id)
        if model.runtime != "OpenVINO":
            print(f"{manifest.id}: runs on {model.runtime}", flush=True)
            continue
        counts, farthest = compare(model, paths)
        found = {name: counts[name] for name in ("decisions", "sets", "classes", "domain")}
        n_different += sum(found.values())
        words = ", ".join(f"{name} {number}" for name, number in found.items())
        print(
            f"{manifest.id}: {counts['images']:,} images, logits at most {farthest:.1e} apart; "
            f"different: {words}",
            flush=True,
        )
    return 1 if n_different else 0


if __name__ == "__main__":
    sys.exit(main())
