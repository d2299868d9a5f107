import shutil

import pytest

from tests.training.datasets import releases
from training.__main__ import main


def test_a_release_is_adapted_and_its_index_checked_from_the_command_line(tmp_path, capsys):
    folder = releases.orlov(tmp_path)
    index = str(folder / "index.csv")
    assert main(["data", "adapt", "auto", str(folder), "--out", index]) == 0
    told = capsys.readouterr().out
    assert "Index of orlov" in told
    assert "orlov_lymphoma: 4 images, CLL 2, FL 1, MCL 1; 3 groups known" in told
    assert main(["data", "check", "--index", index]) == 0
    assert "CLL 2 of 113" in capsys.readouterr().out


def test_an_altered_image_is_told_and_the_exit_status_says_so(tmp_path, capsys):
    folder = releases.class_folders(tmp_path)
    index = str(folder / "index.csv")
    main(["data", "adapt", "class-folders", str(folder), "--out", index])
    shutil.copy(folder / "blast" / "1.png", folder / "normal" / "1.png")
    capsys.readouterr()
    assert main(["data", "check", "--index", index]) == 1
    told = capsys.readouterr().out
    assert "Not what the index's hash says: 1\n  normal/1.png" in told
    assert "blast/1.png = normal/1.png" in told
    assert "Alike with two labels: 1" in told


def test_long_lists_are_cut_unless_all_are_asked_for(tmp_path, capsys):
    folder = releases.class_folders(tmp_path)
    for number in range(3, 15):
        (folder / "blast" / f"{number}.png").write_bytes(b"no image")
    words = ["data", "adapt", "auto", str(folder), "--out", str(folder / "index.csv")]
    assert main(words) == 1
    assert "… and 2 more (--all)" in capsys.readouterr().out
    main([*words, "--all"])
    assert "more (--all)" not in capsys.readouterr().out


def test_an_empty_folder_is_one_sentence_on_what_to_mend(tmp_path, capsys):
    words = ["data", "adapt", "orlov", str(tmp_path), "--out", str(tmp_path / "index.csv")]
    assert main(words) == 2
    assert "error: Expected folders CLL, FL and MCL" in capsys.readouterr().err


def test_a_release_without_an_address_can_t_be_fetched(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["data", "fetch", "c-nmc", "--out", str(tmp_path)])
    assert "orlov-lymphoma" in capsys.readouterr().err
