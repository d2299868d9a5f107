"""reference.npz of a bundle: what its prediction sets and its domain check rest on."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

from models.answer.domain import Domain, NoneOfThese
from models.answer.prediction_set import ConformalScores
from models.bundle.manifest import REFERENCE_FILE
from models.errors import BundleError

_MOST_BYTES = 64 * 2**20
"""Of all arrays together, unpacked: those of the largest model here have half a megabyte."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reference:
    """What a model knows of its own validation and training images.

    Attributes:
        conformal: For prediction sets.
        domain: For the domain check; None for an ensemble, whose members have their own.
    """

    conformal: ConformalScores
    domain: Domain | None

    def to_bytes(self) -> bytes:
        """As a .npz file without pickles; the same reference gives the same bytes."""
        arrays = {"conformal_scores": self.conformal.scores.astype(np.float64)}
        arrays["conformal_labels"] = self.conformal.labels.astype(np.int16)
        arrays["conformal_groups"] = self.conformal.groups.astype(np.int32)
        if self.domain is not None:
            for field in fields(Domain):
                if field.name != "none":
                    arrays[f"domain_{field.name}"] = np.asarray(getattr(self.domain, field.name))
            if self.domain.none is not None:
                arrays["domain_none_kernel"] = self.domain.none.kernel.astype(np.float32)
                arrays["domain_none_bias"] = self.domain.none.bias.astype(np.float32)
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in sorted(arrays.items()):
                entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                held = io.BytesIO()
                np.lib.format.write_array(held, array, allow_pickle=False)
                archive.writestr(entry, held.getvalue(), zipfile.ZIP_DEFLATED)
        return data.getvalue()


def read_reference(data: bytes) -> Reference:
    """The reference in the bytes of a reference.npz. Raises BundleError where it is none."""
    try:
        arrays = _arrays(data)
        conformal = ConformalScores(
            scores=arrays["conformal_scores"],
            labels=arrays["conformal_labels"],
            groups=arrays["conformal_groups"],
        )
        return Reference(conformal=conformal, domain=_domain(arrays))
    except (
        ValueError,
        KeyError,
        OSError,
        EOFError,
        TypeError,
        RuntimeError,  # under a password
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise BundleError(
            f"The bundle's {REFERENCE_FILE} cannot be read ({type(error).__name__}: {error}). "
            "Train or export the bundle again."
        ) from error


def _arrays(data: bytes) -> dict[str, np.ndarray]:
    """The arrays of a .npz file, none of which is larger than what the file says and holds.

    Raises ValueError where they are too large; what a header claims is checked before there is
    room for it.
    """
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if sum(entry.file_size for entry in entries) > _MOST_BYTES:
            raise ValueError(f"its arrays have more than {_MOST_BYTES >> 20} MB")
        for entry in entries:
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ValueError("an array is packed in another way than by deflate")
            content = archive.read(entry)
            held = io.BytesIO(content)
            version = np.lib.format.read_magic(held)
            if version != (1, 0):
                raise ValueError(f"an array is written in the form {version}, not in (1, 0)")
            shape, _, dtype = np.lib.format.read_array_header_1_0(held)
            if math.prod(shape) * dtype.itemsize != len(content) - held.tell():
                raise ValueError("an array has another size than it says")
            held.seek(0)
            array = np.lib.format.read_array(held, allow_pickle=False)
            arrays[entry.filename.removesuffix(".npy")] = array
    return arrays


def _domain(arrays: Mapping[str, np.ndarray]) -> Domain | None:
    if "domain_mean" not in arrays:
        return None
    domain = Domain(
        layer=str(arrays["domain_layer"]),
        mean=arrays["domain_mean"],
        axes=arrays["domain_axes"],
        spread=arrays["domain_spread"],
        rest=float(arrays["domain_rest"]),
        limit=float(arrays["domain_limit"]),
        examples=arrays["domain_examples"],
        labels=arrays["domain_labels"],
        none=_none(arrays),
    )
    d, k = domain.mean.size, domain.spread.size
    if domain.axes.shape != (k, d) or domain.examples.shape != (len(domain.labels), k):
        raise ValueError("its arrays do not fit one another")
    if not 0 < domain.limit < np.inf:
        raise ValueError("its limit is no number above 0")
    if domain.none is not None and domain.none.kernel.shape != (d, domain.none.bias.size):
        raise ValueError("the rule for none of its classes does not fit its features")
    return domain


def _none(arrays: Mapping[str, np.ndarray]) -> NoneOfThese | None:
    if "domain_none_kernel" not in arrays:
        return None
    none = NoneOfThese(kernel=arrays["domain_none_kernel"], bias=arrays["domain_none_bias"])
    is_whole = none.kernel.dtype == none.bias.dtype == np.float32 and none.bias.ndim == 1
    is_finite = bool(np.isfinite(none.kernel).all() and np.isfinite(none.bias).all())
    if not (is_whole and is_finite and none.bias.size > 1):
        raise ValueError("the rule for none of its classes holds no finite numbers")
    return none
