"""ImageNet weights that lie in the project, a file for each network: arrays by layer, no pickles.

`python -m docs.experiments.imagenet_weights` made the files, and makes them again to the byte.
NOTICE says whose the weights are.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

CLASSIFIER = "fc"
"""Name under which a file holds ImageNet's classifier, a kernel (channels, 1000) and a bias."""

_MOST_VALUES_OF_32_BITS = 2**15
_FOLDER = Path(__file__).parents[1] / "weights"


@dataclass(frozen=True, kw_only=True)
class ImagenetFile:
    """A file of ImageNet weights.

    Attributes:
        path: Where it lies; named for what it holds.
        sha256: Its hash. A file with another one is not opened.
        origin: Who trained the weights, and their licence, for a card.
    """

    path: Path
    sha256: str
    origin: str


IMAGENET_FILES: Mapping[str, ImagenetFile] = MappingProxyType(
    {
        "mobilenet": ImagenetFile(
            path=_FOLDER / "mobilenet-imagenet.npz",
            sha256="d7a4e79599211f8cbd47be9daaf214747f1741b4967c0001beace8a20df01ad5",
            origin="Howard et al. 2017, The TensorFlow Authors, Apache-2.0",
        ),
        "squeezenet": ImagenetFile(
            path=_FOLDER / "squeezenet-imagenet.npz",
            sha256="c647c793b3328b004b52a0759ea8435b93a17d453379f19ad417a15b7dc4a1c1",
            origin="Iandola et al. 2016, BSD",
        ),
        "vgg16": ImagenetFile(
            path=_FOLDER / "vgg16-imagenet.npz",
            sha256="3eaa53cc12636de34329685ccf503e4b1b42f01c00b2e5d7a5332defea8e5d87",
            origin="Simonyan and Zisserman 2014, University of Oxford, CC BY 4.0",
        ),
    }
)
"""By architecture. That of VGG16 holds its convolutions alone, the others a classifier too."""


def as_weights_file(arrays: Mapping[str, Sequence[np.ndarray]]) -> bytes:
    """Arrays by layer as a file of weights; the same arrays give the same bytes.

    Large kernels are rounded to 16 bits. What has 32,768 values or fewer (biases, normalisation,
    depthwise and first kernels) keeps 32: it weighs little, and were it rounded too, the features
    of MobileNet would move by 3 % of the largest instead of by less than 1 %.

    Args:
        arrays: Layer name → its arrays in Keras's order and layout.
    """
    data = io.BytesIO()
    # Not compressed: floats hardly shrink, and another zlib would give other bytes
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for layer, held in sorted(arrays.items()):
            for place, array in enumerate(held):
                dtype = np.dtype("<f4" if array.size <= _MOST_VALUES_OF_32_BITS else "<f2")
                entry = io.BytesIO()
                np.lib.format.write_array(
                    entry, np.ascontiguousarray(array, dtype), version=(1, 0), allow_pickle=False
                )
                name = zipfile.ZipInfo(f"{layer}/{place}.npy", date_time=(1980, 1, 1, 0, 0, 0))
                archive.writestr(name, entry.getvalue())
    return data.getvalue()


def read_weights_file(path: Path) -> dict[str, list[np.ndarray]]:
    """Arrays by layer, float32, of a file of weights whose hash was checked."""
    arrays: dict[str, list[np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as archive:
        for key in archive.files:  # in the order in which they were written
            arrays.setdefault(key.rpartition("/")[0], []).append(archive[key].astype(np.float32))
    return arrays
