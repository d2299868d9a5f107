"""What a bundle says of itself: identity, input, classes, thresholds, origin, hashes."""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from models.errors import BundleError
from models.image.quality import Modality, QualityLimits
from models.preprocessing import Step
from models.rate import hoeffding_bound
from models.stored import Count, Id, Line, Positive, ReadOnly, Several, Sha256, Share, Stored, Text

MODEL_FILE = "model.keras"
CARD_FILE = "card.json"
REFERENCE_FILE = "reference.npz"
MANIFEST_FILE = "manifest.json"
IR_NETWORK = "network.xml"
IR_WEIGHTS = "network.bin"
"""With IR_NETWORK the network a second time, as OpenVINO's intermediate representation."""
RISK_CONFIDENCE = 0.9
"""With which the share of wrong answers is bounded, for a new patient, case or block."""
_FILE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"


def is_file_name(value: str) -> bool:
    """Whether this is a plain file name that a bundle may hold beside its manifest."""
    return re.fullmatch(_FILE_NAME, value) is not None and value != MANIFEST_FILE


def member_file(number: int, name: str) -> str:
    """How a file of an ensemble's member, counted from 1, is called in the ensemble's bundle."""
    return f"member-{number}.{name}"


def _beside_the_manifest(name: str) -> str:
    if not is_file_name(name):
        raise ValueError
    return name


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len({*names}) < len(names):
        raise ValueError
    return names


FileName = Annotated[str, Field(pattern=f"^{_FILE_NAME}$"), AfterValidator(_beside_the_manifest)]
Classes = Annotated[
    Several[Line],
    Field(min_length=2, title="at least two class names, each once"),
    AfterValidator(_each_once),
]


class DataFingerprint(Stored):
    """Which images a model learned from, so that a run can be repeated or audited."""

    refused_as = BundleError
    called = "the data's fingerprint"

    index_sha256: Sha256
    """Hash of the index that listed the images."""
    n_images: Count
    """Images of the index that the run used, all parts together."""
    datasets: Several[Text]
    """Names of the data sets in it."""
    seed: int
    """Seed of the split and of the training."""


class Member(Stored):
    """One model of an ensemble, whose bundle lies in the ensemble's."""

    refused_as = BundleError
    called = "the member"

    id: Id
    """Its own bundle's."""
    title: Line
    """Its own bundle's."""
    weight: Annotated[float, Field(gt=0, le=1)]
    """Its share of the answer; the weights of an ensemble sum to 1."""


class Risk(Stored):
    """What a model does from one threshold on, on images that it had not learned from."""

    refused_as = BundleError
    called = "the risk"

    threshold: Share
    """Probability from which it answers."""
    answered: Share
    """Share of the images that it answers; each patient, case or block counts once, as below."""
    wrong: Share
    """Share of these answers that are wrong."""
    bound: Share
    """Up to which that share is proven, with the confidence of `RISK_CONFIDENCE`."""
    n_groups: Count
    """Number of patients, cases or blocks with an answer."""

    @model_validator(mode="after")
    def _bounds_what_is_wrong(self) -> Risk:
        least = hoeffding_bound(self.wrong, self.n_groups, confidence=RISK_CONFIDENCE)
        if self.bound < least - 1e-6:
            raise ValueError(
                f"Expected a bound of at least {least:.4f} on {self.wrong:.4f} wrong of "
                f"{self.n_groups} groups, received {self.bound:.4f}. Measure the risk again."
            )
        return self


class Emptied(Stored):
    """What a model does from one threshold on, on its own fields with all cells painted out."""

    refused_as = BundleError
    called = "the answers on fields without cells"

    threshold: Share
    """Probability from which it answers."""
    answered: Share
    """Share of these fields that it answers, and takes for its own kind."""
    n_images: Annotated[Count, Field(le=1_000_000)]
    """Number of these fields."""


def _growing(rows: tuple[Emptied, ...]) -> tuple[Emptied, ...]:
    shares = [each.answered for each in rows]
    if shares != sorted(shares) or len({each.n_images for each in rows}) > 1:
        raise ValueError
    return rows


_Row = TypeVar("_Row", Risk, Emptied)


def _falling(rows: tuple[_Row, ...]) -> tuple[_Row, ...]:
    thresholds: list[float] = [each.threshold for each in rows]
    if thresholds != sorted({*thresholds}, reverse=True):
        raise ValueError
    return rows


RiskCurve = Annotated[
    Several[Risk],
    Field(max_length=50, title="risks at up to 50 thresholds, the strictest first"),
    AfterValidator(_falling),
]


class CompressedRisk(Stored):
    """A model's risk on the same images, saved again as JPEG files."""

    refused_as = BundleError
    called = "the risk of compressed images"

    jpeg_quality: Annotated[int, Field(ge=1, le=89)]
    """Of the files, as libjpeg counts."""
    risk: Annotated[RiskCurve, Field(min_length=1)]
    """See `Manifest.risk`."""


def _worse_and_worse(compressed: tuple[CompressedRisk, ...]) -> tuple[CompressedRisk, ...]:
    qualities = [each.jpeg_quality for each in compressed]
    if qualities != sorted({*qualities}, reverse=True):
        raise ValueError
    return compressed


class Manifest(Stored, validate_by_name=True, serialize_by_alias=True):
    """Everything that a reader must know to question a model, and to trust its files."""

    refused_as = BundleError
    called = "the manifest"
    advice = "Correct the recipe, or train or export the bundle again."

    id: Id
    """The bundle's name, also its folder's."""
    title: Line
    """Its name for a reader."""
    task: Text
    """Name of the task that it was trained for."""
    architecture: Text
    """Name of the network."""
    input_px: Count
    """Height and width that the model takes, in pixels."""
    classes: Classes
    """Class names, in the order of the model's logits."""
    modality: Modality
    """What the model was made for."""
    steps: Several[Step]
    """Preprocessing from a micrograph to the model's input."""
    temperature: Positive
    """The logits are divided by it before the softmax (Guo et al. 2017, "On calibration of modern
    neural networks")."""
    answer_threshold: Share
    """The model abstains where the calibrated top probability is below: the threshold from which it
    may answer where 5 % may be wrong, or one fitted to few mistakes where it never may."""
    saliency_layer: Text
    """Name of the layer whose activations the class activation maps weigh."""
    quality_limits: QualityLimits
    """From where on an image is too bad to be read."""
    data: DataFingerprint
    """Which images it learned from."""
    versions: ReadOnly[Text, Text]
    """Library name to version at training."""
    intended_use: Text
    """What it is for, in a sentence."""
    licence: Text
    """Under which it may be used."""
    created: Annotated[
        str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", title="a date as YYYY-MM-DD")
    ]
    """Day of its training."""
    parameters_millions: Positive
    """Number of weights, in millions."""
    saliency_method: Text
    """Method of the maps that are shown first."""
    files: ReadOnly[FileName, Sha256] = Field(title="plain file names with their SHA-256")
    """SHA-256 of every file of the bundle but manifest.json; empty until written."""
    layout: Literal[1] = Field(alias="schema")
    """Version of this list of keys."""
    members: Several[Member] = ()
    """Of an ensemble, whose logits are the logarithms of its members' weighted mean probabilities;
    the first one lends it steps, input and saliency. Absent for a network."""

    risk: RiskCurve = ()
    """From the strictest threshold to the loosest; it settles what the model may answer. Empty in a
    bundle from before it was measured."""
    risk_compressed: Annotated[
        Several[CompressedRisk],
        Field(max_length=10, title="risks at up to 10 qualities, the highest first"),
        AfterValidator(_worse_and_worse),
    ] = ()
    """The same of compressed images, from the highest quality to the lowest; it settles which JPEG
    files it may answer. Empty where it was not measured."""
    emptied: Annotated[
        Several[Emptied],
        Field(
            max_length=50,
            title="answers of the same images at up to 50 thresholds, the strictest first, no "
            "fewer at the next",
        ),
        AfterValidator(_falling),
        AfterValidator(_growing),
    ] = ()
    """What it does on fields without cells; one that answers many of them reads the picture, not
    the cells, and may not answer so loosely. Empty where there are no fields, or nothing was
    measured."""

    @model_validator(mode="after")
    def _fits_together(self) -> Manifest:
        if self.input_px not in {step.parameters.get("size_px") for step in self.steps}:
            raise ValueError(
                f"Expected a resize step with size_px {self.input_px} in steps of the manifest, "
                f"received {[step.name for step in self.steps]}. The steps must end at the size "
                "that the model takes."
            )
        if self.risk and self.emptied and self.emptied[-1].threshold > self.risk[-1].threshold:
            raise ValueError(
                "Expected emptied of the manifest to reach down to the loosest threshold of risk, "
                f"{self.risk[-1].threshold:g}, received {self.emptied[-1].threshold:g}. Audit the "
                "bundle again."
            )
        weights = [member.weight for member in self.members]
        if weights and (len(weights) < 2 or not math.isclose(sum(weights), 1.0, abs_tol=1e-6)):
            raise ValueError(
                "Expected members of the manifest to be at least two, whose weights sum to 1, or "
                f"none, received the weights {weights}."
            )
        return self

    @property
    def required_files(self) -> tuple[str, ...]:
        """What its bundle must hold beside the manifest."""
        if not self.members:
            return (MODEL_FILE, CARD_FILE)
        each = (MODEL_FILE, CARD_FILE, MANIFEST_FILE)
        numbers = range(1, len(self.members) + 1)
        return (CARD_FILE, *(member_file(number, name) for number in numbers for name in each))

    def lender(self, name: str) -> tuple[str, str] | None:
        """Of an ensemble's file that is one of a member: that member's id, and the file's name
        in the member's own bundle."""
        for number, member in enumerate(self.members, start=1):
            own = name.removeprefix(member_file(number, ""))
            if own != name:
                return member.id, own
        return None

    def to_dict(self) -> dict[str, Any]:
        """The manifest in JSON's own types."""
        optional = ("members", "risk", "risk_compressed", "emptied")
        absent = {name for name in optional if not getattr(self, name)}
        plain = self.model_dump(exclude=absent)
        return plain | {key: dict(sorted(plain[key].items())) for key in ("versions", "files")}

    def to_json(self) -> bytes:
        """The manifest as it stands in manifest.json, UTF-8."""
        return (json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """The manifest in these bytes of a manifest.json. Raises BundleError if it is none."""
        try:
            values = json.loads(data)
            json.dumps(values, ensure_ascii=False).encode()  # JSON can name halves of characters
        except (ValueError, RecursionError) as error:
            raise BundleError(
                f"{MANIFEST_FILE} is not JSON of whole characters: {error}. "
                "Train or export the bundle again."
            ) from error
        return cls.from_dict(values)
