"""Every control of every page has a test that uses it, and the list that says so is true."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from streamlit.delta_generator import DeltaGenerator

from tests.controls import (
    KINDS,
    LOOKED_AT,
    ROOT,
    Control,
    brought_up_to_date,
    calls,
    comes_from,
    exists,
    read_list,
    sites,
    written,
)

HERE = "tests/test_controls.py::test_a_control_that_no_test_uses_any_more_has_none"
BUTTON = Control(
    page="Compare", name="Undo | it", kind="button", file="bloodui/what_if/degradation_form.py"
)


def test_every_control_of_the_source_has_a_test() -> None:
    rows = read_list()
    lacking = [each for each in sites() if not any(comes_from(row, each) for row in rows)]
    assert not lacking, f"not in the list: {lacking}"
    unused = [control for control, test in rows.items() if not test]
    assert not unused, f"without a test: {unused}"


def test_every_test_of_the_list_is_there() -> None:
    assert not [test for test in read_list().values() if test and not exists(test)]


def test_every_widget_of_the_source_is_of_a_known_kind() -> None:
    reacting = {"on_change", "on_click", "on_select", "on_submit"}
    widgets = {
        name
        for name, each in inspect.getmembers(DeltaGenerator, inspect.isfunction)
        if reacting & set(inspect.signature(each).parameters)
    } | {"link_button", "page_link"}
    assert {"button", "tabs", "popover"} <= widgets
    unknown = {
        (file.name, name)
        for folder in ("pages", "bloodui")
        for file in (ROOT / folder).rglob("*.py")
        for name, call in calls(ast.parse(file.read_text("utf-8")))
        if name in widgets - set(KINDS)
        and ast.unparse(call.func) != "resident.feedback"  # a quiz's service, no widget
        and (name not in LOOKED_AT or any(each.arg == "on_select" for each in call.keywords))
    }
    assert not unknown


def test_every_expander_has_a_key_or_it_shuts_when_something_appears_above_it() -> None:
    assert not [each for each in sites() if each.kind == "expander" and each.key is None]


def test_no_page_is_stopped_midway_or_controls_show_other_than_what_holds() -> None:
    # Of a run that st.stop() ends Streamlit keeps the values of controls that it did not draw,
    # while the browser draws them at their defaults when they come again.
    stopped = [
        file.name
        for folder in ("pages", "bloodui")
        for file in (ROOT / folder).rglob("*.py")
        for name, call in calls(ast.parse(file.read_text("utf-8")))
        if ast.unparse(call) == "st.stop()"
    ]
    assert set(stopped) == {"gate.py"}  # the door, behind which there are no controls


def test_a_widget_is_found_by_its_label_or_else_by_its_key(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "app.py").write_text("")
    (tmp_path / "pages" / "one.py").write_text(
        "ONE, TWO = 'First', 'Second'\n"
        "st.tabs([ONE, TWO])\n"
        "place.button(f'Page of {n}', key='turn')\n"
        "st.expander(model.title, key=f'card:{model.id}')\n"
        "st.plotly_chart(figure)\n"
    )
    found = {site.name: site for site in sites(tmp_path)}
    assert set(found) == {"First", "Second", "Page of …", "card:…"}
    assert found["Page of …"].fits("Page of 3", "turn")
    assert not found["Page of …"].fits("Page of 3", "")
    assert found["card:…"].fits("Tiny", "card-tiny")


def test_a_control_that_no_test_uses_any_more_has_none() -> None:
    kept = brought_up_to_date({BUTTON: HERE}, {})
    assert kept[BUTTON] == HERE
    lost = brought_up_to_date({BUTTON: HERE}, {HERE: [(BUTTON, False)]})
    assert lost[BUTTON] == ""
    gone = brought_up_to_date({BUTTON: HERE + "_longer"}, {})
    assert gone[BUTTON] == ""


def test_the_list_is_read_as_it_was_written(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tests.controls.LIST", tmp_path / "controls.md")
    rows = {BUTTON: HERE}
    (tmp_path / "controls.md").write_text(written(rows), encoding="utf-8")
    assert read_list() == rows
