"""How far to believe evidence by cells: the same parts in another order are the rival."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np
from tqdm import tqdm

from models.answer.prediction import softmax
from models.bundle.card import EvidenceCheck
from models.cells.evidence import Ask, TakenAway, order_of, weigh
from models.cells.parts import Kind, PictureParts, parts_seen
from models.image.micrograph import read_micrograph
from models.preprocessing import StepPicture
from models.rate import Rate
from training.audits.subject import Subject
from training.data.collection import spread_out
from training.judge.basis import Basis
from training.judge.bootstrap import bootstrap_figures

EVIDENCE = 120
"""Number of images of each data set and kind, each of them asked some fifty times."""
ORDERS = 5
"""Number of random orders of an image."""
FEWEST_IMAGES = 10
"""Of a kind; fewer are not judged by."""
KINDS: tuple[Kind, ...] = ("cells", "parts", "blocks")
# The rival among saliency maps, which every network with a linear head makes from one pass.
_METHOD = "grad-cam"
_OWN, _RANDOM, _GRAD_CAM = "own", "random", "Grad-CAM"


@dataclass(frozen=True, kw_only=True)
class TakenApart:
    """What was measured of one image.

    Attributes:
        n_parts: Number of parts that were weighed.
        half: By who ordered them, the mean probability of the first class while the first half of
            the parts goes, one after the other; "random" is the mean over orders.
        without: Its probability when all parts are gone.
        keeps_class: Whether it is still the first class then.
    """

    n_parts: int
    half: Mapping[str, float]
    without: float
    keeps_class: bool


def audit_evidence(subject: Subject, *, limit: int = EVIDENCE) -> tuple[EvidenceCheck, ...]:
    """Check evidence by cells, parts or blocks on test images of a bundle's own split.

    Args:
        subject: Who is audited; an ensemble as a whole, with Grad-CAM of its first member.
        limit: Number of test images of each data set, spread evenly, and of each kind; 0 for all.

    Returns:
        A check for each kind of which there are enough images, of at least two groups.
    """
    of_kind = _pictures_by_kind(subject, limit)
    checks = []
    for kind in KINDS:
        found = of_kind[kind]
        images = spread_out(np.array([each.item for each in found], int), _limit(kind, limit))
        groups = subject.groups[images]
        if len(images) < FEWEST_IMAGES or len(np.unique(groups)) < 2:
            continue
        chosen = [each for each in found if each.item in images]
        bar = tqdm(chosen, desc=f"Evidence by {kind}", leave=False, disable=None)
        checks.append(check_evidence(kind, [_of_image(subject, each) for each in bar], groups))
    return tuple(checks)


def evidence_lines(checks: Iterable[EvidenceCheck]) -> list[str]:
    """The checks as lines of text."""
    lines = []
    for check in checks:
        lines += [
            f"evidence by {check.kind} (n {check.n} of {check.groups} groups, {check.parts:.1f} "
            f"an image): {'passes' if check.passes else 'FAILS'}",
            f"  first half gone: {check.own.in_decimals}; random {check.random:.3f}, better by "
            f"{check.over_random.in_decimals}; Grad-CAM {check.grad_cam:.3f}, better by "
            f"{check.over_grad_cam.in_decimals}",
            f"  Grad-CAM over random {check.grad_cam_over_random.in_decimals}",
            f"  all gone: {check.keeps_class.in_percent} keep their class, mean probability "
            f"{check.probability_without.in_decimals}, median {check.median_without.in_decimals}",
        ]
    return lines


def taken_apart(
    parts: PictureParts,
    pictures: Sequence[StepPicture],
    ask: Ask,
    saliency_map: np.ndarray,
    *,
    seed: int = 0,
) -> TakenApart:
    """Take the parts of one picture away in several orders.

    Args:
        parts, pictures, ask: As of `models.cells.evidence.weigh`.
        saliency_map: (px, px) float, over the first network's picture.
        seed: Of the random orders.
    """
    taken = TakenAway(parts, pictures, ask)
    whole = taken.logits([()])[0]
    top = int(whole.argmax())
    names = [str(number) for number in range(len(whole))]
    found = weigh(parts, pictures, ask, class_index=top, classes=names)
    n = len(parts.parts)
    marked = np.array([saliency_map[mask].mean() if mask.any() else 0.0 for mask in taken.masks])
    orders = [found.order, order_of(marked), *random_orders(n, seed=seed)]
    n_half = -(-n // 2)
    gone = {order[:taken_so_far]: None for order in orders for taken_so_far in range(1, n_half + 1)}
    shares = dict(zip(gone, softmax(taken.logits(list(gone)), 1.0)[:, top], strict=True))
    means = [float(np.mean([shares[order[:k]] for k in range(1, n_half + 1)])) for order in orders]
    return TakenApart(
        n_parts=n,
        half={_OWN: means[0], _GRAD_CAM: means[1], _RANDOM: float(np.mean(means[2:]))},
        # a model that sees nothing but cells declines without any
        without=0.0 if found.are_all_that_is_seen else found.without_all.probability,
        keeps_class=found.reads_the_picture,
    )


def random_orders(n: int, *, seed: int) -> list[tuple[int, ...]]:
    """Several orders of n parts, at random; all there are where these are no more than ten."""
    if factorial(n) <= 2 * ORDERS:
        return list(permutations(range(n)))
    rng = np.random.default_rng(seed)
    return [tuple(int(number) for number in rng.permutation(n)) for _ in range(ORDERS)]


def check_evidence(kind: Kind, rows: Sequence[TakenApart], groups: np.ndarray) -> EvidenceCheck:
    """The check of one kind of parts.

    Args:
        kind: What they are.
        rows: Of each image.
        groups: (n,) int, patient, case or block of each image; at least two.
    """
    own, random, grad_cam = (
        np.array([row.half[name] for row in rows]) for name in (_OWN, _RANDOM, _GRAD_CAM)
    )
    keeps = np.array([float(row.keeps_class) for row in rows])
    without = np.array([row.without for row in rows])

    def measures(drawn: np.ndarray) -> dict[str, float]:
        return {
            "mean probability, first half gone": float(own[drawn].mean()),
            "lead over random order": float((random - own)[drawn].mean()),
            "lead over Grad-CAM's order": float((grad_cam - own)[drawn].mean()),
            "lead of Grad-CAM's order over random order": float((random - grad_cam)[drawn].mean()),
            "keeps its class": float(keeps[drawn].mean()),
            "mean probability, all gone": float(without[drawn].mean()),
            "median probability, all gone": float(np.median(without[drawn])),
        }

    leads = {name: Basis(lowest=-1.0) for name in measures(np.arange(len(rows))) if "lead" in name}
    figures: list[Rate] = list(bootstrap_figures(measures, groups, bases=leads))
    return EvidenceCheck(
        kind=kind,
        n=len(rows),
        groups=len(np.unique(groups)),
        parts=float(np.mean([row.n_parts for row in rows])),
        orders=ORDERS,
        own=figures[0],
        random=float(random.mean()),
        grad_cam=float(grad_cam.mean()),
        over_random=figures[1],
        over_grad_cam=figures[2],
        grad_cam_over_random=figures[3],
        keeps_class=figures[4],
        probability_without=figures[5],
        median_without=figures[6],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Seen:
    """A test image by its number, what each member sees of it, and its parts."""

    item: int
    pictures: tuple[StepPicture, ...]
    parts: PictureParts


def _limit(kind: Kind, limit: int) -> int:
    """Number of images of a kind: blocks are many, so that an image takes four times as long."""
    return -(-limit // 4) if kind == "blocks" else limit


def _pictures_by_kind(subject: Subject, limit: int) -> dict[Kind, list[_Seen]]:
    """Test images by what can be taken away of them; so many of each data set are looked at."""
    found: dict[Kind, list[_Seen]] = {kind: [] for kind in KINDS}
    test = np.sort(subject.split.test)
    datasets = np.array([subject.records[item].dataset for item in test])
    looked_at = np.concatenate(
        [spread_out(test[datasets == name], limit) for name in np.unique(datasets)]
    )
    for item in tqdm(looked_at, desc="Cells", leave=False, disable=None):
        micrograph = read_micrograph(subject.records[item].read_bytes())
        pictures = tuple(member.prepare(micrograph)[-1] for member in subject.members)
        parts = parts_seen(micrograph.rgb, pictures[0], um_per_px=micrograph.um_per_px)
        if len(parts.parts) > 1:
            found[parts.kind].append(_Seen(item=int(item), pictures=pictures, parts=parts))
    return found


def _of_image(subject: Subject, seen: _Seen) -> TakenApart:
    temperature = subject.manifest.temperature

    def ask(views: Sequence[np.ndarray]) -> np.ndarray:
        return subject.logits(tuple(views)) / temperature

    top = int(ask([picture.rgb[np.newaxis] for picture in seen.pictures])[0].argmax())
    saliency_map = subject.members[0].explain(seen.pictures[0].rgb, top, _METHOD).map
    return taken_apart(seen.parts, seen.pictures, ask, saliency_map, seed=seen.item)
