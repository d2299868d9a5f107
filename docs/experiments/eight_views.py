"""Does the mean over eight flips and quarter turns name more images rightly?

python -m docs.experiments.eight_views --index INDEX BUNDLE…

For each bundle, on the test images of the split that its network comes from: accuracy of one view
and of the mean probability over the eight, with 95 % intervals over groups, and the share of
images that only one of the two names rightly.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from models.answer.loading import load_model
from models.answer.runtime import Model
from models.answer.steadiness import steadiness_of
from models.tensorflow_environment import ANSWERING, tell_tensorflow
from training.audits.own_split import own_split
from training.data.index import DatasetIndex, read_index
from training.judge.bootstrap import bootstrap_figures


def main() -> None:
    """Measure, and print a line a bundle."""
    tell_tensorflow(ANSWERING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("bundles", type=Path, nargs="+", help="folders of bundles of one network")
    arguments = parser.parse_args()
    index = read_index(arguments.index)
    for bundle in arguments.bundles:
        print(told(load_model(bundle), index), flush=True)


def told(model: Model, index: DatasetIndex) -> str:
    """One model's two accuracies, and how often they part."""
    collection, split = own_split(model, index)
    rgb, labels = collection.pictures.rgb[split.test], collection.labels[split.test]
    shares = np.stack([steadiness_of(picture, model).probabilities for picture in rgb])
    one = shares[:, 0].argmax(axis=1) == labels
    eight = shares.mean(axis=1).argmax(axis=1) == labels
    groups = collection.groups["grouped"][split.test]
    figures = bootstrap_figures(
        lambda rows: {"one": float(one[rows].mean()), "eight": float(eight[rows].mean())}, groups
    )
    words = ", ".join(f"{each.name} {each.in_percent}" for each in figures)
    better, worse = (eight & ~one).mean(), (one & ~eight).mean()
    return (
        f"{model.manifest.id}: {words}, n {len(one)}; right by eight alone {better:.1%}, by one "
        f"alone {worse:.1%}"
    )


if __name__ == "__main__":
    main()
