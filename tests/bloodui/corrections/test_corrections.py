"""What readers say of cells is kept with consent, seen by whom it belongs to, and undone."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import sqlite3
import stat
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from bloodui.access.state_folder import keep_private
from bloodui.cli.main import main
from bloodui.corrections.correction import CONSENT
from bloodui.corrections.desk import Corrections
from bloodui.corrections.store import FILE, Listing
from bloodui.errors import AccessError, CorrectionError, DamagedCorrectionError
from bloodui.people import LOCAL_USER, NOBODY, QUIZ_RESIDENT, Person
from drawn.fields import UM_PER_PX, draw_cells
from models.answer.loading import load_model
from models.cells.count import KINDS
from models.cells.cut import CROP_PX
from models.cells.read import FieldReading, read_field
from models.image.micrograph import micrograph_from_rgb
from models.preprocessing import apply_steps

ANNA = Person(name="Anna", roles=frozenset({"reader"}), id="login|anna")
BEN = Person(name="Ben", roles=frozenset({"reader"}), id="login|ben")
ADMIN = Person(name="Ada", roles=frozenset({"reader", "admin"}), id="login|ada")


@pytest.fixture(scope="module")
def readings(tiny_cell_bundle: Path) -> tuple[FieldReading, FieldReading]:
    model = load_model(tiny_cell_bundle)
    first, second = (
        read_field(
            micrograph_from_rgb(
                draw_cells(["blast", "monocyte"] * 3, seed=seed).rgb, um_per_px=UM_PER_PX
            ),
            model,
        )
        for seed in (1, 2)
    )
    return first, second


def desk(state: Path, person: Person, *, at: float = 1000.0, **limits: int) -> Corrections:
    return Corrections(state=state, person=person, clock=lambda: at, **limits)


def rows_of(index: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(index)))


def test_without_consent_nothing_is_kept(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    with pytest.raises(CorrectionError, match="not agreed"):
        desk(tmp_path, ANNA).save([(readings[0], {1: "blast"})], is_consented=False)
    assert desk(tmp_path, ADMIN).listed() == ()
    assert list(tmp_path.iterdir()) == []


def test_what_was_said_is_kept_with_all_that_belongs_to_it(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    reading = readings[0]
    saved = desk(tmp_path, ANNA, at=7.0).save(
        [(reading, {2: "monocyte", 1: "blast"})], is_consented=True
    )
    assert (saved.version, saved.n) == (1, 2)
    first, second = desk(tmp_path, ANNA).listed()
    said, cell = first.correction, reading.cells[0]
    assert (said.number, said.now, said.was) == (1, "blast", cell.top_class)
    assert (said.by, first.at, first.owner) == ("Anna", 7.0, "login|anna")
    assert said.field == reading.micrograph.sha256
    assert (said.box, said.nucleus_box) == (cell.cell.box, cell.cell.nucleus_box)
    assert (said.model, said.decision) == ("tiny-cells", "answered")
    assert said.probability == pytest.approx(cell.probability)
    assert second.correction.now == "monocyte"
    picture = desk(tmp_path, ANNA).picture(first)
    assert hashlib.sha256(picture).hexdigest() == said.crop
    assert np.shape(cv2.imdecode(np.frombuffer(picture, np.uint8), 1)) == (CROP_PX, CROP_PX, 3)


def test_the_picture_shows_a_model_the_cell_as_the_field_did(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    reading = readings[0]
    numbers = {each.cell.number: "blast" for each in reading.cells}
    desk(tmp_path, ANNA).save([(reading, numbers)], is_consented=True)
    for kept, each in zip(desk(tmp_path, ANNA).listed(), reading.cells, strict=True):
        png = np.frombuffer(desk(tmp_path, ANNA).picture(kept), np.uint8)
        rgb = cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        seen = apply_steps(rgb, reading.manifest.steps).astype(float)
        assert np.abs(seen - each.square).mean() < 12


def test_readers_see_their_own_and_admins_all(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, ANNA).save([(readings[0], {1: "blast"})], is_consented=True)
    desk(tmp_path, BEN).save([(readings[0], {1: "monocyte"})], is_consented=True)
    assert [each.correction.by for each in desk(tmp_path, BEN).listed()] == ["Ben"]
    annas, _ = desk(tmp_path, ADMIN).listed()
    with pytest.raises(CorrectionError, match="another reader's"):
        desk(tmp_path, BEN).picture(annas)
    assert desk(tmp_path, BEN).undo([annas.id]) is None
    assert desk(tmp_path, BEN).take_back([annas.id]) == 0
    assert len(desk(tmp_path, ADMIN).listed()) == 2


@pytest.mark.parametrize("person", [NOBODY, QUIZ_RESIDENT])
def test_who_is_no_reader_may_do_nothing(
    person: Person, tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    of_nobody = desk(tmp_path, person)
    for call in (
        lambda: of_nobody.save([(readings[0], {1: "blast"})], is_consented=True),
        of_nobody.listed,
        of_nobody.n_bytes,
        lambda: of_nobody.undo([1]),
        lambda: of_nobody.take_back([1]),
    ):
        with pytest.raises(AccessError):
            call()


def test_only_admins_export_and_see_the_versions(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, ANNA).save([(readings[0], {1: "blast"})], is_consented=True)
    for call in (
        lambda: desk(tmp_path, ANNA).export(tmp_path / "out"),
        desk(tmp_path, ANNA).versions,
    ):
        with pytest.raises(AccessError):
            call()
    assert not (tmp_path / "out").exists()


def test_a_second_word_on_a_cell_takes_the_place_of_the_first(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    for kind in ("blast", "lymphocyte"):
        desk(tmp_path, ANNA).save([(readings[0], {1: kind})], is_consented=True)
    (now,) = desk(tmp_path, ANNA).listed()
    (before,) = desk(tmp_path, ANNA).listed(version=1)
    assert (now.correction.now, before.correction.now) == ("lymphocyte", "blast")


def test_an_undone_correction_stays_in_the_versions_of_before(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, ANNA, at=1.0).save([(readings[0], {1: "blast", 2: "other"})], is_consented=True)
    first, second = desk(tmp_path, ANNA).listed()
    assert desk(tmp_path, ANNA, at=2.0).undo([first.id]) == 2
    assert [each.id for each in desk(tmp_path, ANNA).listed()] == [second.id]
    assert [each.id for each in desk(tmp_path, ANNA).listed(version=1)] == [first.id, second.id]
    assert desk(tmp_path, ANNA).undo([first.id]) is None
    told = [
        (each.number, each.what, each.n, each.by, each.at)
        for each in desk(tmp_path, ADMIN).versions()
    ]
    assert told == [(2, "undone", 1, "Anna", 2.0), (1, "saved", 2, "Anna", 1.0)]


def test_what_is_taken_back_is_gone_for_good(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, ANNA).save([(readings[0], {1: "blast"})], is_consented=True)
    (kept,) = desk(tmp_path, ANNA).listed()
    png = desk(tmp_path, ANNA).picture(kept)
    assert desk(tmp_path, ANNA).take_back([kept.id]) == 1
    assert desk(tmp_path, ANNA).listed(version=1) == ()
    assert desk(tmp_path, ADMIN).n_bytes() == 0
    with pytest.raises(CorrectionError, match="taken back"):
        desk(tmp_path, ANNA).picture(kept)
    assert all(png[100:160] not in path.read_bytes() for path in tmp_path.iterdir())


def test_what_was_said_of_a_cell_before_is_taken_back_with_it(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    for kind in ("blast", "lymphocyte"):
        desk(tmp_path, ANNA).save([(readings[0], {1: kind, 2: kind})], is_consented=True)
    desk(tmp_path, BEN).save([(readings[1], {1: "blast"})], is_consented=True)
    first, second = desk(tmp_path, ANNA).listed()
    assert desk(tmp_path, ANNA).take_back([first.id]) == 2
    for version in (1, 2, None):
        assert [e.correction.number for e in desk(tmp_path, ANNA).listed(version=version)] == [2]
    assert desk(tmp_path, ANNA).take_back([second.id]) == 2
    assert len(desk(tmp_path, ADMIN).listed()) == 1
    (bens,) = desk(tmp_path, BEN).listed()
    assert desk(tmp_path, ADMIN).take_back([bens.id]) == 1
    assert desk(tmp_path, ADMIN).n_bytes() == 0
    assert all(desk(tmp_path, ADMIN).listed(version=number) == () for number in range(1, 7))


def test_what_was_undone_can_still_be_taken_back(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    for kind in ("blast", "lymphocyte"):
        desk(tmp_path, ANNA).save([(readings[0], {1: kind})], is_consented=True)
    desk(tmp_path, ANNA).undo([each.id for each in desk(tmp_path, ANNA).listed()])
    assert desk(tmp_path, ANNA).listed() == ()
    assert desk(tmp_path, BEN).last_said() == Listing()
    (undone,) = desk(tmp_path, ANNA).last_said().kept
    assert (undone.correction.now, undone.undone) == ("lymphocyte", 3)
    assert desk(tmp_path, ANNA).take_back([undone.id]) == 2
    assert desk(tmp_path, ANNA).last_said() == Listing()
    assert desk(tmp_path, ANNA).n_bytes() == 0


def test_there_is_an_end_to_what_is_kept(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    small = desk(tmp_path, ANNA, most_bytes=10_000)
    with pytest.raises(CorrectionError, match="would take more than"):
        small.save([(readings[0], {1: "blast"})], is_consented=True)
    assert desk(tmp_path, ADMIN).versions() == ()
    with pytest.raises(CorrectionError, match="1 to 3,000 cells"):
        desk(tmp_path, ANNA).save([(readings[0], {})], is_consented=True)


@pytest.mark.parametrize("now", [{99: "blast"}, {1: "platelet"}])
def test_what_is_no_cell_or_kind_is_refused_whole(
    now: dict[int, str], tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    with pytest.raises(CorrectionError, match="whole cells of this field"):
        desk(tmp_path, ANNA).save([(readings[0], {2: "blast"} | now)], is_consented=True)
    assert desk(tmp_path, ANNA).listed() == ()


def test_who_saves_at_the_same_time_gets_a_version_of_its_own(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    versions: list[int] = []

    def save(number: int) -> None:
        saved = desk(tmp_path, ANNA).save([(readings[0], {number: "blast"})], is_consented=True)
        versions.append(saved.version)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(versions) == [1, 2, 3, 4, 5, 6]
    assert len(desk(tmp_path, ANNA).listed()) == 6


def test_the_export_lists_each_cell_with_its_case_or_field_as_group(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    first, second = readings
    desk(tmp_path, ANNA).save([(first, {1: "blast"})], is_consented=True)
    desk(tmp_path, ANNA).save(
        [(first, {2: "blast"}), (second, {1: "monocyte"})], is_consented=True, case="Doe, Jane"
    )
    desk(tmp_path, BEN).save([(second, {1: "monocyte", 2: "other"})], is_consented=True)
    exported = desk(tmp_path, ADMIN).export(tmp_path / "out")
    rows = rows_of(exported.index.read_text())
    assert exported.n == len(rows) == 4
    assert {row["group"] for row in rows} == {rows[0]["group"]}
    assert rows[0]["group"].startswith("case-")
    assert {row["group_kind"] for row in rows} == {"case"}
    assert {row["reader"] for row in rows} == {"reader 1", "reader 2"}
    for row in rows:
        data = (tmp_path / "out" / row["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert row["dataset"] == "corrections"
        assert row["label"] in KINDS
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Doe" not in kept
    with pytest.raises(CorrectionError, match="Give a new folder"):
        desk(tmp_path, ADMIN).export(tmp_path / "out")


def test_a_cell_on_which_readers_differ_is_left_out_of_the_export(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, ANNA).save([(readings[0], {1: "blast", 2: "blast"})], is_consented=True)
    desk(tmp_path, BEN).save([(readings[0], {1: "monocyte"})], is_consented=True)
    exported = desk(tmp_path, ADMIN).export(tmp_path / "out")
    assert (exported.n, exported.n_differing) == (1, 1)


def test_what_is_damaged_is_left_out_and_counted_and_the_rest_goes_on(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    """A disk flips a byte within a record or a picture; SQLite itself does not notice."""
    kinds = dict.fromkeys(range(1, 6), "blast")
    desk(tmp_path, ANNA).save([(readings[0], kinds)], is_consented=True)
    store = sqlite3.connect(tmp_path / FILE)
    with contextlib.closing(store), store:
        for number, record in ((1, b"{\xff"), (2, b'{"number": 7}'), (3, b"[" * 100_000)):
            store.execute("UPDATE corrections SET record = ? WHERE id = ?", (record, number))
        (crop,) = store.execute("SELECT crop FROM corrections WHERE id = 4").fetchone()
        store.execute("UPDATE crops SET png = 'x' WHERE sha256 = ?", (crop,))
    annas = desk(tmp_path, ANNA)
    said = annas.last_said()
    assert [each.id for each in said.kept] == [4, 5]
    assert said.damaged == (1, 2, 3)
    assert desk(tmp_path, BEN).last_said() == Listing()
    with pytest.raises(DamagedCorrectionError, match=r"is damaged in corrections\.sqlite"):
        annas.picture(annas.listed()[0])
    exported = desk(tmp_path, ADMIN).export(tmp_path / "out")
    assert (exported.n, exported.n_damaged) == (1, 4)
    (row,) = rows_of(exported.index.read_text("utf-8"))
    data = (tmp_path / "out" / row["path"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert annas.take_back([*said.damaged, 4]) == 4
    assert [each.id for each in annas.last_said().kept] == [5]
    assert annas.undo([5]) is not None
    with pytest.raises(CorrectionError, match="no corrected cell"):
        desk(tmp_path, ADMIN).export(tmp_path / "none")


def test_an_export_names_readers_where_that_is_asked(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, ANNA).save([(readings[0], {1: "blast"})], is_consented=True)
    exported = desk(tmp_path, ADMIN).export(tmp_path / "out", is_named=True)
    (row,) = rows_of(exported.index.read_text("utf-8"))
    assert row["reader"] == "Anna"
    picture = exported.index.parent / row["path"]
    assert hashlib.sha256(picture.read_bytes()).hexdigest() == row["sha256"]
    assert "not for diagnosis" in (exported.index.parent / "README.txt").read_text("utf-8")


def test_whoever_has_the_machine_exports_by_a_command(
    tmp_path: Path,
    readings: tuple[FieldReading, FieldReading],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BLOODUI_STATE", str(tmp_path / "state"))
    command = ["corrections", "--out", str(tmp_path / "out")]
    assert main(command) == 2
    assert "no corrected cell to export" in capsys.readouterr().err
    desk(tmp_path / "state", ANNA).save([(readings[0], {1: "blast"})], is_consented=True)
    desk(tmp_path / "state", BEN).save([(readings[1], {1: "blast"})], is_consented=True)
    desk(tmp_path / "state", ADMIN).save([(readings[1], {1: "monocyte"})], is_consented=True)
    assert main(command) == 0
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'out' / 'index.csv'}\n"
    assert "1 cell; left out, as readers differ on them: 1." in told.err
    (row,) = rows_of((tmp_path / "out" / "index.csv").read_text())
    assert row["reader"] == "reader 1"
    assert main(["corrections", "--out", str(tmp_path / "named"), "--named"]) == 0
    assert rows_of((tmp_path / "named" / "index.csv").read_text())[0]["reader"] == "Anna"
    assert main(command) == 2  # the folder is there


def test_nothing_to_export_is_said(tmp_path: Path) -> None:
    with pytest.raises(CorrectionError, match="no corrected cell"):
        desk(tmp_path, ADMIN).export(tmp_path / "out")
    assert not (tmp_path / FILE).exists()


def test_without_a_login_there_is_one_reader(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, LOCAL_USER).save([(readings[0], {1: "blast"})], is_consented=True)
    assert len(desk(tmp_path, LOCAL_USER).listed()) == 1
    assert "research and teaching" in CONSENT


def test_the_file_is_for_its_owner_alone(
    tmp_path: Path, readings: tuple[FieldReading, FieldReading]
) -> None:
    desk(tmp_path, ANNA).save([(readings[0], {1: "blast"})], is_consented=True)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    (tmp_path / FILE).chmod(0o644)
    keep_private(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
