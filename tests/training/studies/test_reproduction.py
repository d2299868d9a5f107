"""What papers print beside what runs left: which figure is which, and what is said of the rest."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.rate import Rate
from tests.training.cli.test_results import evaluation
from tests.training.drawn_releases import draw_release
from training.__main__ import main
from training.data.index import DatasetIndex, ImageRecord
from training.errors import DatasetError, RecipeError
from training.judge.predictions import validation_folder, write_predictions
from training.recipes.overrides import Overrides
from training.recipes.recipe import RECIPES, read_recipe
from training.runs.curves import read_histories
from training.runs.memory import memory_bytes, memory_in_words
from training.studies.bench import CLASSIFIERS
from training.studies.claims import BEST, PARTS, paper, read_papers
from training.studies.plan import STUDIES, read_study
from training.studies.reproduction import (
    HEAD_ALONE,
    PaperRun,
    ReproducedFigure,
    Reproduction,
    measured,
    read_reproduction,
    reproduce,
    studies_of,
)
from training.studies.reproduction_page import (
    confusion_chart,
    lines_of,
    reproduction_page,
    section_of,
    verdict,
)
from training.studies.study import LEFT_OUT


def rate(value: float, low: float | None = None, high: float | None = None, **size: int) -> Rate:
    return Rate(name="accuracy", value=value, low=low, high=high, **{"n": 0, **size})


FOLDS = [(0.5, 1.2, 0.4, 1.5), (0.7, 0.8, 0.9, 0.9), (0.9, 0.4, 0.8, 0.7)]


@pytest.mark.parametrize("name", list(read_papers()))
def test_claims_are_of_models_of_the_papers_studies(name: str) -> None:
    described = paper(name)
    members = {m.name for each in described.studies for m in read_study(each).members}
    assert {claim.model for claim in described.claim} - {BEST} <= members
    for bench in described.bench:
        assert bench.model in members
        assert set(bench.classifiers) == set(CLASSIFIERS)
        assert {len(numbers) for numbers in bench.classifiers.values()} == {len(bench.columns)}


def test_every_recipe_and_study_of_a_paper_is_done_again() -> None:
    for name, described in read_papers().items():
        studies = {path.stem for path in STUDIES.glob(f"{name}*.toml")}
        assert studies == set(described.studies)
        recipes = {path.stem for path in RECIPES.glob(f"{name}-*.toml")}
        assert recipes <= {r for each in studies for r in read_study(each).source["recipes"]}


def test_claims_are_shares_or_seconds() -> None:
    for described in read_papers().values():
        for claim in described.claim:
            for part in PARTS:
                for figure, value in getattr(claim, part).items():
                    assert value > 1 if figure.startswith("seconds") else 0 < value < 1


@pytest.fixture
def run(tmp_path: Path) -> PaperRun:
    """A run of one split whose test accuracy is 0.8 and whose validation accuracy is 0.75."""
    records = [
        ImageRecord(path=Path(f"{n}.png"), name=f"{n}.png", dataset="d", label="a")
        for n in range(4)
    ]
    sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    write_predictions(
        validation_folder(tmp_path / "random"),
        classes=("a", "b"),
        records=records,
        groups=np.arange(4),
        labels=np.array([0, 0, 1, 1]),
        folds=np.zeros(4, int),
        probabilities=sure,
    )
    folder = tmp_path / "random" / "fold-0"
    folder.mkdir()
    lines = [f"{epoch},{','.join(map(str, row))},{5 + epoch}" for epoch, row in enumerate(FOLDS)]
    header = "epoch,accuracy,loss,val_accuracy,val_loss,seconds"
    (folder / "history.csv").write_text("\n".join([header, *lines]) + "\n")
    return PaperRun(
        recipe=read_recipe("hagar-2023-vgg16"),
        folder=tmp_path,
        figures={"random": {each.name: each for each in evaluation(value=0.8).figures}},
        histories=read_histories(tmp_path),
    )


def test_a_figure_of_the_test_part_is_the_cards(run: PaperRun) -> None:
    found = measured(run, "test", "accuracy", "random")
    assert found == rate(0.8, 0.5, 0.99, n=40)
    assert measured(run, "test", "weighted sensitivity", "random") == found
    assert measured(run, "test", "accuracy", "grouped") is None
    assert measured(run, "test", "accuracy", "") is None
    assert measured(run, "test", "Matthews correlation", "random") is None


def test_validation_and_the_mean_of_both_come_from_the_runs_answers(run: PaperRun) -> None:
    validation = measured(run, "validation", "accuracy", "random")
    assert validation is not None
    assert (validation.value, validation.n) == (0.75, 4)
    assert validation.low < 0.75 < validation.high
    both = measured(run, "both", "accuracy", "random")
    assert both is not None
    assert (both.value, both.low, both.n) == (pytest.approx(0.775), None, 44)
    assert measured(run, "validation", "macro F1", "random") is None


def test_training_is_the_epoch_that_was_kept_and_seconds_are_of_epochs_alone(run: PaperRun) -> None:
    assert run.recipe.fit.keep_epoch == "last"
    assert measured(run, "training", "accuracy", "random") == rate(0.9)
    for keep, value in (("lowest_val_loss", 0.9), ("highest_val_accuracy", 0.7)):
        fit = run.recipe.fit.changed(keep_epoch=keep)
        other = replace(run, recipe=replace(run.recipe, fit=fit))
        assert measured(other, "training", "accuracy", "random") == rate(value)
    for figure, value in (("seconds an epoch", 6), ("seconds of training", 18)):
        assert measured(run, "training", figure, "random").value == value
    without = replace(run, histories=())
    assert measured(without, "training", "accuracy", "random") is None


def reproduction(**changes: object) -> Reproduction:
    figures = (
        ReproducedFigure(
            model="hagar-2023-vgg16",
            part="test",
            figure="accuracy",
            claimed=0.982,
            own=rate(0.9, 0.85, 0.93, n=946, groups=120),
            honest=rate(0.7, 0.6, 0.8, n=900, groups=4),
        ),
        ReproducedFigure(
            model="hagar-2023-vgg16",
            part="training",
            figure="seconds an epoch",
            claimed=21,
            own=rate(42.0),
        ),
        ReproducedFigure(
            model="hagar-2023-densenet121", part="test", figure="accuracy", claimed=0.981
        ),
    )
    values = {
        "figures": figures,
        "not_run": {"hagar-2023-densenet121": "No weights <there>."},
        "departures": {"hagar-2023-vgg16": "frozen & few"},
    }
    return Reproduction(paper="hagar-2023", **{**values, **changes})


def test_a_line_sets_the_claim_beside_both_splits_and_their_difference() -> None:
    assert lines_of(reproduction()) == [
        (
            "hagar-2023-vgg16",
            "accuracy",
            "98.2 %",
            "90.0 % (85.0 to 93.0), n = 946 of 120 groups",
            "70.0 % (no interval), n = 900 of 4 groups",
            "-8.2 points",
        ),
        ("hagar-2023-vgg16", "seconds an epoch, training", "21 s", "42 s", "not measured", "× 2"),
        ("hagar-2023-densenet121", "accuracy", "98.1 %", "not measured", "not measured", ""),
    ]
    words = verdict(reproduction())
    assert words.startswith(
        "2 of 3 figures of the paper were measured. hagar-2023-vgg16 (not the paper's protocol): "
        "claimed 98.2 %, here 90.0 % (85.0 to 93.0), n = 946 of 120 groups; "
    )
    assert "apart 70.0 % (no interval), n = 900 of 4 groups" in words
    frozen = reproduction(departures={"hagar-2023-vgg16": f"{HEAD_ALONE}. Not …"})
    assert "(not the paper's protocol, its backbone frozen): claimed" in verdict(frozen)
    smoke = reproduction(departures={"hagar-2023-vgg16": "Not …: a smoke run, which shows"})
    assert verdict(smoke).startswith("A smoke run: ")
    noted = reproduction(
        figures=(reproduction().figures[0].changed(note="of other classes", claimed=0.98283),)
    )
    assert lines_of(noted)[0][2] == "98.28 % (of other classes)"
    assert lines_of(noted)[0][5] == ""
    assert "claimed" not in verdict(noted)
    bare = reproduction(figures=(reproduction().figures[0].changed(claimed=None),))
    assert lines_of(bare)[0][2::3] == ("–", "")
    assert verdict(bare).startswith("0 of 0 figures of the paper")


def test_the_section_says_what_was_changed_and_what_was_not_run() -> None:
    described = paper("hagar-2023")
    text = section_of(described, reproduction(), "hagar-2023")
    assert "- hagar-2023-vgg16: frozen &amp; few" in text
    assert "- Not run: hagar-2023-densenet121. No weights &lt;there&gt;." in text
    both = reproduction(not_run={"a": "Left out.", "b": "No weights.", "c": "Left out."})
    text = section_of(described, both, "hagar-2023")
    assert "- Not run: a, c. Left out.\n- Not run: b. No weights." in text
    assert text.count("| hagar-2023-densenet121 |") == 0
    assert "Not run: `python -m training reproduce hagar-2023`" in section_of(
        described, None, "hagar-2023"
    )


def test_the_page_escapes_and_holds_curves_matrix_and_roc(run: PaperRun) -> None:
    described = paper("hagar-2023")
    write_predictions(
        run.folder / "random",
        classes=("<b>a", "b"),
        records=[ImageRecord(path=Path("1.png"), name="1.png", dataset="d", label="b")] * 3,
        groups=np.arange(3),
        labels=np.array([0, 1, 1]),
        folds=np.zeros(3, int),
        probabilities=np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]),
    )
    page = reproduction_page(described, reproduction(), {"hagar-2023-<vgg16>": run})
    assert "<h2>hagar-2023-&lt;vgg16&gt;</h2>" in page
    assert "No weights &lt;there&gt;." in page
    assert "Confusion matrix, random split, 3 test images" in page
    assert "ROC, random split, 3 test images" in page
    assert page.count("Plotly.newPlot(") == 3
    assert "<b>a" not in page.replace("<b>2 of 3", "")
    assert "not for diagnosis" in page


def test_hostile_words_stay_on_a_line_of_the_section() -> None:
    figure = reproduction().figures[0].changed(model="a | b <script>x</script>")
    hostile = reproduction(
        figures=(figure,),
        not_run={"# c": "d\n# e <img onerror=f>"},
        images={"<b>g</b>": 3},
        created="h\n# i",
    )
    text = section_of(paper("hagar-2023"), hostile, "hagar-2023")
    assert "<script>" not in text
    assert "<img" not in text
    assert "<b>g" not in text
    assert "| a \\| b &lt;script&gt;x&lt;/script&gt; |" in text
    assert not [line for line in text.splitlines()[1:] if line.startswith("#")]


def test_a_folder_is_of_one_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw_release(tmp_path / "drawn", read_recipe("pushpalatha-2024-alexnet").task, n_per_label=4)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "purpose.json").write_text('{"paper": "hagar-2023"}')
    words = ["--data", str(tmp_path / "drawn"), "--out", str(tmp_path / "out")]
    assert main(["reproduce", "pushpalatha-2024", *words]) == 2
    assert "begun with another paper" in capsys.readouterr().err
    (tmp_path / "out" / "purpose.json").write_text("{")
    assert main(["reproduce", "pushpalatha-2024", *words]) == 2
    assert "purpose.json is damaged" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    words[-1] = str(tmp_path / "file")
    assert main(["reproduce", "pushpalatha-2024", *words]) == 2
    assert "file cannot be written to" in capsys.readouterr().err


def test_a_confusion_chart_counts(run: PaperRun) -> None:
    from training.judge.predictions import read_predictions

    chart = confusion_chart(read_predictions(validation_folder(run.folder / "random")))
    assert chart.data[0].text.tolist() == [[2, 0], [1, 1]]
    assert chart.data[0].z.tolist() == [[1, 0], [0.5, 0.5]]


def test_a_result_is_read_again_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "reproduction.json"
    path.write_text(json.dumps(reproduction().to_dict()))
    assert read_reproduction(path) == reproduction()
    for damaged in ("{", "[" * 100_000, "\xff"):
        path.write_text(damaged)
        with pytest.raises(DatasetError, match=r"reproduction\.json cannot be read"):
            read_reproduction(path)
    for key, value in (("part", "nonsense"), ("figure", "x"), ("model", "a\n# b")):
        values = reproduction().to_dict()
        values["figures"][0][key] = value
        path.write_text(json.dumps(values))
        with pytest.raises(DatasetError, match=key):
            read_reproduction(path)


def test_names_in_a_studys_file_lead_to_the_names_of_a_changed_run(tmp_path: Path) -> None:
    overrides = Overrides(of_models={"murtoza-2023-vgg16": {"fit.epochs": 0}})
    folds, scratch, lodo, *_ = studies_of(paper("murtoza-2023"), overrides, tmp_path)
    assert folds.names["murtoza-2023-vgg16"] == "murtoza-2023-vgg16-changed"
    assert folds.names["murtoza-2023-vgg19"] == "murtoza-2023-vgg19"
    assert "murtoza-2023-vgg16-one-split-from-scratch" in scratch.names.values()
    assert lodo.names["murtoza-2023-vgg16-lodocv"] == "murtoza-2023-vgg16-lodocv"
    assert lodo.folder == tmp_path / "murtoza-2023-leave-one-dataset-out"


def test_what_cannot_be_is_refused_in_a_sentence(tmp_path: Path, capsys) -> None:
    with pytest.raises(RecipeError, match="no paper 'hagar'"):
        paper("hagar")
    out = str(tmp_path / "out")
    assert main(["reproduce", "hagar-2023", "--data", str(tmp_path / "no"), "--out", out]) == 2
    assert "no such index or folder" in capsys.readouterr().err


class _Asked:
    """What `run_study` was asked for; it leaves nothing but the study's own file."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.only: dict[str, list[str] | None] = {}
        monkeypatch.setattr("training.studies.reproduction.run_study", self._run)

    def _run(self, study, index, out, *, only):
        self.only[study.name] = only
        out.mkdir(parents=True, exist_ok=True)
        empty = {"title": "", "rows": [], "comparisons": [], "bench": [], "not run": {}}
        (out / "study.json").write_text(json.dumps(empty))
        left = [m.name for m in study.members if only is not None and m.name not in only]
        return dict.fromkeys(left, LEFT_OUT)


def test_only_starts_what_it_names_also_where_other_studies_have_finished(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = _Asked(monkeypatch)
    index = DatasetIndex(path=Path("index.csv"), records=(), sha256="0" * 64)
    reproduce("murtoza-2023", index, tmp_path, only=["murtoza-2023-vgg16"])
    assert asked.only == {"murtoza-2023-folds": ["murtoza-2023-vgg16"]}
    asked.only.clear()
    found, _ = reproduce(
        "murtoza-2023", index, tmp_path, only=["murtoza-2023-vgg16-one-split-batch-16"]
    )
    assert asked.only == {
        "murtoza-2023-folds": [],  # gathered again, and nothing started
        "murtoza-2023-sweeps": ["murtoza-2023-vgg16-one-split-batch-16"],
    }
    assert found.not_run["murtoza-2023-vgg19"] == LEFT_OUT
    asked.only.clear()
    reproduce("murtoza-2023", index, tmp_path)
    assert set(asked.only) == set(paper("murtoza-2023").studies)
    assert set(asked.only.values()) == {None}


def test_the_best_of_a_study_is_one_network_on_both_splits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: PaperRun
) -> None:
    def with_accuracy(name: str, **accuracies: float) -> PaperRun:
        figures = {
            split: {each.name: each for each in evaluation(value=value).figures}
            for split, value in accuracies.items()
        }
        return replace(run, recipe=read_recipe(name), figures=figures)

    runs = {
        "murtoza-2023-vgg16": with_accuracy("murtoza-2023-vgg16", random=0.95, grouped=0.7),
        "murtoza-2023-vgg19": with_accuracy("murtoza-2023-vgg19", random=0.94, grouped=0.9),
        "murtoza-2023-vgg16-lodocv": with_accuracy("murtoza-2023-vgg16", random=0.99),
    }
    _Asked(monkeypatch)
    shutil.copytree(run.folder / "random", run.folder / "grouped")
    monkeypatch.setattr("training.studies.reproduction.runs_of", lambda _: runs)
    index = DatasetIndex(path=Path("index.csv"), records=(), sha256="0" * 64)
    monkeypatch.setattr("training.studies.reproduction._images", lambda *_: {})
    found, _ = reproduce("murtoza-2023", index, tmp_path)
    best = next(each for each in found.figures if each.claimed == 0.9828)
    assert best.model == "the best of them: murtoza-2023-vgg16"
    assert "seven data sets" in best.note
    assert best.own is not None
    assert best.honest is not None
    assert (best.own.value, best.honest.value) == (0.95, 0.7)


def test_a_plan_runs_nothing_and_says_what_each_model_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    draw_release(tmp_path / "drawn", read_recipe("pushpalatha-2024-alexnet").task, n_per_label=4)
    out = tmp_path / "out"
    words = ["reproduce", "pushpalatha-2024", "--data", str(tmp_path / "drawn"), "--out", str(out)]
    assert main([*words, "--plan", "--only", "pushpalatha-2024-alexnet"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("pushpalatha-2024-alexnet: 8 images, batch 32, about ")
    assert " GB, about " in line
    assert not out.exists()
    assert main([*words, "--only", "nonsense"]) == 2
    assert "no model 'nonsense'" in capsys.readouterr().err
    assert main([*words, "--plan", "--set", "hagar-2023-vgg16:seed=1"]) == 2
    assert "no model 'hagar-2023-vgg16' to set" in capsys.readouterr().err
    assert not out.exists()


def test_memory_grows_with_the_batch_and_the_images_and_not_with_frozen_weights() -> None:
    alexnet = read_recipe("pushpalatha-2024-alexnet")
    large = replace(alexnet, fit=alexnet.fit.changed(batch=64))
    one, twice = memory_bytes(alexnet, 0), memory_bytes(large, 0)
    assert memory_bytes(alexnet, 100) == one + 100 * 3 * 224**2
    assert twice > one
    frozen = replace(alexnet, fit=alexnet.fit.changed(frozen_share=0.9))
    assert memory_bytes(frozen, 0) < one
    head = replace(alexnet, fit=alexnet.fit.changed(epochs=0, head_epochs=3))
    assert memory_bytes(head, 0) < memory_bytes(frozen, 0)
    assert memory_in_words(3_400_000_000) == "about 3.4 GB"


def test_a_finished_run_of_the_same_recipe_is_not_trained_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = _Asked(monkeypatch)
    shared = "murtoza-2023-vgg16-one-split"
    bundle = tmp_path / "murtoza-2023-from-scratch" / "members" / shared / "bundle"
    bundle.mkdir(parents=True)
    (bundle / "card.json").write_text("{}")
    monkeypatch.setattr("training.studies.reproduction.runs_of", lambda _: {})
    reproduce(
        "murtoza-2023", DatasetIndex(path=Path("index.csv"), records=(), sha256="0" * 64), tmp_path
    )
    assert set(asked.only) == set(paper("murtoza-2023").studies)
    copy = tmp_path / "murtoza-2023-sweeps" / "members" / shared / "bundle" / "card.json"
    assert copy.read_text() == "{}"
