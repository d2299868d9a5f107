"""The curves of a run: every fold, both best epochs, seconds; what is not there is said."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from training.__main__ import main
from training.errors import DatasetError
from training.runs.curves import curves_page, read_histories

HEADER = "epoch,accuracy,loss,seconds,val_accuracy,val_loss"
ROWS = ("0,0.5,1.2,9.5,0.4,1.5", "1,0.7,0.8,4.0,0.9,0.9", "2,0.9,0.4,5.0,0.8,0.7")


def write_history(run: Path, place: str, *rows: str, header: str = HEADER) -> None:
    folder = run / place
    folder.mkdir(parents=True)
    (folder / "history.csv").write_text("\n".join([header, *rows]) + "\n")


def lines_of(page: str) -> list[tuple[list[float], list[float]]]:
    """The epochs and values of every line that Plotly is told to draw."""
    drawn = re.findall(r"Plotly\.newPlot\(\s*\"[^\"]+\",\s*(\[.*?\]),\s*\{\"template", page)
    return [
        (values(trace["x"]), values(trace["y"])) for each in drawn for trace in json.loads(each)
    ]


def values(packed: list[float] | dict[str, str]) -> list[float]:
    """Numbers as Plotly writes them: as a list, or as bytes."""
    if isinstance(packed, list):
        return packed
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).tolist()


def test_both_best_epochs_and_the_seconds_stand_under_the_curves(tmp_path: Path) -> None:
    write_history(tmp_path, "random/fold-0", *ROWS)
    (history,) = read_histories(tmp_path)
    assert history.epochs == (1, 2, 3)
    assert (history.best("val_accuracy"), history.best("val_loss")) == (1, 2)
    page = curves_page([history], title="A & B", summary="Not <the> protocol")
    assert "A &amp; B" in page
    assert "Not &lt;the&gt; protocol" in page
    assert "Epoch of the lowest loss of validation</th><td>3: accuracy 0.9000" in page
    assert "Epoch of the highest accuracy of validation</th><td>2: accuracy 0.7000" in page
    assert "5.0 in the middle, 18 in all" in page
    assert page.count("lowest loss") == page.count("highest accuracy") == 3  # two charts, a table


def test_every_epoch_is_a_point_of_each_line_and_the_library_is_there_once(tmp_path: Path) -> None:
    write_history(tmp_path, "random/fold-0", *ROWS)
    write_history(tmp_path, "random/fold-1", *ROWS[:2])
    page = curves_page(read_histories(tmp_path), title="t")
    lines = lines_of(page)
    assert [y for _, y in lines[:4]] == [
        [0.5, 0.7, 0.9],
        [0.4, 0.9, 0.8],
        [1.2, 0.8, 0.4],
        [1.5, 0.9, 0.7],
    ]
    assert {tuple(x) for x, _ in lines[:4]} == {(1, 2, 3)}
    assert len(lines) == 8
    assert page.count("plotly.js v") == 1
    assert "<script src" not in page


def test_folds_stand_in_their_order_and_an_epoch_that_was_repeated_counts_once(
    tmp_path: Path,
) -> None:
    for fold in (10, 2):
        write_history(tmp_path, f"grouped/fold-{fold}", ROWS[0], "1,0.1,9,1,0.1,9", *ROWS[1:])
    write_history(tmp_path, "random/fold-0", *ROWS)
    found = read_histories(tmp_path)
    assert [(each.split, each.fold) for each in found] == [
        ("grouped", 2),
        ("grouped", 10),
        ("random", 0),
    ]
    assert found[0].figures["accuracy"] == (0.5, 0.7, 0.9)


def test_a_history_from_before_has_curves_without_seconds(tmp_path: Path) -> None:
    rows = ("0,0.5,1.2,0.4,nan", "1,0.7,0.8,0.4,nan")
    write_history(tmp_path, "random/fold-0", *rows, header=HEADER.replace("seconds,", ""))
    (history,) = read_histories(tmp_path)
    assert (history.best("val_accuracy"), history.best("val_loss")) == (0, None)
    page = curves_page([history], title="t")
    assert "Seconds an epoch" not in page
    assert "Epoch of the lowest loss" not in page


def test_the_command_writes_the_page_into_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run-7"
    write_history(run, "random/fold-0", *ROWS)
    assert main(["curves", str(run)]) == 0
    assert capsys.readouterr().out == f"{run / 'curves.html'}\n"
    assert "run-7</h1>" in (run / "curves.html").read_text()
    assert main(["curves", str(run), "--out", str(tmp_path / "other.html")]) == 0
    assert (tmp_path / "other.html").is_file()


def test_a_folder_without_a_history_and_a_damaged_one_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["curves", str(tmp_path)]) == 2
    assert "fit.epochs above 0" in capsys.readouterr().err
    write_history(tmp_path, "random/fold-0", "0,0.5,much,1,0.4,1")
    with pytest.raises(DatasetError, match="random/fold-0 cannot be read"):
        read_histories(tmp_path)
    assert not list(tmp_path.glob("*.html"))
