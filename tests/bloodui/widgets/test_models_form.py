"""Which models are offered at first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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


def _chosen(root: Path, default: str, at_least: int = 2) -> list[str]:
    args = (str(root), default, at_least)
    page = AppTest.from_function(_page, args=args, default_timeout=60).run()
    assert not page.exception
    return list(page.multiselect[0].value)


def test_a_model_whose_first_use_takes_a_conversion_is_not_chosen_at_first(
    model_root: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(model_root, root)
    assert set(_chosen(root, TINY)) == {TINY, SHY, STRICT}
    for bundle in (SHY, STRICT):
        for name in (IR_NETWORK, IR_WEIGHTS):
            (root / bundle / name).unlink()
        if bundle == SHY:
            assert set(_chosen(root, TINY)) == {TINY, STRICT}
    # where too few are left, all of the task are
    assert set(_chosen(root, TINY)) == {TINY, SHY, STRICT}
    assert _chosen(root, TINY, at_least=1) == [TINY]
    # the site's own model is among them in any case
    assert set(_chosen(root, SHY)) == {TINY, SHY}
