"""Many people who each ask for opinions on their own pictures, at one server, all at once.

    python -m benchmarks concurrency [--people 30] [--seconds 180] [--pictures 12]

Each opens the dashboard, uploads a picture, waits for the opinion and comes again with the next, as
fast as the answers come, by the messages that a browser sends. Before that, one person alone asks
about each picture: that gives what the page must say of it, and how long it takes alone. A mix-up
is a page that says anything else of a picture. Fair share is the time that the same picture takes
alone, times the number of people: the machine shared evenly, with nothing lost. Pictures differ:
one that is outside the model's domain gets no evidence, which takes most of the time.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.pictures import as_jpeg
from benchmarks.result import Figure
from benchmarks.servers import ROOT, Server, serving
from benchmarks.visitor import Visitor
from drawn.smears import draw

LABELS = ("FL", "MCL", "Early", "Benign")
"""The first two are inside the default model's domain, and get probabilities and maps."""
NAME = "picture.jpg"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What people got.

    Attributes:
        elapsed_s: Of each answer.
        numbers: Of the picture that each was about.
        failures: Why an answer did not come.
        n_mixed_up: Answers that were another picture's.
    """

    elapsed_s: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mixed_up: list[int] = field(default_factory=list)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--pictures", type=int, default=12, help="different ones")


def measure(arguments: argparse.Namespace) -> Sequence[Figure]:
    """All figures; see the module."""
    pictures = [
        as_jpeg(draw(LABELS[number % len(LABELS)], seed=number).rgb)
        for number in range(arguments.pictures)
    ]
    with (
        tempfile.TemporaryDirectory() as state,
        serving(ROOT / "app.py", {"BLOODUI_STATE": state}) as server,
    ):
        ask(server, pictures[0])  # loads the model
        alone = [ask(server, picture) for picture in pictures]
        heard = _crowd(arguments, server, pictures, [said for said, _ in alone])
    alone_s = statistics.median(elapsed_s for _, elapsed_s in alone)
    fair_s = alone_s * arguments.people
    shares = [
        elapsed_s / (alone[number][1] * arguments.people)
        for number, elapsed_s in zip(heard.numbers, heard.elapsed_s, strict=True)
    ]
    if not heard.elapsed_s:
        raise RuntimeError(f"Nobody got an answer: {heard.failures[:3]}")
    p95_s = float(np.percentile(heard.elapsed_s, 95))
    n = len(heard.elapsed_s)
    return (
        Figure(
            name="p95_over_fair_share",
            meaning="time of 95 % of the answers, each over the fair share of its own picture",
            value=float(np.percentile(shares, 95)),
            at_most=3,
        ),
        Figure(
            name="p95_over_median_share",
            meaning="time of 95 % of the answers over the fair share of the median picture",
            value=p95_s / fair_s,
        ),
        Figure(
            name="failures",
            meaning=f"answers that did not come, of {n + len(heard.failures)}",
            value=len(heard.failures),
            unit="answers",
            at_most=0,
        ),
        Figure(
            name="mix_ups",
            meaning=f"answers that another picture had, of {n}",
            value=len(heard.mixed_up),
            unit="answers",
            at_most=0,
        ),
        Figure(name="people", meaning="at once", value=arguments.people, unit="people"),
        Figure(name="answers", meaning="in all", value=n, unit="answers"),
        Figure(name="alone_s", meaning="median of one person alone", value=alone_s, unit="s"),
        Figure(name="fair_share_s", meaning="that, times the people", value=fair_s, unit="s"),
        Figure(
            name="median_s", meaning="median", value=statistics.median(heard.elapsed_s), unit="s"
        ),
        Figure(name="p95_s", meaning="95 % of the answers", value=p95_s, unit="s"),
    )


def ask(server: Server, picture: bytes) -> tuple[str, float]:
    """What the page says of a picture to somebody who has just come, and how long that takes."""
    with Visitor(server.port, server.token) as visitor:
        began = time.perf_counter()
        words = visitor.upload(NAME, picture)
        return said_in(words), time.perf_counter() - began


def said_in(words: str) -> str:
    """Of all words of the page those that must not depend on when, and for whom, it was drawn."""
    return re.sub(r"\d+(\.\d+)? m?s\b", "", words)


def _crowd(
    arguments: argparse.Namespace,
    server: Server,
    pictures: Sequence[bytes],
    expected: Sequence[str],
) -> Heard:
    heard = Heard()
    ends_at = time.monotonic() + arguments.seconds

    def be(person: int) -> None:
        turn = person
        while time.monotonic() < ends_at:
            number = turn % len(pictures)
            turn += 1
            try:
                words, elapsed_s = ask(server, pictures[number])
            except Exception as error:  # noqa: BLE001 - whatever it is, an answer did not come
                heard.failures.append(f"{type(error).__name__}: {error}")
                continue
            heard.elapsed_s.append(elapsed_s)
            heard.numbers.append(number)
            if words != expected[number]:
                heard.mixed_up.append(number)

    people = [threading.Thread(target=be, args=(number,)) for number in range(arguments.people)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return heard
