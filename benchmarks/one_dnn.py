"""Images a second of EfficientNet-Lite0 with TensorFlow's oneDNN kernels, against without.

python benchmarks/one_dnn.py [--images 256]

Each runs in a process of its own: forward in batches of 32, then learning with every layer free
(the second of two epochs). Prints both and their ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def measure(n_images: int) -> dict[str, float]:
    """Images a second, forward and learning, in this process."""
    import keras
    import numpy as np

    from models.architectures import HEADS, build_model
    from models.architectures.weights import WeightsSource

    network = build_model(
        "efficientnet-lite0",
        n_classes=8,
        input_px=224,
        head=HEADS["linear"],
        weights=WeightsSource(kind="package"),
    )
    rgb = np.random.default_rng(0).integers(0, 256, (n_images, 224, 224, 3), dtype=np.uint8)
    one_hot = np.eye(8, dtype=np.float32)[np.arange(n_images) % 8]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    network.compile(optimizer=keras.optimizers.Adam(1e-4), loss=loss)
    network.predict(rgb, batch_size=32, verbose=0)
    started = time.perf_counter()
    network.predict(rgb, batch_size=32, verbose=0)
    forward = n_images / (time.perf_counter() - started)
    network.fit(rgb, one_hot, batch_size=32, verbose=0)
    started = time.perf_counter()
    network.fit(rgb, one_hot, batch_size=32, verbose=0)
    return {"forward": forward, "learning": n_images / (time.perf_counter() - started)}


def main() -> None:
    """Measure with and without, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(measure(arguments.images)))
        return
    found = {}
    for switch in ("0", "1"):
        environment = os.environ | {
            "TF_ENABLE_ONEDNN_OPTS": switch,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, __file__, "--here", "--images", str(arguments.images)]
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        found[switch] = json.loads(done.stdout.splitlines()[-1])
    for what in ("forward", "learning"):
        without, with_ = found["0"][what], found["1"][what]
        print(f"{what}: {without:.1f} without, {with_:.1f} with; ratio {with_ / without:.2f}")


if __name__ == "__main__":
    main()
