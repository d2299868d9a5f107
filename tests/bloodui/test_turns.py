"""Answers are made in the order of asking, a few together."""

from __future__ import annotations

import threading
import time

import pytest
from streamlit.testing.v1 import AppTest

from bloodui.turns import Turns

PATIENCE_S = 20


def stay() -> None:
    """Nobody asks for anything else."""


def test_who_came_first_is_answered_first() -> None:
    turns, order = Turns(at_once=1), list[int]()
    held = turns.turn(stay)
    held.__enter__()
    threads = []
    for number in range(6):

        def ask(number: int = number) -> None:
            with turns.turn(stay):
                order.append(number)

        threads.append(threading.Thread(target=ask))
        threads[-1].start()
        while turns.n_waiting <= number:
            time.sleep(0.001)
    assert order == []
    held.__exit__(None, None, None)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == [0, 1, 2, 3, 4, 5]


def test_no_more_answers_are_made_together_than_that() -> None:
    turns, now, most = Turns(at_once=2), 0, 0
    lock = threading.Lock()

    def ask() -> None:
        nonlocal now, most
        with turns.turn(stay):
            with lock:
                now, most = now + 1, max(most, now + 1)
            time.sleep(0.02)
            with lock:
                now -= 1

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert most == 2


def test_who_wants_no_answer_any_more_leaves_the_line() -> None:
    turns = Turns(at_once=1)

    def leave() -> None:
        raise KeyboardInterrupt

    with turns.turn(stay), pytest.raises(KeyboardInterrupt), turns.turn(leave):
        pytest.fail("It was not its turn.")
    with turns.turn(stay):  # the line is free again
        pass


def test_a_failure_gives_the_turn_on() -> None:
    turns = Turns(at_once=1)
    with pytest.raises(ValueError, match="odd"), turns.turn(stay):
        raise ValueError("odd")
    with turns.turn(stay):
        pass


def test_a_page_that_nobody_left_goes_on() -> None:
    def page() -> None:
        import streamlit as st

        from bloodui import session

        session.give_way()
        st.write("still here")

    run = AppTest.from_function(page).run()
    assert not run.exception
    assert run.markdown[0].value == "still here"
