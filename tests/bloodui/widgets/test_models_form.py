"""Which models are offered at first."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from models.bundle.card import parse_card
from models.bundle.folder import folder_beside, pin_bundle, read_bundle, seal_bundle
from models.bundle.manifest import IR_NETWORK, IR_WEIGHTS
from tests.bloodui.tiny import SHY, STRICT, TINY

pytestmark = pytest.mark.slow


def _page(root: str, default: str, at_least: int) -> None:
    from pathlib import Path

    import streamlit as st

    from bloodui.inventory import installed_in
    from bloodui.widgets.models_form import models_form

    chosen = models_form(
        installed_in([Path(root)]).models, default, key="tested", at_least=at_least
    )
    st.text(",".join(each.manifest.id for each in chosen))


def _chosen(root: Path, default: str, at_least: int = 2) -> set[str]:
    args = (str(root), default, at_least)
    page = AppTest.from_function(_page, args=args, default_timeout=60).run()
    assert not page.exception
    return set(page.multiselect[0].value)


def _root(model_root: Path, folder: Path, *, for_keras_alone: set[str]) -> Path:
    """The three models, some of them without their network for OpenVINO."""
    for name in (TINY, SHY, STRICT):
        contents = read_bundle(model_root / name)
        left_out = {IR_NETWORK, IR_WEIGHTS} if name in for_keras_alone else set()
        with folder_beside(folder / "written" / name) as written:
            for file in contents.files.keys() - left_out:
                (written / file).write_bytes(contents.files[file])
            seal_bundle(
                written,
                contents.manifest.changed(files={}),
                parse_card(contents.files["card.json"]),
            )
        pin_bundle(folder / "root", folder / "written" / name)
    return folder / "root"


def test_a_model_whose_first_use_takes_a_conversion_is_not_chosen_at_first(
    model_root: Path, tmp_path: Path
) -> None:
    root = _root(model_root, tmp_path, for_keras_alone={SHY})
    assert _chosen(model_root, TINY) == {TINY, SHY, STRICT}
    assert _chosen(root, TINY) == {TINY, STRICT}
    # the site's own model is among them in any case
    assert _chosen(root, SHY) == {TINY, SHY, STRICT}


def test_where_too_few_are_left_all_of_the_task_are_chosen(
    model_root: Path, tmp_path: Path
) -> None:
    root = _root(model_root, tmp_path, for_keras_alone={SHY, STRICT})
    assert _chosen(root, TINY) == {TINY, SHY, STRICT}
    assert _chosen(root, TINY, at_least=1) == {TINY}
    assert _chosen(root, SHY) == {TINY, SHY}
