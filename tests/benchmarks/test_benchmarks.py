"""Benchmarks run at their smallest, and what they find is written as it was found."""

from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.clock import in_turn
from benchmarks.pictures import jpegs
from benchmarks.report import page_of, write
from benchmarks.result import Figure, Machine, Result

ROOT = Path(__file__).resolve().parents[2]


def result(benchmark: str, *figures: Figure) -> Result:
    machine = Machine(
        processor="A processor",
        cores=2,
        memory_gb=8.0,
        system="Linux",
        python="3.11",
        load=0.5,
        versions={"openvino": "1"},
    )
    return Result(
        benchmark=benchmark,
        command=f"python -m benchmarks {benchmark}",
        date=dt.date(2026, 11, 29),
        elapsed_s=3.0,
        machine=machine,
        figures=figures,
    )


MISSED = Figure(name="over_bare", meaning="over the bare pass", value=3.25, at_most=2.5)
TIME = Figure(name="opinion_ms", meaning="an opinion", value=12.34, unit="ms")


def test_ratios_stand_in_the_json_by_name_and_times_do_not() -> None:
    found = json.loads(result("opinion", MISSED, TIME).as_json())
    assert found["over_bare"] == 3.25
    assert "opinion_ms" not in found
    assert found["figures"][1]["value"] == 12.34


def test_what_misses_its_mark_says_so_in_words_and_on_the_page() -> None:
    met = MISSED.model_copy(update={"value": 2.5})
    assert "MISSED" in result("opinion", MISSED).in_words()
    assert "MISSED" not in result("opinion", met).in_words()
    assert "(missed)" in page_of([result("opinion", MISSED)])
    assert "(missed)" not in page_of([result("opinion", met)])


def test_the_page_is_written_from_json_and_names_the_machine(tmp_path: Path) -> None:
    for benchmark in ("training", "opinion"):
        path = tmp_path / f"{benchmark}.json"
        path.write_text(result(benchmark, TIME).as_json(), encoding="utf-8")
    write(tmp_path, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert page.count("A processor, 2 cores, 8 GB") == 1
    assert page.index("## A whole opinion") < page.index("## Trainings")
    assert "| opinion_ms | 12.3 ms |" in page


def test_a_folder_without_results_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Write results there"):
        write(tmp_path, tmp_path / "page.md")


def test_sides_take_turns_and_rounds_to_warm_up_do_not_count() -> None:
    order: list[str] = []
    taken = in_turn({"a": lambda _: order.append("a"), "b": lambda _: order.append("b")}, repeats=2)
    assert "".join(order) == "abbaab"
    assert [len(each) for each in taken.wall.values()] == [2, 2]


def test_every_drawn_file_is_another_and_the_same_again() -> None:
    files = list(jpegs(20, size_px=64))
    assert len(set(files)) == 20
    assert list(jpegs(20, size_px=64)) == files


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "ratios"),
    [
        ("opinion --repeats 1", {"ratio_to_peer", "over_bare"}),
        ("batch --images 4 --repeats 1", {"ratio", "over_bare"}),
        ("scale --few 2 --many 4 --hashes 500 --side 64", {"memory_ratio", "time_ratio"}),
        ("concurrency --people 2 --seconds 1 --pictures 2", {"p95_over_fair_share"}),
    ],
)
def test_a_benchmark_runs_at_its_smallest(command: str, ratios: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *command.split(), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = Result.model_validate_json(done.stdout)
    assert ratios <= json.loads(done.stdout).keys()
    assert all(math.isfinite(each.value) for each in found.figures)
    unwanted = {each.name: each.value for each in found.figures if each.name in _NONE}
    assert not any(unwanted.values()), unwanted


_NONE = ("failures", "mix_ups")
