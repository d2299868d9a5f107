"""Releases as they were downloaded become one index, and recipes' checks pass, without a hand.

The layouts are those of the releases: real file names, rebuilt from an index of real images where
there is one.
"""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.training.data import releases
from tests.training.data.releases import draw
from training.audits.data_report import report_on
from training.data.downloads import INDEX, index_of
from training.data.index import ImageRecord
from training.data.inspection import inspect
from training.errors import DatasetError
from training.recipes.recipe import read_recipe
from training.studies.plan import read_study


def test_an_index_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = releases.orlov(tmp_path)
    index_of(folder)
    before = (folder / INDEX).read_bytes()
    lines = before.decode().splitlines()
    (folder / INDEX).write_text("\n".join(lines[:-1]) + "\n")
    assert len(index_of(folder).records) == len(lines) - 2
    assert len(index_of(folder / INDEX).records) == len(lines) - 2


def test_a_release_that_came_later_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    releases.taleghani(tmp_path / "archive")
    releases.orlov(tmp_path / "lymphoma")
    index_of(tmp_path)
    assert "names no image" not in caplog.text
    releases.c_nmc(tmp_path / "leukemia")
    (tmp_path / "notes").mkdir()
    records = index_of(tmp_path).records
    assert {each.dataset for each in records} == {"taleghani_all", "orlov_lymphoma"}
    assert "index.csv names no image of leukemia" in caplog.text
    assert "notes" not in caplog.text


def test_a_link_to_a_release_is_told_and_nothing_is_written_behind_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = releases.c_nmc(tmp_path / "elsewhere")
    home = tmp_path / "downloads"
    releases.taleghani(home / "archive")
    releases.orlov(home / "lymphoma")
    (home / "leukemia").symlink_to(elsewhere)
    records = index_of(home).records
    assert {each.dataset for each in records} == {"taleghani_all", "orlov_lymphoma"}
    assert "leukemia: it is a link" in caplog.text
    assert not (elsewhere / INDEX).exists()


def test_one_release_is_indexed_where_it_lies(tmp_path: Path) -> None:
    folder = releases.c_nmc(tmp_path)
    records = index_of(folder).records
    assert {each.dataset for each in records} == {"c_nmc"}
    assert len(records) == 4


def test_releases_side_by_side_become_one_index(tmp_path: Path) -> None:
    releases.taleghani(tmp_path / "archive")
    releases.taleghani(tmp_path / "archive", "Segmented")
    releases.orlov(tmp_path / "lymphoma")
    releases.ash(tmp_path)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "notes.txt").write_text("nothing")
    records = index_of(tmp_path).records
    assert {each.dataset for each in records} == {"taleghani_all", "orlov_lymphoma", "ash"}
    assert {each.label for each in records if each.dataset == "ash"} == {"AML"}
    assert not [each for each in records if "Segmented" in each.name]


def test_a_whole_taleghani_release_is_one(tmp_path: Path) -> None:
    releases.taleghani(tmp_path)
    releases.taleghani(tmp_path, "Segmented")
    assert {each.dataset for each in index_of(tmp_path).records} == {"taleghani_all"}
    assert not (tmp_path / "Original" / INDEX).exists()


def test_what_is_no_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such index or folder"):
        index_of(tmp_path / "nowhere")
    draw(tmp_path / "holiday.jpg", seed=1)
    with pytest.raises(DatasetError, match="no known release"):
        index_of(tmp_path)


def taleghani(row: dict[str, str]) -> str:
    return f"archive/Original/{row['label']}/{Path(row['path']).name}"


def orlov(row: dict[str, str]) -> str:
    return f"lymphoma/{row['label']}/{Path(row['path']).stem}.tif"


def c_nmc(row: dict[str, str]) -> str:
    name = f"{Path(row['path']).stem}.bmp"
    return f"C-NMC_Leukemia/C-NMC_training_data/fold_1/{row['label']}/{name}"


def all_idb2(row: dict[str, str]) -> str:
    return f"ALL_IDB2/img/{Path(row['path']).stem}.tif"


def jhu_aml(row: dict[str, str]) -> str:
    patient, _, cell = Path(row["path"]).name.rpartition("_BL_")
    if not patient:
        patient, kind, number = Path(row["path"]).name.rsplit("_", 2)
        return f"jhu/Data/All/{patient}/Signed slides/Promyelocyte/{kind}_{number}"
    return f"jhu/Data/All/{patient}/Signed slides/Blast, no lineage spec/BL_{cell}"


LAYOUTS: dict[str, Callable[[dict[str, str]], str]] = {
    "taleghani_all": taleghani,
    "orlov_lymphoma": orlov,
    "c_nmc": c_nmc,
    "all_idb2": all_idb2,
    "jhu_aml": jhu_aml,
}
MOST_OF_A_LABEL = 80


def rebuild(data_dir: Path, out: Path, *datasets: str) -> dict[tuple[str, str], int]:
    """The releases of some data sets as they are downloaded, of real images, evenly taken.

    Returns:
        Number of images of each data set and label.
    """
    with (data_dir / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] in datasets]
    # Erythroblasts stand among these AML and APL cells; the adapter leaves them out.
    rows = [row for row in rows if "_ERB_" not in row["path"]]
    of_label: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        of_label[row["dataset"], row["label"]].append(row)
    patients: dict[str, str] = {}
    for (dataset, label), each in of_label.items():
        for row in each[:: -(-len(each) // MOST_OF_A_LABEL)]:
            place = out / LAYOUTS[dataset](row)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(data_dir / row["path"], place)
            if dataset == "jhu_aml":
                patients[row["group"]] = label
    if patients:
        lines = [f"{patient},{label},Discovery" for patient, label in sorted(patients.items())]
        table = "\n".join(["Patient_ID,Diagnosis,Cohort", *lines]) + "\n"
        (out / "jhu" / "Data" / "master.csv").write_text(table)
    return {key: len(each[:: -(-len(each) // MOST_OF_A_LABEL)]) for key, each in of_label.items()}


@pytest.mark.slow
def test_the_study_that_leaves_data_sets_out_passes_its_gate_on_real_images(data_dir: Path) -> None:
    member = read_study("murtoza-2023-leave-one-dataset-out").members[0]
    index = index_of(data_dir)
    wanted = {pair for pairs in member.task.classes.values() for pair in pairs}
    of_label: dict[str, list[ImageRecord]] = defaultdict(list)
    for each in index.records:
        if f"{each.dataset}/{each.label}" in wanted:
            of_label[f"{each.dataset}/{each.label}"].append(each)
    some = [r for each in of_label.values() for r in each[:: -(-len(each) // MOST_OF_A_LABEL)]]
    report = report_on(some, inspect(some), recipe=member)
    assert len({each.dataset for each in some}) == 7
    assert report.recipe_audit is not None
    assert not report.recipe_audit.is_refused, report.recipe_audit.leaks.lines()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "datasets"),
    [
        ("hagar-2023-vgg16", ("taleghani_all", "orlov_lymphoma", "jhu_aml")),
        ("murtoza-2023-vgg16", ("taleghani_all",)),
        ("najjar-2025-vgg16", ("taleghani_all",)),
        ("pushpalatha-2024-vgg16", ("c_nmc",)),
        ("narendra-2024-custom-resnet50", ("c_nmc",)),
        ("blast-or-normal-efficientnet-lite0", ("c_nmc", "all_idb2")),
        ("aml-or-apl-efficientnet-lite0", ("jhu_aml",)),
    ],
)
def test_real_names_go_through_adapter_checks_and_gate(
    recipe: str, datasets: tuple[str, ...], data_dir: Path, tmp_path: Path
) -> None:
    expected = rebuild(data_dir, tmp_path, *datasets)
    records = index_of(tmp_path).records
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for each in records:
        counts[each.dataset, each.label] += 1
    assert counts == expected
    report = report_on(records, inspect(records), recipe=read_recipe(recipe))
    assert not report.has_unusable_files
    assert report.recipe_audit is not None
    assert not report.recipe_audit.is_refused, report.recipe_audit.leaks.lines()
