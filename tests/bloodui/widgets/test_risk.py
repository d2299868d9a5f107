"""The curve of a model's risk as a page shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bloodui.render.card_words import risk_rows
from bloodui.widgets.risk import risk_figure
from models.answer.answer_bound import answer_bound, emptied_curve, risk_curve
from models.bundle.folder import read_manifest
from models.bundle.manifest import Manifest
from tests.bloodui.app_pages import page_text


@pytest.fixture(scope="module")
def manifest(tiny_bundle: Path) -> Manifest:
    """Of a model that is right where it is sure, on 80 groups, and else by chance."""
    sure = np.repeat([0.999, 0.93, 0.4], 80)
    wrong = np.repeat([False, False, True], 80)
    curve = risk_curve(sure, wrong, np.tile(np.arange(80), 3))
    return read_manifest(tiny_bundle).changed(risk=curve)


def test_the_curve_goes_with_its_bound_and_the_limit_of_the_site(manifest: Manifest) -> None:
    figure = risk_figure(manifest, answer_bound(manifest.risk, 0.05))
    wrong, bound = figure.data
    assert list(wrong.x) == pytest.approx([100 * each.answered for each in manifest.risk])
    assert list(wrong.y) == pytest.approx([100 * each.wrong for each in manifest.risk])
    assert all(high >= low for low, high in zip(wrong.y, bound.y, strict=True))
    limit, chosen = figure.layout.shapes
    assert limit.y0 == 5
    assert chosen.x0 == pytest.approx(100 * 2 / 3)
    # where nothing is proven, no share of images is marked
    assert len(risk_figure(manifest, answer_bound(manifest.risk, 0.01)).layout.shapes) == 1


def test_its_rows_tell_from_where_on_it_is_seldom_wrong(manifest: Manifest) -> None:
    first, last = risk_rows(manifest)[0], risk_rows(manifest)[-1]
    assert first["Answers from"] == "99.9 %"
    assert first["Wrong of those answered"] == "0.0 %"
    assert (last["Answers from"], last["Answered"]) == ("0 %", "100.0 %")
    assert last["Wrong of those answered"] == "33.3 %"
    assert first["Patients, cases or blocks"] == "80"
    assert "Answered with all cells painted out" not in first
    emptied = emptied_curve(np.array([0.95, 0.2]), np.array([True, True]))
    rows = risk_rows(manifest.changed(emptied=emptied))
    shares = [row["Answered with all cells painted out"] for row in rows]
    assert (shares[0], shares[-1]) == ("0.0 %", "100.0 %")


def _page(text: str, limit: float) -> None:
    from bloodui.widgets.risk import show_risk
    from models.bundle.manifest import Manifest

    show_risk(Manifest.from_json(text.encode()), limit, key="tested")


def _drawn(manifest: Manifest, limit: float) -> AppTest:
    args = (manifest.to_json().decode(), limit)
    app = AppTest.from_function(_page, args=args, default_timeout=60).run()
    assert not app.exception
    return app


def test_the_page_says_what_is_proven_and_what_is_not(manifest: Manifest) -> None:
    shown = _drawn(manifest, 0.05)
    assert "Proven on 80 groups of images" in page_text(shown)
    assert len(shown.get("plotly_chart")) == 1
    assert "too many were wrong" not in page_text(shown)
    assert "Not proven: it was measured on 80 groups of images" in page_text(_drawn(manifest, 0.01))
    fields = emptied_curve(np.full(20, 0.9999), np.ones(20, bool))
    words = page_text(_drawn(manifest.changed(emptied=fields), 0.05))
    assert "still answer 100.0 % of its own fields (n 20)" in words


def test_a_model_that_was_not_measured_says_so(manifest: Manifest) -> None:
    shown = _drawn(manifest.changed(risk=()), 0.05)
    assert "it was not measured from which" in page_text(shown)
    assert not shown.get("plotly_chart")


def _brief(bundle: str, emptied: bool) -> None:
    from pathlib import Path

    import numpy as np

    from bloodui.widgets.card import show_card_in_brief
    from models.answer.answer_bound import emptied_curve
    from models.bundle.card import read_card
    from models.bundle.folder import read_manifest

    manifest = read_manifest(Path(bundle))
    if emptied:
        fields = emptied_curve(np.full(20, 0.9999), np.ones(20, bool))
        manifest = manifest.changed(emptied=fields)
    show_card_in_brief(read_card(Path(bundle) / "card.json"), manifest)


def test_a_card_says_first_that_its_model_never_answers(
    tiny_bundle: Path, tiny_cell_bundle: Path
) -> None:
    said = {}
    for bundle, emptied in ((tiny_bundle, False), (tiny_bundle, True), (tiny_cell_bundle, True)):
        args = (str(bundle), emptied)
        page = AppTest.from_function(_brief, args=args, default_timeout=60).run()
        assert not page.exception
        said[bundle, emptied] = page_text(page)
    assert "never answers" not in said[tiny_bundle, False]
    assert "It never answers on this site." in said[tiny_bundle, True]
    assert "the picture, not only the cells" in said[tiny_bundle, True]
    assert "never answers about a whole picture on this site" in said[tiny_cell_bundle, True]


def _probabilities(compressed: bool) -> None:
    import numpy as np

    from bloodui.widgets.probabilities import show_probabilities
    from models.answer.prediction import Prediction

    show_probabilities(
        Prediction(
            classes=("Benign", "Pre"),
            logits=np.log([0.95, 0.05]),
            probabilities=np.array([0.95, 0.05]),
            top_class=0,
            decision="answered",
            reason="As asked.",
            threshold=0.9,
            compressed=compressed,
        )
    )


def test_a_line_that_was_moved_for_a_compressed_file_says_so() -> None:
    for compressed in (True, False):
        page = AppTest.from_function(_probabilities, args=(compressed,), default_timeout=60).run()
        assert not page.exception
        words = page_text(page)
        assert "Dashed line: 90.0" in words
        assert ("for a file that was compressed this hard" in words) == compressed
        assert "above it nothing is proven" not in words
