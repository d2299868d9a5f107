"""Limits of a differential that carry the model's mistakes as well as the small number of cells.

How often the model takes one kind for another is known from laboratories that were left out of its
training: a confusion matrix of each. Where it says "monocyte", some of the cells are blasts. So the
shares that stand behind what it says are found as Rogan and Gladen did for two classes (1978, Am J
Epidemiol 107:71), here for several at once and never below 0, by maximum likelihood (EM: Dempster,
Laird and Rubin 1977, J R Stat Soc B 39:1). Everything that is uncertain is drawn, 400 times:

1. a laboratory, since the reader's is another one again, and the rows of its matrix (Dirichlet, the
   cells it had plus one, spread as in all laboratories); a kind that it did not have comes from one
   that had it;
2. what the model would say of as many other cells of this patient (multinomial);
3. from the shares behind that, which kind each of the counted cells truly is (multinomial, as in
   Joseph, Gyorkos and Coupal 1995, Am J Epidemiol 141:263). Cells that a reader named stay so.

Each draw is a differential without the model's mistakes, with the exact limits of Clopper and
Pearson; the limits that are given are those of all draws together. Where a reader named every cell
they are the exact ones. Cells that the model left unnamed are in none of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from models.bundle.card import Card
from models.errors import CellModelError

_DRAWS = 400
_SEED = 20261129
_EM_STEPS = 60
_TAIL = 0.025
_HALVINGS = 20  # of an interval from 0 to 1: to a millionth


@dataclass(frozen=True, kw_only=True)
class ModelError:
    """How often a model takes one kind for another, in laboratories that it had not seen.

    Attributes:
        classes: In the order of the rows and columns.
        laboratories: A confusion matrix each: rows the truth, columns what was said, in cells.
    """

    classes: tuple[str, ...]
    laboratories: tuple[tuple[tuple[int, ...], ...], ...]

    def __post_init__(self) -> None:
        n = len(self.classes)
        shapes = {np.shape(matrix) for matrix in self.laboratories}
        if shapes != {(n, n)} or not self._total.any(axis=1).all():
            raise CellModelError(
                f"Expected confusion matrices of {n} × {n} kinds, each kind true of at least one "
                f"cell, received {sorted(shapes) or 'none'}. Judge the model on laboratories left "
                "out that together hold every kind."
            )

    @property
    def _total(self) -> NDArray[np.float64]:
        return np.asarray(np.sum(np.array(self.laboratories, np.float64), axis=0))

    def drawn(self, rng: np.random.Generator, n: int) -> NDArray[np.float64]:
        """What may hold in a new laboratory, (n, true, said): rows sum to 1."""
        counts = np.array(self.laboratories, np.float64)
        pooled = self._total / self._total.sum(axis=1, keepdims=True)
        has = counts.sum(axis=2) > 0  # (laboratories, true)
        chosen = rng.integers(len(counts), size=n)
        rows = np.empty((n, *pooled.shape))
        for true in range(len(self.classes)):
            others = rng.choice(np.flatnonzero(has[:, true]), size=n)
            source = np.where(has[chosen, true], chosen, others)
            gamma = rng.standard_gamma(counts[source, true] + pooled[true])
            rows[:, true] = gamma / np.maximum(gamma.sum(axis=1, keepdims=True), 1e-300)
        return rows


def model_error_of(card: Card, classes: Sequence[str]) -> ModelError | None:
    """How often a bundle's model errs, by its card; None where the card does not tell.

    Args:
        classes: Of its manifest.
    """
    order = tuple(classes)
    matrices = [each.confusion for each in card.left_out if each.classes == order]
    if not matrices:
        together = card.evaluation(split="leave_one_dataset_out")
        matrices = [together.confusion] if together and together.classes == order else []
    try:
        return ModelError(classes=order, laboratories=tuple(matrices))
    except CellModelError:
        return None  # a kind that no laboratory had, or no laboratory


def limits_with_error(
    by_model: Mapping[str, int],
    by_reader: Mapping[str, int],
    *,
    white: Sequence[str],
    error: ModelError | None,
) -> Mapping[str, tuple[float, float]] | None:
    """Lower and upper 95 % limit of each kind's share among the white cells, 0 to 1.

    The same counts give the same limits.

    Args:
        by_model, by_reader: Cells of each kind of the model, by who named them.
        white: The kinds that are white cells.
        error: None where it is not known.

    Returns:
        None where no white cell was counted, or the error is not known and a cell rests on it.
    """
    if sum(by_model[kind] + by_reader[kind] for kind in white) == 0:
        return None
    if error is None:
        if any(by_model.values()):
            return None
        # no cell rests on the model: its error, whatever it is, has no part in it
        kinds = tuple(by_reader)
        alone = ModelError(
            classes=kinds, laboratories=(tuple(map(tuple, np.eye(len(kinds), dtype=int))),)
        )
        return limits_with_error(by_model, by_reader, white=white, error=alone)
    if set(error.classes) != set(by_model):
        raise CellModelError(
            f"Expected the model's error for the kinds {', '.join(by_model)}, received "
            f"{', '.join(error.classes)}. Take both from one bundle."
        )
    found = _limits(
        tuple(by_model[kind] for kind in error.classes),
        tuple(by_reader[kind] for kind in error.classes),
        tuple(kind in white for kind in error.classes),
        error,
    )
    places = {kind: number for number, kind in enumerate(error.classes)}
    return {kind: found[places[kind]] for kind in white}


@lru_cache(maxsize=64)
def _limits(
    said: tuple[int, ...],
    read: tuple[int, ...],
    is_white: tuple[bool, ...],
    error: ModelError,
) -> tuple[tuple[float, float], ...]:
    """The limits of each class, white or not; of one that is not white they mean nothing."""
    rng = np.random.default_rng(_SEED)
    called = np.array(said)
    true = np.tile(np.array(read), (_DRAWS, 1))
    if called.sum():
        matrices = error.drawn(rng, _DRAWS)
        others = rng.multinomial(called.sum(), called / called.sum(), size=_DRAWS)
        shares = _shares_behind(others, np.array(read), matrices)
        behind = shares[:, :, None] * matrices + 1e-12
        behind /= behind.sum(axis=1, keepdims=True)
        kinds_of_said = rng.multinomial(called, behind.transpose(0, 2, 1))  # (n, said, true)
        true = true + kinds_of_said.sum(axis=1)
    n_white = true[:, np.array(is_white)].sum(axis=1)
    return tuple(
        _limits_of_draws(true[:, number], n_white) if white else (0.0, 1.0)
        for number, white in enumerate(is_white)
    )


def _shares_behind(
    said: NDArray[np.int64], read: NDArray[np.int64], matrices: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The likeliest shares of the kinds behind what a model said of cells, (n, true).

    Args:
        said: (n, said), numbers of cells.
        read: (true,), cells whose kind is known.
        matrices: (n, true, said).
    """
    shares = np.asarray(said + read + 1.0 / len(read), np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    for _ in range(_EM_STEPS):
        joint = shares[:, :, None] * matrices
        joint *= (said / np.maximum(joint.sum(axis=1), 1e-300))[:, None]
        shares = joint.sum(axis=2) + read
        shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _limits_of_draws(n: NDArray[np.int64], of: NDArray[np.int64]) -> tuple[float, float]:
    """The exact 95 % limits of all draws together: n of so many white cells in each."""
    pairs, times = np.unique(np.stack([n, of]), axis=1, return_counts=True)
    each, whole = pairs.astype(np.float64)
    weights = times / times.sum()
    return (
        _quantile(each, whole - each + 1, weights, _TAIL),
        _quantile(each + 1, whole - each, weights, 1 - _TAIL),
    )


def _quantile(
    a: NDArray[np.float64], b: NDArray[np.float64], weights: NDArray[np.float64], level: float
) -> float:
    """A quantile of a mixture of beta distributions; a of 0 is all at 0, b of 0 all at 1."""
    at_0, at_1 = weights[a == 0].sum(), weights[(a > 0) & (b == 0)].sum()
    if at_0 >= level:
        return 0.0
    if at_1 >= 1 - level:
        return 1.0
    spread = (a > 0) & (b > 0)
    a, b, weights = a[spread], b[spread], weights[spread]
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_0 + weights @ betainc(a, b, middle) < level:
            low = middle
        else:
            high = middle
    return (low + high) / 2
