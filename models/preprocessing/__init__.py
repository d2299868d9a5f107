"""Preprocessing: named steps with their parameters as data; preview and prediction are one path."""

from models.preprocessing.registry import STEPS
from models.preprocessing.spec import StepParameter, StepSpec
from models.preprocessing.step import (
    Step,
    StepPicture,
    apply_steps,
    parse_steps,
    picture_steps,
)

__all__ = [
    "STEPS",
    "Step",
    "StepParameter",
    "StepPicture",
    "StepSpec",
    "apply_steps",
    "parse_steps",
    "picture_steps",
]
