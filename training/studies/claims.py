"""What the five papers print of their own models, and the studies that do it again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from models.stored import Line, OneOf, ReadOnly, Several, Stored
from training.errors import RecipeError
from training.recipes.toml_file import read_toml
from training.studies.plan import BenchFeatures

_FILE = Path(__file__).parents[1] / "claims.toml"
BEST = "the best of them"
"""The model of a claim that a paper makes of none by name: the one of a study that does best on the
test images of the paper's split, as the paper chose it."""
PARTS = ("test", "validation", "both", "training")
FIGURES = (
    "accuracy",
    "balanced accuracy",
    "macro precision",
    "macro F1",
    "weighted precision",
    "weighted sensitivity",
    "weighted F1",
    "Matthews correlation",
    "AUROC of labels",
    "seconds an epoch",
    "seconds of training",
    "seconds",
)
"""What a claim may be of; those that begin with "seconds" are no shares."""
_Figures = ReadOnly[Annotated[str, OneOf(FIGURES)], float]


class ModelClaim(Stored):
    """What a paper prints of one network, by the part of the images that it is of."""

    refused_as = RecipeError
    called = "the claim"

    model: str
    """Name of a member of one of the paper's studies, or BEST."""
    study: str = ""
    """Of BEST: the study whose members are meant."""
    note: Line | None = None
    """Why ours is no repetition of it: then no difference is printed."""
    test: _Figures = Field(default={})
    """Figures on images that the network had not seen."""
    validation: _Figures = Field(default={})
    """Figures on images that chose something, such as the epoch."""
    both: _Figures = Field(default={})
    """Means of test and validation."""
    training: _Figures = Field(default={})
    """Figures on images that were learned from, and seconds."""


class BenchClaim(Stored):
    """What a paper prints of classifiers on one network's features."""

    refused_as = RecipeError
    called = "the claims of a bench"

    model: str
    """Name of the member whose features they are."""
    features: BenchFeatures
    """Kind of features."""
    columns: Several[Annotated[str, OneOf(FIGURES)]]
    """What the numbers of a classifier are."""
    classifiers: ReadOnly[str, Several[float]]
    """For each classifier its numbers."""


class Paper(Stored):
    """One of the five papers."""

    refused_as = RecipeError
    called = "the paper"

    title: str
    """Heading."""
    source: str
    """Who wrote it, when and where."""
    split: str
    """How it parts its images."""
    studies: Several[str]
    """Names of studies, see `read_study`."""
    claim: Several[ModelClaim] = ()
    """Of networks."""
    bench: Several[BenchClaim] = ()
    """Of classifiers on features."""


@cache
def read_papers() -> Mapping[str, Paper]:
    """Every paper by the name that its recipes begin with."""
    return {name: Paper.from_dict(values) for name, values in read_toml(_FILE).items()}


def paper(name: str) -> Paper:
    """The paper of that name. Raises RecipeError that lists those there are."""
    papers = read_papers()
    if name not in papers:
        raise RecipeError(f"There is no paper {name!r}. Name one of {', '.join(papers)}.")
    return papers[name]
