"""The time of an inference is that of the network, and its device is no machine's name."""

from __future__ import annotations

import platform
import time
from pathlib import Path

import numpy as np
import pytest

from models.answer.forward import ForwardPass, LinearHead
from models.answer.openvino_network import OpenVinoNetwork
from models.bundle.folder import read_bundle
from training.judge.inference_time import device_in_words, inference_time

PX = 8
SLEEP_S = 0.03


class SlowNetwork:
    """A network that sleeps that long in each call, one after the other, then no more."""

    runtime = "a test"
    head: LinearHead | None = None

    def __init__(self, pauses: list[float]) -> None:
        self.seen: list[tuple[int, ...]] = []
        self._left = iter(pauses)

    def forward(self, rgb: np.ndarray) -> ForwardPass:
        self.seen.append(rgb.shape)
        time.sleep(next(self._left, 0.0))
        return ForwardPass(logits=rgb[:, 0, 0], features=rgb, means=rgb[:, 0, 0])


def test_the_warm_up_is_left_out_and_a_single_hitch_moves_no_median() -> None:
    network = SlowNetwork([0.2] * 5 + [SLEEP_S] * 5 + [0.3] + [SLEEP_S] * 5)
    timing = inference_time(network, PX, calls=11)
    assert 1000 * SLEEP_S <= timing.low_ms <= timing.median_ms < 150 < timing.high_ms
    assert timing.n == 11
    assert network.seen == [(1, PX, PX, 3)] * 16  # a batch of one
    assert timing.device.startswith("a test on ")


@pytest.mark.slow
def test_what_answers_is_timed(tiny_bundle: Path) -> None:
    timing = inference_time(OpenVinoNetwork(read_bundle(tiny_bundle).files), 64, calls=3)
    assert 0 < timing.low_ms <= timing.median_ms <= timing.high_ms
    assert timing.device.startswith("OpenVINO on ")


def test_the_device_says_what_computes_and_not_whose_machine_it_is() -> None:
    words = device_in_words()
    assert words.strip()
    assert platform.node() not in words
