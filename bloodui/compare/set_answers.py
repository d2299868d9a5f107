"""What several models answered on a set of images: agreement, errors, what to look at first."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bloodui.inventory import names_of
from models.agreement import disagreement, kappa
from models.answer.prediction import Prediction
from models.rate import Rate, proportion
from models.table_cell import as_cell

if TYPE_CHECKING:
    from bloodui.inventory import Installed
    from models.image.micrograph import Micrograph

TRUTH = "Truth"


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledImage:
    """An image of a set.

    Attributes:
        label: What it is called on the page.
        truth: Its class, or "" where nobody says.
        is_insisted: Whether models answer though they do not know its kind.
    """

    label: str
    micrograph: Micrograph
    truth: str = ""
    is_drawn: bool = False
    is_insisted: bool = False


@dataclass(frozen=True, kw_only=True)
class Own:
    """The images of a model's own classes: how many, and how many of them got no answer."""

    n: int
    n_unanswered: int


@dataclass(frozen=True, kw_only=True, eq=False)
class ComparedSet:
    """A set of images and what each model says of each.

    Attributes:
        images: n images.
        models: m models.
        predictions: (n, m): of each image what each model says; None where it declined or failed.
    """

    images: tuple[LabelledImage, ...]
    models: tuple[Installed, ...]
    predictions: tuple[tuple[Prediction | None, ...], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The models' names on the page, each its own."""
        names = names_of(self.models)
        return tuple(names[each.manifest.id] for each in self.models)

    def answers(self, model: int) -> list[str]:
        """The first class of a model on each image, given when it abstains, too; "" for none."""
        column = [row[model] for row in self.predictions]
        return [each.classes[each.top_class] if each else "" for each in column]

    def disagreement(self, image: int) -> float | None:
        """How far the models that share their classes lie apart on an image, 0–1, or None."""
        by_classes: dict[tuple[str, ...], list[Prediction]] = {}
        for prediction in self.predictions[image]:
            if prediction is not None:
                by_classes.setdefault(prediction.classes, []).append(prediction)
        most = max(by_classes.values(), key=len, default=[])
        if len(most) < 2:
            return None
        return disagreement([prediction.probabilities for prediction in most])

    def by_disagreement(self) -> list[int]:
        """Numbers of the images, those first on which the models lie furthest apart."""
        far = [self.disagreement(number) for number in range(len(self.images))]
        keys = [-1.0 if value is None else value for value in far]
        return sorted(range(len(keys)), key=lambda number: -keys[number])

    def kappas(self) -> tuple[tuple[str, ...], list[list[float | None]]]:
        """Cohen's kappa of every pair of models, and of the truth where labels are given.

        Returns:
            Names, and a symmetric matrix in their order; None where kappa cannot be told. A pair
            is judged on the images that both answered.
        """
        columns = {name: self.answers(number) for number, name in enumerate(self.names)}
        if any(image.truth for image in self.images):
            columns = {TRUTH: [image.truth for image in self.images]} | columns
        names = tuple(columns)
        return names, [
            [_kappa(columns[first], columns[second]) for second in names] for first in names
        ]

    def accuracy(self, model: int) -> Rate | None:
        """Share of labelled images whose truth a model puts first; None without one it can name.

        Images without an answer are left out (`own` counts them), and so are truths that are none
        of its classes (`foreign` says what it said of these).
        """
        classes = self.models[model].manifest.classes
        pairs = [
            (image.truth, answer)
            for image, answer in zip(self.images, self.answers(model), strict=True)
            if image.truth in classes and answer
        ]
        n_right = sum(truth == answer for truth, answer in pairs)
        return proportion("accuracy", n_right, len(pairs))

    def own(self, model: int) -> Own:
        """How many labelled images are of the model's classes, and how many got no answer."""
        classes = self.models[model].manifest.classes
        given = [
            row[model] is not None
            for image, row in zip(self.images, self.predictions, strict=True)
            if image.truth in classes
        ]
        return Own(n=len(given), n_unanswered=given.count(False))

    def foreign(self, model: int) -> Mapping[str, int]:
        """What a model said of the images whose truth is none of its classes, most often first.

        Returns:
            Numbers of images by the class that it answered, that with "(not proven)" after it,
            "abstained" or "no answer".
        """
        classes = self.models[model].manifest.classes
        said = Counter(
            _said(row[model])
            for image, row in zip(self.images, self.predictions, strict=True)
            if image.truth and image.truth not in classes
        )
        return dict(said.most_common())

    def to_csv(self) -> bytes:
        """A row an image: label, truth, disagreement, and each model's class and probability."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        heads = [f"{model.manifest.id} {what}" for model in self.models for what in _CELLS]
        table.writerow(["image", "sha256", "truth", "disagreement", *heads])
        for number, image in enumerate(self.images):
            far = self.disagreement(number)
            row = [image.label, image.micrograph.sha256, image.truth]
            row.append("" if far is None else f"{far:.4f}")
            for prediction in self.predictions[number]:
                row += _cells(prediction)
            table.writerow([as_cell(cell) for cell in row])
        return text.getvalue().encode()


def points(share: float) -> str:
    """A distance of probabilities as points of per cent: "1 point", "12 points"."""
    number = round(100 * share)
    return f"{number} point" if number == 1 else f"{number} points"


def _said(prediction: Prediction | None) -> str:
    """The class that was answered, or why none was."""
    if prediction is None:
        return "no answer"
    if prediction.decision == "abstained":
        return "abstained"
    name = prediction.classes[prediction.top_class]
    notes = {"unproven": " (not proven)", "outside": " (outside)"}
    return f"{name}{notes.get(prediction.decision, '')}"


_CELLS = ("class", "probability", "decision")


def _cells(prediction: Prediction | None) -> list[str]:
    if prediction is None:
        return ["", "", "no answer"]
    top = prediction.top_class
    share = float(prediction.probabilities[top])
    return [prediction.classes[top], f"{share:.6f}", prediction.decision]


def _kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    both = [(a, b) for a, b in zip(first, second, strict=True) if a and b]
    names = sorted({name for pair in both for name in pair})
    numbers = np.array([[names.index(name) for name in pair] for pair in both], int).reshape(-1, 2)
    return kappa(numbers[:, 0], numbers[:, 1])
