"""Reads the tensors of a legacy torch file without torch, and nothing that could run code.

A pickle is a program. This reader admits the four names that tensors need and refuses every other
one before anything is called.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Any

import numpy as np

from models.errors import WeightsError


@dataclass(frozen=True, kw_only=True)
class _Storage:
    key: str
    dtype: str


@dataclass(frozen=True, kw_only=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_ignored: object,
) -> _Tensor:
    return _Tensor(storage=storage, offset=offset, shape=shape, strides=strides)


_ALLOWED: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch", "FloatStorage"): "<f4",
        ("torch", "LongStorage"): "<i8",
    }
)


class TensorUnpickler(pickle.Unpickler):
    """Reads pickles that name tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """What a pickle may name. Raises WeightsError for anything else, before any call."""
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise WeightsError(
                f"The file is no mere file of tensors: its pickle asks for {module}.{name}, and "
                "was refused. Do not use this file."
            ) from None

    def persistent_load(self, pid: Any) -> _Storage:
        """The storage that a tensor's values lie in."""
        kind, dtype, key, *_ = pid
        if kind != "storage" or dtype not in ("<f4", "<i8"):
            raise WeightsError(
                "The file holds numbers that are neither float32 nor int64. Replace the file."
            )
        return _Storage(key=str(key), dtype=dtype)


_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER, before zip files
_LEGACY_PROTOCOL = 1001


def read_torch_tensors(file: IO[bytes]) -> dict[str, np.ndarray]:
    """The tensors of a legacy torch file (protocol 1001), by name, without torch.

    Layout: magic number, protocol, system, state dict and list of storage keys as pickles; then
    for each key the number of its values (int64, little-endian) and the values.

    Raises:
        WeightsError: The file is of another kind, ends early or names anything but tensors.
    """
    try:
        magic = TensorUnpickler(file).load()
        protocol = TensorUnpickler(file).load()
        if (magic, protocol) != (_LEGACY_MAGIC, _LEGACY_PROTOCOL):
            raise WeightsError(
                f"The file is no legacy torch file (protocol {_LEGACY_PROTOCOL}). Fetch the "
                "weights again."
            )
        TensorUnpickler(file).load()  # the system that wrote it
        state = TensorUnpickler(file).load()
        keys = TensorUnpickler(file).load()
        dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in state.values()}
        values = {key: _read_storage(file, dtypes[key]) for key in keys}
        return {name: _array(tensor, values) for name, tensor in state.items()}
    except (pickle.UnpicklingError, EOFError, KeyError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"The legacy torch file of tensors cannot be read ({type(error).__name__}). Fetch "
            "the weights again."
        ) from error


def _read_storage(file: IO[bytes], dtype: str) -> np.ndarray:
    count = int.from_bytes(file.read(8), "little", signed=True)
    n_bytes = count * np.dtype(dtype).itemsize
    data = file.read(n_bytes)
    if count < 0 or len(data) != n_bytes:
        raise EOFError
    return np.frombuffer(data, dtype)


def _array(tensor: _Tensor, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """The tensor's values, which may lie in its storage in any order but never outside it."""
    storage = values[tensor.storage.key]
    steps = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in steps)
    if min((tensor.offset, *tensor.strides, *tensor.shape)) < 0 or last >= storage.size:
        raise ValueError("A tensor reaches outside its storage.")
    strides = tuple(stride * storage.itemsize for stride in tensor.strides)
    return np.lib.stride_tricks.as_strided(
        storage[tensor.offset :], tensor.shape, strides, writeable=False
    )
