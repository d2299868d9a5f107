import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.data import releases
from tests.training.data.releases import draw
from training.audits.data_report import DataReport, report_on
from training.data.file_facts import ImageFacts
from training.data.index import ImageRecord
from training.data.inspection import inspect


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


def test_exact_and_near_duplicates_and_their_two_labels_are_listed(tmp_path):
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


def test_unreadable_and_altered_files_are_listed(tmp_path):
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


def leaking(folder: Path, source: str) -> list[ImageRecord]:
    """Forty files of two labels, given away by one thing."""
    records = []
    for n in range(40):
        is_blast = n % 2 == 0
        number = n + (100 if source == "file-order" and is_blast else 0)
        # Numbers that restart in each class, as in most releases, unless they are the leak.
        number = number if source == "file-order" else n // 2
        label = "blast" if is_blast else "normal"
        kind = "BMP" if source == "format" and is_blast else "PNG"
        side = 60 if source == "size" and is_blast else 40
        path = folder / label / f"cell-{number:03d}.{kind.lower()}"
        path.parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(n).integers(0, 255, (40, side, 3), np.uint8)
        dpi = (300, 300) if source == "metadata" and is_blast else (72, 72)
        Image.fromarray(pixels).save(path, dpi=dpi)
        records.append(replace(record(path, label), name=f"{label}/{path.name}"))
    return records


@pytest.mark.parametrize("source", ["size", "format", "metadata", "file-order"])
def test_what_gives_the_label_away_but_for_the_picture_is_found(tmp_path, source):
    found = report(leaking(tmp_path, source))
    names = [finding.name for finding in found.leaks.refused]
    # A format has marks of its own in its header.
    assert names == [f"label-from-{source}"] + ["label-from-metadata"] * (source == "format")
    finding = found.leaks.refused[0]
    assert finding.strength > 0.9
    assert (finding.chance, finding.n, finding.where) == (0.5, 40, "set")
    assert "(a run would refuse)" in found.leaks.in_words(finding)
    assert found.is_refused


def test_a_set_that_leaks_nothing_is_left_in_peace(tmp_path):
    found = report(leaking(tmp_path, ""))
    assert found.leaks.findings == ()
    assert not found.is_refused


def test_a_handful_of_images_gives_nothing_away(tmp_path):
    assert report(leaking(tmp_path, "size")[:12]).leaks.findings == ()


def test_a_file_s_format_is_that_of_its_bytes_not_of_its_name(tmp_path):
    draw(tmp_path / "1.bmp", seed=1).rename(tmp_path / "1.jpg")
    (fact,) = inspect([record(tmp_path / "1.jpg", "a")])
    assert isinstance(fact, ImageFacts)
    assert fact.format == "BMP"


def test_the_whole_of_a_drawn_release_is_reported(tmp_path):
    folder = releases.class_folders(tmp_path)
    records = [record(path, path.parent.name) for path in sorted(folder.rglob("*.png"))]
    assert report(records).n_images == 4
