import csv
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.models.test_files import files_at_most
from tests.training.data import releases
from tests.training.data.releases import RELEASES, draw
from training.audits.data_report import report_on
from training.data.adapt import COLUMNS, adapt
from training.data.index import read_index
from training.errors import DatasetError

CASES = Path(__file__).resolve().parents[2] / "cases" / "data"


@pytest.mark.parametrize("name", list(RELEASES))
def test_the_index_of_a_release_can_be_read_and_holds_every_image(name, tmp_path):
    folder = RELEASES[name](tmp_path / "download")
    n_images = len([path for path in folder.rglob("*.*") if path.suffix != ".csv"])
    adapted = adapt(folder, folder / "index.csv")
    records = read_index(adapted.index).records
    assert adapted.kind == name
    report = report_on(adapted.records, adapted.facts)
    assert len(records) == report.n_images == n_images
    assert not report.has_unusable_files


def test_the_index_has_the_columns_of_every_index_and_true_facts(tmp_path):
    folder = releases.orlov(tmp_path)
    draw(folder / "CLL" / "sj-05-588-R3_001.tif", seed=50, size=(64, 48))
    adapt(folder, folder / "index.csv", kind="orlov")
    with (folder / "index.csv").open(newline="") as file:
        table = csv.DictReader(file)
        row = next(row for row in table if row["path"].endswith("R3_001.tif"))
    assert tuple(table.fieldnames) == COLUMNS
    assert (row["dataset"], row["group"], row["group_kind"]) == (
        "orlov_lymphoma",
        "sj-05-588",
        "case",
    )
    assert (row["width"], row["height"]) == ("64", "48")
    assert len(row["sha256"]) == 64


def test_plain_class_folders_are_named_for_their_folder(tmp_path):
    folder = releases.class_folders(tmp_path / "My Clinic 2024")
    records = read_index(adapt(folder, folder / "index.csv").index).records
    assert {record.dataset for record in records} == {"my_clinic_2024"}
    assert {record.label for record in records} == {"blast", "normal"}


def test_unreadable_files_are_reported_and_left_out(tmp_path):
    folder = releases.class_folders(tmp_path)
    (folder / "blast" / "3.png").write_bytes(b"no image")
    adapted = adapt(folder, folder / "index.csv")
    (bad,) = report_on(adapted.records, adapted.facts).unreadable
    assert bad.name == "blast/3.png"
    assert "blast/3.png" not in adapted.index.read_text()


def test_numbers_that_are_not_the_papers_are_a_warning(tmp_path):
    folder = releases.orlov(tmp_path)
    adapted = adapt(folder, folder / "index.csv")
    warnings = report_on(adapted.records, adapted.facts).warnings
    assert any("hagar-2023" in text and "CLL 2 of 113" in text for text in warnings)


def test_an_index_away_from_its_images_is_refused_with_where_to_put_it(tmp_path):
    folder = releases.class_folders(tmp_path / "images")
    with pytest.raises(DatasetError, match=r"--out .*images/index\.csv"):
        adapt(folder, tmp_path / "elsewhere" / "index.csv")


def test_a_link_that_leaves_the_folder_is_listed_as_left_out(tmp_path):
    folder = releases.class_folders(tmp_path / "images")
    (folder / "blast" / "9.png").symlink_to(draw(tmp_path / "elsewhere.png", seed=9))
    adapted = adapt(folder, folder / "index.csv")
    assert adapted.skipped == (("blast/9.png", "a link out of the folder"),)


def test_a_folder_of_nothing_but_links_elsewhere_says_so(tmp_path):
    elsewhere = releases.class_folders(tmp_path / "disk")
    folder = tmp_path / "images"
    folder.mkdir()
    for label in ("blast", "normal"):
        (folder / label).symlink_to(elsewhere / label)
    with pytest.raises(
        DatasetError, match="Not read were: blast, a link out of the folder; normal"
    ):
        adapt(folder, folder / "index.csv")
    with pytest.raises(DatasetError, match="Not read were: blast, a link out of the folder"):
        adapt(folder, folder / "index.csv", kind="class-folders")


def adapted_case(name, tmp_path):
    """A folder of `tests/cases/data`, adapted, with the records of its index by name."""
    folder = shutil.copytree(CASES / name, tmp_path / name)
    adapted = adapt(folder, folder / "index.csv")
    return adapted, {record.name: record for record in read_index(adapted.index).records}


def test_kaggle_split_has_its_classes_for_labels_and_its_split_for_a_note(tmp_path):
    adapted, records = adapted_case("kaggle_split", tmp_path)
    assert {record.label for record in records.values()} == {"all", "hem"}
    assert len(records) == 16
    assert not adapted.skipped
    with adapted.index.open(newline="") as file:
        notes = {row["path"]: row["note"] for row in csv.DictReader(file)}
    assert notes["val/hem/3.jpg"] == "val"
    assert any("test, train, val: parts of a split, not classes" in note for note in adapted.notes)


def test_endings_that_are_rare_or_missing_are_indexed_by_content(tmp_path):
    adapted, records = adapted_case("endings", tmp_path)
    assert len(records) == 15
    assert {"Pro/0.jfif", "Pre/1.jpe", "Benign/2"} <= set(records)
    assert not adapted.skipped


def test_linked_folders_are_followed_once_and_the_rest_is_listed(tmp_path):
    adapted, records = adapted_case("linked", tmp_path / "as-copied")
    assert len(records) == 6
    assert dict(adapted.skipped) == {
        ".store": "a hidden folder with 6 files in it",
        "Pro/batch2": "it is no picture",
    }
    folder = tmp_path / "as-copied" / "linked"
    (folder / "Pro" / "batch2").unlink()
    (folder / "Pro" / "batch2").symlink_to("../.store")
    (folder / "Benign" / "more").symlink_to("../.store")
    adapted = adapt(folder, folder / "index.csv")
    files = [record.path for record in read_index(adapted.index).records]
    assert len(files) == len(set(files)) == 12
    assert dict(adapted.skipped)["Pro/batch2"].startswith("a folder whose files are read")


def test_class_folders_that_are_links_are_followed(tmp_path):
    folder = releases.class_folders(tmp_path / "images")
    (folder / "blast").rename(folder / ".kept")
    (folder / "blast").symlink_to(".kept")
    adapted = adapt(folder, folder / "index.csv")
    labels = [record.label for record in read_index(adapted.index).records]
    assert labels == ["blast", "blast", "normal", "normal"]


def test_patients_in_folders_become_groups_and_it_is_said(tmp_path):
    adapted, records = adapted_case("patients_in_folders", tmp_path)
    assert {record.label for record in records.values()} == {"Benign", "Pro"}
    assert records["Pro/patient_1/4.jpg"].group == "patient_1"
    assert all(record.group for record in records.values())
    (note,) = adapted.notes
    assert "taken for patients: 2 groups with 12 images (patient_0, patient_1)" in note


@pytest.mark.parametrize(
    ("names", "labels", "groups"),
    [
        # a folder around the split, and a test part without labels
        (
            ["a/train/x/1.png", "a/train/y/2.png", "a/test/x/3.png", "a/test/4.png"],
            {"x": 2, "y": 1},
            [],
        ),
        # the split within the classes, and patients within the split
        (["x/train/p1/1.png", "x/test/p2/2.png", "y/train/p3/3.png"], {"x": 2, "y": 1}, ["p1"]),
        (["x/Training/1.png", "x/test_set/2.png", "y/Training/3.png"], {"x": 2, "y": 1}, []),
        # one folder in every class tells no patients apart; of what lies in it, one does
        (["x/images/1.png", "y/images/2.png"], {"x": 1, "y": 1}, []),
        (["x/SOB/p1/1.png", "x/SOB/p2/2.png", "y/SOB/p3/3.png"], {"x": 2, "y": 1}, ["p1"]),
        # one patient of a class whose other has more is a patient
        (["x/p1/1.png", "x/p2/2.png", "y/p3/3.png"], {"x": 2, "y": 1}, ["p3"]),
        # what lies beside a split is no class
        (["train/x/1.png", "train/y/2.png", "docs/3.png"], {"x": 1, "y": 1}, []),
    ],
)
def test_classes_are_told_from_splits_patients_and_what_lies_beside(
    tmp_path, names, labels, groups
):
    folder = releases.draw_all(tmp_path, names)
    adapted = adapt(folder, folder / "index.csv")
    records = read_index(adapted.index).records
    assert dict(Counter(record.label for record in records)) == labels
    assert set(groups) <= {record.group for record in records}
    assert bool(groups) == any(record.group for record in records)
    assert len(records) + len(adapted.skipped) == len(names)


def test_masks_are_no_class_and_are_listed(tmp_path):
    folder = releases.class_folders(tmp_path)
    draw(folder / "masks" / "1.png", seed=8)
    adapted = adapt(folder, folder / "index.csv")
    assert adapted.skipped == (("masks/1.png", "it lies in a folder of masks"),)


@pytest.mark.parametrize("name", ["orlov", "pbc-barcelona", "taleghani", "aml-cytomorphology"])
def test_a_second_centre_of_a_release_is_listed(name, tmp_path):
    folder = tmp_path / "release"
    RELEASES[name](folder / "centre_1")
    RELEASES[name](folder / "centre_2")
    n_files = sum(path.is_file() for path in folder.rglob("*"))
    adapted = adapt(folder, folder / "index.csv", kind=name)
    assert len(read_index(adapted.index).records) == len(adapted.skipped) == n_files // 2
    assert {path.partition("/")[0] for path, _ in adapted.skipped} == {"centre_2"}
    assert all("index its folder by itself" in reason for _, reason in adapted.skipped)


@pytest.mark.parametrize("name", ["orlov", "pbc-barcelona", "taleghani", "aml-cytomorphology"])
def test_a_known_release_that_somebody_split_is_read_whole(name, tmp_path):
    for part in ("train", "test"):
        RELEASES[name](tmp_path / part)
    n_files = sum(path.is_file() for path in tmp_path.rglob("*"))
    for nested in tmp_path.glob("*/*"):
        # the folders of the labels straight below those of the split
        for home in nested.glob("*"):
            if home.is_dir():
                home.rename(nested.parent / home.name)
    adapted = adapt(tmp_path, tmp_path / "index.csv", kind=name)
    assert len(read_index(adapted.index).records) == n_files
    assert not adapted.skipped


@pytest.mark.parametrize("name", list(RELEASES))
def test_every_file_of_a_release_is_indexed_or_listed(name, tmp_path):
    folder = RELEASES[name](tmp_path)
    strays = {"readme.txt", "more/extra.png", "more/scan", ".cache/1.png", "broken.png"}
    draw(folder / "more" / "extra.png", seed=77)
    draw(folder / "scan.png", seed=78).rename(folder / "more" / "scan")
    draw(folder / ".cache" / "1.png", seed=79)
    (folder / "readme.txt").write_text("Cells.")
    (folder / "broken.png").symlink_to("nowhere")
    adapted = adapt(folder, folder / "index.csv")
    indexed = {record.name for record in read_index(adapted.index).records}
    listed = {path for path, _ in adapted.skipped}
    assert not indexed & listed
    assert strays - indexed - listed == {".cache/1.png"}
    assert ".cache" in listed


def test_a_name_that_no_encoding_reads_is_listed(tmp_path):
    folder = releases.class_folders(tmp_path)
    shutil.copy(folder / "blast" / "1.png", os.fsencode(folder / "blast") + b"/\xff.png")
    home = os.fsencode(folder / "blast") + b"/\xe9"
    os.mkdir(home)
    shutil.copy(folder / "blast" / "1.png", home + b"/2.png")
    adapted = adapt(folder, folder / "index.csv")
    assert len(read_index(adapted.index).records) == 4
    why = "its name or its folder's is in no encoding that is read; rename it"
    assert adapted.skipped == (("blast/\ufffd/2.png", why), ("blast/\ufffd.png", why))


@pytest.mark.parametrize("name", [" 3.png", "a\\b.png", "a,b;c.png", "a\u2028b.png", 'a"\n.png'])
def test_odd_names_are_indexed_and_read_again(name, tmp_path):
    folder = releases.class_folders(tmp_path)
    draw(folder / "blast" / name, seed=9)
    adapted = adapt(folder, folder / "index.csv")
    files = {record.path for record in read_index(adapted.index).records}
    assert folder.resolve() / "blast" / name in files


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no such folder"):
        adapt(tmp_path / "nowhere", tmp_path / "index.csv", kind="orlov")


def test_no_index_is_left_where_one_class_is_unreadable(tmp_path):
    folder = releases.class_folders(tmp_path)
    for number in (1, 2):
        (folder / "normal" / f"{number}.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match="at least two classes"):
        adapt(folder, folder / "index.csv")
    assert not (folder / "index.csv").exists()


def test_a_full_disk_leaves_the_old_index(tmp_path):
    folder = releases.class_folders(tmp_path)
    index = adapt(folder, folder / "index.csv").index
    before = index.read_bytes()
    with files_at_most(20), pytest.raises(DatasetError, match="Make room"):
        adapt(folder, folder / "index.csv")
    assert index.read_bytes() == before
    assert not list(folder.glob(".*"))
