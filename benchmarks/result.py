"""What a benchmark found, on which machine, and how it is written: in words and as JSON."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

VERSIONS = (
    *("bloodui", "openvino", "tensorflow", "keras", "tf-keras-vis", "streamlit"),
    *("opencv-python", "numpy"),
)


class Figure(BaseModel):
    """One number of a benchmark."""

    model_config = ConfigDict(frozen=True)

    name: str
    """Of a program's kind, such as "ratio_to_peer"."""
    meaning: str
    """What it is, for a reader."""
    value: float
    unit: str = ""
    """Such as "ms"; "" for a ratio."""
    at_most: float | None = None
    """What is wanted, where something is."""
    at_least: float | None = None

    @property
    def is_ratio(self) -> bool:
        """Whether it compares, and can be read on another machine, too."""
        return not self.unit

    @property
    def wanted(self) -> str:
        """Such as "at most 2.5" or "0.9 to 1.1"; "" where nothing is wanted."""
        if self.at_most is not None and self.at_least is not None:
            return f"{self.at_least:g} to {self.at_most:g}"
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:g}"

    @property
    def is_as_wanted(self) -> bool:
        """True, too, where nothing is wanted."""
        is_low_enough = self.at_most is None or self.value <= self.at_most
        return is_low_enough and (self.at_least is None or self.value >= self.at_least)

    @property
    def shown(self) -> str:
        """The value with its unit, of three digits or of all before the point."""
        digits = f"{self.value:,.0f}" if abs(self.value) >= 100 else f"{self.value:.3g}"
        return f"{digits} {self.unit}".rstrip()


class Machine(BaseModel):
    """What a benchmark ran on."""

    model_config = ConfigDict(frozen=True)

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    load: float
    """Processes that wanted a core when it began, the mean of a minute: other work slows both sides
    of a ratio down."""
    versions: Mapping[str, str]


class Result(BaseModel):
    """A benchmark's figures."""

    model_config = ConfigDict(frozen=True)

    benchmark: str
    command: str
    date: dt.date
    elapsed_s: float
    machine: Machine
    figures: Sequence[Figure]

    def as_json(self) -> str:
        """As JSON, whose first keys are the ratios by name."""
        ratios = {each.name: round(each.value, 4) for each in self.figures if each.is_ratio}
        return json.dumps(ratios | self.model_dump(mode="json"), indent=1, ensure_ascii=False)

    def in_words(self) -> str:
        """A line for each figure."""
        lines = [f"{self.benchmark}, {self.machine.processor}, {self.machine.cores} cores"]
        for each in self.figures:
            wanted = f" (wanted: {each.wanted})" if each.wanted else ""
            missed = "" if each.is_as_wanted else ", MISSED"
            lines.append(f"  {each.name}: {each.shown}{wanted}{missed} – {each.meaning}")
        return "\n".join(lines)


def this_machine() -> Machine:
    """The machine that this process runs on."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        system=platform.platform(aliased=True, terse=True),
        python=platform.python_version(),
        load=round(os.getloadavg()[0], 1),
        versions={name: _version(name) for name in VERSIONS},
    )


def _version(name: str) -> str:
    if name == "bloodui":
        from bloodui.settings import program_version

        return program_version()
    return version(name)


def _processor() -> str:
    """Its name as the kernel has it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
