import pytest

from tests.training.data import releases
from tests.training.data.releases import RELEASES, draw
from training.data.adapt import adapt
from training.data.adapters import (
    ADAPTERS,
    adapter,
    detect,
    expected_counts,
)
from training.data.adapters.adapter import folders_below
from training.errors import DatasetError


def test_every_adapter_is_tried_on_a_drawn_release() -> None:
    assert set(RELEASES) == set(ADAPTERS)


@pytest.mark.parametrize("name", list(RELEASES))
def test_a_release_is_told_from_its_layout(name, tmp_path):
    assert detect(RELEASES[name](tmp_path)).name == name


@pytest.mark.parametrize("name", list(RELEASES))
def test_every_image_of_a_release_is_found_with_a_label(name, tmp_path):
    folder = RELEASES[name](tmp_path)
    found = adapter(name).read(folder)
    files = (path for path in folder.rglob("*") if path.is_file())
    drawn = sorted(path for path in files if path.suffix != ".csv")
    assert [image.path for image in found.images] == drawn
    assert not found.skipped
    known = set(adapter(name).counts)
    assert not known or {image.label for image in found.images} <= known


def labels_and_groups(name, folder):
    return [(image.label, image.group) for image in adapter(name).read(folder).images]


def test_subjects_and_folds_of_c_nmc_are_in_the_names(tmp_path):
    folder = releases.c_nmc(tmp_path)
    images = adapter("c-nmc").read(folder).images
    assert labels_and_groups("c-nmc", folder) == [
        ("all", "11"),
        ("hem", "H10"),
        ("all", "2"),
        ("hem", "H10"),
    ]
    assert [image.note for image in images] == ["fold_0", "fold_0", "fold_1", "fold_1"]
    assert {image.group_kind for image in images} == {"subject"}


def test_johns_hopkins_files_are_named_for_the_cell_and_the_patient(tmp_path):
    folder = releases.jhu_cells(tmp_path)
    assert labels_and_groups("jhu-cells", folder) == [
        ("blast", "Patient_00"),
        ("neutrophil", "Patient_00"),
        ("erythroblast", "Patient_07"),
        ("promyelocyte", "Patient_07"),
    ]
    stray = draw(folder / "Patient_07_ART_5899691.jpg", seed=98)
    ((path, reason),) = adapter("jhu-cells").read(folder).skipped
    assert path == stray
    assert "ART" in reason


def test_johns_hopkins_diagnoses_are_the_patients_and_cohorts_are_noted(tmp_path):
    folder = releases.jhu_aml(tmp_path)
    images = adapter("jhu-aml").read(folder).images
    assert [(image.label, image.group, image.note) for image in images] == [
        ("APL", "Patient_00", "Discovery"),
        ("APL", "Patient_00", "Discovery"),
        ("AML", "Patient_01", "Discovery"),
        ("AML", "Patient_83", "Validation"),
    ]
    cells = folder / "Data" / "All" / "Patient_01" / "Signed slides"
    strays = {
        draw(cells / "Lymphocyte" / "LY_1.jpg", seed=95): "neither a blast nor a promyelocyte",
        draw(cells / "Artefact" / "ART_1.jpg", seed=96): "its name is not",
        draw(folder / "Data" / "All" / "Patient_99" / "BL_1.jpg", seed=97): "what its patient has",
    }
    skipped = dict(adapter("jhu-aml").read(folder).skipped)
    assert set(skipped) == set(strays)
    assert all(words in skipped[path] for path, words in strays.items())


def test_the_same_release_is_read_by_kinds_of_cells_where_these_are_asked_for(tmp_path):
    folder = releases.jhu_aml(tmp_path)
    labels = {image.label for image in adapter("jhu-cells").read(folder).images}
    assert labels == {"blast", "promyelocyte"}
    (folder / "Data" / "master.csv").write_text("Patient,Sex\nPatient_00,F\n")
    assert detect(folder).name == "jhu-cells"
    with pytest.raises(DatasetError, match=r"no master\.csv with Patient_ID"):
        adapter("jhu-aml").read(folder)


def test_a_folder_from_the_ash_image_bank_may_hold_one_disease(tmp_path):
    folder = releases.ash(tmp_path)
    stray = draw(folder / "loose.jpg", seed=98)
    found = adapter("ash").read(folder)
    assert [image.label for image in found.images] == ["AML", "AML"]
    assert found.skipped == ((stray, "it lies in no disease's folder"),)
    adapted = adapt(folder, folder / "index.csv")
    assert (adapted.kind, len(adapted.records)) == ("ash", 2)
    elsewhere = folder.rename(tmp_path / "aml")
    with pytest.raises(DatasetError, match="no known release"):
        detect(elsewhere)


def test_slides_of_one_case_are_one_group(tmp_path):
    assert labels_and_groups("orlov", releases.orlov(tmp_path)) == [
        ("CLL", "sj-05-588"),
        ("CLL", "sj-05-588"),
        ("FL", "sj-05-1881"),
        ("MCL", "sj-05-1374"),
    ]


@pytest.mark.parametrize("name", ["all-idb1", "all-idb2"])
def test_the_suffix_of_all_idb_is_the_label(name, tmp_path):
    assert labels_and_groups(name, RELEASES[name](tmp_path)) == [("blast", ""), ("healthy", "")]


def test_of_a_whole_taleghani_download_the_original_half_is_read(tmp_path):
    releases.taleghani(tmp_path)
    releases.taleghani(tmp_path, "Segmented")
    chosen = detect(tmp_path)
    assert chosen.name == "taleghani"
    assert all("Original" in image.path.parts for image in chosen.read(tmp_path).images)


def test_segmented_images_must_be_asked_for_and_come_with_a_warning(tmp_path):
    folder = releases.taleghani(tmp_path, "Segmented")
    with pytest.raises(DatasetError, match="taleghani-segmented"):
        adapter("taleghani").read(folder)
    chosen = detect(folder)
    assert chosen.name == "taleghani-segmented"
    assert chosen.dataset != ADAPTERS["taleghani"].dataset
    assert any("colours" in warning for warning in chosen.warnings)


def test_an_image_without_a_label_in_its_name_is_told(tmp_path):
    folder = releases.c_nmc(tmp_path)
    stray = draw(folder / "C-NMC_Leukemia" / "logo.png", seed=99)
    ((path, reason),) = adapter("c-nmc").read(folder).skipped
    assert path == stray
    assert "UID_" in reason


def test_hidden_files_and_mac_s_own_are_no_images(tmp_path):
    folder = releases.class_folders(tmp_path)
    for name in ("__MACOSX/blast/._1.png", "blast/._1.png", "blast/notes.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert len(adapter("class-folders").read(folder).images) == 4


def test_links_in_a_circle_and_out_of_the_folder_are_not_searched(tmp_path):
    folder = releases.orlov(tmp_path / "release")
    for number in range(20):
        (folder / f"round-{number}").symlink_to(folder)
    (folder / "disk").symlink_to("/")
    below = list(folders_below(folder))
    assert below == [folder, folder / "CLL", folder / "FL", folder / "MCL"]
    assert detect(folder).name == "orlov"


def test_two_releases_in_one_folder_are_refused(tmp_path):
    releases.orlov(tmp_path)
    releases.c_nmc(tmp_path)
    with pytest.raises(DatasetError, match="c-nmc and orlov"):
        detect(tmp_path)


@pytest.mark.parametrize("name", list(ADAPTERS))
def test_an_empty_folder_is_refused_by_every_adapter(name, tmp_path):
    with pytest.raises(DatasetError, match=r"has no images laid out as .*: .* Give the folder"):
        adapter(name).read(tmp_path)


def test_one_class_alone_is_refused(tmp_path):
    draw(tmp_path / "blast" / "1.png", seed=1)
    with pytest.raises(DatasetError, match=r"images of one class alone \(blast\)"):
        adapter("class-folders").read(tmp_path)


def test_an_unknown_layout_lists_the_known_ones(tmp_path):
    draw(tmp_path / "1.png", seed=1)
    with pytest.raises(DatasetError, match=r"taleghani: .*class-folders: "):
        detect(tmp_path)


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(DatasetError, match=r"no kind of release 'kaggle'.*orlov"):
        adapter("kaggle")


def test_the_papers_totals_are_those_of_the_tables():
    assert sum(expected_counts("taleghani_all")[0].values()) == 3256  # najjar-2025
    assert sum(expected_counts("c_nmc")[0].values()) == 10661  # narendra-2024
    assert sum(expected_counts("orlov_lymphoma")[0].values()) == 374  # hagar-2023, [15]
    assert sum(expected_counts("aml_cytomorphology")[0].values()) == 18365  # Matek 2019
    assert sum(expected_counts("pbc_barcelona")[0].values()) == 17092  # Acevedo 2020
    assert expected_counts("elsewhere") == ({}, "")
