"""What the drawings say: probabilities with their rule, maps with their worth, figures whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bloodui.render.bullet import bullet_html, limits_in_words, number
from bloodui.render.card_words import rate_in_words
from bloodui.render.map_words import map_in_words, strength
from bloodui.render.overlay import place_map
from bloodui.render.text import (
    as_html,
    as_markdown,
    as_plotly,
    full_name,
)
from bloodui.widgets.probabilities import probabilities_html
from bloodui.widgets.viewer import Look, Picture, viewer_figure
from models.answer.prediction import Prediction
from models.answer.saliency import Explanation
from models.image.quality import Measure, MeasureLimit
from models.rate import Rate

LIMIT = MeasureLimit(
    name="focus",
    unit="µm",
    declined_below=2.0,
    warned_below=5.0,
    warned_above=None,
    declined_above=None,
    source="Measured for this test.",
)


def a_measure(value: float, verdict: str = "good", name: str = "focus") -> Measure:
    return Measure(
        name=name, value=value, unit="µm", verdict=verdict, limit=LIMIT, sentence="As measured."
    )


def a_prediction(*probabilities: float, decision: str = "answered") -> Prediction:
    values = np.array(probabilities)
    return Prediction(
        classes=("Benign", "Pre", "<b>x</b>")[: len(values)],
        logits=np.log(values),
        probabilities=values,
        top_class=int(values.argmax()),
        decision=decision,
        reason="As asked.",
        threshold=0.6,
    )


def a_map(*, peak: float = 2.0, share: float | None = 0.62, name: str = "Pre") -> Explanation:
    values = np.zeros((32, 32), np.float32)
    values[8:12, 20:24] = 1.0 if peak else 0.0
    return Explanation(
        map=values,
        raw_peak=peak,
        method="grad-cam",
        class_index=1,
        class_name=name,
        share_on_cells=share,
        cell_area=0.21,
    )


def a_picture(um_per_px: float | None = None) -> Picture:
    rgb = np.full((200, 400, 3), 210, np.uint8)
    return Picture(label="Image 1", rgb=rgb, um_per_px=um_per_px)


LOOK = Look(opacity=0.5, contour=True, zoomed=False)


def test_classes_stand_by_probability_with_their_values() -> None:
    page = probabilities_html(a_prediction(0.2, 0.7, 0.1))
    assert page.index("Pre") < page.index("Benign") < page.index("&lt;b&gt;x&lt;/b&gt;")
    assert "70.0\N{NARROW NO-BREAK SPACE}%" in page
    assert "20.0\N{NARROW NO-BREAK SPACE}%" in page
    assert "left:60.00%" in page
    assert "pre-B acute lymphoblastic leukaemia" in page


def test_markup_in_a_class_name_stays_text() -> None:
    assert "<b>x" not in probabilities_html(a_prediction(0.2, 0.3, 0.5))
    assert as_markdown("[a](b) *c* $d$") == r"\[a\]\(b\) \*c\* \$d\$"


def test_writing_is_not_turned_round_in_any_place() -> None:
    turned = "a\u202eb\nc\ud800"
    assert as_markdown(turned) == as_html(turned) == as_plotly(turned) == "a\ufffdb c\ufffd"


def test_class_that_comes_first_without_an_answer_has_another_colour() -> None:
    answered = probabilities_html(a_prediction(0.3, 0.7))
    abstained = probabilities_html(a_prediction(0.5, 0.5, decision="abstained"))
    unproven = probabilities_html(a_prediction(0.3, 0.7, decision="unproven"))
    assert "background:#0072b2" in answered
    assert "#0072b2" not in abstained
    assert "background:repeating-linear-gradient(115deg,#0072b2" in unproven


def test_unknown_class_is_called_as_the_model_calls_it() -> None:
    assert full_name("Pre") == "Pre (pre-B acute lymphoblastic leukaemia)"
    assert full_name("something else") == "something else"


def test_map_on_cells_is_told_with_its_share_and_what_chance_would_give() -> None:
    words = " ".join(map_in_words(a_map(), a_map()))
    assert "62 % of the map lies on stained cells, which cover 21 %" in words
    assert "no more than chance" not in words
    assert "Raw peak 2." in words


def test_map_beside_the_cells_is_not_to_be_believed() -> None:
    assert "no more than chance" in " ".join(map_in_words(a_map(share=0.15), a_map()))


def test_map_without_cells_says_so() -> None:
    assert "No stained cells were found" in " ".join(map_in_words(a_map(share=None), a_map()))


def test_empty_map_says_that_nothing_speaks_for_the_class() -> None:
    (sentence,) = map_in_words(a_map(peak=0.0, share=None, name="Pro"), a_map())
    assert "Nothing in this image speaks for Pro" in sentence


def test_weak_map_is_drawn_weak_and_said_to_be() -> None:
    weak, first = a_map(peak=0.5, name="Pro"), a_map(peak=2.0)
    assert strength(weak, first) == pytest.approx(0.25)
    assert "25 % of the peak for Pre" in " ".join(map_in_words(weak, first))


def test_maps_of_two_methods_are_not_compared() -> None:
    assert strength(replace(a_map(peak=0.1), method="layercam"), a_map()) == 1.0


def test_viewer_lays_the_map_over_the_image_in_pixels_of_the_original() -> None:
    placed = place_map(a_map().map, (100, 0, 300, 200), width_px=400, height_px=200, check=None)
    figure = viewer_figure(a_picture(), placed, LOOK, revision="1")
    image, heat = figure.layout.images
    assert (image.x, image.y, image.sizex, image.sizey) == (0, 0, 400, 200)
    assert (heat.x, heat.y, heat.sizex, heat.sizey) == pytest.approx((100, 0, 200, 200))
    # plotly.js takes layers with the same place and size for one.
    assert heat.x != 100
    contour = figure.data[-1]
    assert np.nanmin(contour.x) > 215
    assert np.nanmax(contour.x) < 260
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]


def test_viewer_without_a_map_draws_the_image_alone() -> None:
    assert len(viewer_figure(a_picture(), None, LOOK, revision="1").layout.images) == 1


def test_zoom_goes_to_where_the_map_peaks() -> None:
    placed = place_map(a_map().map, (0, 0, 400, 200), width_px=400, height_px=200, check=None)
    figure = viewer_figure(a_picture(), placed, replace(LOOK, zoomed=True), revision="1")
    left, right = figure.layout.xaxis.range
    x, _ = placed.peak
    assert left < x < right
    assert right - left < 200


def test_scale_bar_has_the_length_that_it_names() -> None:
    figure = viewer_figure(a_picture(um_per_px=0.25), None, LOOK, revision="1")
    (label,) = figure.layout.annotations
    length_um = float(label.text.removesuffix(" µm"))
    bar = figure.data[-1]
    assert (bar.x[1] - bar.x[0]) * 0.25 == pytest.approx(length_um)
    assert viewer_figure(a_picture(), None, LOOK, revision="1").layout.annotations == ()


def test_measure_is_told_with_value_unit_and_verdict_for_who_cannot_see_the_bar() -> None:
    assert 'aria-label="focus: 7 µm, good"' in bullet_html(a_measure(7.0))
    assert "&lt;i&gt;" in bullet_html(a_measure(7.0, name="<i>"))


@pytest.mark.parametrize(("value", "verdict"), [(0.5, "declined"), (3.0, "usable"), (7.0, "good")])
def test_needle_stands_in_the_band_of_its_verdict(value: float, verdict: str) -> None:
    from bloodui.render import bullet

    measure = a_measure(value, verdict)
    low, high = bullet._axis(measure)
    share = (value - low) / (high - low)
    (band,) = [b for b in bullet._bands(measure, low, high) if b.start <= share < b.end]
    assert band.verdict == verdict


def test_value_far_outside_does_not_press_the_limits_together() -> None:
    from bloodui.render import bullet

    low, high = bullet._axis(a_measure(5000.0))
    assert low == 0
    assert 5 < high <= 20


def test_value_below_zero_has_room_on_the_axis() -> None:
    from bloodui.render import bullet

    low, high = bullet._axis(a_measure(-3.0))
    assert low < -3
    assert high > 5


def test_limits_are_told_in_words() -> None:
    assert limits_in_words(a_measure(7.0)) == "declined below 2, a warning below 5"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (0.0004, "0"), (0.00797, "0.008"), (0.1234, "0.123"), (12345.6, "12,346")],
)
def test_numbers_are_short_and_plain(value: float, words: str) -> None:
    assert number(value) == words


def test_rates_are_in_per_cent_and_areas_are_not() -> None:
    rate = Rate(name="sensitivity Pre", value=0.984, low=0.974, high=0.99, n=946)
    assert rate_in_words(rate) == "98.4 % (97.4 to 99.0), n = 946"
    area = rate.changed(name="AUROC by group")
    assert rate_in_words(area) == "0.984 (0.974 to 0.990), n = 946"
