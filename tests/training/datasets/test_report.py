import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.datasets import releases
from tests.training.datasets.releases import draw
from training.datasets.index import ImageRecord
from training.datasets.inspection import ImageFacts, Unreadable, inspect
from training.datasets.metadata_leaks import find_leaks
from training.datasets.report import DataReport, report_on


def record(path: Path, label: str, **fields: str) -> ImageRecord:
    return ImageRecord(path=path, name=path.name, dataset="set", label=label, **fields)


def report(records: list[ImageRecord]) -> DataReport:
    return report_on(records, inspect(records))


def test_images_and_groups_are_counted(tmp_path):
    records = [
        record(draw(tmp_path / f"{n}.png", seed=n), "ab"[n % 2], group="P1" if n < 3 else "")
        for n in range(5)
    ]
    found = report(records)
    assert found.n_images == 5
    assert dict(found.counts["set"]) == {"a": 3, "b": 2}
    assert (found.n_groups["set"], found.n_ungrouped["set"]) == (1, 2)
    assert not found.near_duplicates
    assert not found.has_unusable_files


def test_exact_and_near_duplicates_and_their_two_labels_are_told(tmp_path):
    first = draw(tmp_path / "1.png", seed=1)
    copy = Path(shutil.copy(first, tmp_path / "2.png"))
    brighter = tmp_path / "3.png"
    with Image.open(first) as image:
        image.point(lambda level: min(255, level + 4)).save(brighter)
    other = draw(tmp_path / "4.png", seed=2)
    found = report(
        [record(first, "a"), record(copy, "b"), record(brighter, "a"), record(other, "b")]
    )
    assert found.exact_duplicates == (("1.png", "2.png"),)
    assert {(pair.first, pair.second) for pair in found.near_duplicates} == {
        ("1.png", "3.png"),
        ("2.png", "3.png"),
    }
    assert set(found.conflicts) == {("1.png", "2.png"), ("2.png", "3.png")}


def test_unreadable_and_altered_files_are_told(tmp_path):
    good = record(draw(tmp_path / "1.png", seed=1), "a")
    altered = record(draw(tmp_path / "2.png", seed=2), "b", sha256="0" * 64)
    (tmp_path / "3.png").write_bytes(b"no image")
    gone = record(tmp_path / "4.png", "a")
    found = report([good, altered, record(tmp_path / "3.png", "a"), gone])
    assert [entry.name for entry in found.unreadable] == ["3.png", "4.png"]
    assert found.altered == ("2.png",)
    assert found.has_unusable_files


def test_a_release_s_warnings_come_with_an_index_of_it(tmp_path):
    records = [
        replace(record(draw(tmp_path / f"{n}.png", seed=n), label), dataset="all_idb1")
        for n, label in enumerate(("blast", "healthy"))
    ]
    assert any("size of the image" in text for text in report(records).warnings)


def facts(n: int, *, width: int = 40, file_format: str = "PNG") -> ImageFacts:
    return ImageFacts(
        sha256=str(n), width=width, height=40, format=file_format, hash_bits=np.zeros(256, bool)
    )


def leaking(source: str) -> tuple[list[ImageRecord], list[ImageFacts]]:
    """Forty images of two labels, told apart by one thing."""
    records, known = [], []
    for n in range(40):
        is_blast = n % 2 == 0
        number = n + (100 if source == "file number" and is_blast else 0)
        # Numbers that restart in each class, as in most releases, unless they are the leak.
        number = number if source == "file number" else n // 2
        records.append(record(Path(f"cell-{number:03d}.png"), "blast" if is_blast else "normal"))
        known.append(
            facts(
                n,
                width=60 if source == "size" and is_blast else 40,
                file_format="BMP" if source == "file format" and is_blast else "PNG",
            )
        )
    return records, known


@pytest.mark.parametrize("source", ["size", "file format", "file number"])
def test_what_tells_the_label_but_for_the_picture_is_found(source):
    (leak,) = find_leaks(*leaking(source))
    assert leak.source == source
    assert leak.balanced_accuracy > 0.9
    assert (leak.chance, leak.n) == (0.5, 40)
    assert source in str(leak)


def test_a_set_that_leaks_nothing_is_left_in_peace():
    assert find_leaks(*leaking("")) == ()


def test_a_handful_of_images_tells_nothing():
    records, known = leaking("size")
    assert find_leaks(records[:12], known[:12]) == ()


def test_files_are_told_by_their_bytes_not_by_their_names(tmp_path):
    draw(tmp_path / "1.bmp", seed=1).rename(tmp_path / "1.jpg")
    (fact,) = inspect([record(tmp_path / "1.jpg", "a")])
    assert not isinstance(fact, Unreadable)
    assert fact.format == "BMP"


def test_the_whole_of_a_drawn_release_is_reported(tmp_path):
    folder = releases.class_folders(tmp_path)
    records = [record(path, path.parent.name) for path in sorted(folder.rglob("*.png"))]
    assert report(records).n_images == 4
