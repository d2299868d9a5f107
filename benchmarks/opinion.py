"""A whole opinion on one file: against what others do in Keras, and against the network alone.

    python -m benchmarks opinion [--repeats 25] [--model ID] [--images FOLDER]

From a JPEG file's bytes: intake, quality, steps, answer, domain and Grad-CAM. The peer is the same
network by `keras.Model.predict`, with a Grad-CAM of tf-keras-vis built for each picture, as
dashboards of this field do. The bare pass is decoding, and the same network in OpenVINO. All are
warm, and asked in turn about other pictures each time; medians count. Drawn smears by default: they
are answered outside the model's domain, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.clock import in_turn
from benchmarks.peers import MODEL, BareNetwork, bundle_of, decoded, predict_and_gradcam
from benchmarks.pictures import jpegs
from benchmarks.result import Figure

STAGES = {
    "intake": "bytes to pixels, and their hash",
    "quality": "nine measures against their limits",
    "steps": "the model's preparation",
    "network": "one pass",
    "answer": "probabilities, prediction set, domain",
    "cells": "where stained cells are, for the map's share on them",
    "map": "Grad-CAM in closed form, enlarged",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--repeats", type=int, default=25)
    parser.add_argument("--model", default=MODEL, help="id of a shipped model")
    parser.add_argument("--images", type=Path, help="folder of JPEG files instead of drawn smears")


def measure(arguments: argparse.Namespace) -> Sequence[Figure]:
    """All figures; see the module."""
    from models.answer.loading import load_model
    from models.image.micrograph import read_micrograph
    from models.opinion import opinion_on

    files = _files(arguments.images, arguments.repeats)
    model = load_model(bundle_of(arguments.model))
    px = model.manifest.input_px
    peer = predict_and_gradcam(model.network, model.manifest.saliency_layer)
    bare = BareNetwork(bundle_of(arguments.model), hint="LATENCY")

    def ours(number: int) -> None:
        micrograph = read_micrograph(files[number % len(files)])
        opinion = opinion_on(micrograph, model, despite_domain=True, despite_quality=True)
        if opinion.explanation is None:
            raise RuntimeError("An opinion came without a map. Choose other images.")

    sides: dict[str, Callable[[int], object]] = {
        "ours": ours,
        "peer": lambda number: peer(files[number % len(files)]),
        "bare": lambda number: bare.logits(decoded(files[number % len(files)], px)[None]),
    }
    sides |= _stages(files, model)
    taken = in_turn(sides, repeats=arguments.repeats, warm_ups=3)
    stages = [
        Figure(name=f"{name}_ms", meaning=meaning, value=1000 * taken.median_s(name), unit="ms")
        for name, meaning in STAGES.items()
    ]
    return (
        Figure(
            name="ratio_to_peer",
            meaning="whole opinion over predict and a fresh Grad-CAM",
            value=taken.ratio("ours", "peer"),
            at_most=0.05,
        ),
        Figure(
            name="over_bare",
            meaning="whole opinion over decoding and the bare pass in OpenVINO",
            value=taken.ratio("ours", "bare"),
            at_most=2.5,
        ),
        Figure(
            name="processor_ratio_to_peer",
            meaning="ratio_to_peer of processor time, which other work on the machine hardly moves",
            value=taken.processor_ratio("ours", "peer"),
        ),
        Figure(
            name="processor_over_bare",
            meaning="over_bare of processor time",
            value=taken.processor_ratio("ours", "bare"),
        ),
        Figure(
            name="opinion_ms",
            meaning="whole opinion",
            value=1000 * taken.median_s("ours"),
            unit="ms",
        ),
        Figure(name="peer_ms", meaning="the peer", value=1000 * taken.median_s("peer"), unit="ms"),
        Figure(
            name="bare_ms",
            meaning="decoding and the bare pass",
            value=1000 * taken.median_s("bare"),
            unit="ms",
        ),
        *stages,
    )


def _files(folder: Path | None, n: int) -> list[bytes]:
    if folder is None:
        return list(jpegs(min(n, 64)))
    paths = sorted(folder.rglob("*.jpg"))
    if not paths:
        raise FileNotFoundError(f"No *.jpg lies below {folder}. Give another folder.")
    return [path.read_bytes() for path in paths[:: max(1, len(paths) // n)][:n]]


def _stages(files: Sequence[bytes], model: object) -> dict[str, Callable[[int], object]]:
    """Each stage of an opinion alone, on what the stages before it made."""
    from models.answer.runtime import Model
    from models.image.cell_mask import cells_on_input
    from models.image.micrograph import read_micrograph
    from models.image.quality import assess_quality

    assert isinstance(model, Model)  # noqa: S101 - for the type's sake
    read = [read_micrograph(data) for data in files]
    prepared = [model.prepare(each)[-1] for each in read]
    passed = [model.look(each.rgb) for each in prepared]
    cells = [
        cells_on_input(one.rgb, each.rgb, each.region)
        for one, each in zip(read, prepared, strict=True)
    ]
    n = len(files)
    return {
        "intake": lambda at: read_micrograph(files[at % n]),
        "quality": lambda at: assess_quality(read[at % n], model.manifest.quality_limits),
        "steps": lambda at: model.prepare(read[at % n]),
        "network": lambda at: model.look(prepared[at % n].rgb),
        "answer": lambda at: model.ask(prepared[at % n].rgb, passed=passed[at % n]),
        "cells": lambda at: cells_on_input(
            read[at % n].rgb, prepared[at % n].rgb, prepared[at % n].region
        ),
        "map": lambda at: model.explain(
            prepared[at % n].rgb, 0, cells=cells[at % n], passed=passed[at % n]
        ),
    }
