"""Which cells, or which parts of a cell, moved an answer: each is taken away in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.answer.ensemble import Ensemble, ensemble_logits
from models.answer.prediction import log_odds, softmax
from models.cells.parts import ErasablePicture, Kind, PicturePart, PictureParts, parts_seen

if TYPE_CHECKING:
    from models.answer.runtime import Model
    from models.bundle.card import EvidenceCheck
    from models.opinion import Opinion
    from models.preprocessing import StepPicture

Ask = Callable[[Sequence[np.ndarray]], np.ndarray]
"""From the same n pictures as each network sees them, (n, px, px, 3) uint8 a network, to
calibrated logits, (n, C)."""

# Parts that together move the log-odds by less than this carry nothing.
_LEAST_WEIGHT = 0.01


@dataclass(frozen=True, kw_only=True)
class Remaining:
    """What a model says of a picture without some of its parts.

    Attributes:
        n_gone: Number of the parts that were taken away.
        first_class: The class that it puts first then.
        probability: Calibrated, of the class that the evidence is for, 0 to 1.
        keeps_class: Whether that class is still the first.
    """

    n_gone: int
    first_class: str
    probability: float
    keeps_class: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Which parts of a picture moved the answer, and what is left of it without them.

    Attributes:
        kind: What the parts are, see `PictureParts`.
        class_name: The class that the evidence is for.
        parts: Those that were weighed.
        weights: (n,) float64, read-only: how far the class's log-odds fall, in natural units,
            when that part alone is taken away; below 0 where they rise.
        probability: Of the class for the whole picture, 0 to 1.
        without_carriers: Without the parts that carry most of the answer.
        without_half: Without the half of the parts that carries most of it.
        without_all: Without any of them, those that were not weighed included.
        n_unweighed: Number of cells that were not weighed.
        are_all_that_is_seen: Whether the model sees nothing but the parts; without any of them it
            declines.
        check: How evidence of this kind did on the model's test images; None where it was never
            checked.
    """

    kind: Kind
    class_name: str
    parts: tuple[PicturePart, ...]
    weights: np.ndarray
    probability: float
    without_carriers: Remaining
    without_half: Remaining
    without_all: Remaining
    n_unweighed: int = 0
    are_all_that_is_seen: bool = False
    check: EvidenceCheck | None = None

    @property
    def order(self) -> tuple[int, ...]:
        """Numbers of the parts, the one first that speaks for the class most."""
        return order_of(self.weights)

    @property
    def carriers(self) -> tuple[int, ...]:
        """The fewest parts that hold more than half of all that speaks for the class."""
        return carriers_of(self.weights)

    @property
    def reads_the_picture(self) -> bool:
        """Whether the answer stays when all parts are gone."""
        return self.without_all.keeps_class and not self.are_all_that_is_seen


def order_of(weights: np.ndarray) -> tuple[int, ...]:
    """Numbers of parts, the one first that speaks for the class most."""
    return tuple(int(number) for number in np.argsort(-weights, kind="stable"))


def carriers_of(weights: np.ndarray) -> tuple[int, ...]:
    """The fewest parts that hold more than half of what speaks for the class; none if nothing."""
    order = order_of(weights)
    speaking = np.maximum(weights[list(order)], 0)
    if speaking.sum() < _LEAST_WEIGHT:
        return ()
    n = int(np.searchsorted(np.cumsum(speaking), speaking.sum() / 2, side="right")) + 1
    return order[:n]


def evidence_on(opinion: Opinion, model: Model | Ensemble, *, class_name: str = "") -> Evidence:
    """Which cells of an image, or which parts, moved a model's answer on it.

    Each part is painted over on the picture that the network sees, not on the original: the steps
    stay what they were, so that nothing but the part is another. An ensemble is asked as a whole.

    Args:
        opinion: What the model said of it, with a prediction.
        class_name: The class that the evidence is for; the first one where "".
    """
    seen = opinion.members or (opinion,)
    pictures = tuple(each.pictures[-1] for each in seen)
    micrograph = opinion.micrograph
    parts = parts_seen(micrograph.rgb, pictures[0], um_per_px=micrograph.um_per_px)
    classes = model.manifest.classes
    first = opinion.prediction.top_class if opinion.prediction is not None else 0
    return weigh(
        parts,
        pictures,
        ask_of(model),
        class_index=classes.index(class_name) if class_name in classes else first,
        classes=classes,
        check=model.card.evidence_check(parts.kind),
    )


def weigh(
    parts: PictureParts,
    pictures: Sequence[StepPicture],
    ask: Ask,
    *,
    class_index: int,
    classes: Sequence[str],
    check: EvidenceCheck | None = None,
) -> Evidence:
    """The evidence for a class in the parts of a picture.

    Args:
        parts: Of the original.
        pictures: What each network sees of it.
        ask: The networks.
        class_index: Of the class that the evidence is for.
        classes: Their names, in the order of the logits.
        check: As in `Evidence`.
    """
    taken = TakenAway(parts, pictures, ask)
    n = len(parts.parts)
    logits = taken.logits([(), *((number,) for number in range(n))])
    odds = log_odds(logits, class_index)
    weights = odds[0] - odds[1:]
    weights.setflags(write=False)
    order, carriers = order_of(weights), carriers_of(weights)
    half = order[: -(-n // 2)]
    left = taken.logits([carriers, half, order], rest_too=(False, False, True))

    def remaining(row: np.ndarray, n_gone: int) -> Remaining:
        first = int(row.argmax())
        return Remaining(
            n_gone=n_gone,
            first_class=classes[first],
            probability=float(softmax(row, 1.0)[class_index]),
            keeps_class=first == class_index,
        )

    return Evidence(
        kind=parts.kind,
        class_name=classes[class_index],
        parts=parts.parts,
        weights=weights,
        probability=float(softmax(logits[0], 1.0)[class_index]),
        without_carriers=remaining(left[0], len(carriers)),
        without_half=remaining(left[1], len(half)),
        without_all=remaining(left[2], n + len(parts.rest)),
        n_unweighed=len(parts.rest),
        are_all_that_is_seen=parts.are_all_that_is_seen,
        check=check,
    )


class TakenAway:
    """A picture whose parts are taken away in any number, put to the networks."""

    def __init__(self, parts: PictureParts, pictures: Sequence[StepPicture], ask: Ask) -> None:
        """See `weigh`."""
        self.pictures = tuple(ErasablePicture(picture, parts) for picture in pictures)
        self._ask = ask

    @property
    def masks(self) -> np.ndarray:
        """Where each part lies on the first network's picture, (n, px, px) bool."""
        return self.pictures[0].masks

    def logits(self, gone: Sequence[Sequence[int]], *, rest_too: Sequence[bool] = ()) -> np.ndarray:
        """Calibrated logits (n, C) without the parts of each of n lists.

        Args:
            gone: Numbers of parts.
            rest_too: For each list whether the cells that are not weighed go, too; none do where
                it is empty.
        """
        with_rest = list(rest_too) or [False] * len(gone)
        return self._ask(
            [
                np.stack(
                    [
                        picture.without(numbers, rest_too=rest)
                        for numbers, rest in zip(gone, with_rest, strict=True)
                    ]
                )
                for picture in self.pictures
            ]
        )


def ask_of(model: Model | Ensemble) -> Ask:
    """What asks a loaded model or ensemble about many pictures at once."""
    if not isinstance(model, Ensemble):
        return lambda views: model.logits(views[0]) / model.manifest.temperature
    weights = np.array([member.weight for member in model.manifest.members])

    def ask(views: Sequence[np.ndarray]) -> np.ndarray:
        answers = np.stack(
            [
                softmax(member.logits(rgb), member.manifest.temperature)
                for member, rgb in zip(model.members, views, strict=True)
            ]
        )
        return ensemble_logits(answers, weights) / model.manifest.temperature

    return ask
