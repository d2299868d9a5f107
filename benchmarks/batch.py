"""JPEG files to answers: against Keras's own way from a folder, and against the network alone.

    python -m benchmarks batch [--images 512] [--repeats 5] [--model ID]

Drawn smears in a folder. Ours: intake, the model's steps and answers a group at
a time, the next files prepared meanwhile. The peer is `predict` on
`image_dataset_from_directory`; the bare runtime is the same network in OpenVINO on pictures that
lie prepared in memory, as many at once as it thinks right. Then 100 crops of 128 px in one call,
from pixels in memory, by an EfficientNet-Lite0 of that side with the weights of its package.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.clock import in_turn
from benchmarks.networks import lite0
from benchmarks.peers import MODEL, BareNetwork, bundle_of
from benchmarks.pictures import write_jpegs
from benchmarks.result import Figure

if TYPE_CHECKING:
    from models.answer.runtime import Model

GROUP = 32
CROPS, CROP_PX = 100, 128


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--model", default=MODEL, help="id of a shipped model")


def measure(arguments: argparse.Namespace) -> Sequence[Figure]:
    """All figures; see the module."""
    import keras

    from models.answer.loading import load_model

    n = arguments.images
    model = load_model(bundle_of(arguments.model))
    px = model.manifest.input_px
    bare = BareNetwork(bundle_of(arguments.model), hint="THROUGHPUT")
    crops = np.random.default_rng(0).integers(0, 256, (CROPS, CROP_PX, CROP_PX, 3), np.uint8)
    small = lite0(CROP_PX)[1]
    with tempfile.TemporaryDirectory() as folder:
        paths = write_jpegs(Path(folder) / "class", n)
        prepared = [group.astype(np.float32) for group in _groups(paths, model)]
        network = model.network
        files: Any = keras.utils.image_dataset_from_directory(
            folder, labels=None, image_size=(px, px), batch_size=GROUP, shuffle=False, verbose=False
        )
        taken = in_turn(
            {
                "ours": lambda _: answers(paths, model),
                "peer": lambda _: network.predict(files, verbose=0),
                "bare": lambda _: bare.ask_batches(prepared),
                "crops": lambda _: [
                    small.forward(crops[start : start + GROUP].astype(np.float32))
                    for start in range(0, CROPS, GROUP)
                ],
            },
            repeats=arguments.repeats,
        )
    # Apart, since threads of a further network that wait take time from the others.
    inexact = BareNetwork(bundle_of(arguments.model), hint="THROUGHPUT", is_exact=False)
    precisions = in_turn(
        {
            "bare": lambda _: bare.ask_batches(prepared),
            "inexact": lambda _: inexact.ask_batches(prepared),
        },
        repeats=arguments.repeats,
    )
    figures = [
        Figure(
            name="ratio",
            meaning="images a second from JPEG files over predict on image_dataset_from_directory",
            value=taken.ratio("peer", "ours"),
            at_least=3,
        ),
        Figure(
            name="over_bare",
            meaning="images a second from JPEG files over the bare runtime on prepared pictures",
            value=taken.ratio("bare", "ours"),
            at_least=0.85,
        ),
        Figure(
            name="bare_ratio",
            meaning="the same of the bare runtime over the peer: the most that can be had",
            value=taken.ratio("peer", "bare"),
        ),
        Figure(
            name="inexact_over_bare",
            meaning="the bare runtime in a precision of its own choice over single precision",
            value=precisions.ratio("bare", "inexact"),
        ),
        Figure(
            name="processor_ratio",
            meaning="ratio of processor time: the peer's over ours",
            value=taken.processor_ratio("peer", "ours"),
        ),
        Figure(
            name="processor_over_bare",
            meaning="over_bare of processor time: the bare runtime's over ours",
            value=taken.processor_ratio("bare", "ours"),
        ),
        Figure(
            name="crops_s",
            meaning=f"{CROPS} crops of {CROP_PX} px, EfficientNet-Lite0, one call",
            value=taken.median_s("crops"),
            unit="s",
            at_most=0.25,
        ),
    ]
    words = {"ours": "from JPEG files", "peer": "the peer", "bare": "the bare runtime"}
    return (
        *figures,
        *(
            Figure(
                name=f"{side}_per_s",
                meaning=f"{meaning}, {n} images",
                value=n / taken.median_s(side),
                unit="images/s",
            )
            for side, meaning in words.items()
        ),
    )


def answers(paths: Sequence[Path], model: Model) -> np.ndarray:
    """The logits of files, a group at a time, the next ones prepared meanwhile."""
    return np.concatenate([model.logits(group) for group in _groups(paths, model)])


def _groups(paths: Sequence[Path], model: Model) -> Iterator[np.ndarray]:
    from models.image.micrograph import read_micrograph

    def prepared(part: Sequence[Path]) -> np.ndarray:
        return np.stack(
            [model.prepare(read_micrograph(path.read_bytes()))[-1].rgb for path in part]
        )

    parts = [paths[start : start + GROUP] for start in range(0, len(paths), GROUP)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(prepared, parts)
