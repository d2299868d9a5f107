"""Settings come from the environment, and the shipped models are always there."""

from pathlib import Path

from bloodui.settings import DEFAULT_MODEL, SHIPPED, program_version, settings_from


def test_without_variables_the_shipped_models_are_used() -> None:
    settings = settings_from({})
    assert settings.bundle_roots == (SHIPPED,)
    assert settings.default_model == DEFAULT_MODEL


def test_a_further_folder_of_models_stands_beside_the_shipped_ones() -> None:
    settings = settings_from({"BLOODUI_MODELS": "/srv/bundles", "BLOODUI_MODEL": "mine"})
    assert settings.bundle_roots == (SHIPPED, Path("/srv/bundles"))
    assert settings.default_model == "mine"


def test_empty_variables_count_as_unset() -> None:
    assert settings_from({"BLOODUI_MODELS": " ", "BLOODUI_MODEL": ""}) == settings_from({})


def test_version_is_that_of_the_project_file() -> None:
    assert program_version().count(".") == 2
