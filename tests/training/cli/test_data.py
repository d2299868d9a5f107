import shutil

import pytest

from tests.training.data import releases
from training.__main__ import main


def test_a_release_is_adapted_and_its_index_checked_from_the_command_line(tmp_path, capsys):
    folder = releases.orlov(tmp_path)
    index = str(folder / "index.csv")
    assert main(["data", "adapt", "auto", str(folder), "--out", index]) == 0
    written = capsys.readouterr().out
    assert "Index of orlov" in written
    assert "orlov_lymphoma: 4 images, CLL 2, FL 1, MCL 1; 3 groups known" in written
    assert main(["data", "check", "--index", index]) == 0
    assert "CLL 2 of 113" in capsys.readouterr().out


def test_an_altered_image_is_listed_and_the_exit_status_says_so(tmp_path, capsys):
    folder = releases.class_folders(tmp_path)
    index = str(folder / "index.csv")
    main(["data", "adapt", "class-folders", str(folder), "--out", index])
    shutil.copy(folder / "blast" / "1.png", folder / "normal" / "1.png")
    capsys.readouterr()
    assert main(["data", "check", "--index", index]) == 1
    written = capsys.readouterr().out
    assert "Not what the index's hash says: 1\n  normal/1.png" in written
    assert "blast/1.png = normal/1.png" in written
    assert "Alike with two labels: 1" in written


def test_an_index_is_repaired_beside_the_old_one_from_the_command_line(tmp_path, capsys):
    folder = releases.class_folders(tmp_path)
    shutil.copy(folder / "blast" / "1.png", folder / "blast" / "copy.png")
    index = folder / "index.csv"
    main(["data", "adapt", "class-folders", str(folder), "--out", str(index)])
    capsys.readouterr()
    assert main(["data", "repair", "copies", "--index", str(index)]) == 0
    new = folder / "index-without-copies.csv"
    assert capsys.readouterr().out == f"{new}: Dropped: 1 of 5 rows, copies of others.\n"
    assert len(index.read_text().splitlines()) == len(new.read_text().splitlines()) + 1
    assert main(["data", "repair", "copies", "--index", str(new)]) == 2
    assert "nothing to repair" in capsys.readouterr().err


def test_long_lists_are_cut_unless_all_are_asked_for(tmp_path, capsys):
    folder = releases.class_folders(tmp_path)
    for number in range(3, 15):
        (folder / "blast" / f"{number}.png").write_bytes(b"no image")
    words = ["data", "adapt", "auto", str(folder), "--out", str(folder / "index.csv")]
    assert main(words) == 1
    assert "… and 2 more (--all)" in capsys.readouterr().out
    main([*words, "--all"])
    assert "more (--all)" not in capsys.readouterr().out


def test_an_empty_folder_is_one_sentence_on_what_to_correct(tmp_path, capsys):
    words = ["data", "adapt", "orlov", str(tmp_path), "--out", str(tmp_path / "index.csv")]
    assert main(words) == 2
    assert "as this kind has them: folders CLL, FL and MCL" in capsys.readouterr().err


def test_a_release_without_an_address_can_t_be_fetched(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["data", "fetch", "c-nmc", "--out", str(tmp_path)])
    assert "orlov-lymphoma" in capsys.readouterr().err
