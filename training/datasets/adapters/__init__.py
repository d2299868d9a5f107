"""Public releases as users download them, read into images with labels and groups."""

from training.datasets.adapters.adapter import Adapter, Found, FoundImage
from training.datasets.adapters.registry import ADAPTERS, adapter, detect, expected_counts

__all__ = ["ADAPTERS", "Adapter", "Found", "FoundImage", "adapter", "detect", "expected_counts"]
