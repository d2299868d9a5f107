"""What is known of a trained model: its data, its measured figures, its limits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from models.errors import BundleError
from models.files import write_file
from models.rate import Rate
from models.stored import ReadOnly, Several, Stored

UNCHANGED_CORRELATION = 0.8
"""Above it, two maps share more than 0.8² = 64 % of the variance of their ranks: they are more
one picture than two."""


class Part(Stored):
    """A part of a card."""

    refused_as = BundleError
    called = "the card"
    advice = "Train or export the bundle again."


class Evaluation(Part, extra="ignore"):
    """How a model (or a baseline) did on images that it had not seen."""

    subject: str
    """Who was measured: "model", or a baseline such as "six colour numbers"."""
    split: str
    """Kind of the split: "random" (the paper's way, duplicates grouped), "grouped" (patient, case
    or block of consecutive file numbers kept together) or "leave_one_dataset_out"."""
    protocol: str
    """The split in one sentence."""
    classes: Several[str]
    """Class names, in the order of the confusion matrix."""
    figures: Several[Rate]
    """Every figure with the n that it rests on, and its interval."""
    confusion: Several[Several[int]]
    """Rows are the truth, columns the prediction, in images."""
    groups: int
    """Number of groups in the test part."""

    @model_validator(mode="before")
    @classmethod
    def _rest_on_their_own_images(cls, data: Any) -> Any:
        """Give figures of one class their own n: cards of before have that of the whole test part.

        It is counted in the confusion matrix: a sensitivity rests on the images of the class, a
        specificity on all others, a precision on those that were answered so, an F1 on those that
        are or were answered so. An AUROC rests on all.
        """
        try:
            counts = _images_by_figure(data["classes"], data["confusion"])
            figures = [_with_its_own_n(figure, counts) for figure in data["figures"]]
        except (KeyError, TypeError):
            return data  # the rules of the fields say what is wrong with it
        return {**data, "figures": figures}

    def figure(self, name: str) -> Rate:
        """The figure of that name. Raises KeyError if it was not measured."""
        for figure in self.figures:
            if figure.name == name:
                return figure
        raise KeyError(name)


def _images_by_figure(classes: Sequence[str], confusion: Sequence[Sequence[int]]) -> dict[str, int]:
    """What the figures of single classes rest on, by their names; empty without a matrix."""
    if [len(row) for row in confusion] != [len(classes)] * len(classes):
        return {}
    total, found = sum(map(sum, confusion)), {}
    for number, name in enumerate(classes):
        true = sum(confusion[number])
        called = sum(row[number] for row in confusion)
        found[f"sensitivity {name}"] = true
        found[f"specificity {name}"] = total - true
        found[f"precision {name}"] = called
        found[f"F1 {name}"] = true + called - confusion[number][number]
    return found


def _with_its_own_n(figure: Any, counts: Mapping[str, int]) -> Any:
    """A figure, as it is or as JSON holds it, with the n that was counted for it, if any was."""
    if isinstance(figure, Rate):
        n = counts.get(figure.name, 0)
        return figure.changed(n=n) if n else figure
    n = counts.get(figure["name"], 0)
    return {**figure, "n": n} if n and type(figure["n"]) is int else figure


class DataSource(Part):
    """A data set that a model learned from, with what its licence asks for."""

    name: str
    citation: str
    licence: str
    n_images: int
    n_groups: int | None = None
    note: str = ""


class LeftOut(Part):
    """What a model of the same recipe said in a data set that was left out of its training."""

    name: str
    """Of the data set, as of one laboratory."""
    classes: Several[str]
    """Class names, in the order of the confusion matrix."""
    confusion: Several[Several[int]]
    """Rows are the truth, columns what was said, in images, whether it would have abstained or
    not."""


class Timing(Part):
    """How long a model takes for one image, comparable only between models of one machine.

    The network alone, without reading and preparing the image, a batch of one, after warm-up.
    Whatever else the machine did then is in the figures.
    """

    median_ms: float
    """Median of the calls, in milliseconds."""
    low_ms: float
    """Their 5th percentile: the spread of calls, no confidence interval."""
    high_ms: float
    """Their 95th percentile."""
    n: int
    """Number of calls."""
    device: str
    """Where they ran, such as "2 cores, AMD EPYC"; never the name of a machine."""


class AllowedLeak(Part):
    """Something that gave labels away when a model was made, allowed by name in its recipe."""

    name: str
    """Of the leak, such as "label-from-size"."""
    finding: str
    """What the audit found, in sentences."""


class Shortcut(Part, extra="ignore"):
    """Who answered for test images in a shortcut audit, and how well."""

    name: str
    """Of the model ("model"), the alteration or the baseline."""
    kind: str
    """The model ("model"), the model on altered pictures ("altered"), or what answers without
    looking at a cell ("baseline")."""
    accuracy: Rate
    """With its 95 % interval over groups."""
    balanced_accuracy: Rate
    """With its 95 % interval over groups."""
    gap: Rate
    """The model's balanced accuracy minus this one's, on the same images."""
    p_value: float | None = None
    """Of a baseline, how likely its figure is by chance; None for the others."""


class Degraded(Part, extra="ignore"):
    """How a model did on test images that were made worse in one way."""

    kind: str
    """Key of `models.image.degradation.STRENGTHS`; "" for the images as they are."""
    strength: int
    """1 to 5; 0 for the images as they are."""
    accuracy: Rate
    """With its 95 % interval over groups."""


class KindCheck(Part, extra="ignore"):
    """How a model's domain check takes images of one kind."""

    kind: str
    """Its "own test images", a data set by its name, "photographs" or "documents"."""
    turned_away: Rate
    """Share that is beyond the limit, with its 95 % interval over groups."""
    auroc: Rate | None = None
    """Of the distance, against the model's own test images; None for these themselves. Its n counts
    the images of the kind."""
    energy_auroc: Rate | None = None
    """The same of the energy of the logits (Liu et al. 2020, "Energy-based out-of-distribution
    detection"), which the check could go by instead; None of an ensemble, which has no logits of
    its own."""


class Mistake(Part):
    """A test image that a model answered wrongly."""

    path: str
    """As the index names it."""
    sha256: str
    """Of the file."""
    truth: str
    """Its class."""
    answer: str
    """The model's class."""
    probability: float
    """Calibrated, of the answer, 0 to 1."""
    truth_probability: float
    """Calibrated, of the truth, 0 to 1."""


class MapContest(Part):
    """One measure of a method's saliency maps beside maps that know nothing of the image."""

    own: Rate
    """Mean over the method's maps."""
    gaussian: float
    """Mean for a Gaussian in the middle, on the same images."""
    random: float
    """Mean for a random smooth map, on the same images."""
    over_gaussian: Rate
    """How much better than the Gaussian the method is, image by image: above 0 where it is better,
    whether the measure should be high or low."""
    over_random: Rate
    """The same of the random map."""


class SaliencyCheck(Part):
    """How far to believe a saliency method on a model, measured on its own test images."""

    method: str
    """Key of `models.answer.saliency.SALIENCY_METHODS`."""
    n: int
    """Images."""
    groups: int
    """The patients, cases or blocks that they come from."""
    share: MapContest
    """Part of the map's mass on cells, 0 to 1; high is good."""
    even_share: float
    """What a map that is even throughout has there: the cells' part of the picture."""
    deletion: MapContest
    """Mean probability of the class while what the map marks is blurred away, most marked first;
    low is good (Petsiuk et al. 2018, "RISE")."""
    insertion: MapContest
    """The same while it is brought back into a blurred picture; high is good."""
    randomised_head: float
    """Mean rank correlation of maps before and after the weights of the last layer were drawn anew
    (Adebayo et al. 2018, "Sanity checks for saliency maps")."""
    randomised_network: float
    """The same of all layers."""

    @property
    def beats_gaussian(self) -> bool:
        """Whether cell share and deletion are clearly better than those of a blob in the middle."""
        return self.share.over_gaussian.is_above(0) and self.deletion.over_gaussian.is_above(0)

    @property
    def beats_random(self) -> bool:
        """Whether cell share and deletion are clearly better than those of a random map."""
        return self.share.over_random.is_above(0) and self.deletion.over_random.is_above(0)

    @property
    def follows_weights(self) -> bool:
        """Whether the map becomes another when what the model learned is taken away."""
        return max(self.randomised_head, self.randomised_network) <= UNCHANGED_CORRELATION

    @property
    def passes(self) -> bool:
        """Whether maps of this method on this model may be believed at all."""
        return self.beats_gaussian and self.beats_random and self.follows_weights


class EvidenceCheck(Part, extra="ignore"):
    """How far to believe evidence by cells (or parts, or blocks) on a model: a fair rival.

    Parts are taken away one after the other until half of them are gone; the figures are the mean
    probability of the model's first class over these steps, less being better. The rivals take
    away the same parts in another order, so that what any parts win is not counted.
    """

    kind: Literal["cells", "parts", "blocks"]
    """What was taken away: cells of fields, nucleus, cytoplasm and surroundings of single cells, or
    blocks of what has no cells that can be told apart."""
    n: int
    """Images."""
    groups: int
    """The patients, cases or blocks that they come from."""
    parts: float
    """Mean number of parts of an image."""
    orders: int
    """Number of random orders of an image; fewer where it has fewer."""
    own: Rate
    """With what carries most of the answer taken away first."""
    random: float
    """In random order, on the same images."""
    grad_cam: float
    """In the order of Grad-CAM's mean over each part."""
    over_random: Rate
    """How much less than in random order, image by image: above 0 where it is better."""
    over_grad_cam: Rate
    """The same of Grad-CAM's order."""
    grad_cam_over_random: Rate
    """How much better Grad-CAM's order is than a random one."""
    keeps_class: Rate
    """Share of images of which the first class stays when all parts are gone."""
    probability_without: Rate
    """Mean probability of the class when all parts are gone."""
    median_without: Rate
    """Its median."""

    @property
    def passes(self) -> bool:
        """Whether its order is clearly better than a random one."""
        return self.over_random.is_above(0)


class Card(Part, extra="ignore"):
    """A model's card, after Mitchell et al. 2019, "Model cards for model reporting"."""

    summary: str
    """What it is, in a sentence or two."""
    sources: Several[DataSource]
    """The data sets that it learned from."""
    evaluations: Several[Evaluation]
    """How it did, and how baselines did."""
    limits: Several[str]
    """What it is not good for."""
    recipe: ReadOnly[str, Any] = Field(default={})
    """The content of its recipe's file."""
    timing: Timing | None = None
    """None for a model whose inference was never timed."""
    allowed_leaks: Several[AllowedLeak] = ()
    """Empty also for a model whose data were never audited."""
    shortcuts: Several[Shortcut] = ()
    """The model beside its shortcuts. This and what follows is what `python -m training audit-card`
    measured on the bundle's own test images; empty before."""
    robustness: Several[Degraded] = ()
    """The model on images made worse."""
    mistakes: Several[Mistake] = ()
    """Its surest mistakes of each class."""
    subgroups: Several[Rate] = ()
    """Its accuracy by data set."""
    domain: Several[KindCheck] = ()
    """What it takes for its own kind."""
    saliency: Several[SaliencyCheck] = ()
    """How far to believe its maps."""
    left_out: Several[LeftOut] = ()
    """How it errs in laboratories that it did not learn from, one each; a differential's limits
    rest on it."""
    evidence: Several[EvidenceCheck] = ()
    """How far to believe evidence by cells, and what is left of its answers without them."""

    @property
    def own_split(self) -> str:
        """The kind of split that the network comes from: the last one, as runs leave it.

        Its first fold's test images are those that the network has not seen, and the mistakes are
        among them. "" where nothing was measured. Of an ensemble, whose recipe names members and no
        split, it is the last one that it was judged on. That is every member's own, too: only runs
        whose recipes end with one kind of split are made into one, and only of the same test
        images; an audit refuses others.
        """
        measured = tuple(each.split for each in self.evaluations if each.subject == "model")
        return (self.planned_splits or measured or ("",))[-1]

    @property
    def planned_splits(self) -> tuple[str, ...]:
        """The kinds of split that its recipe names; what is none is left out."""
        plans = self.recipe.get("split")
        kinds = (
            plan.get("kind") if isinstance(plan, Mapping) else plan
            for plan in (plans if isinstance(plans, list | tuple) else ())
        )
        return tuple(kind for kind in kinds if isinstance(kind, str))

    def saliency_check(self, method: str) -> SaliencyCheck | None:
        """The check of that saliency method, or None where it was not checked."""
        return next((check for check in self.saliency if check.method == method), None)

    def evidence_check(self, kind: str) -> EvidenceCheck | None:
        """The check of evidence by that kind of parts, or None where it was not checked."""
        return next((check for check in self.evidence if check.kind == kind), None)

    def evaluation(self, *, split: str, subject: str = "model") -> Evaluation | None:
        """The evaluation of that subject on that split, or None where it was not measured."""
        for evaluation in self.evaluations:
            if evaluation.split == split and evaluation.subject == subject:
                return evaluation
        return None


def write_card(card: Card, path: Path) -> None:
    """Write a card as JSON, whole or not at all."""
    text = json.dumps(card.to_dict(), indent=1, ensure_ascii=False)
    write_file(path, text.encode("utf-8"))


def read_card(path: Path) -> Card:
    """Read a card from JSON. Raises BundleError if it is missing or not a card."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"The model card {path.name} cannot be read ({type(error).__name__}: {error}). "
            "Train or export the bundle again."
        ) from error
    return parse_card(data)


def parse_card(text: bytes) -> Card:
    """The card in these bytes of a card.json. Raises BundleError if it is none."""
    try:
        data = json.loads(text)
        json.dumps(data, ensure_ascii=False).encode()  # JSON can name halves of characters
    except (ValueError, RecursionError) as error:
        raise BundleError(
            f"The model card card.json cannot be read ({type(error).__name__}: {error}). "
            "Train or export the bundle again."
        ) from error
    return Card.from_dict(_without_empty_figures(data))


def _without_empty_figures(data: Any) -> Any:
    """The card without figures of which a bound is no number, as earlier versions stored some."""
    if isinstance(data, dict):
        return {key: _without_empty_figures(value) for key, value in data.items()}
    if not isinstance(data, list):
        return data
    return [
        _without_empty_figures(entry)
        for entry in data
        if not (
            isinstance(entry, dict)
            and {"value", "low", "high"} <= entry.keys()
            and any(entry[key] != entry[key] for key in ("value", "low", "high"))
        )
    ]
