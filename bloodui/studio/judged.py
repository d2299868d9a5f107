"""Models and runs that can be judged: by the question that they answer, and image by image.

Nothing here checks a role: whatever it tells of runs and images comes from `FinishedRuns` and
`DataSets`, which do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bloodui.data_sets import DataSets
from bloodui.inventory import Installed, names_of
from models.bundle.card import Card, Mistake
from models.bundle.folder import read_manifest
from models.errors import BlooduiError
from models.image.micrograph import Micrograph, read_micrograph
from training.errors import JobError

if TYPE_CHECKING:
    from bloodui.studio.finished_runs import FinishedRun, FinishedRuns
    from training.data.index import ImageRecord
    from training.judge.predictions import Predictions

ELSEWHERE = "Runs of the command line"
_KINDS = {"run": "run", "member": "member", "elsewhere": "command line"}

TASKS: Mapping[str, str] = {
    "blood-cancer-8": "Eight classes",
    "all-subtypes": "ALL subtypes",
    "lymphoma-subtypes": "Lymphoma subtypes",
    "aml-or-apl": "AML or APL",
    "blast-or-normal": "Blast or normal cell",
}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What models are asked. Figures of those with one question can stand on one axis."""

    task: str
    classes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A model or a run with its figures.

    Attributes:
        name: On the page.
        installed: Its bundle.
        run: The run, whose single answers are kept; None for a model, of which the card tells.
    """

    name: str
    installed: Installed
    run: FinishedRun | None = None

    @property
    def question(self) -> Question:
        """What it is asked."""
        manifest = self.installed.manifest
        return Question(task=manifest.task, classes=manifest.classes)


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedImage:
    """An image that a model was judged by, and what was answered then.

    Attributes:
        name: Its path as an index writes it.
        truth, answer: Classes.
        probability: Of the answer, 0–1.
        is_unseen: Whether the network that is kept had not seen the image when it learned.
        read: Gives the image. Raises BlooduiError.
    """

    name: str
    truth: str
    answer: str
    probability: float
    is_unseen: bool
    read: Callable[[], Micrograph]


def judged_by_question(
    models: Sequence[Installed], results: FinishedRuns, *, first: str = ""
) -> tuple[dict[Question, list[Judged]], dict[str, BlooduiError]]:
    """Everything that can be judged, by question: models first, then runs, the latest first.

    Args:
        models: The installed ones.
        results: Of the runs.
        first: Id of the model whose question comes first.

    Returns:
        The questions, and the errors of runs whose bundle cannot be read, by the run's name;
        that of all, where their folder cannot be, as "Runs"; of the command line's runs one alone.
    """
    names = names_of(models)
    errors: dict[str, BlooduiError] = {}
    found = [Judged(name=names[each.manifest.id], installed=each) for each in models]
    # A baseline comes last of its question, which nobody wants to look at first.
    found.sort(key=lambda each: (each.installed.manifest.id != first, each.installed.is_baseline))
    runs: list[FinishedRun] = []
    try:
        runs += (*results.finished(), *results.members())
    except JobError as error:
        errors["Runs"] = error
    elsewhere, problem = results.finished_elsewhere()
    if problem is not None:
        errors[ELSEWHERE] = problem
    damaged: dict[str, BlooduiError] = {}
    for run in (*runs, *elsewhere):
        try:
            installed = Installed(manifest=read_manifest(run.bundle), directory=run.bundle)
        except BlooduiError as error:
            if run.kind == "elsewhere":
                damaged[run.name] = error
            else:
                errors[run.name] = error
            continue
        name = f"{run.name} ({_KINDS[run.kind]})"
        found.append(Judged(name=name, installed=installed, run=run))
    if damaged:
        (first, why), *others = damaged.items()
        more = f" and {len(others)} more" if others else ""
        errors[f"{ELSEWHERE}, {first}{more}"] = why
    questions: dict[Question, list[Judged]] = {}
    for judged in found:
        questions.setdefault(judged.question, []).append(judged)
    return questions, errors


def question_names(questions: Iterable[Question]) -> dict[Question, str]:
    """What each is called on the page; with its classes where two are called the same."""
    names = {each: TASKS.get(each.task, each.task) for each in questions}
    titles = list(names.values())
    return {
        each: f"{name}: {', '.join(each.classes)}" if titles.count(name) > 1 else name
        for each, name in names.items()
    }


def images_of_run(
    sets: DataSets,
    index: Path,
    predictions: Predictions,
    numbers: Iterable[int],
    *,
    is_own_split: bool,
) -> list[JudgedImage]:
    """Some of the images that a run was judged by on one split.

    Args:
        sets, index: Where its images are.
        predictions: Its answers on that split.
        numbers: Rows of them, in order.
        is_own_split: Whether the network that the run kept comes from that split.
    """

    def image(number: int) -> JudgedImage:
        name, answer = predictions.paths[number], int(predictions.answers[number])
        return JudgedImage(
            name=name,
            truth=predictions.classes[predictions.labels[number]],
            answer=predictions.classes[answer],
            probability=float(predictions.probabilities[number, answer]),
            is_unseen=is_own_split and not predictions.folds[number],
            read=lambda: sets.micrograph(index, name),
        )

    return [image(int(number)) for number in numbers]


def images_of_card(mistakes: Iterable[Mistake], sets: DataSets) -> list[JudgedImage]:
    """Those of a card's mistakes whose very file is in a data set of this machine."""

    def image(mistake: Mistake, record: ImageRecord) -> JudgedImage:
        return JudgedImage(
            name=record.name,
            truth=mistake.truth,
            answer=mistake.answer,
            probability=mistake.probability,
            is_unseen=True,
            read=lambda: read_micrograph(record.read_bytes()),
        )

    found = ((each, sets.find(sha256=each.sha256, name=each.path)) for each in mistakes)
    return [image(mistake, record) for mistake, record in found if record is not None]


def in_cell(mistakes: Iterable[Mistake], *, truth: str, answer: str) -> list[Mistake]:
    """Those mistakes that lie in one cell of a matrix."""
    return [each for each in mistakes if (each.truth, each.answer) == (truth, answer)]


def why_no_pictures(card: Card, split: str, *, truth: str, answer: str) -> str:
    """One sentence on why a card names no image of a cell of a matrix; "" where it names some.

    Args:
        split: Of the matrix.
        truth, answer: Classes of the cell.
    """
    if truth == answer:
        return "There are no pictures of right answers: a card lists mistakes alone."
    if not card.mistakes:
        return (
            "There are no pictures: this card lists no mistakes. An audit adds them "
            "(python -m training audit-card)."
        )
    if split != card.own_split:
        return (
            "There are no pictures for this split: the card lists the mistakes of the network that "
            "is kept, which comes from another split."
        )
    if not in_cell(card.mistakes, truth=truth, answer=answer):
        return (
            "There are no pictures of this cell: the card lists the surest mistakes of each class "
            "alone, and none of them lies here."
        )
    return ""
