"""Preprocessing: named steps with their parameters as data; preview and prediction are one path."""

from models.preprocessing.spec import StepParameter, StepSpec
from models.preprocessing.step import Step, StepPicture, apply_steps, picture_steps
from models.preprocessing.steps import STEPS

__all__ = [
    "STEPS",
    "Step",
    "StepParameter",
    "StepPicture",
    "StepSpec",
    "apply_steps",
    "picture_steps",
]
