"""Settings come from the environment, and the shipped models are always there."""

from pathlib import Path

import pytest

from bloodui.errors import SettingsError
from bloodui.settings import DEFAULT_MODEL, Settings, program_version, settings_from
from models.answer.prediction import AnswerRules
from models.bundle.folder import SHIPPED_ROOT


def test_without_variables_the_shipped_models_are_used() -> None:
    settings = settings_from({})
    assert settings.bundle_roots[0] == SHIPPED_ROOT
    assert settings.default_model == DEFAULT_MODEL
    assert settings.state == Path.home() / ".local/share/bloodui"
    assert settings.runs_at_once == 1
    assert (settings.mlflow, settings.roles_claim) == ("", "roles")


def test_promoted_models_stand_beside_the_shipped_ones_once_there_are_any(tmp_path: Path) -> None:
    state = {"BLOODUI_STATE": str(tmp_path)}
    assert settings_from(state).bundle_roots == (SHIPPED_ROOT,)
    promoted = settings_from(state).registry / "in-use"
    promoted.mkdir(parents=True)
    assert settings_from(state).bundle_roots == (SHIPPED_ROOT, promoted)


@pytest.mark.parametrize("text", ["0", "many", "-1", "1.5", "²"])
def test_runs_at_once_that_are_no_number_are_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="BLOODUI_RUNS_AT_ONCE"):
        settings_from({"BLOODUI_RUNS_AT_ONCE": text})
    assert settings_from({"BLOODUI_RUNS_AT_ONCE": "3"}).runs_at_once == 3


@pytest.mark.parametrize("text", ["0.4", "1", "nan", "inf", "most"])
def test_a_set_level_out_of_range_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match=r"BLOODUI_SET_LEVEL to be a number from 0.5 to 0.999"):
        settings_from({"BLOODUI_SET_LEVEL": text})
    assert settings_from({"BLOODUI_SET_LEVEL": "0.95"}).set_level == 0.95


@pytest.mark.parametrize("text", ["0", "0.6", "nan", "few"])
def test_a_share_of_wrong_answers_out_of_range_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match=r"BLOODUI_ERROR_LIMIT to be a number from 0.005 to"):
        settings_from({"BLOODUI_ERROR_LIMIT": text})
    rules = settings_from({"BLOODUI_ERROR_LIMIT": "0.1", "BLOODUI_SET_LEVEL": "0.8"}).rules
    assert rules == AnswerRules(set_level=0.8, error_limit=0.1)


def test_the_readme_names_every_variable() -> None:
    readme = (SHIPPED_ROOT.parents[1] / "README.md").read_text("utf-8")
    names = [str(each.alias) for each in Settings.model_fields.values()]
    assert "BLOODUI_STATE" in names
    assert [name for name in names if f"| `{name}` |" not in readme] == []


def test_a_further_folder_of_models_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    settings = settings_from(
        {
            "BLOODUI_STATE": str(tmp_path),
            "BLOODUI_MODELS": "/srv/bundles",
            "BLOODUI_MODEL": "mine",
        }
    )
    assert settings.bundle_roots == (SHIPPED_ROOT, Path("/srv/bundles"))
    assert settings.default_model == "mine"


def test_empty_variables_count_as_unset() -> None:
    assert settings_from({"BLOODUI_MODELS": " ", "BLOODUI_MODEL": ""}) == settings_from({})


def test_version_is_that_of_the_project_file() -> None:
    assert program_version().count(".") == 2
