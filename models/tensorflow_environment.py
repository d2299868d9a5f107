"""What TensorFlow is told by environment variables, which it reads when it is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

ANSWERING: Mapping[str, str] = MappingProxyType({"TF_CPP_MIN_LOG_LEVEL": "3"})
"""For a program that asks models: no messages of TensorFlow's own."""
LEARNING: Mapping[str, str] = MappingProxyType(
    {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Left off on processors without AVX-512, which learn twice as fast with it
        "TF_ENABLE_ONEDNN_OPTS": "1",
    }
)
"""For a program that trains models: errors alone, and oneDNN."""


def tell_tensorflow(variables: Mapping[str, str]) -> None:
    """Set these variables where nobody has set them before."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)
