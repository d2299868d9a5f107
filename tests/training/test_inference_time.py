"""The time of an inference is that of the network, and its device is no machine's name."""

from __future__ import annotations

import platform
import time
from typing import Any

import numpy as np
import pytest

from training.inference_time import device_in_words, inference_time

PX = 8
SLEEP_S = 0.03


def slow_network(pauses: list[float]) -> Any:
    """A network that sleeps that long in each call, one after the other, then no more."""
    import tensorflow as tf

    left = iter(pauses)
    seen: list[tuple[int, ...]] = []

    def sleep(rgb: np.ndarray) -> np.ndarray:
        seen.append(rgb.shape)
        time.sleep(next(left, 0.0))
        return rgb

    def network(rgb: Any, *, training: bool) -> Any:
        assert not training
        return tf.numpy_function(sleep, [rgb], tf.float32)

    network.seen = seen  # type: ignore[attr-defined]
    return network


def test_the_warm_up_is_left_out_and_a_single_hitch_moves_no_median() -> None:
    network = slow_network([0.2] * 5 + [SLEEP_S] * 5 + [0.3] + [SLEEP_S] * 5)
    timing = inference_time(network, PX, calls=11)
    assert timing is not None
    assert 1000 * SLEEP_S <= timing.low_ms <= timing.median_ms < 150 < timing.high_ms
    assert timing.n == 11
    assert network.seen == [(1, PX, PX, 3)] * 16  # a batch of one


def test_a_network_of_keras_is_timed() -> None:
    import keras

    network = keras.Sequential(
        [keras.layers.Input((PX, PX, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    timing = inference_time(network, PX, calls=3)
    assert timing is not None
    assert 0 < timing.low_ms <= timing.median_ms <= timing.high_ms


def test_the_device_says_what_computes_and_not_whose_machine_it_is() -> None:
    words = device_in_words()
    assert words.strip()
    assert platform.node() not in words


def test_another_backend_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "jax")
    assert inference_time(None, PX) is None
