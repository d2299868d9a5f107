"""Every planted leak is found, each time; what is clean raises no alarm, each time."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.training.audits import planted
from tests.training.audits.planted import Files, clean_files
from training.audits.chance import chance_p_value, order_p_value
from training.audits.findings import LeakageReport
from training.audits.leakage import audit_leakage
from training.data.splits import Split
from training.recipes.leaks import LEAKS

SEEDS = range(20)
PLANTED: dict[str, Callable[[Files], Files]] = {
    "duplicates-across-sides": planted.with_duplicate,
    "near-duplicates-across-sides": planted.with_near_duplicate,
    "groups-across-sides": planted.with_torn_patient,
    "label-from-size": planted.with_sizes_by_class,
    "label-from-format": planted.with_formats_by_class,
    "label-from-metadata": planted.with_programs_by_class,
    "label-from-file-order": planted.with_numbers_in_order,
    "label-from-source": planted.with_a_laboratory_a_class,
}


def refused(report: LeakageReport) -> list[str]:
    return [finding.name for finding in report.refused]


def test_every_known_leak_is_planted_here() -> None:
    assert set(PLANTED) == set(LEAKS)


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_and_nothing_else_is_found_whatever_the_seed(name: str) -> None:
    found = [refused(PLANTED[name](clean_files(seed)).audited()) for seed in SEEDS]
    assert found == [[name]] * len(SEEDS)


def test_a_clean_set_raises_no_alarm_whatever_the_seed() -> None:
    reports = [clean_files(seed, is_varied=True).audited() for seed in SEEDS]
    # Size, format and metadata: within a patient of one class no order can tell it.
    assert [report.n_probes for report in reports] == [3] * len(SEEDS)
    assert [refused(report) for report in reports] == [[]] * len(SEEDS)


def test_an_order_that_sorts_the_classes_within_patients_is_found_whatever_the_seed() -> None:
    found = [refused(planted.mixed_patients(seed, is_sorted=True).audited()) for seed in SEEDS]
    assert found == [["label-from-file-order"]] * len(SEEDS)


def test_an_order_that_says_nothing_within_patients_is_hardly_ever_found() -> None:
    reports = [planted.mixed_patients(seed, is_sorted=False).audited() for seed in SEEDS]
    assert [report.n_probes for report in reports] == [1] * len(SEEDS)
    assert sum(bool(report.refused) for report in reports) <= 1  # at a level of 1 %


def test_a_lot_within_patients_gives_even_p_values() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(12), 10)
    places = np.tile(np.arange(10) / 10, 12)
    values = [
        order_p_value((places >= 0.5).astype(int), rng.integers(0, 2, 120), groups, places=places)
        for _ in range(100)
    ]
    assert np.mean(np.array(values) < 0.1) == pytest.approx(0.1, abs=0.08)
    assert np.mean(values) == pytest.approx(0.5, abs=0.09)
    sorted_labels = (places >= 0.5).astype(int)
    assert order_p_value(sorted_labels, sorted_labels, groups, places=places) < 0.001


def test_a_finding_names_the_images_and_says_what_to_do() -> None:
    files = planted.with_duplicate(clean_files(0, is_varied=True))
    split = files.splits["grouped"][0]
    (finding,) = files.audited().refused
    assert set(finding.paths) == {
        files.records[item].name for item in (split.train[0], split.test[0])
    }
    assert finding.n == 2
    assert LEAKS[finding.name] in finding.sentence


def test_patients_on_both_sides_of_a_split_called_random_are_noted_but_not_refused() -> None:
    files = planted.with_torn_patient(clean_files(1))
    files = replace(files, splits={"random": files.splits["grouped"]})
    report = files.audited()
    assert "groups-across-sides" in [finding.name for finding in report.findings]
    assert not report.refused


def test_a_duplicate_is_refused_also_in_a_split_called_random() -> None:
    files = planted.with_duplicate(clean_files(1))
    files = replace(files, splits={"random": files.splits["grouped"]})
    assert refused(files.audited()) == ["duplicates-across-sides"]


def test_a_duplicate_in_the_second_of_two_folds_is_found() -> None:
    clean = clean_files(2)
    files = planted.with_duplicate(clean)
    torn = files.splits["grouped"][0]
    together = np.concatenate([torn.train, torn.test])
    whole = Split(train=together, validation=torn.validation, test=np.empty(0, int))
    assert not refused(replace(files, splits={"grouped": (whole,)}).audited())
    both = replace(files, splits={"grouped": (whole, torn)}).audited()
    assert refused(both) == ["duplicates-across-sides"]


def test_images_in_no_part_of_a_split_leak_nothing() -> None:
    files = planted.with_duplicate(clean_files(3))
    split = files.splits["grouped"][0]
    left_out = replace(split, train=split.train[1:])
    assert not refused(replace(files, splits={"grouped": (left_out,)}).audited())


def test_a_size_that_tells_the_label_of_three_patients_may_be_chance() -> None:
    files = planted.with_sizes_by_class(clean_files(4))
    few = range(4 * planted.OF_A_PATIENT)
    everything = np.arange(len(few))
    report = Files(
        records=tuple(files.records[item] for item in few),
        labels=files.labels[: len(few)],
        facts=tuple(files.facts[item] for item in few),
        splits={"random": (Split(train=everything, validation=everything[:0], test=[]),)},
    ).audited()
    noted = {finding.name: finding for finding in report.findings}
    assert noted["label-from-size"].strength == 1
    assert noted["label-from-size"].p_value > 0.1
    assert not report.refused


def test_a_class_with_a_laboratory_of_its_own_is_found_among_many() -> None:
    clean = clean_files(5)
    labels = np.arange(planted.PATIENTS).repeat(planted.OF_A_PATIENT) % 7
    records = tuple(
        replace(record, label=str(label), dataset="two" if label == 6 else "one")
        for record, label in zip(clean.records, labels, strict=True)
    )
    report = replace(clean, records=records, labels=labels).audited()
    (finding,) = report.refused
    assert finding.name == "label-from-source"
    assert "two/6" in finding.sentence


def test_an_allowed_leak_is_overridden_and_another_still_refused() -> None:
    files = planted.with_sizes_by_class(planted.with_duplicate(clean_files(6)))
    report = replace(files.audited(), allowed=("label-from-size",))
    assert [finding.name for finding in report.overridden] == ["label-from-size"]
    assert refused(report) == ["duplicates-across-sides"]
    text = "\n".join(report.lines())
    assert 'allow_leaks = ["duplicates-across-sides"]' in text
    assert "label-from-size (allowed by the recipe)" in text


def test_patients_of_one_name_in_two_laboratories_are_two_patients() -> None:
    """With one laboratory a class, "P1" of one was taken for "P1" of the other, and cleared it."""
    files = planted.with_a_laboratory_a_class(clean_files(7))
    names = {True: iter(range(200)), False: iter(range(200))}
    records = tuple(
        replace(record, group=f"P{next(names[record.label == 'A']) // planted.OF_A_PATIENT}")
        for record in files.records
    )
    assert {record.group for record in records if record.label == "A"} == {
        record.group for record in records if record.label == "B"
    }
    assert refused(replace(files, records=records).audited()) == ["label-from-source"]


def test_what_else_is_audited_changes_no_verdict_on_a_data_set() -> None:
    """Thirty data sets: with one level of significance over all, no p-value could be low enough."""
    leaky = planted.with_sizes_by_class(clean_files(8))
    others = [clean_files(seed, is_varied=True) for seed in range(20, 49)]
    records, labels, facts = list(leaky.records), [leaky.labels], list(leaky.facts)
    for number, files in enumerate(others):
        records += [replace(record, dataset=f"other-{number}") for record in files.records]
        labels.append(files.labels)
        facts += files.facts
    report = audit_leakage(records, np.concatenate(labels), {}, facts=facts)
    assert report.n_probes > 80
    assert refused(report) == ["label-from-size"]
    assert report.refused[0].sentence == leaky.audited().refused[0].sentence


def test_the_order_of_classes_changes_no_verdict() -> None:
    for seed in range(10):
        files = clean_files(seed, is_varied=True)
        turned = replace(files, labels=1 - files.labels)
        assert files.audited().findings == turned.audited().findings


def test_labels_that_say_nothing_have_even_p_values() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 3)
    values = [
        chance_p_value(rng.integers(0, 2, 90), rng.integers(0, 2, 30)[groups], groups)
        for _ in range(100)
    ]
    assert np.mean(np.array(values) < 0.1) == pytest.approx(0.1, abs=0.08)
    assert np.mean(values) == pytest.approx(0.5, abs=0.09)


def test_the_quick_draw_of_single_images_agrees_with_shuffling_them() -> None:
    """Drawn by lot where few kinds of groups differ, shuffled where many do: one distribution."""
    rng = np.random.default_rng(1)
    for seed, n_classes in ((0, 2), (1, 2), (2, 3), (3, 3)):
        labels = rng.integers(0, n_classes, 160)
        right = rng.random(160) < 0.1 + 0.03 * seed
        answers = np.where(right, labels, rng.integers(0, n_classes, 160))
        shuffled = [rng.permutation(labels) for _ in range(4000)]
        strength = [balanced(answers, each) for each in shuffled]
        expected = np.mean(np.array(strength) >= balanced(answers, labels) - 1e-12)
        found = chance_p_value(answers, labels, np.arange(160))
        assert found == pytest.approx(expected, abs=4 * np.sqrt(expected / 4000) + 1e-3)


def balanced(answers: np.ndarray, labels: np.ndarray) -> float:
    return float(
        np.mean([(answers[labels == label] == label).mean() for label in np.unique(labels)])
    )


def test_three_thousand_images_are_tested_within_seconds() -> None:
    """Shuffled one by one they took 19 s; the bound is loose, for a machine that is busy."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, 3000)
    answers = np.where(rng.random(3000) < 0.5, labels, rng.integers(0, 8, 3000))
    started = time.process_time()
    assert chance_p_value(answers, labels, np.arange(3000)) == 1e-4
    assert time.process_time() - started < 4


def test_answers_that_only_know_patients_are_not_beyond_chance() -> None:
    # Four patients of 50 images: 200 images would be significant, four patients are not.
    groups = np.repeat(np.arange(4), 50)
    labels = groups % 2
    assert chance_p_value(labels, labels, groups) > 0.1
    assert chance_p_value(labels, labels, np.arange(200)) < 0.001
