"""How long a network takes for one image on this machine."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import numpy as np

from models.answer.forward import Network
from models.bundle.card import Timing

CALLS = 50
WARM_UP_CALLS = 5
"""The first calls trace the network and fill caches."""

_CPU_INFO = Path("/proc/cpuinfo")


def inference_time(network: Network, input_px: int, *, calls: int = CALLS) -> Timing:
    """Time a network on one drawn picture at a time, as what answers asks it.

    The figure is comparable only between models that were measured on the same machine, and as
    good as the machine was idle.

    Args:
        network: What answers.
        input_px: Side of its input.
        calls: How often it is asked, after warm-up.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (1, input_px, input_px, 3))
    picture = pixels.astype(np.float32)
    for _ in range(WARM_UP_CALLS):
        network.forward(picture)
    elapsed_ms = np.empty(calls)
    for number in range(calls):
        begun = time.perf_counter()
        network.forward(picture)
        elapsed_ms[number] = 1000 * (time.perf_counter() - begun)
    low, median, high = np.percentile(elapsed_ms, (5, 50, 95)).tolist()
    return Timing(
        median_ms=round(median, 3),
        low_ms=round(low, 3),
        high_ms=round(high, 3),
        n=calls,
        device=f"{network.runtime} on {device_in_words()}",
    )


def device_in_words() -> str:
    """The GPU that TensorFlow computes on, or else the processor: "2 cores, AMD EPYC"."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))
    cores = os.cpu_count() or 1
    return f"{cores} core{'s' if cores > 1 else ''}, {_processor()}"


def _processor() -> str:
    """The processor's name; only its kind where the system does not tell the name."""
    if _CPU_INFO.is_file():
        for line in _CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return value.strip()
    return platform.processor() or platform.machine()
