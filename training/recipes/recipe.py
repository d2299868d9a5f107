"""A training protocol as data: everything that a run needs but the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from models.architectures import ARCHITECTURES, HEADS, HeadSpec
from models.architectures.heads import AT_DEPTHS
from models.architectures.spec import Scaling
from models.architectures.weights import WeightsSource
from models.image.quality import Modality
from models.preprocessing import Step
from models.stored import Count, OneOf, ReadOnly, Several, Stored
from training.errors import RecipeError
from training.recipes.augmentation import MIXES, Augmentation
from training.recipes.leaks import LEAKS
from training.recipes.toml_file import find_toml, read_toml

RECIPES = Path(__file__).parent
TASKS = RECIPES / "tasks"
# 26 of 256 bits: cells on black are alike up to about 40 without being the same cell; smear fields
# are not, so their tasks ask for more (decision 3, measured by `python -m training duplicates`).
NEAR_BITS = 26

SplitKind = Literal["random", "grouped", "leave_one_dataset_out"]
SPLIT_KINDS: tuple[SplitKind, ...] = get_args(SplitKind)
Balance = Literal["none", "sqrt", "balanced"]
Architecture = Annotated[str, OneOf(ARCHITECTURES)]
TaskName = Annotated[str, OneOf(sorted(path.stem for path in TASKS.glob("*.toml")))]
Leaks = Several[Annotated[str, OneOf(LEAKS)]]
InputPx = Annotated[int, Field(ge=32, le=1024)]
LearningRate = Annotated[float, Field(ge=1e-7, le=1.0)]
_Held = Annotated[float, Field(ge=0.05, le=0.5)]


def _at_least_two(classes: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    if len(classes) < 2:
        raise ValueError
    return classes


class Task(Stored):
    """What a model is asked, and for whom."""

    refused_as = RecipeError
    called = "the task"

    name: str = ""
    """Its identifier: the name of its file, in which it does not stand."""
    title: str
    """Heading."""
    modality: Modality
    """Whose quality limits hold."""
    classes: Annotated[
        ReadOnly[str, Several[str]],
        AfterValidator(_at_least_two),
        Field(title="at least two classes with their labels"),
    ]
    """For each class the "dataset/label" pairs that belong to it."""
    at_most: ReadOnly[str, Count] = Field(default={})
    """Largest number of images of a class; a seeded sample where there are more."""
    none_of_these: Several[Annotated[str, Field(pattern=r"^[^/*]+/([^/*]+|\*)$")]] = ()
    """The "dataset/label" pairs whose images are none of the classes, as far as the index has them;
    "dataset/*" stands for any label."""
    empty_fields_of: Several[str] = ()
    """Data sets of its own whose images, all cells painted out, are none of the classes, too."""
    is_diagnosis_of_patient: bool = False
    """Whether the label is the patient's, not the image's."""
    near_bits: Annotated[int, Field(ge=0, le=128)] = NEAR_BITS
    """Pictures whose hashes differ in at most this number of 256 bits stay together."""
    intended_use: str
    """One sentence for the manifest."""
    limits: Several[str]
    """What the model is not good for, for the card."""

    @model_validator(mode="after")
    def _none_is_no_class(self) -> Task:
        own = {pair for pairs in self.classes.values() for pair in pairs}
        named = {*self.none_of_these}
        both = {pair for pair in own if not {pair, f"{pair.partition('/')[0]}/*"}.isdisjoint(named)}
        if both:
            raise ValueError(
                f"The labels {', '.join(sorted(both))} are of a class, and none_of_these names "
                "them, too. Take them out of one."
            )
        return self


class SplitPlan(Stored):
    """One way to split."""

    refused_as = RecipeError
    called = "the split"

    kind: SplitKind
    """Only duplicates stay together ("random"), patient, case or block too ("grouped"), or groups
    too and each data set is the test part once ("leave_one_dataset_out")."""
    test: _Held = 0.2
    """Share of the images to judge by; used by one split of the first two kinds alone."""
    validation: _Held = 0.15
    """Share of the rest to tune on."""
    folds: Annotated[int, Field(ge=1, le=20)] = 1
    """1 for one split, else the number of folds whose test parts are pooled."""
    data_sets: Several[str] = ()
    """Which data sets are the test part once, each learned without; all of them where none is
    named. Used by "leave_one_dataset_out" alone."""


class FitPlan(Stored):
    """How the weights are found; rates are those of the optimizer, epochs are passes."""

    refused_as = RecipeError
    called = "the fit"

    head_epochs: Annotated[int, Field(ge=0, le=1000)] = 60
    """Passes over stored features of the frozen backbone, the head learning alone."""
    head_solver: Literal["adam", "logistic", "discriminant"] = "adam"
    """Or, for a linear head, penalised logistic regression, or a linear discriminant, quicker with
    thousands of features, to which each class counts alike, and within it data sets by the square
    root of their numbers. How strong the penalty is is chosen by folds over the groups of training
    and validation images."""
    head_copies: Annotated[int, Field(ge=1, le=32)] = 1
    """Augmented copies of each training image among those features."""
    epochs: Annotated[int, Field(ge=0, le=500)]
    """Passes with the whole network learning; 0 leaves the backbone as it came."""
    frozen_until: str = ""
    """Name of the last layer that stays frozen in them; "" for none."""
    frozen_after: str = ""
    """Name of the backbone's last layer that learns in them; what follows it up to the head stays
    frozen; "" for none."""
    frozen_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the backbone's layers, from the input on, that stay frozen in them, for networks
    whose layers have other names; 0 for none."""
    learning_rate: LearningRate = 3e-4
    """At the start, of the whole network."""
    head_learning_rate: LearningRate = 1e-3
    """At the start, of the head alone."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """The whole network's rate decays to 2 % ("cosine") or stays."""
    optimizer: Literal["adam", "adamax", "sgd", "adamw"] = "adam"
    """Of the whole network."""
    batch: Annotated[int, Field(ge=1, le=1024)] = 32
    """Images a step."""
    label_smoothing: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the target spread over the other classes."""
    class_weights: Balance = "sqrt"
    """Inverse frequency ("balanced"), or its square root."""
    class_repeats: Balance = "none"
    """How often images of rare classes come up in an epoch of the whole network, each time varied
    anew."""
    epoch_steps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Batches of an epoch of the whole network, drawn at random: each class as often as another,
    and within it data sets by the square root of their numbers; 0 for every image once."""
    average: Annotated[float, Field(ge=0, le=0.9999)] = 0.0
    """Share that stays, at each step, of a running average of the weights, which is what is kept
    of an epoch; 0 for the weights as they are."""
    keep_epoch: Literal["lowest_val_loss", "highest_val_accuracy", "last"] = "lowest_val_loss"
    """Which epoch's weights stay."""
    mixed_precision: bool = False
    """Whether a GPU learns in 16-bit numbers where 32 are not needed; a processor never does."""
    patience: Annotated[int, Field(ge=0, le=500)] = 5
    """Epochs without a better one of these before the run stops; 0 for every epoch."""

    @property
    def is_head_solved(self) -> bool:
        """Whether a head is found in one step from training and validation images."""
        return self.head_solver != "adam"

    @model_validator(mode="after")
    def _freezes_in_one_way(self) -> FitPlan:
        if self.frozen_share and (self.frozen_until or self.frozen_after):
            raise ValueError(
                "The fit.frozen_share freezes layers by their place, frozen_until and "
                "frozen_after by their names. Leave one of the two out."
            )
        return self

    @model_validator(mode="after")
    def _draws_in_one_way(self) -> FitPlan:
        if self.epoch_steps and (self.class_repeats, self.class_weights) != ("none", "none"):
            raise ValueError(
                "The fit.epoch_steps draw each class as often as another, so class_repeats and "
                "class_weights must be 'none'. Set them, or leave epoch_steps out."
            )
        return self

    @model_validator(mode="after")
    def _is_solved_on_its_own(self) -> FitPlan:
        if self.is_head_solved and (self.epochs or not self.head_epochs):
            raise ValueError(
                f"The fit.head_solver '{self.head_solver}' solves for the head of a network that "
                "stays as it came, so epochs must be 0 and head_epochs above 0. Set them, or take "
                "the solver 'adam'."
            )
        return self

    @model_validator(mode="after")
    def _counts_in_one_way(self) -> FitPlan:
        if self.head_solver == "discriminant" and self.class_weights != "none":
            raise ValueError(
                "The fit.head_solver 'discriminant' counts each class alike, so class_weights must "
                "be 'none'. Set them, or take the solver 'logistic'."
            )
        return self

    @model_validator(mode="after")
    def _watches_what_it_waits_for(self) -> FitPlan:
        if self.keep_epoch == "last" and self.patience:
            raise ValueError(
                "Expected patience to be 0 where keep_epoch is 'last', received "
                f"{self.patience}. Without a measure to watch, a run does not stop early."
            )
        if self.average and self.keep_epoch != "last":
            raise ValueError(
                "Expected keep_epoch to be 'last' where weights are averaged, received "
                f"{self.keep_epoch!r}. What is watched is measured on weights that aren't averaged."
            )
        return self


class Worsening(Stored):
    """How the micrograph of an augmented copy is made worse before any step: of the kinds named,
    one for each image and copy, as strong as chance has it."""

    refused_as = RecipeError
    called = "the worsening"

    jpeg_quality: Annotated[int, Field(ge=5, le=100)] = 100
    """Least quality at which it is compressed; 100 for this kind not at all."""
    blur_percent: Annotated[float, Field(ge=0, le=5)] = 0.0
    """Largest standard deviation of a Gaussian in per cent of the shorter side; 0 for none."""
    scale: Annotated[float, Field(ge=0.05, le=1)] = 1.0
    """Least share to which width and height are shrunk and enlarged again; 1 for none."""


class ModelPlan(Stored):
    """The network of a recipe."""

    refused_as = RecipeError
    called = "the model"

    architecture: Architecture
    """Its backbone."""
    input_px: InputPx
    """Height and width that it takes, in pixels."""
    head: Annotated[
        HeadSpec,
        BeforeValidator(
            lambda value: HEADS.get(value, value) if isinstance(value, str) else value,
            json_schema_input_type=Annotated[str, OneOf(HEADS)] | HeadSpec,
        ),
    ] = Field(default="linear", validate_default=True)
    """By its name, or spelled out."""
    weights: WeightsSource
    """Where those of the backbone come from."""
    scaling: Scaling | None = None
    """Of pixels, "zero-to-one" for 1/255; without it the one that the architecture's published
    weights expect."""
    openvino: bool = True
    """Whether the bundle has the network for OpenVINO, too, which answers faster; without it the
    bundle has half the size, and whoever asks converts it at first use, or asks TensorFlow."""


_MOVE_TILES = ("rotation", "shear", "shear_degrees", "zoom", "noise")


class RecipeFile(Stored):
    """What the TOML file of a recipe holds."""

    refused_as = RecipeError

    title: str
    """Heading."""
    task: TaskName
    """What is asked: the name of a file in training/recipes/tasks."""
    model: ModelPlan
    """The network."""
    steps: Several[Step] = ()
    """Preprocessing from a micrograph to the network's input."""
    augmentation: Augmentation = Augmentation()
    """How training images are varied."""
    worsening: Worsening | None = None
    """How the originals of their copies among stored features (`fit.head_copies`) are made worse;
    without it they are not."""
    split: Annotated[Several[SplitPlan], Field(min_length=1)]
    """How images are parted, each kind once."""
    fit: FitPlan
    """How the weights are found."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 7
    """Of the splits and of the training."""
    allow_leaks: Leaks = ()
    """Findings of the leakage audit that the run starts in spite of."""
    limit: Annotated[int, Field(ge=0)] = 0
    """Number of images that are taken at most, spread over classes, data sets and groups; 0 for
    all of them."""
    overridden: Several[str] = ()
    """What was changed in the protocol of that name for one run, by `--set`, `--limit` or
    `--smoke`; not written by hand."""

    @model_validator(mode="after")
    def _fits_together(self) -> RecipeFile:
        if len({plan.kind for plan in self.split}) < len(self.split):
            raise ValueError("A kind of [[split]] stands there twice. Drop one.")
        if self.fit.is_head_solved and not self.model.head.is_linear:
            raise ValueError(
                f"The fit.head_solver '{self.fit.head_solver}' fits a model.head 'linear', "
                "'texture' or 'texture-at-depths', and this is another. Take one of these heads, "
                "or the solver 'adam'."
            )
        mixes = [name for name in MIXES if getattr(self.augmentation, name) > 0]
        if mixes and not self.fit.epochs:
            raise ValueError(
                f"The augmentation.{mixes[0]} needs fit.epochs above 0, and they are 0. A head "
                "that learns from stored features mixes nothing: ask for epochs or take it out."
            )
        if self.worsening is not None and not (self.fit.head_epochs and self.fit.head_copies > 1):
            raise ValueError(
                "The worsening is of the copies that a head learns from, and there are none. Set "
                "fit.head_epochs and fit.head_copies, or leave it out."
            )
        self._refuse_another_sheet()
        self._refuse_missing_depths()
        return self

    def _refuse_missing_depths(self) -> None:
        name = self.model.architecture
        if self.model.head.pooling == AT_DEPTHS and not ARCHITECTURES[name].depths:
            having = [each.name for each in ARCHITECTURES.values() if each.depths]
            raise ValueError(
                f"The model.head pools feature maps at several depths, and {name} names none. Take "
                f"another head, or one of {', '.join(having)}."
            )

    def _refuse_another_sheet(self) -> None:
        """A network of a sheet tells tiles by where they stand, and empty ones by being even."""
        taken = ARCHITECTURES[self.model.architecture].per_side
        sheets = [step.parameters["per_side"] for step in self.steps if step.name == "cell_sheet"]
        given = sheets[-1] if sheets else 0
        if taken != given:
            raise ValueError(
                f"Expected a sheet of {taken} tiles a side for {self.model.architecture}, received "
                f"{given} (0: no step cell_sheet). Change the steps or the architecture."
            )
        moved = [name for name in _MOVE_TILES if getattr(self.augmentation, name) > 0]
        if taken and moved:
            raise ValueError(
                f"The augmentation.{moved[0]} moves or blots the tiles of a sheet of cells. "
                "Take it out."
            )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole protocol, its task read.

    Attributes:
        augmentation: Number of each augmentation that the file names.
        allow_leaks: Findings of the leakage audit that the run starts in spite of.
        source: The file's own content, for the card.
        scaling: Of pixels; None for that of the architecture.
        has_openvino: Whether the bundle has the network for OpenVINO, too.
        worsening: Of the originals of augmented copies; None where they stay as they are.
        limit: Number of images that are taken at most; 0 for all.
        overridden: What was changed for one run, each in words; empty for the protocol itself.
    """

    name: str
    title: str
    task: Task
    architecture: str
    input_px: int
    head: HeadSpec
    weights: WeightsSource
    steps: tuple[Step, ...]
    augmentation: Mapping[str, float]
    splits: tuple[SplitPlan, ...]
    fit: FitPlan
    seed: int
    allow_leaks: tuple[str, ...]
    source: Mapping[str, Any]
    scaling: Scaling | None = None
    has_openvino: bool = True
    worsening: Worsening | None = None
    limit: int = 0
    overridden: tuple[str, ...] = ()


def read_recipe(name_or_path: str) -> Recipe:
    """Read a recipe by its name in training/recipes or by the path of a TOML file.

    Raises:
        RecipeError: It is not there, is not TOML, or has a key or a value that is not allowed.
    """
    path = find_toml(name_or_path, RECIPES, what="a recipe")
    return parse_recipe(read_toml(path), name=path.stem)


def parse_recipe(values: Mapping[str, Any], *, name: str) -> Recipe:
    """Validate a recipe's values. Raises RecipeError naming key, value and what is allowed."""
    file = RecipeFile.from_dict(values)
    return Recipe(
        name=name,
        title=file.title,
        task=read_task(file.task),
        architecture=file.model.architecture,
        input_px=file.model.input_px,
        head=file.model.head,
        weights=file.model.weights,
        steps=file.steps,
        augmentation=MappingProxyType(file.augmentation.model_dump(exclude_unset=True)),
        splits=file.split,
        fit=file.fit,
        seed=file.seed,
        allow_leaks=file.allow_leaks,
        source=MappingProxyType(dict(values)),
        scaling=file.model.scaling,
        has_openvino=file.model.openvino,
        worsening=file.worsening,
        limit=file.limit,
        overridden=file.overridden,
    )


def read_task(name: str) -> Task:
    """Read a task by its name in training/recipes/tasks. Raises RecipeError."""
    return Task.from_dict(read_toml(TASKS / f"{name}.toml")).changed(name=name)
