import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from training.data.index import ImageRecord, read_index
from training.data.splits import (
    Split,
    check_split,
    known_groups,
    split_by_dataset,
    split_folds,
    split_once,
)
from training.errors import DatasetError, LeakageError


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(0, 60))
@example(94, 3, 3)  # the test part once took all but one group of a class
def test_no_group_ever_stands_on_two_sides(seed, n_classes, n_groups):
    rng = np.random.default_rng(seed)
    group_labels = np.concatenate(
        [np.repeat(np.arange(n_classes), 3), rng.integers(0, n_classes, n_groups)]
    )
    groups = np.repeat(np.arange(len(group_labels)), rng.integers(1, 9, len(group_labels)))
    labels = group_labels[groups]
    split = split_once(labels, groups, test=0.25, validation=0.2, seed=seed)
    parts = [set(groups[part]) for part in (split.train, split.validation, split.test)]
    assert not parts[0] & parts[1]
    assert not (parts[0] | parts[1]) & parts[2]
    together = np.concatenate([split.train, split.validation, split.test])
    assert sorted(together.tolist()) == list(range(len(labels)))
    for part in (split.train, split.validation, split.test):
        assert set(labels[part]) == set(range(n_classes))


def test_the_papers_proportion_is_met_where_images_stand_alone():
    labels = np.repeat([0, 1, 2], [500, 120, 49])
    split = split_once(labels, np.arange(669), test=0.2571, validation=0.1, seed=1)
    assert len(split.test) == pytest.approx(0.2571 * 669, abs=2)
    assert np.bincount(labels[split.test]).tolist() == pytest.approx([129, 31, 13], abs=1)


def test_the_same_seed_gives_the_same_split():
    labels = np.repeat([0, 1], 50)
    first, second = (
        split_once(labels, np.arange(100), test=0.2, validation=0.2, seed=3) for _ in range(2)
    )
    assert np.array_equal(first.test, second.test)


def test_folds_test_every_image_once_and_keep_groups_whole():
    groups = np.repeat(np.arange(30), 7)
    labels = (groups % 3).astype(int)
    splits = split_folds(labels, groups, folds=5, validation=0.2, seed=0)
    tested = np.concatenate([split.test for split in splits])
    assert sorted(tested.tolist()) == list(range(210))
    for split in splits:
        assert not set(groups[split.train]) & set(groups[split.test])


def test_more_folds_than_groups_of_a_class_is_refused():
    groups = np.array([0, 0, 1, 2, 3, 4])
    labels = np.array([0, 0, 1, 1, 1, 1])
    with pytest.raises(DatasetError, match="received 1 of class 0"):
        split_folds(labels, groups, folds=2, validation=0.5, seed=0)


def test_a_planted_leak_is_refused():
    split = Split(train=np.array([0, 1]), validation=np.array([2]), test=np.array([3]))
    with pytest.raises(LeakageError, match="train and test"):
        check_split(split, np.array([0, 0, 0, 0]), np.array([7, 1, 2, 7]))


def test_without_known_patients_blocks_of_numbers_stay_together():
    def record(name: str, group: str = "") -> ImageRecord:
        return ImageRecord(path=Path(name), name=name, dataset="d", label="x", group=group)

    names = known_groups(
        [record("c-019.jpg"), record("c-018.jpg"), record("c-020.jpg"), record("1.png", "P7")]
    )
    assert names[0] == names[1] != names[2]
    assert names[3] == "d/P7"


def test_one_person_in_two_data_sets_of_the_same_people_is_one_group():
    def record(dataset: str, group: str, label: str = "x") -> ImageRecord:
        name = f"{dataset}/{label}/1.jpg"
        return ImageRecord(path=Path(name), name=name, dataset=dataset, label=label, group=group)

    cells, same, other, stranger = known_groups(
        [
            record("jhu_cells", "Patient_01", "monocyte"),
            record("jhu_aml", "Patient_01", "AML"),
            record("jhu_cells", "Patient_02"),
            record("c_nmc", "Patient_01"),
        ]
    )
    assert cells == same
    assert len({cells, other, stranger}) == 3
    nobody = record("jhu_cells", "")
    assert nobody.person == ""


@pytest.mark.skipif(not os.environ.get("BLOODUI_DATA"), reason="BLOODUI_DATA names no images")
def test_no_patient_of_johns_hopkins_stands_on_two_sides_of_a_split_of_both_sets():
    index = read_index(Path(os.environ["BLOODUI_DATA"]) / "index.csv")
    records = [each for each in index.records if each.dataset in ("jhu_aml", "jhu_cells")]
    labels = np.array([each.dataset == "jhu_cells" for each in records], dtype=int)
    groups = np.unique(known_groups(records), return_inverse=True)[1]
    split = split_once(labels, groups, test=0.25, validation=0.2, seed=1)
    people = np.array([each.group for each in records])
    assert not {*people[split.test]} & {*people[split.train], *people[split.validation]}


def test_each_data_set_is_the_test_part_once():
    labels = np.tile([0, 1], 60)
    datasets = np.repeat(["b", "a", "c"], 40)
    splits = split_by_dataset(labels, np.arange(120), datasets, validation=0.2, seed=0)
    assert [set(datasets[split.test]) for split in splits] == [{"a"}, {"b"}, {"c"}]
    for split in splits:
        assert len(split.test) == 40
        assert len(split.train) + len(split.validation) == 80
        assert not set(datasets[split.train]) & set(datasets[split.test])
        assert set(labels[split.validation]) == {0, 1}


def test_a_picture_published_in_two_sets_is_not_learned_before_it_is_tested():
    labels = np.tile([0, 1], 20)
    datasets = np.repeat(["a", "b"], 20)
    groups = np.arange(40)
    groups[25] = groups[3]
    first, second = split_by_dataset(labels, groups, datasets, validation=0.2, seed=0)
    assert 3 in first.test
    assert 25 not in {*first.train.tolist(), *first.validation.tolist()}
    assert 25 in second.test
    assert 3 not in {*second.train.tolist(), *second.validation.tolist()}


def test_one_data_set_cannot_be_left_out():
    with pytest.raises(DatasetError, match="two data sets"):
        split_by_dataset(
            np.tile([0, 1], 9), np.arange(18), np.repeat("a", 18), validation=0.2, seed=0
        )


def test_a_class_of_one_data_set_alone_cannot_be_left_out():
    labels = np.array([0, 1] * 10 + [0] * 10)
    datasets = np.repeat(["a", "b"], [20, 10])
    with pytest.raises(DatasetError, match="a alone has class 1"):
        split_by_dataset(labels, np.arange(30), datasets, validation=0.2, seed=0)


def test_only_the_data_sets_that_are_named_are_left_out():
    labels, datasets = np.tile([0, 1], 60), np.repeat(["a", "b", "c"], 40)
    splits = split_by_dataset(
        labels, np.arange(120), datasets, validation=0.2, seed=0, only=("c", "b")
    )
    assert [set(datasets[split.test]) for split in splits] == [{"b"}, {"c"}]
    assert {*datasets[splits[0].train]} == {"a", "c"}
    with pytest.raises(DatasetError, match="some of a, b, c; received 'd'"):
        split_by_dataset(labels, np.arange(120), datasets, validation=0.2, seed=0, only=("a", "d"))
