"""A training protocol as data: everything that a run needs but the images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from models.architectures import ARCHITECTURES, HEADS, HeadSpec
from models.errors import BlooduiError, RecipeError
from models.preprocessing import Step, parse_steps
from models.weights import WeightsSource
from training.audits.findings import LEAKS
from training.augmentation_spec import MIXES, check_augmentations
from training.datasets.duplicates import NEAR_BITS
from training.toml_table import Table, find_toml, read_toml

_BALANCE = ("none", "sqrt", "balanced")
SPLIT_KINDS = ("random", "grouped", "leave_one_dataset_out")
KEEP_EPOCH = ("lowest_val_loss", "highest_val_accuracy", "last")
RECIPES = Path(__file__).parent / "recipes"
TASKS = Path(__file__).parent / "tasks"


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a model is asked, and for whom.

    Attributes:
        name, title: Identifier and heading.
        modality: "smear", "cell", "histology" or "mixed": whose quality limits hold.
        classes: For each class the "dataset/label" pairs that belong to it.
        at_most: Largest number of images of a class; a seeded sample where there are more.
        is_diagnosis_of_patient: Whether the label is the patient's, not the image's.
        near_bits: Pictures whose hashes differ in at most so many of 256 bits stay together.
        intended_use: One sentence for the manifest.
        limits: What the model is not good for, for the card.
    """

    name: str
    title: str
    modality: str
    classes: Mapping[str, tuple[str, ...]]
    at_most: Mapping[str, int]
    is_diagnosis_of_patient: bool
    near_bits: int
    intended_use: str
    limits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SplitPlan:
    """One way to split.

    Attributes:
        kind: "random" (only duplicates stay together), "grouped" (patient, case or block too) or
            "leave_one_dataset_out" (groups too, and each data set is the test part once).
        test: Share of the images to judge by; used by one split of the first two kinds alone.
        validation: Share of the rest to tune on.
        folds: 1 for one split, else the number of folds whose test parts are pooled.
    """

    kind: str
    test: float
    validation: float
    folds: int


@dataclass(frozen=True, kw_only=True)
class FitPlan:
    """How the weights are found; rates are those of the optimizer, epochs are passes.

    Attributes:
        head_epochs: Passes over stored features of the frozen backbone, the head learning alone.
        head_solver: "adam", or "logistic" for penalised logistic regression (a linear head), whose
            penalty is chosen by folds over the groups of training and validation images.
        head_copies: Augmented copies of each training image among those features.
        epochs: Passes with the whole network learning; 0 leaves the backbone as it came.
        frozen_until: Name of the last layer that stays frozen in them; "" for none.
        frozen_after: Name of the backbone's last layer that learns in them; what follows it up
            to the head stays frozen; "" for none.
        learning_rate, head_learning_rate: At the start.
        schedule: "cosine" (the whole network's rate decays to 2 %) or "constant".
        optimizer: "adam", "adamax", "sgd" or "adamw".
        batch: Images a step.
        label_smoothing: Share of the target spread over the other classes.
        class_weights: "none", "sqrt" or "balanced" (inverse frequency, or its square root).
        class_repeats: "none", "sqrt" or "balanced": how often images of rare classes come up in
            an epoch of the whole network, each time varied anew.
        keep_epoch: Which epoch's weights stay: "lowest_val_loss", "highest_val_accuracy" or
            "last".
        patience: Epochs without a better one of these before the run stops; 0 for every epoch.
    """

    head_epochs: int
    head_solver: str
    head_copies: int
    epochs: int
    frozen_until: str
    frozen_after: str
    learning_rate: float
    head_learning_rate: float
    schedule: str
    optimizer: str
    batch: int
    label_smoothing: float
    class_weights: str
    class_repeats: str
    keep_epoch: str
    patience: int

    def __post_init__(self) -> None:
        if self.keep_epoch == "last" and self.patience:
            raise RecipeError(
                "Expected fit.patience to be 0 where fit.keep_epoch is 'last', received "
                f"{self.patience}. Without a measure to watch, a run does not stop early."
            )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole protocol.

    Attributes:
        allow_leaks: Findings of the leakage audit that the run starts in spite of.
        source: The file's own content, for the card.
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


def read_recipe(name_or_path: str) -> Recipe:
    """Read a recipe by its name in training/recipes or by the path of a TOML file.

    Raises:
        RecipeError: It is not there, is not TOML, or has a key or a value that is not allowed.
    """
    path = find_toml(name_or_path, RECIPES, what="a recipe")
    return parse_recipe(read_toml(path), name=path.stem)


def parse_recipe(values: Mapping[str, Any], *, name: str) -> Recipe:
    """Validate a recipe's values. Raises RecipeError naming key, value and what is allowed."""
    table = Table(values, name="")
    task_name = table.text("task", allowed=sorted(entry.stem for entry in TASKS.glob("*.toml")))
    model = Table(table.mapping("model"), name="model")
    recipe = Recipe(
        name=name,
        title=table.text("title"),
        task=read_task(task_name),
        architecture=model.text("architecture", allowed=tuple(ARCHITECTURES)),
        input_px=model.whole("input_px", low=32, high=1024),
        head=_head(model),
        weights=_named("model.weights", WeightsSource.from_dict, model.mapping("weights")),
        steps=_named("steps", parse_steps, table.tables("steps")),
        augmentation=MappingProxyType(_augmentation(table)),
        splits=tuple(
            _split_plan(Table(values, name=f"split[{number}]"))
            for number, values in enumerate(table.tables("split"))
        ),
        fit=_fit_plan(Table(table.mapping("fit"), name="fit")),
        seed=table.whole("seed", low=0, high=2**31 - 1, default=7),
        allow_leaks=table.texts("allow_leaks", allowed=tuple(LEAKS), default=()),
        source=MappingProxyType(dict(values)),
    )
    model.close(known=("architecture", "input_px", "head", "weights"))
    table.close(
        known=(
            "title", "task", "model", "steps", "augmentation", "split", "fit", "seed", "allow_leaks"
        )
    )  # fmt: skip
    if not recipe.splits:
        raise RecipeError("Expected at least one [[split]], received none. Add one.")
    if len({plan.kind for plan in recipe.splits}) < len(recipe.splits):
        raise RecipeError("Expected each kind of [[split]] once, received one twice. Drop one.")
    if recipe.fit.head_solver == "logistic" and not recipe.head.is_linear:
        raise RecipeError(
            "Expected model.head to be 'linear' or 'texture' where fit.head_solver is 'logistic', "
            "received another. Take one of these heads, or the solver 'adam'."
        )
    mixes = [name for name in MIXES if recipe.augmentation.get(name, 0) > 0]
    if mixes and not recipe.fit.epochs:
        raise RecipeError(
            f"Expected fit.epochs above 0 with augmentation.{mixes[0]}, received 0. A head that "
            "learns from stored features mixes nothing: ask for epochs or take it out."
        )
    return recipe


def read_task(name: str) -> Task:
    """Read a task by its name in training/tasks. Raises RecipeError."""
    table = Table(read_toml(TASKS / f"{name}.toml"), name=f"task {name}")
    classes = {key: tuple(value) for key, value in table.mapping("classes").items()}
    task = Task(
        name=name,
        title=table.text("title"),
        modality=table.text("modality", allowed=("smear", "cell", "histology", "mixed")),
        classes=MappingProxyType(classes),
        at_most=MappingProxyType(
            {key: int(value) for key, value in table.numbers("at_most").items()}
        ),
        is_diagnosis_of_patient=table.flag("is_diagnosis_of_patient", default=False),
        near_bits=table.whole("near_bits", low=0, high=128, default=NEAR_BITS),
        intended_use=table.text("intended_use"),
        limits=table.texts("limits"),
    )
    table.close(known=tuple(Task.__dataclass_fields__))
    if len(classes) < 2:
        raise RecipeError(f"Expected at least two classes in task {name}, received {len(classes)}.")
    return task


def _head(model: Table) -> HeadSpec:
    """A head by its name in HEADS, or spelled out as a table."""
    value = model.text_or_mapping("head", allowed=tuple(HEADS), default="linear")
    return (
        HEADS[value] if isinstance(value, str) else _named("model.head", HeadSpec.from_dict, value)
    )


def _augmentation(table: Table) -> dict[str, float]:
    strengths = table.numbers("augmentation")
    check_augmentations(strengths)
    return strengths


def _split_plan(table: Table) -> SplitPlan:
    plan = SplitPlan(
        kind=table.text("kind", allowed=SPLIT_KINDS),
        test=table.number("test", low=0.05, high=0.5, default=0.2),
        validation=table.number("validation", low=0.05, high=0.5, default=0.15),
        folds=table.whole("folds", low=1, high=20, default=1),
    )
    table.close(known=tuple(SplitPlan.__dataclass_fields__))
    return plan


def _fit_plan(table: Table) -> FitPlan:
    plan = FitPlan(
        head_epochs=table.whole("head_epochs", low=0, high=1000, default=60),
        head_solver=table.text("head_solver", allowed=("adam", "logistic"), default="adam"),
        head_copies=table.whole("head_copies", low=1, high=32, default=1),
        epochs=table.whole("epochs", low=0, high=500),
        frozen_until=table.text("frozen_until", default=""),
        frozen_after=table.text("frozen_after", default=""),
        learning_rate=table.number("learning_rate", low=1e-7, high=1.0, default=3e-4),
        head_learning_rate=table.number("head_learning_rate", low=1e-7, high=1.0, default=1e-3),
        schedule=table.text("schedule", allowed=("cosine", "constant"), default="cosine"),
        optimizer=table.text(
            "optimizer", allowed=("adam", "adamax", "sgd", "adamw"), default="adam"
        ),
        batch=table.whole("batch", low=1, high=1024, default=32),
        label_smoothing=table.number("label_smoothing", low=0, high=0.5, default=0.0),
        class_weights=table.text("class_weights", allowed=_BALANCE, default="sqrt"),
        class_repeats=table.text("class_repeats", allowed=_BALANCE, default="none"),
        keep_epoch=table.text("keep_epoch", allowed=KEEP_EPOCH, default="lowest_val_loss"),
        patience=table.whole("patience", low=0, high=500, default=5),
    )
    table.close(known=tuple(FitPlan.__dataclass_fields__))
    return plan


def _named(key: str, parse: Any, value: Any) -> Any:
    """The parsed value; an error of the parser becomes one that names the key."""
    try:
        return parse(value)
    except RecipeError:
        raise
    except (BlooduiError, TypeError, KeyError, ValueError) as error:
        raise RecipeError(f"Expected {key} to be valid, received {value!r}: {error}") from error
