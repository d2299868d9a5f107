"""What several models answered on a set of images: agreement, errors, what to look at first."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bloodui.inventory import names_of
from bloodui.quizzes.scores import proportion
from bloodui.reading import spreadsheet_safe
from models.agreement import disagreement, kappa
from models.card import Figure
from models.prediction import Prediction

if TYPE_CHECKING:
    from bloodui.compare_session import LabelledImage
    from bloodui.session import Installed

TRUTH = "Truth"


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

    def accuracy(self, model: int) -> Figure | None:
        """Share of labelled images whose truth a model puts first; None without one it can name.

        Images that it declined, and truths that are none of its classes, are left out.
        """
        classes = self.models[model].manifest.classes
        pairs = [
            (image.truth, answer)
            for image, answer in zip(self.images, self.answers(model), strict=True)
            if image.truth in classes and answer
        ]
        n_right = sum(truth == answer for truth, answer in pairs)
        return proportion("accuracy", n_right, len(pairs))

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
            table.writerow([spreadsheet_safe(cell) for cell in row])
        return text.getvalue().encode()


_CELLS = ("class", "probability", "decision")


def _cells(prediction: Prediction | None) -> list[str]:
    if prediction is None:
        return ["", "", "declined"]
    top = prediction.top_class
    share = float(prediction.probabilities[top])
    return [prediction.classes[top], f"{share:.6f}", prediction.decision]


def _kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    both = [(a, b) for a, b in zip(first, second, strict=True) if a and b]
    names = sorted({name for pair in both for name in pair})
    numbers = np.array([[names.index(name) for name in pair] for pair in both], int).reshape(-1, 2)
    return kappa(numbers[:, 0], numbers[:, 1])
