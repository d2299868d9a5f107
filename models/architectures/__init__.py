"""Architectures: a backbone, its scaling and a head, as data. Imports no TensorFlow."""

from models.architectures.build import backbone_layers, build_model
from models.architectures.heads import HEADS, BatchNorm, Dense, Dropout, HeadLayer, HeadSpec
from models.architectures.known import ARCHITECTURES, architecture
from models.architectures.spec import ArchitectureSpec

__all__ = [
    "ARCHITECTURES",
    "HEADS",
    "ArchitectureSpec",
    "BatchNorm",
    "Dense",
    "Dropout",
    "HeadLayer",
    "HeadSpec",
    "architecture",
    "backbone_layers",
    "build_model",
]
