"""Damaged, spliced and invented bytes raise the declared errors and nothing else.

Many more of them, with time, memory and standard error watched: `python -m
tests.models.image.mutations`.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import MicrographError
from models.image.formats.container import IntakeLimits
from models.image.micrograph import Micrograph, read_micrograph
from tests.models.hostile import bmp, dicom, jpeg, png, tiff, webp
from tests.models.image.mutations import Edit, mutated, read_range
from tests.models.image_files import every_file

pytestmark = pytest.mark.slow

FUZZ = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)

# Where: a place in the file as a share of its length, often close to either end, where
# headers, TIFF directories and chunk tables stand.
places = st.one_of(
    st.floats(0, 0.05),
    st.floats(0, 1),
    st.floats(0.9, 1),
    st.integers(0, 64).map(lambda n: n / 1e6),
)
payloads = st.one_of(
    st.binary(min_size=1, max_size=16),
    st.sampled_from([b"\xff" * 4, b"\x7f" + b"\xff" * 3, bytes(4), b"\xff" * 3 + b"\x7f"]),
    st.sampled_from(sorted(every_file())).flatmap(
        lambda name: st.integers(4, 200).map(lambda n: every_file()[name][:n])
    ),
)
edits = st.lists(
    st.tuples(st.sampled_from(["overwrite", "insert", "delete", "cut"]), places, payloads),
    min_size=1,
    max_size=6,
)


def read_or_declared_error(data: bytes) -> None:
    try:
        micrograph = read_micrograph(data, IntakeLimits(max_pixels=2_000_000))
    except MicrographError as error:
        message = str(error)
    else:
        assert isinstance(micrograph, Micrograph)
        assert min(micrograph.rgb.shape[:2]) >= 32
        return
    assert message.endswith("."), "an error is a sentence"
    assert 20 < len(message) < 400


@cache
def seeds() -> dict[str, bytes]:
    """Every file there is, and short hostile ones."""
    hostile = {
        f"{module.__name__}: {name}": family.make(2048)
        for module in (bmp, dicom, jpeg, png, tiff, webp)
        for name, family in module.FAMILIES.items()
    }
    return every_file() | hostile


@FUZZ
@given(name=st.sampled_from(sorted(seeds())), changes=edits)
def test_mutated_files_raise_only_declared_errors(name: str, changes: list[Edit]) -> None:
    read_or_declared_error(mutated(seeds()[name], changes))


def test_mutated_files_of_each_format_are_quick_small_and_silent() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own:  # for its memory alone
        outcomes = own.submit(read_range, range(1_000_000, 1_000_600)).result()
    assert outcomes.problems == ()
    assert outcomes.n_read > 30
    assert outcomes.n_refused > 200


@settings(FUZZ)
@given(
    head=st.sampled_from(
        [data[:length] for data in every_file().values() for length in (4, 16, 64)]
    ),
    tail=st.binary(max_size=600),
)
def test_invented_bytes_after_a_real_header_raise_only_declared_errors(
    head: bytes, tail: bytes
) -> None:
    read_or_declared_error(head + tail)


@settings(FUZZ, max_examples=200)
@given(data=st.binary(max_size=400))
def test_random_bytes_raise_only_declared_errors(data: bytes) -> None:
    read_or_declared_error(data)


@pytest.mark.parametrize("name", sorted(every_file()))
def test_every_truncation_of_every_format_raises_only_declared_errors(name: str) -> None:
    data = every_file()[name]
    for length in {*range(0, min(len(data), 200), 3), *range(0, len(data), len(data) // 40)}:
        read_or_declared_error(data[:length])


@settings(FUZZ, max_examples=150, suppress_health_check=list(HealthCheck))
@given(choice=st.integers(0, 7), changes=edits)
def test_mutated_real_images_raise_only_declared_errors(
    data_dir: Path, choice: int, changes: list[Edit]
) -> None:
    read_or_declared_error(mutated(_real_files(data_dir)[choice], changes))


def _real_files(data_dir: Path) -> list[bytes]:
    if not _REAL:
        for folder in ("taleghani_all", "orlov_lymphoma", "c_nmc", "jhu_aml"):
            pictures = sorted(
                path
                for path in (data_dir / folder).rglob("*")
                if path.suffix in (".jpg", ".png", ".webp")
            )
            _REAL.extend(path.read_bytes() for path in pictures[:2])
    return _REAL


_REAL: list[bytes] = []
