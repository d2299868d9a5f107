"""Limits of image quality are measured, written whole, and say where they come from."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import pytest

from drawn.smears import draw
from models.image.quality import MODALITIES, QualityLimits
from training.cli import quality_limits
from training.errors import DatasetError

pytestmark = pytest.mark.slow


def run(index: Path, out: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    quality_limits.add_arguments(parser)
    return quality_limits.main(
        parser.parse_args(["--index", str(index), "--out", str(out), *words])
    )


def test_index_without_a_data_set_is_refused_and_nothing_written(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), draw("Pre", seed=1).rgb[..., ::-1])
    index = tmp_path / "index.csv"
    index.write_text("path,dataset,label\na.png,taleghani_all,Pre\n")
    with pytest.raises(DatasetError, match="bccd"):
        run(index, tmp_path / "limits.json", "--spoilt-per-dataset", "1")
    assert not (tmp_path / "limits.json").exists()


def test_limits_decline_none_of_the_images_that_they_were_measured_on(
    tmp_path: Path, data_dir: Path
) -> None:
    out = tmp_path / "limits.json"
    words = ("--per-dataset", "5", "--spoilt-per-dataset", "2")
    assert run(data_dir / "index.csv", out, *words) == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    limits = [QualityLimits.from_dict(entry) for entry in written["limits"]]
    assert tuple(entry.modality for entry in limits) == MODALITIES
    for datasets in written["declined"].values():
        for dataset, counts in datasets.items():
            if dataset == "drawn, without cells":
                assert set(counts.values()) == {"1 of 1"}
            else:
                assert counts["as released"] == "0 of 5"
                assert counts["blur σ 8 px"] == "2 of 2"
    assert [path.name for path in tmp_path.iterdir()] == ["limits.json"]
