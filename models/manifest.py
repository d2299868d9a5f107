"""What a bundle says of itself: identity, input, classes, thresholds, origin, hashes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any

from models import manifest_values
from models.errors import BlooduiError, BundleError
from models.manifest_values import (
    are_classes,
    are_files,
    is_bundle_id,
    is_count,
    is_date,
    is_number,
    is_positive,
    is_rate,
    is_sha256,
    is_text,
    is_text_mapping,
    is_texts,
    is_whole,
)
from models.preprocessing import Step, parse_steps
from models.quality import QualityLimits

SCHEMA = 1
MODALITIES = ("smear", "cell", "histology", "mixed")
MODEL_FILE = "model.keras"
CARD_FILE = "card.json"
MANIFEST_FILE = manifest_values.MANIFEST_FILE


@dataclass(frozen=True, kw_only=True)
class DataFingerprint:
    """Which images a model learned from, so that a run can be repeated or audited.

    Attributes:
        index_sha256: Hash of the index that listed the images.
        n_images: Images of the index that the run used, all parts together.
        datasets: Names of the data sets in it.
        seed: Seed of the split and of the training.
    """

    index_sha256: str
    n_images: int
    datasets: tuple[str, ...]
    seed: int

    def __post_init__(self) -> None:
        _check(self.index_sha256, "data.index_sha256", is_sha256, "64 hexadecimal digits")
        _check(self.n_images, "data.n_images", is_count, "a whole number above 0")
        _check(self.datasets, "data.datasets", is_texts, "a tuple of names")
        _check(self.seed, "data.seed", is_whole, "a whole number")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One model of an ensemble, whose bundle lies in the ensemble's.

    Attributes:
        id, title: Its own bundle's.
        weight: Its share of the answer, above 0; the weights of an ensemble sum to 1.
    """

    id: str
    title: str
    weight: float

    def __post_init__(self) -> None:
        _check(self.id, "members.id", is_bundle_id, "the id of a bundle")
        _check(self.title, "members.title", is_text, "a text that is not empty")
        is_share = is_number(self.weight) and 0 < self.weight <= 1
        _check(self.weight, "members.weight", lambda _: is_share, "a number above 0, at most 1")


def member_file(number: int, name: str) -> str:
    """How a file of an ensemble's member, counted from 1, is called in the ensemble's bundle."""
    return f"member-{number}.{name}"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that a reader must know to question a model, and to trust its files.

    Attributes:
        id: The bundle's name, also its folder's: lower case, digits and hyphens.
        input_px: Height and width that the model takes, in pixels.
        classes: Class names, in the order of the model's logits.
        modality: What the model was made for: "smear", "cell", "histology" or "mixed".
        steps: Preprocessing from a micrograph to the model's input.
        temperature: The logits are divided by it before the softmax (Guo et al. 2017, "On
            calibration of modern neural networks").
        answer_threshold: The model abstains where the calibrated top probability is below, 0–1.
        saliency_layer: Name of the layer whose activations the class activation maps weigh.
        versions: Library name to version at training.
        created: Date as YYYY-MM-DD.
        files: SHA-256 of every file of the bundle but manifest.json; empty until written.
        members: Of an ensemble, whose logits are the logarithms of its members' weighted mean
            probabilities; the first one lends it steps, input and saliency. Empty for a network.

    Raises:
        BundleError: a value is not allowed; the message names the key.
    """

    id: str
    title: str
    task: str
    architecture: str
    input_px: int
    classes: tuple[str, ...]
    modality: str
    steps: tuple[Step, ...]
    temperature: float
    answer_threshold: float
    saliency_layer: str
    quality_limits: QualityLimits
    data: DataFingerprint
    versions: Mapping[str, str]
    intended_use: str
    licence: str
    created: str
    parameters_millions: float
    saliency_method: str = "grad-cam"
    files: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA
    members: tuple[Member, ...] = ()

    def __post_init__(self) -> None:
        for key, (is_valid, expected) in _RULES.items():
            _check(getattr(self, key), key, is_valid, expected)
        if self.input_px not in {step.parameters.get("size_px") for step in self.steps}:
            raise BundleError(
                f"Expected a resize step with size_px {self.input_px} in manifest key 'steps', "
                f"received {[step.name for step in self.steps]}. The steps must end at the size "
                "that the model takes."
            )
        for key in ("versions", "files"):
            object.__setattr__(self, key, MappingProxyType(dict(getattr(self, key))))

    @property
    def required_files(self) -> tuple[str, ...]:
        """What its bundle must hold beside the manifest."""
        if not self.members:
            return (MODEL_FILE, CARD_FILE)
        each = (MODEL_FILE, CARD_FILE, MANIFEST_FILE)
        numbers = range(1, len(self.members) + 1)
        return (CARD_FILE, *(member_file(number, name) for number in numbers for name in each))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Manifest.from_dict, (self.to_dict(),))

    def to_dict(self) -> dict[str, Any]:
        """The manifest in JSON's own types."""
        plain = {key.name: getattr(self, key.name) for key in fields(self)}
        members = plain.pop("members")
        if members:
            plain["members"] = [asdict(member) for member in members]
        return plain | {
            "classes": list(self.classes),
            "steps": [step.to_dict() for step in self.steps],
            "quality_limits": self.quality_limits.to_dict(),
            "data": asdict(self.data) | {"datasets": list(self.data.datasets)},
            "versions": dict(sorted(self.versions.items())),
            "files": dict(sorted(self.files.items())),
        }

    def to_json(self) -> bytes:
        """The manifest as it stands in manifest.json, UTF-8."""
        return (json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Manifest:
        """The manifest of such a dict.

        Raises:
            BundleError: a key is missing, unknown or has a value that is not allowed.
        """
        _check_keys(data, tuple(key.name for key in fields(cls)), "", optional=("members",))
        values = dict(data)
        if "members" in values:
            values["members"] = _members(values["members"])
        for key in ("classes", "steps"):
            _check(values[key], key, lambda value: isinstance(value, list | tuple), "a list")
        values["classes"] = tuple(values["classes"])
        values["data"] = _fingerprint(values["data"])
        for key, parse in (("steps", parse_steps), ("quality_limits", QualityLimits.from_dict)):
            try:
                values[key] = parse(values[key])
            except (BlooduiError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise BundleError(
                    f"Manifest key '{key}' is not readable: {type(error).__name__}: {error}"
                ) from error
        return cls(**values)

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """The manifest in these bytes of a manifest.json. Raises BundleError if it is none."""
        try:
            values = json.loads(data)
        except ValueError as error:
            raise BundleError(
                f"Expected JSON in {MANIFEST_FILE}, received something else: {error}. "
                "Train or export the bundle again."
            ) from error
        return cls.from_dict(values)


def _fingerprint(data: Any) -> DataFingerprint:
    _check_keys(data, tuple(key.name for key in fields(DataFingerprint)), "data.")
    _check(data["datasets"], "data.datasets", lambda value: isinstance(value, list | tuple), "list")
    return DataFingerprint(**(dict(data) | {"datasets": tuple(data["datasets"])}))


def _members(data: Any) -> tuple[Member, ...]:
    _check(data, "members", lambda value: isinstance(value, list) and len(value) > 1, "a list")
    for entry in data:
        _check_keys(entry, tuple(key.name for key in fields(Member)), "members.")
    return tuple(Member(**entry) for entry in data)


def _check_keys(
    data: Any, expected: tuple[str, ...], prefix: str, *, optional: tuple[str, ...] = ()
) -> None:
    if not isinstance(data, Mapping):
        raise BundleError(
            f"Expected an object at manifest key '{prefix.rstrip('.') or 'manifest'}', "
            f"received {type(data).__name__}. Train or export the bundle again."
        )
    for verb, keys in (
        ("missing", set(expected) - set(data) - set(optional)),
        ("unknown", set(data) - {*expected}),
    ):
        if keys:
            names = ", ".join(repr(prefix + str(key)) for key in sorted(keys, key=str))
            raise BundleError(
                f"The manifest has {verb} keys: {names}. Expected exactly "
                f"{', '.join(expected)}. Use the release of bloodui that wrote the bundle."
            )


def _check(value: object, key: str, is_valid: Any, expected: str) -> None:
    if not is_valid(value):
        raise BundleError(
            f"Expected {expected} in manifest key '{key}', received {value!r}. "
            "Correct the recipe or export the bundle again."
        )


def _are_members(value: object) -> bool:
    """Whether this is no ensemble, or one of at least two members whose weights sum to 1."""
    if not isinstance(value, tuple) or not all(isinstance(entry, Member) for entry in value):
        return False
    is_whole = math.isclose(sum(entry.weight for entry in value), 1.0, abs_tol=1e-6)
    return not value or (len(value) > 1 and is_whole)


_TEXT = (is_text, "a text that is not empty")
_RULES: Mapping[str, tuple[Any, str]] = MappingProxyType(
    {
        "schema": (lambda value: is_whole(value) and value == SCHEMA, f"{SCHEMA}"),
        "id": (is_bundle_id, "3 to 64 lower-case letters, digits and hyphens"),
        "title": _TEXT,
        "task": _TEXT,
        "architecture": _TEXT,
        "input_px": (is_count, "a whole number of pixels above 0"),
        "classes": (are_classes, "at least two class names, each once"),
        "modality": (lambda value: value in MODALITIES, f"one of {', '.join(MODALITIES)}"),
        "steps": (
            lambda value: isinstance(value, tuple) and all(isinstance(x, Step) for x in value),
            "a tuple of steps",
        ),
        "temperature": (is_positive, "a number above 0"),
        "answer_threshold": (is_rate, "a number from 0 to 1"),
        "saliency_layer": _TEXT,
        "saliency_method": _TEXT,
        "quality_limits": (lambda value: isinstance(value, QualityLimits), "quality limits"),
        "data": (lambda value: isinstance(value, DataFingerprint), "a data fingerprint"),
        "versions": (is_text_mapping, "library names with their versions"),
        "intended_use": _TEXT,
        "licence": _TEXT,
        "created": (is_date, "a date as YYYY-MM-DD"),
        "parameters_millions": (is_positive, "a number above 0"),
        "files": (are_files, "plain file names with their SHA-256"),
        "members": (_are_members, "at least two members whose weights sum to 1, or none"),
    }
)
