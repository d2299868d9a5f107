"""A Keras model as bytes, and back: only the .keras format, and only in safe mode."""

from __future__ import annotations

import io
import json
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import BundleError

if TYPE_CHECKING:
    import keras

# Of VGG16's 59 MB level 4 makes 28 MB, with bytes of equal worth side by side.
_DEFLATION = 4
_WEIGHTS = "model.weights.h5"
_LONGEST_REASON = 300  # Keras repeats whole configurations


def archive_model(model: keras.Model, *, created: str) -> bytes:
    """A model of one input and one output as a deflated .keras archive, without its optimizer.

    The same model gives the same bytes: the time of saving becomes `created` (YYYY-MM-DD) and
    memory addresses in the configuration become running numbers.
    """
    import keras

    plain = keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    archived = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        plain.save(path)
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(archived, "w") as target:
            for name in sorted(source.namelist()):
                data = source.read(name)
                if name == "metadata.json":
                    metadata = json.loads(data) | {"date_saved": f"{created}@00:00:00"}
                    data = json.dumps(metadata).encode()
                elif name == "config.json":
                    data = json.dumps(_with_running_numbers(json.loads(data), {})).encode()
                elif name == _WEIGHTS:
                    data = _compressed(data)
                entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                target.writestr(entry, data, zipfile.ZIP_DEFLATED, compresslevel=_DEFLATION)
    return archived.getvalue()


def load_archive(data: bytes) -> keras.Model:
    """The model in these bytes of a .keras archive, uncompiled.

    Safe mode refuses what would run code on loading, such as a Lambda layer. The bytes go
    through a private temporary file, so nobody can change them between check and use.

    Raises:
        BundleError: the bytes are no .keras archive, or safe mode refuses them.
    """
    import keras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(data)
        # Keras warns where weights of a layer are not there, and goes on with others of chance.
        warnings.filterwarnings("error", module=r"keras\.src\.saving\.saving_lib")
        try:
            return keras.saving.load_model(path, safe_mode=True, compile=False)
        except Exception as error:  # layers raise what they like on damaged settings
            reason = " ".join(str(error).split())
            raise BundleError(
                "The model is none of stock layers in the .keras format, which alone safe mode "
                f"loads: {type(error).__name__}: {reason[:_LONGEST_REASON]}. Export the bundle "
                "again."
            ) from error


def _compressed(weights: bytes) -> bytes:
    """An HDF5 file of weights, every array compressed within it; HDF5 undoes that on reading."""
    import h5py

    smaller = io.BytesIO()
    with h5py.File(io.BytesIO(weights)) as source, h5py.File(smaller, "w") as target:
        target.attrs.update(source.attrs)

        def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if isinstance(item, h5py.Group):
                copied = target.require_group(name)
            elif item.size:
                options = (
                    {"chunks": item.shape, "shuffle": True, "compression": _DEFLATION}
                    if item.shape
                    else {}
                )
                copied = target.create_dataset(name, data=item[()], **options)
            else:
                copied = target.create_dataset(name, shape=item.shape, dtype=item.dtype)
            copied.attrs.update(item.attrs)

        source.visititems(copy)
    return smaller.getvalue()


def _with_running_numbers(value: Any, numbers: dict[int, int]) -> Any:
    if isinstance(value, dict):
        return {
            key: numbers.setdefault(entry, len(numbers))
            if key == "shared_object_id"
            else _with_running_numbers(entry, numbers)
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [_with_running_numbers(entry, numbers) for entry in value]
    return value
