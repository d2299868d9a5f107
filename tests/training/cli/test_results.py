"""The page of results says what the cards say, and nothing twice."""

import json
from pathlib import Path

import pytest

from models.bundle.card import (
    Card,
    DataSource,
    Evaluation,
    KindCheck,
)
from models.rate import Rate
from tests.bloodui.map_checks import CELLS_PASSED
from tests.cards import check, figure
from training.__main__ import main
from training.cli.results import results_page
from training.errors import DatasetError, RecipeError
from training.studies.reproduction import (
    ReproducedFigure,
    Reproduction,
    read_reproduction,
)
from training.studies.result import StudyResult
from training.studies.tables import StudyRow

NAMES = ("accuracy", "balanced accuracy", "macro F1", "macro AUROC", "calibration error")


def evaluation(*, value: float, subject: str = "model", split: str = "grouped") -> Evaluation:
    figures = [Rate(name=name, value=value, low=0.5, high=0.99, n=40) for name in NAMES]
    figures.append(Rate(name="sensitivity blast", value=0.75, low=0.6, high=0.8, n=40))
    return Evaluation(
        subject=subject,
        split=split,
        protocol="20 images to learn from",
        classes=("blast", "normal"),
        figures=tuple(figures),
        confusion=((15, 5), (2, 18)),
        groups=12,
    )


def card(*evaluations: Evaluation) -> Card:
    return Card(
        summary="",
        sources=(DataSource(name="a", citation="b", licence="c", n_images=1),),
        evaluations=evaluations,
        limits=(),
    )


def test_every_split_is_a_row_and_the_papers_claim_stands_above() -> None:
    entry = card(evaluation(value=0.91, split="random"), evaluation(value=0.64))
    page = results_page([("one", "blast-or-normal", entry)])
    rows = [line for line in page.splitlines() if line.startswith("| one |")]
    assert [row.split("|")[3].strip() for row in rows] == ["random", "grouped"]
    assert "40 (12)" in rows[0]
    assert "0.910 (0.500–0.990)" in rows[0]
    assert "0.640 (0.500–0.990)" in rows[1]
    assert page.index("### Pushpalatha 2024") < page.index("## blast-or-normal")
    assert "Not run: `python -m training reproduce pushpalatha-2024`." in page
    assert "Sensitivity: blast 0.750 (0.600–0.800)" in page


def test_a_baseline_that_two_models_share_is_printed_once() -> None:
    baseline = evaluation(value=0.7, subject="six colour numbers")
    entries = [
        (name, "all-subtypes", card(evaluation(value=0.9), baseline)) for name in ("one", "two")
    ]
    page = results_page(entries)
    assert page.count("| *six colour numbers* |") == 1
    assert page.count("| two |") == 1


def test_a_row_says_which_network_it_is_and_a_baseline_beside_which_model() -> None:
    recipe = {"model": {"architecture": "vgg16", "input_px": 150}}
    both = card(evaluation(value=0.9), evaluation(value=0.7, subject="six colour numbers"))
    page = results_page([("one", "all-subtypes", both.changed(recipe=recipe))])
    assert "| one | vgg16, 150 px | grouped |" in page
    assert "| *six colour numbers* | beside one | grouped |" in page


def test_means_over_classes_that_an_old_card_lacks_come_from_its_matrix() -> None:
    """15 of 17 and 18 of 23 answers are right; 15 of 20 and 18 of 20 images are called so."""
    page = results_page([("one", "c-nmc", card(evaluation(value=0.825)))])
    lines = page.splitlines()
    header = next(line for line in lines if line.startswith("| model | network |")).split(" | ")
    row = next(line for line in lines if line.startswith("| one |")).split(" | ")
    found = dict(zip(header, row, strict=True))
    assert found["macro precision"] == f"{(15 / 17 + 18 / 23) / 2:.3f} (no interval)"
    assert found["macro specificity"] == f"{(15 / 20 + 18 / 20) / 2:.3f} (no interval)"
    assert found["Matthews correlation"].startswith("0.657 (no interval)")


def test_a_paper_that_was_done_again_has_its_claims_beside_ours(tmp_path: Path) -> None:
    claimed = ReproducedFigure(
        model="pushpalatha-2024-vgg16",
        part="test",
        figure="accuracy",
        claimed=0.9112,
        own=Rate(name="accuracy", value=0.76, low=0.7, high=0.8, n=104),
    )
    found = Reproduction(paper="pushpalatha-2024", figures=(claimed,), images={"c_nmc": 1040})
    path = tmp_path / "found.json"
    path.write_text(json.dumps(found.to_dict()))
    page = results_page([], reproductions=[read_reproduction(path)])
    assert "Not run: `python -m training reproduce pushpalatha-2024`." not in page
    assert "Not run: `python -m training reproduce hagar-2023`." in page
    row = "| pushpalatha-2024-vgg16 | accuracy | 91.12 % | 76.0 % (70.0 to 80.0), n = 104 |"
    assert f"{row} not measured |" in page
    assert "Images: c_nmc 1,040 of 10,661" in page
    with pytest.raises(DatasetError, match="Two reproductions are of pushpalatha-2024"):
        results_page([], reproductions=[found, found])
    with pytest.raises(RecipeError, match="no paper 'other'"):
        results_page([], reproductions=[found.changed(paper="other")])


def test_a_figure_that_a_test_part_cannot_have_is_said_to_be_undefined() -> None:
    whole = evaluation(value=0.9)
    figures = tuple(each for each in whole.figures if each.name != "macro AUROC")
    page = results_page([("one", "c-nmc", card(whole.changed(figures=figures)))])
    assert "| not defined |" in next(x for x in page.splitlines() if x.startswith("| one |"))


def test_what_audits_found_is_read_from_the_cards(tiny_bundle: Path, tmp_path: Path) -> None:
    maps = check("grad-cam")
    audited = card(evaluation(value=0.9)).changed(
        domain=(
            KindCheck(kind="own test images", turned_away=figure(0.051)),
            KindCheck(
                kind="documents",
                turned_away=figure(0.95),
                auroc=figure(0.9),
                energy_auroc=figure(0.5),
            ),
        ),
        saliency=(maps,),
        evidence=(CELLS_PASSED,),
    )
    page = results_page([("one", "all-subtypes", audited)])
    assert "| one | own test images | 60 | 0.051 (0.001–0.091) |  |  |" in page
    assert "| one | documents | 60 | 0.950 (0.900–0.990) | 0.900 (0.850–0.940) |" in page
    assert "| one | grad-cam | 60 (9) | 0.288 (0.238–0.328) | 0.401 | 0.191 |" in page
    assert page.rstrip().endswith("| no |")
    assert "| one | cells | 60 (12) | 9.5 | 0.912 (0.902–0.922) | 0.949 | 0.950 |" in page
    assert "| 0.037 (0.027–0.047) | 0.030 (0.020–0.040) |" in page
    written = tmp_path / "results.md"
    assert main(["results", "--bundles", str(tiny_bundle.parent), "--out", str(written)]) == 0
    assert "## Domain" not in written.read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".*"))


def test_a_folder_without_bundles_is_named_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "results.md"
    assert main(["results", "--bundles", str(tmp_path / "nowhere"), "--out", str(page)]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert not page.exists()


def test_a_study_has_its_models_and_its_bench_best_first() -> None:
    def line(name: str, accuracy: float | None) -> dict[str, object]:
        figures = {} if accuracy is None else {"accuracy": accuracy, "weighted F1": 0.5}
        row = {"model": "net", "features": "frozen", "split": "random", "classifier": name, "n": 40}
        return row | figures | {"seconds": 0.25, "note": "too many classes"}

    whole = StudyRow(
        model="net-300px",
        part="all",
        evaluation=evaluation(value=0.9),
        architecture="net",
        input_px=300,
        seconds=61.4,
    )
    fold = whole.changed(part="fold 1", evaluation=evaluation(value=0.1))
    left_out = evaluation(value=0.3, split="leave_one_dataset_out")
    set_alone = whole.changed(part="c_nmc", evaluation=left_out)
    study = StudyResult(
        title="Sizes",
        rows=(whole, fold, set_alone),
        comparisons=(),
        bench=(line("worse", 0.6), line("absent", None), line("better", 0.8)),
        not_run={"net-600px": "no weights"},
    )
    page = results_page([], [study])
    assert "- net-600px: not run\n" in page
    assert "| net-300px | 300 | c_nmc left out | 40 (12) | 0.300 (0.500–0.990) |" in page
    assert "fold 1" not in page
    row = next(text for text in page.splitlines() if text.startswith("| net-300px |"))
    assert row.startswith("| net-300px | 300 | grouped | 40 (12) | 0.900 (0.500–0.990) |")
    assert row.endswith("| 61 |")
    assert "0.100" not in page
    names = [
        text.split(" | ")[3] for text in page.splitlines() if text.startswith("| net | frozen |")
    ]
    assert names == ["better", "worse", "absent"]
