"""A torch file gives its tensors, and runs nothing."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from models.architectures.torch_tensors import read_torch_tensors
from models.errors import WeightsError


class Intrusion:
    """Pickles to a call of os.system that leaves a file behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.trace}",)


HEADER = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})


@pytest.mark.parametrize("position", [0, 3])
def test_pickle_that_calls_the_system_is_refused_and_calls_nothing(
    position: int, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    parts = [*HEADER[:position], {"weight": Intrusion(trace)}]
    file = io.BytesIO(b"".join(pickle.dumps(part, protocol=2) for part in parts))
    with pytest.raises(WeightsError, match=r"asks for (posix|nt)\.system, and was refused"):
        read_torch_tensors(file)
    assert not trace.exists()


def torch_file(
    *, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0, n_values: int = 6
) -> bytes:
    """A legacy torch file of one tensor "weight" over the values 0, 1, 2 …, by opcodes."""

    def integers(numbers: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(b"I%d\n" % number for number in numbers) + b"t"

    storage = b"(Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nI%d\nNtQ" % n_values
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"I%d\n" % offset
    tensor += integers(shape) + integers(strides) + b"\x89}tR"
    state = b"\x80\x02}Vweight\n" + tensor + b"s."
    header = b"".join(pickle.dumps(part, protocol=2) for part in HEADER)
    values = np.arange(n_values, dtype="<f4").tobytes()
    return header + state + pickle.dumps(["0"]) + n_values.to_bytes(8, "little") + values


def test_tensors_are_read_in_the_order_of_their_strides() -> None:
    straight = read_torch_tensors(io.BytesIO(torch_file(shape=(2, 3), strides=(3, 1))))
    np.testing.assert_array_equal(straight["weight"], [[0, 1, 2], [3, 4, 5]])
    turned = read_torch_tensors(io.BytesIO(torch_file(shape=(3, 2), strides=(1, 3))))
    np.testing.assert_array_equal(turned["weight"], [[0, 3], [1, 4], [2, 5]])


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((2, 4), (4, 1), 0),
        ((6,), (1,), 1),
        ((2, 3), (1000, 1), 0),
        ((2,), (-1,), 1),
        ((2,), (1, 1), 0),
    ],
)
def test_tensor_that_reaches_outside_its_storage_is_refused(
    shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    file = io.BytesIO(torch_file(shape=shape, strides=strides, offset=offset))
    with pytest.raises(WeightsError, match="cannot be read"):
        read_torch_tensors(file)


def test_torch_file_that_ends_early_is_refused_wherever_it_ends() -> None:
    whole = torch_file(shape=(2, 3), strides=(3, 1))
    for length in range(len(whole)):
        with pytest.raises(WeightsError, match=r"legacy torch file|file of tensors"):
            read_torch_tensors(io.BytesIO(whole[:length]))


def test_pickle_that_is_no_torch_file_is_refused() -> None:
    with pytest.raises(WeightsError, match="no legacy torch file"):
        read_torch_tensors(io.BytesIO(pickle.dumps(1) * 5))
