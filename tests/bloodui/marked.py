"""An installation in which every text that comes from outside bears a mark.

A mark is what somebody could write into a card, an index, a quiz or a login to make a reader's
browser fetch an address or draw what is no text.
"""

from __future__ import annotations

import copy
import csv
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel

from bloodui.images import DraftImage
from bloodui.people import ROLES, Person
from bloodui.quiz.instructor import Instructor
from bloodui.quiz.quiz import Quiz, Rules
from bloodui.quiz.resident import Resident
from drawn.smears import draw
from models.answer.domain import learn_domain
from models.answer.ensemble import write_ensemble
from models.answer.prediction_set import ConformalScores
from models.answer.reference import Reference
from models.bundle.card import (
    AllowedLeak,
    Card,
    DataSource,
    Degraded,
    Evaluation,
    EvidenceCheck,
    KindCheck,
    LeftOut,
    Mistake,
    Timing,
    parse_card,
)
from models.bundle.folder import pin_bundle, read_bundle, write_bundle
from models.bundle.keras_file import load_archive
from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS, Manifest, Member
from models.errors import BlooduiError
from models.image.micrograph import micrograph_from_rgb
from models.image.quality import MeasureLimit, QualityLimits
from models.rate import Rate
from tests.cards import check, figure, shortcut
from training.data.index import ImageRecord
from training.jobs.folder import Beat, JobFolder, State
from training.jobs.record import FAILED, FINISHED, RUNNING, JobRequest
from training.judge.predictions import write_predictions
from training.progress import EpochDone
from training.registry.promotion import Registry
from training.studies.result import RESULT_FILE

HOST = "marker.invalid"
ONE, TWO, TOGETHER, BROKEN, PROMOTED = (
    f"marked-{name}" for name in ("one", "two", "together", "broken", "promoted")
)
# Texts of a manifest that a network needs as they are; the broken bundle has marks in them, too.
NEEDED = ("saliency_layer", "saliency_method")

# Every mark, whole, by the token that it begins with.
MARKS: dict[str, str] = {}


def short(text: str) -> str:
    """A mark that is written out where only a few characters are allowed."""
    token = text[text.index("⟦") : text.index("⟧") + 1]
    MARKS[token] = text[text.index("⟦") :]
    return text


CLASSES = (
    short("⟦A⟧<a href='//marker.invalid'>x</a> %{x}"),
    short("⟦B⟧![x](http://marker.invalid/b.png)"),
    short("=⟦C⟧ http://marker.invalid :smile: $x$"),
    short("+⟦D⟧**x** :red[x] :material/home: `x`"),
)
TITLES = (
    short("⟦T⟧![x](http://marker.invalid/t.png) <img src=http://marker.invalid/t> **x** $x$ # x"),
    short(
        "⟦U⟧ http://marker.invalid/u <b>x</b> x@marker.invalid `x` :red[x] :streamlit: &lt;b&gt;"
    ),
)
ALIASES = (
    short("=⟦R⟧![x](http://marker.invalid/r.png)"),
    short("@⟦S⟧ www.marker.invalid <b>x</b> :smile:"),
    short("+⟦V⟧ x@marker.invalid [x](//x) $x$ `x`"),
)


def mark(field: str, *, is_line: bool = False) -> str:
    """A mark that names the field it stands in.

    Args:
        field: Such as "card.summary".
        is_line: Whether it must stay on one line.
    """
    there = f"http://{HOST}/{field}"
    text = (
        f"=1 ⟦{field}⟧ ![x]({there}.png) [x]({there}) <{there}> <img src={there} onerror=marked=1> "
        f"<a href='{there}'>x</a> <b>x</b> <script>marked=1</script> {there} www.{HOST} x@{HOST} "
        ":material/home: :streamlit: :smile: :red[x] $x^2$ `x` **x** ~~x~~ &lt;b&gt;%{x} {{x}} "
        "\u202ex"
    )
    text += " # x" if is_line else "\n\n# x\n- x\n1. x\n\n===\n    x"
    return short(text)


def line(field: str) -> str:
    """A mark on one line, without characters that nobody sees: what a title may be."""
    return short(mark(field, is_line=True).replace("\u202e", ""))


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Folders and a quiz, everything in them marked.

    Attributes:
        refused: Texts in which the parser takes no mark.
    """

    models: Path
    state: Path
    data: Path
    quiz: Quiz
    refused: tuple[str, ...]


def install(tiny_bundle: Path, folder: Path, *, login: str) -> Installation:
    """Make the installation.

    Args:
        tiny_bundle: A bundle that works, with four classes.
        folder: An empty one.
        login: Name of the login that owns the quizzes.
    """
    refused = _write_models(tiny_bundle, folder)
    state = folder / "state"
    index = _write_index(folder / "data")
    _write_jobs(state / "jobs", folder / "models" / ONE, index)
    Registry(root=state / "registry").promote(
        folder / "written" / PROMOTED,
        by=mark("history.by"),
        reason=mark("history.reason"),
        alias="marked",
    )
    # Quizzes as an earlier version kept them: they go to the login of the verified address.
    person = Person(name=login, id=login, roles=frozenset(ROLES))
    return Installation(
        models=folder / "models",
        state=state,
        data=folder / "data",
        quiz=_make_quizzes(state, person),
        refused=refused,
    )


def full_card() -> Card:
    """A card in which nothing is missing."""
    confusion = ((3, 1, 0, 0), (0, 3, 0, 0), (0, 0, 3, 0), (1, 0, 0, 3))

    def evaluation(subject: str, split: str) -> Evaluation:
        names = ("accuracy", "balanced accuracy", "macro AUROC")
        return Evaluation(
            subject=subject,
            split=split,
            protocol="Made up.",
            classes=CLASSES,
            figures=tuple(figure(0.8).changed(name=name) for name in names),
            confusion=confusion,
            groups=12,
        )

    return Card(
        summary="A model.",
        sources=(
            DataSource(
                name="a",
                citation="b",
                licence="c",
                n_images=3,
                n_groups=2,
                note="d",
            ),
        ),
        evaluations=(
            evaluation("model", "random"),
            evaluation("model", "grouped"),
            evaluation("six colour numbers", "grouped"),
        ),
        limits=("It says nothing.",),
        recipe={
            "title": "a",
            "model": {"weights": {"kind": "b"}},
            "fit": {"epochs": 3, "optimizer": "c", mark("card.recipe.fit.key"): "d"},
            "augmentation": {"flip": "e"},
            "split": [{"kind": "grouped"}],
        },
        timing=Timing(median_ms=20.0, low_ms=19.0, high_ms=22.0, n=50, device="2 cores"),
        allowed_leaks=(AllowedLeak(name="a", finding="b"),),
        shortcuts=(
            shortcut("model", "model", 0.9),
            shortcut("grey pictures", "altered", 0.7),
            shortcut("six colour numbers", "baseline", 0.6),
        ),
        robustness=(
            Degraded(kind="", strength=0, accuracy=figure(0.9)),
            Degraded(kind="blur", strength=1, accuracy=figure(0.8)),
        ),
        mistakes=(
            Mistake(
                path="a.png",
                sha256="b",
                truth="c",
                answer="d",
                probability=0.9,
                truth_probability=0.1,
            ),
        ),
        subgroups=(figure(0.8),),
        domain=(
            KindCheck(
                kind="a", turned_away=figure(0.1), auroc=figure(0.9), energy_auroc=figure(0.8)
            ),
        ),
        saliency=(check("grad-cam"),),
        evidence=(
            EvidenceCheck(
                kind="cells",
                n=9,
                groups=3,
                parts=4.0,
                orders=6,
                own=figure(0.3),
                random=0.4,
                grad_cam=0.5,
                over_random=figure(0.1),
                over_grad_cam=figure(0.2),
                grad_cam_over_random=figure(0.1),
                keeps_class=figure(0.9),
                probability_without=figure(0.8),
                median_without=figure(0.9),
            ),
        ),
        left_out=(LeftOut(name="a", classes=CLASSES, confusion=confusion),),
    )


def empty_fields(value: Any, name: str) -> Iterator[str]:
    """Names of what is empty in a stored thing and in those within it: nothing marks it."""
    if isinstance(value, BaseModel):
        for each in type(value).model_fields:
            yield from empty_fields(getattr(value, each), f"{name}.{each}")
    elif isinstance(value, tuple) and value:
        for number, entry in enumerate(value):
            yield from empty_fields(entry, f"{name}.{number}")
    elif value is None or value == ():
        yield name


def marked(data: Any, name: str, parse: Callable[[Any], object]) -> tuple[Any, tuple[str, ...]]:
    """The data with a mark in every text that the parser takes, and names of those it refuses.

    Args:
        data: As JSON has it.
        name: What the names of its fields begin with.
        parse: Raises BlooduiError where it refuses the data.
    """
    refused = []
    for path in list(_texts(data)):
        parts = ["value" if "⟦" in str(part) else str(part) for part in (name, *path)]
        field = ".".join(parts)
        for make in (mark, line):
            changed = copy.deepcopy(data)
            place = changed
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = make(field)
            try:
                parse(changed)
            except BlooduiError:
                continue
            data = changed
            break
        else:
            refused.append(field)
            del MARKS[f"⟦{field}⟧"]
    return data, tuple(refused)


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where texts without a mark are. Of a list of objects the last one alone is looked at."""
    if isinstance(value, str):
        if "⟦" not in value:
            yield path
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts(entry, (*path, key))
    elif isinstance(value, list):
        is_of_objects = bool(value) and isinstance(value[-1], dict)
        for number, entry in list(enumerate(value))[-1 if is_of_objects else 0 :]:
            yield from _texts(entry, (*path, number))


def _with_twins(value: Any) -> Any:
    """The data with the first object of each list once more at its end, to be marked."""
    if isinstance(value, dict):
        return {key: _with_twins(entry) for key, entry in value.items()}
    if not isinstance(value, list | tuple):
        return value
    entries = [_with_twins(entry) for entry in value]
    twin = [copy.deepcopy(entries[0])] if entries and isinstance(entries[0], dict) else []
    return entries + twin


def marked_card() -> Card:
    """The full card with a mark in every text."""

    def parse(data: Any) -> Card:
        return parse_card(json.dumps(data).encode())

    data, refused = marked(_with_twins(full_card().to_dict()), "card", parse)
    assert refused == ("card.evidence.1.kind",)  # one of three words
    return parse(data)


def _write_models(tiny_bundle: Path, folder: Path) -> tuple[str, ...]:
    """Write and pin the models; names of the texts that the parser refuses to mark."""
    contents = read_bundle(tiny_bundle)
    network = load_archive(contents.files["model.keras"])
    limit = MeasureLimit(
        name="size",
        unit="a",
        declined_below=1.0,
        warned_below=None,
        warned_above=9.0,
        declined_above=None,
        source="b",
    )
    base = contents.manifest.changed(
        files={},
        classes=CLASSES,
        quality_limits=QualityLimits(modality="smear", measures=(limit,)),
        versions={"keras": "3", mark("manifest.versions.key"): "3"},
    )
    data, refused = marked(base.to_dict(), "manifest", Manifest.from_dict)
    broken = Manifest.from_dict(data | {"id": BROKEN})
    works = broken.changed(**{key: getattr(base, key) for key in NEEDED})
    card = marked_card()
    promoted = card.changed(recipe={})
    # Without evidence by cells its own method of a map is named, which bears a mark.
    unchecked = card.changed(evidence=())
    for bundle_id, manifest, its_card, reference in (
        (ONE, works, card, None),
        (TWO, works, card, _knows_nothing(base.saliency_layer, network)),
        (BROKEN, broken, unchecked, None),
        (PROMOTED, works, promoted, None),
    ):
        write_bundle(
            folder / "written" / bundle_id,
            model=network,
            manifest=manifest.changed(id=bundle_id),
            card=its_card,
            reference=reference.to_bytes() if reference else None,
            converted={name: contents.files[name] for name in (IR_NETWORK, IR_WEIGHTS)},
        )
    members = tuple(read_bundle(folder / "written" / each) for each in (ONE, TWO))
    shares = tuple(
        Member(id=each.manifest.id, title=line(f"manifest.members.{number}.title"), weight=0.5)
        for number, each in enumerate(members)
    )
    write_ensemble(
        folder / "written" / TOGETHER,
        members=members,
        manifest=works.changed(id=TOGETHER, members=shares),
        card=card,
    )
    for bundle_id in (ONE, TWO, BROKEN, TOGETHER):
        pin_bundle(folder / "models", folder / "written" / bundle_id)
    return refused


def _knows_nothing(layer: str, network: Any) -> Reference:
    """A reference of a model to which every image is of another kind."""
    n = 40
    width = network.get_layer(layer).output.shape[-1]
    features = np.random.default_rng(1).normal(size=(n, width)).astype(np.float32)
    domain = learn_domain(layer, features, np.arange(n) % 4, np.arange(n))
    scores = ConformalScores(
        scores=np.linspace(0, 1, n), labels=np.arange(n) % 4, groups=np.arange(n)
    )
    return Reference(conformal=scores, domain=replace(domain, limit=1e-9))


def _write_index(folder: Path) -> Path:
    """A data set of two images a class, one of them damaged, with marks in every column."""
    folder.mkdir()
    rows = []
    for number in range(8):
        name = f"{number} ![x](http://{HOST}/index.path) [x](#).png"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The first three are one picture with three labels, the second of them hardly altered.
        rgb = draw("Pre", seed=max(number, 2), size_px=128).rgb.copy()
        rgb[0, 0] = number % 2
        png = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
        path.write_bytes(png[: 90 if number == 7 else None])
        columns = {
            column: mark(f"index.{column}", is_line=True)
            for column in ("dataset", "group", "mask", "sha256", "note")
        }
        rows.append({"path": name, "label": CLASSES[number % 4], **columns})
    index = folder / "index.csv"
    with index.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return index


def _write_jobs(root: Path, bundle: Path, index: Path) -> None:
    """A finished run, one that goes on, one that failed, and a finished study."""
    now = time.time()
    for number, (name, kind, state) in enumerate(
        (
            ("marked-run", "run", FINISHED),
            ("goes-on", "run", RUNNING),
            ("failed-run", "run", FAILED),
            ("marked-study", "study", FINISHED),
        )
    ):
        path = root / f"20260101-00000{number}-000000-0000"
        path.mkdir(parents=True)
        job = JobFolder(path)
        job.write_request(
            JobRequest(recipe="", index=index, name=name, kind=kind, by=mark("job.by"))
        )
        job.write_state(
            State(state=state, submitted=now, queued=now, started=now, message=mark("job.message"))
        )
        # Its process is none of this machine: it lives as long as its heart beats.
        job.write_beat(Beat(time=now + 86_400, stage=mark("job.stage"), share=0.5))
        job.log_path.write_text(mark("job.log"), encoding="utf-8")
        for split in ("random", mark("job.epoch.split")):
            for phase in ("head", mark("job.epoch.phase")):
                job.add_epoch(
                    EpochDone(
                        split=split,
                        fold=0,
                        phase=phase,
                        epoch=1,
                        epochs=1,
                        values={"loss": 1.0, "val_loss": 1.0},
                    )
                )
        job.run.mkdir()
        if kind == "study":
            (job.run / RESULT_FILE).write_text(json.dumps(_study()), encoding="utf-8")
        elif state == FINISHED:
            shutil.copytree(bundle, job.run / "bundle")
            _write_predictions(job.run / "random")
            _write_predictions(job.run / "grouped")


def _write_predictions(folder: Path) -> None:
    folder.mkdir()
    n = 8
    write_predictions(
        folder,
        classes=CLASSES,
        records=[
            ImageRecord(
                path=Path(f"{number}.png"),
                name=f"{number} ![x](http://{HOST}/index.path) [x](#).png",
                dataset=mark("predictions.dataset"),
                label=CLASSES[number % 4],
            )
            for number in range(n)
        ],
        groups=np.array([mark("predictions.group")] * n),
        labels=np.arange(n) % 4,
        folds=np.zeros(n, int),
        probabilities=np.full((n, 4), 0.2) + 0.2 * np.eye(4)[np.arange(n) % 3],
    )


def _study() -> dict[str, Any]:
    """What a study left, with marks in every text."""
    evaluations = [each.to_dict() for each in full_card().evaluations[:2]]
    for evaluation in evaluations:
        names = ("macro F1", mark("study.figure"))
        evaluation["figures"] = [
            *evaluation["figures"],
            *(Rate(name=name, value=0.8, low=0.7, high=0.9, n=9).to_dict() for name in names),
        ]
        evaluation["protocol"] = mark("study.protocol")
    marked_split = evaluations[0] | {"split": mark("study.split")}
    rows = [
        {
            "model": f"{px} {mark('study.model')}",
            "part": part,
            "evaluation": evaluation,
            "architecture": architecture,
            "input_px": px,
            "seconds": 3.0,
        }
        for evaluation in (marked_split, *evaluations)
        for part in ("all", mark("study.part"))
        for architecture in (mark("study.architecture"), "another")
        for px in (64, 128)
    ]
    pair = {mark("study.column"): mark("study.cell"), "split": "grouped"}
    return {
        "title": mark("study.title"),
        "rows": rows,
        "comparisons": [pair],
        "bench": [pair],
        "not run": {mark("study.not run"): mark("study.why")},
    }


def _make_quizzes(state: Path, person: Person) -> Quiz:
    """Two quizzes of that person, and three readers of the first; the first is returned."""
    instructor = Instructor(state=state, person=person, has_login=True)
    images = [
        DraftImage(
            micrograph=micrograph_from_rgb(draw("Pre", seed=number, size_px=128).rgb),
            truth=number,
            is_drawn=True,
        )
        for number in range(4)
    ]
    quizzes = [
        instructor.create(Rules(title=title, classes=CLASSES, model_id=ONE), images).quiz
        for title in TITLES
    ]
    for alias in ALIASES:
        resident = Resident(state=state, person=person)
        token = resident.begin(quizzes[0].link, alias)
        for position in range(4):
            resident.task(token)
            resident.answer(token, position, answer=1, confidence=0.7)
    return quizzes[0]
