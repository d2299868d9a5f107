from pathlib import Path

import pytest

from tests.training.data import releases
from training.data.adapt import adapt
from training.data.index import read_index
from training.data.merge import merge_indexes
from training.errors import DatasetError


@pytest.fixture
def indexes(tmp_path) -> list[Path]:
    folders = releases.orlov(tmp_path / "orlov"), releases.c_nmc(tmp_path / "cells")
    return [adapt(folder, folder / "index.csv").index for folder in folders]


def test_one_index_holds_the_images_and_groups_of_both(indexes, tmp_path):
    assert merge_indexes(indexes, tmp_path / "index.csv") == 8
    merged = read_index(tmp_path / "index.csv").records
    alone = [record for index in indexes for record in read_index(index).records]
    assert [record.path for record in merged] == [record.path for record in alone]
    assert [record.group for record in merged] == [record.group for record in alone]
    assert [record.sha256 for record in merged] == [record.sha256 for record in alone]


def test_masks_come_along(tmp_path):
    folder = releases.class_folders(tmp_path / "cells")
    (folder / "index.csv").write_text(
        "path,dataset,label,mask\nblast/1.png,set,blast,normal/1.png\n"
    )
    merge_indexes([folder / "index.csv"], tmp_path / "index.csv")
    (record,) = read_index(tmp_path / "index.csv").records
    assert record.mask == tmp_path / "cells/normal/1.png"


def test_an_image_in_two_indexes_is_refused(indexes, tmp_path):
    with pytest.raises(DatasetError, match=r"orlov/CLL/.* is listed twice"):
        merge_indexes([indexes[0], indexes[0]], tmp_path / "index.csv")
    assert not (tmp_path / "index.csv").exists()


def test_images_away_from_the_new_index_are_refused(indexes, tmp_path):
    with pytest.raises(DatasetError, match="a folder that holds all the releases"):
        merge_indexes(indexes, tmp_path / "orlov" / "both.csv")
