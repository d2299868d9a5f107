"""Decoders print nothing, and whatever other threads print meanwhile arrives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from models.errors import MicrographError
from models.image.micrograph import read_micrograph
from tests.models.image_files import every_file
from tests.models.tiff_layouts import Layout, stored

ROOT = Path(__file__).resolve().parents[3]
TALKATIVE = ROOT / "tests" / "cases" / "19_tiff_that_libtiff_talks_about.tif"


def read(data: bytes) -> None:
    with suppress(MicrographError):
        read_micrograph(data)


def test_no_damaged_file_of_any_format_prints(capfd: pytest.CaptureFixture[str]) -> None:
    files = [*every_file().values(), TALKATIVE.read_bytes()]
    files += [stored(Layout(meaning="rgb", bits=8, compression="jpeg"))[0]]
    files += [stored(Layout(meaning="rgb", bits=16, compression="lzw"))[0]]
    for data in files:
        for share in (0.2, 0.5, 0.8):
            middle = int(share * len(data))
            read(data[:middle] + bytes(40) + data[middle + 40 :])
            read(data[:middle] + b"\xff" * 40 + data[middle + 40 :])
            read(data[:middle] + data[middle + 3 :])
    assert capfd.readouterr() == ("", "")


def test_what_other_threads_print_meanwhile_arrives(capfd: pytest.CaptureFixture[str]) -> None:
    data = TALKATIVE.read_bytes()
    readers = [threading.Thread(target=lambda: [read(data) for _ in range(50)]) for _ in range(4)]
    for reader in readers:
        reader.start()
    n_lines = 0
    while any(reader.is_alive() for reader in readers) or n_lines < 100:
        os.write(2, b"a line of another thread\n")
        n_lines += 1
    for reader in readers:
        reader.join()
    assert capfd.readouterr().err == "a line of another thread\n" * n_lines


def test_the_first_file_of_a_process_prints_nothing_either() -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from models.image.micrograph import read_micrograph\n"
        "try:\n    read_micrograph(Path(sys.argv[1]).read_bytes())\n"
        "except Exception as error:\n    print(type(error).__name__)\n"
    )
    command = [sys.executable, "-c", program, str(TALKATIVE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("TruncatedImageError\n", "")
