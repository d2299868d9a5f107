"""Exported corrections are a data set: checked, audited, and a recipe learns from them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bloodui.corrections.desk import Corrections
from bloodui.people import LOCAL_USER
from drawn.fields import DRAWN_KINDS, UM_PER_PX, draw_cells
from models.answer.loading import load_model
from models.bundle.card import read_card
from models.bundle.folder import verify_bundle
from models.cells.count import KINDS
from models.cells.read import is_cell_model, read_field
from models.image.micrograph import micrograph_from_rgb
from training.__main__ import main as training
from training.audits.data_report import report_on
from training.data.index import read_index
from training.data.inspection import inspect
from training.judge.predictions import read_predictions
from training.recipes.recipe import RECIPES, Recipe, parse_recipe
from training.runs.run import run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
N_FIELDS = 8
RECIPE = "blood-cells-corrected-mobilenet"


@pytest.fixture(scope="module")
def index(tiny_cell_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of what a reader said of the cells of eight drawn fields: always the truth.

    Lymphocytes of one seed in two are said to be no cells to count, so that each kind has some.
    """
    state = tmp_path_factory.mktemp("state")
    desk = Corrections(state=state, person=LOCAL_USER)
    model = load_model(tiny_cell_bundle)
    for seed in range(N_FIELDS):
        kinds = [kind for kind in DRAWN_KINDS if kind != "other"]
        field = draw_cells([*kinds, "lymphocyte", "lymphocyte"], seed=seed)
        reading = read_field(micrograph_from_rgb(field.rgb, um_per_px=UM_PER_PX), model)
        said: dict[int, str] = {}
        for each in reading.counted:
            drawn = field.at(*each.cell.centre)
            assert drawn is not None
            said[each.cell.number] = "other" if drawn.number == 9 else drawn.kind
        desk.save([(reading, said)], is_consented=True, is_drawn=True)
    return desk.export(state / "corrections").index


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    """The recipe for corrected cells, made tiny: 64 px, no varied copies."""
    values = tomllib.loads((RECIPES / f"{RECIPE}.toml").read_text())
    values["model"] |= {"input_px": 64}
    values["steps"][-1]["parameters"]["size_px"] = 64
    values["fit"] |= {"head_copies": 1}
    values["split"] = [{"kind": "grouped", "test": 0.25, "validation": 0.25}]
    values.pop("augmentation")
    return parse_recipe(values, name=RECIPE)


def test_the_check_and_the_leak_audit_find_nothing_wrong(
    index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["data", "check", "--index", str(index), "--recipe", RECIPE]
    assert training(asked) == 0, capsys.readouterr().out
    written = capsys.readouterr().out
    assert f"{N_FIELDS} groups known" in written
    report = report_on(read_index(index).records, inspect(read_index(index).records))
    assert report.counts["corrections"].keys() == set(KINDS)
    assert report.n_ungrouped["corrections"] == 0
    assert not report.objections


def test_a_recipe_learns_from_them_and_no_field_is_parted(
    index: Path, recipe: Recipe, tmp_path: Path
) -> None:
    run(recipe, read_index(index), tmp_path / "run")
    manifest = verify_bundle(tmp_path / "run" / "bundle")
    assert is_cell_model(manifest)
    assert manifest.data.datasets == ("corrections",)
    card = read_card(tmp_path / "run" / "bundle" / "card.json")
    assert card.sources[0].name == "Corrected cells"
    judged = read_predictions(tmp_path / "run" / "grouped")
    tuned = read_predictions(tmp_path / "run" / "grouped" / "validation")
    group_of = {record.name: record.group for record in read_index(index).records}
    tested, validated = ({group_of[path] for path in part.paths} for part in (judged, tuned))
    assert tested
    assert validated
    assert not tested & validated
    reading = read_field(
        micrograph_from_rgb(draw_cells(["blast"] * 4, seed=99).rgb, um_per_px=UM_PER_PX),
        load_model(tmp_path / "run" / "bundle"),
    )
    assert len(reading.counted) == 4
