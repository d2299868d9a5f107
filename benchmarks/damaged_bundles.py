"""Mutated archives and networks: only declared errors, nothing on stderr, little time and memory.

    python -m benchmarks.damaged_bundles --n 2000 --seed 0

Half of them are .zip files of a model, half networks. Archives are unpacked as an import does;
networks are loaded and asked about one grey picture under the limits of a first load
(`training.registry.first_load`), many in one process, whose start takes seconds. A network that
ends its process is counted: an import says so in a sentence.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.bundle.archive import export_bundle, unpacked
from models.bundle.folder import SHIPPED_ROOT
from models.bundle.manifest import MODEL_FILE
from models.errors import BlooduiError
from models.tensorflow_environment import ANSWERING, tell_tensorflow
from training.registry.first_load import DEFAULT_LIMITS, limit_process

BASE = SHIPPED_ROOT / "all-subtypes-colour-numbers"
KINDS = ("archive", "network")
MOST_S = 1.0
MOST_MIB = 1000.0
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2**31, 2**63, 10**30, 1e308, -0.5, "", "a" * 1000, [], {}),
    *([1] * 100, [[[[]]]], "Dense", "Lambda", "Functional", "float16", "keras.layers", "os", "..."),
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one mutation.

    Attributes:
        kind, number: Which one it was.
        outcome: "taken", the name of a declared error, "UNDECLARED …", or "ended" for the process.
        seconds: Processor time until then, of all threads.
        mib: Memory beyond what the process held before.
        written: What stood on stderr.
    """

    kind: str
    number: int
    outcome: str
    seconds: float = 0.0
    mib: float = 0.0
    written: str = ""

    @property
    def is_right(self) -> bool:
        """Whether it was declared, quiet, quick and small."""
        is_declared = not self.outcome.startswith("UNDECLARED")
        return is_declared and not self.written and self.seconds <= MOST_S and self.mib <= MOST_MIB


def mutated(kind: str, number: int, seed: int) -> bytes:
    """The mutation of that number: the same for the same seed."""
    rng = random.Random(f"{seed}-{kind}-{number}")  # noqa: S311 - no secret
    if kind == "network":
        return _mutated_network((BASE / MODEL_FILE).read_bytes(), rng)
    archive = export_bundle(BASE)
    return _odd_zip(rng) if rng.random() < 0.2 else _damaged(archive, rng)


def measured(kind: str, numbers: Iterator[int], seed: int) -> Iterator[Result]:
    """Each mutation tried in this process."""
    attempt = _unpack if kind == "archive" else _load
    for number in numbers:
        data = mutated(kind, number, seed)
        with tempfile.TemporaryFile() as log:
            kept = os.dup(2)
            os.dup2(log.fileno(), 2)
            before = _reset_peak()
            began = time.process_time()
            try:
                outcome = attempt(data)
            except BlooduiError as error:
                outcome = type(error).__name__
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                outcome = f"UNDECLARED {type(error).__name__}: {error}"[:200]
            seconds = time.process_time() - began
            mib = max(0.0, _memory_mib("VmHWM") - before)
            os.dup2(kept, 2)
            os.close(kept)
            log.seek(0)
            written = log.read(300).decode(errors="replace")
        yield Result(
            kind=kind, number=number, outcome=outcome, seconds=seconds, mib=mib, written=written
        )


def run(n: int, seed: int) -> Iterator[Result]:
    """Try so many mutations, half of each kind, in processes of their own."""
    for kind in KINDS:
        start, stop = 0, n // 2
        while start < stop:
            for result in _of_process(kind, start, stop, seed):
                yield result
                start = result.number + 1
            if start < stop:
                yield Result(kind=kind, number=start, outcome="ended")
                start += 1


def _of_process(kind: str, start: int, stop: int, seed: int) -> Iterator[Result]:
    words = ("--worker", kind, str(start), str(stop), "--seed", str(seed))
    with subprocess.Popen(  # noqa: S603 - our own module
        (sys.executable, "-m", "benchmarks.damaged_bundles", *words),
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        for line in process.stdout or ():
            yield Result(**json.loads(line))


def _unpack(data: bytes) -> str:
    with unpacked(data):
        return "taken"


def _load(data: bytes) -> str:
    import numpy as np

    from models.bundle.keras_file import load_archive

    network = load_archive(data)
    try:
        network(np.full((1, *network.input_shape[1:]), 128, np.float32))
    except Exception as error:  # noqa: BLE001 - a first load says so in a sentence
        return f"loaded, but asked {type(error).__name__}"
    return "taken"


def _damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a hole, an end, a copy, other bits or other numbers somewhere."""
    start = rng.randrange(len(data))
    stop = min(len(data), start + rng.choice((1, 2, 4, 100, 10_000)))
    tail = max(0, len(data) - 2000)  # where a .zip file has its table of contents
    place = rng.randrange(tail, len(data) - 4)
    changes: tuple[Callable[[], bytes], ...] = (
        lambda: data[:start] + data[stop:],
        lambda: data[:start],
        lambda: data[start:],
        lambda: data[:start] + data[start:stop] * rng.choice((2, 50)) + data[stop:],
        lambda: data[:start] + rng.randbytes(stop - start) + data[stop:],
        lambda: data[:start] + bytes(stop - start) + data[stop:],
        lambda: data[:place] + rng.choice((b"\xff\xff\xff\xff", bytes(4))) + data[place + 4 :],
        lambda: data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :],
        lambda: rng.randbytes(rng.randrange(3000)),
        lambda: data + rng.randbytes(rng.randrange(70_000)),
    )
    return rng.choice(changes)()


def _odd_zip(rng: random.Random) -> bytes:
    """A sound .zip file that holds what no bundle holds."""
    names = (
        "manifest.json",
        "../x",
        "/etc/x",
        "a/b/manifest.json",
        "",
        "x\x00y",
        "é" * 200,
        "card.json",
    )
    contents = (
        b"",
        b"{}",
        b"[" * 100_000,
        bytes(2**22),
        b'{"id": 1e999}',
        b"\xff\xfe",
        rng.randbytes(99),
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as target:
        for _ in range(rng.choice((0, 1, 3, 40))):
            entry = zipfile.ZipInfo(rng.choice(names) or "x")
            entry.compress_type = rng.choice(
                (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA)
            )
            entry.external_attr = rng.choice((0, 0o120777 << 16, 0o100644 << 16))
            target.writestr(entry, rng.choice(contents))
    return written.getvalue()


def _mutated_network(data: bytes, rng: random.Random) -> bytes:
    """A .keras file with other settings, other weights, or other bytes."""
    if rng.random() < 0.2:
        return _damaged(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        files = {name: source.read(name) for name in source.namelist()}
    if rng.random() < 0.3:
        name = rng.choice([name for name in files if name != "config.json"])
        files[name] = _damaged(files[name], rng)
    else:
        config = json.loads(files["config.json"])
        for _ in range(rng.choice((1, 1, 2, 5))):
            _change_somewhere(config, rng)
        files["config.json"] = json.dumps(config).encode()
        if rng.random() < 0.05:
            files["config.json"] = b"[" * rng.choice((1000, 100_000))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return written.getvalue()


def _change_somewhere(config: Any, rng: random.Random) -> None:
    """Change, drop or repeat one entry of a JSON value, anywhere in it."""
    places: list[tuple[Any, Any]] = []

    def collect(value: Any) -> None:
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in list(entries):
            places.append((value, key))
            if isinstance(entry, dict | list):
                collect(entry)

    collect(config)
    holder, key = rng.choice(places)
    what = rng.random()
    if what < 0.15:
        del holder[key]
    elif what < 0.3:
        other, at = rng.choice(places)
        holder[key] = json.loads(json.dumps(other[at])) if at in other or isinstance(at, int) else 0
    else:
        holder[key] = copy.deepcopy(rng.choice(_VALUES))


def _memory_mib(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _reset_peak() -> float:
    """Forget the largest memory that was held; answer with what is held now, in MiB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory_mib("VmRSS")


def _work(kind: str, start: int, stop: int, seed: int) -> None:
    tell_tensorflow(ANSWERING)
    if kind == "network":
        import keras  # noqa: F401 - its own start is no network's

        _load((BASE / MODEL_FILE).read_bytes())
        limit_process(DEFAULT_LIMITS.memory_mib, seconds=3600)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for result in measured(kind, iter(range(start, stop)), seed):
        sys.stdout.write(json.dumps(asdict(result)) + "\n")
        sys.stdout.flush()


def main() -> int:
    """Print what came of the mutations, and each that was not right; status 1 where one was not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", nargs=3, metavar=("KIND", "START", "STOP"), help="its own use")
    arguments = parser.parse_args()
    if arguments.worker:
        kind, start, stop = arguments.worker
        _work(kind, int(start), int(stop), arguments.seed)
        return 0
    results = list(run(arguments.n, arguments.seed))
    for kind in KINDS:
        mine = [result for result in results if result.kind == kind]
        counts: dict[str, int] = {}
        for result in mine:
            counts[result.outcome[:60]] = counts.get(result.outcome[:60], 0) + 1
        slowest = max(result.seconds for result in mine)
        largest = max(result.mib for result in mine)
        print(f"{kind}: {len(mine)}, slowest {slowest:.2f} s, largest {largest:.0f} MiB")
        for outcome, count in sorted(counts.items(), key=lambda item: -item[1]):
            print(f"  {count:5} {outcome}")
    ended = [f"{result.kind} {result.number}" for result in results if result.outcome == "ended"]
    print(f"ended their process: {', '.join(ended) or 'none'}")
    wrong = [result for result in results if not result.is_right]
    for result in wrong:
        print(f"WRONG {result}")
    print(f"{len(results)} tried, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
