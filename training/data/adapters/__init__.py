"""Public releases as users download them, read into images with labels and groups."""

from training.data.adapters.adapter import Adapter, Found, FoundImage
from training.data.adapters.known import (
    ADAPTERS,
    adapter,
    detect,
    expected_counts,
)

__all__ = ["ADAPTERS", "Adapter", "Found", "FoundImage", "adapter", "detect", "expected_counts"]
