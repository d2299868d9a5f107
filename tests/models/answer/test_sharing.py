"""Many may ask one network at once: none gets another's answer, and none waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from models.answer.forward import ForwardPass, LinearHead
from models.answer.sharing import SharedNetwork, _Question
from models.errors import BundleError, BusyError


class Network:
    """Answers with the picture's own value, once it is let."""

    runtime = "a test"
    head: LinearHead | None = None

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.is_let = threading.Event()
        self.is_asked = threading.Event()

    def forward(self, rgb: np.ndarray) -> ForwardPass:
        self.is_asked.set()
        assert self.is_let.wait(10)
        self.batches.append(len(rgb))
        if (rgb == 13).any():
            raise BundleError("Thirteen is not answered.")
        values = rgb[:, 0, 0, :1]
        return ForwardPass(logits=values, features=rgb, means=values)


def picture(value: int) -> np.ndarray:
    return np.full((2, 2, 3), value, np.uint8)


def wait_until(is_so: Callable[[], bool]) -> None:
    """Until it is so, ten seconds at most."""
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("It is not so after ten seconds.")


def test_those_who_wait_are_answered_together_and_each_with_its_own() -> None:
    network = Network()
    shared = SharedNetwork(network)
    with ThreadPoolExecutor(41) as pool:
        first = pool.submit(shared.look, picture(0))
        assert network.is_asked.wait(10)
        others = [pool.submit(shared.look, picture(value)) for value in range(20, 60)]
        wait_until(lambda: len(shared._waiting) == 40)
        network.is_let.set()
        assert first.result().logits.tolist() == [[0]]
        assert [other.result().logits.item() for other in others] == [*range(20, 60)]
    assert network.batches == [1, 16, 16, 8]


def test_who_comes_when_the_queue_is_full_is_told_how_many_are_before() -> None:
    network = Network()
    shared = SharedNetwork(network, most_waiting=3)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(shared.look, picture(1))]
        assert network.is_asked.wait(10)
        asked += [pool.submit(shared.look, picture(1)) for _ in range(3)]
        wait_until(lambda: len(shared._waiting) == 3)
        with pytest.raises(BusyError, match="busy: 3 before you"):
            shared.look(picture(2))
        network.is_let.set()
        assert [each.result().logits.item() for each in asked] == [1, 1, 1, 1]
    assert shared.look(picture(2)).logits.item() == 2


def test_an_error_reaches_who_asked_and_not_those_who_waited_beside() -> None:
    network = Network()
    shared = SharedNetwork(network)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(shared.look, picture(1))]
        assert network.is_asked.wait(10)
        asked += [pool.submit(shared.look, picture(value)) for value in (12, 13, 14)]
        wait_until(lambda: len(shared._waiting) == 3)
        network.is_let.set()
        answers = [each.exception() or each.result().logits.item() for each in asked]
    assert answers[:2] + answers[3:] == [1, 12, 14]
    assert isinstance(answers[2], BundleError)


def test_a_batch_of_ones_own_answers_those_who_wait_first() -> None:
    network = Network()
    shared = SharedNetwork(network)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(shared.forward, np.zeros((32, 2, 2, 3), np.float32))
        assert network.is_asked.wait(10)
        shared._waiting.append(waits := _Question(rgb=picture(7)))
        batch = pool.submit(shared.forward, np.zeros((31, 2, 2, 3), np.float32))
        network.is_let.set()
        assert len(first.result(10).logits) == 32
        assert len(batch.result(10).logits) == 31
    assert waits.passed is not None
    assert waits.passed.logits.item() == 7
    assert network.batches == [32, 1, 31]


class Ended(BaseException):
    """As Streamlit ends the run of a page."""


def test_a_thread_that_is_ended_in_the_midst_leaves_nobody_waiting() -> None:
    network = Network()
    shared = SharedNetwork(network)
    forward = network.forward
    calls = []

    def end_the_second(rgb: np.ndarray) -> ForwardPass:
        calls.append(len(rgb))
        if len(calls) == 2:
            raise Ended
        return forward(rgb)

    network.forward = end_the_second  # type: ignore[method-assign]
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(shared.look, picture(1))]
        assert network.is_asked.wait(10)
        asked += [pool.submit(shared.look, picture(value)) for value in (2, 3)]
        wait_until(lambda: len(shared._waiting) == 2)
        network.is_let.set()
        errors = [each.exception(10) for each in asked]
    assert errors[0] is None
    assert {type(error) for error in errors[1:]} == {Ended, RuntimeError}
    assert shared.look(picture(5)).logits.item() == 5
