import csv

import pytest

from models.errors import DatasetError
from tests.training.datasets import releases
from tests.training.datasets.releases import RELEASES, draw
from training.datasets.adapt import COLUMNS, adapt
from training.datasets.index import read_index


@pytest.mark.parametrize("name", list(RELEASES))
def test_the_index_of_a_release_can_be_read_and_holds_every_image(name, tmp_path):
    folder = RELEASES[name](tmp_path / "download")
    adapted = adapt(folder, folder / "index.csv")
    records = read_index(adapted.index).records
    assert adapted.kind == name
    assert len(records) == adapted.report.n_images == len(list(folder.rglob("*.*"))) - 1
    assert not adapted.report.has_unusable_files


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
    (bad,) = adapted.report.unreadable
    assert bad.name == "blast/3.png"
    assert "blast/3.png" not in adapted.index.read_text()


def test_numbers_that_are_not_the_papers_are_a_warning(tmp_path):
    folder = releases.orlov(tmp_path)
    warnings = adapt(folder, folder / "index.csv").report.warnings
    assert any("hagar-2023" in text and "CLL 2 of 113" in text for text in warnings)


def test_an_index_away_from_its_images_is_refused_with_where_to_put_it(tmp_path):
    folder = releases.class_folders(tmp_path / "images")
    with pytest.raises(DatasetError, match=r"--out .*images/index\.csv"):
        adapt(folder, tmp_path / "elsewhere" / "index.csv")


def test_a_link_that_leaves_the_folder_is_refused(tmp_path):
    folder = releases.class_folders(tmp_path / "images")
    (folder / "blast" / "9.png").symlink_to(draw(tmp_path / "elsewhere.png", seed=9))
    with pytest.raises(DatasetError, match=r"a link that leaves it \(9\.png\)"):
        adapt(folder, folder / "index.csv")


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


def test_a_full_disk_leaves_the_old_index(tmp_path, monkeypatch):
    folder = releases.class_folders(tmp_path)
    index = adapt(folder, folder / "index.csv").index
    before = index.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(DatasetError, match="No space left"):
        adapt(folder, folder / "index.csv")
    assert index.read_bytes() == before
    assert not list(folder.glob(".*"))
