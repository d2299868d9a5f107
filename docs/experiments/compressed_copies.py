"""What a model would answer on its own test images saved again as JPEG, and how often wrongly.

    python -m docs.experiments.compressed_copies BUNDLE… --own INDEX

Of each bundle 80 test images, evenly, as they are and at falling quality: how many reach the
probability from which the model answers, are inside its domain and good enough, and how many of
these are wrong. That a file of low quality is not answered (decision 21) is left aside, since this
is what the rule rests on.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image

from models.answer.loading import load_answerer
from models.bundle.folder import read_bundle
from models.image.micrograph import Micrograph, micrograph_from_rgb, read_micrograph
from models.opinion import opinion_on
from training.audits.subject import read_subject
from training.data.collection import spread_out
from training.data.index import read_index

QUALITIES = (None, 95, 90, 75, 60, 40)
N_IMAGES = 80


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--own", type=Path, required=True, help="index that they were made from")
    arguments = parser.parse_args()
    index = read_index(arguments.own)
    for bundle in arguments.bundles:
        subject, model = read_subject(read_bundle(bundle), index), load_answerer(bundle)
        test = spread_out(np.sort(subject.split.test), N_IMAGES)
        for quality in QUALITIES:
            n_sure = n_wrong = n_outside = 0
            for item in test:
                original = read_micrograph(subject.records[item].read_bytes())
                opinion = opinion_on(saved_again(original, quality), model, is_explained=False)
                n_outside += opinion.is_outside
                said = opinion.prediction
                if said is None or said.probabilities.max() < said.threshold:
                    continue
                n_sure += 1
                n_wrong += said.top_class != subject.labels[item]
            print(
                f"{bundle.name}, {'as it is' if quality is None else f'JPEG {quality}'}: "
                f"of {len(test)} sure {n_sure}, wrong of these {n_wrong}, outside {n_outside}",
                flush=True,
            )


def saved_again(micrograph: Micrograph, quality: int | None) -> Micrograph:
    """The picture as a JPEG file of that quality shows it."""
    if quality is None:
        return micrograph
    file = io.BytesIO()
    Image.fromarray(micrograph.rgb).save(file, "JPEG", quality=quality)
    return micrograph_from_rgb(read_micrograph(file.getvalue()).rgb, um_per_px=micrograph.um_per_px)


if __name__ == "__main__":
    main()
