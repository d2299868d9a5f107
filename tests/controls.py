"""Which test uses which control of which page: what `docs/controls.md` says, and whether it is so.

The controls are read off the source (every call of a Streamlit widget) and off the pages that
browser tests open, where `controls.js` tells which were truly operated: by click, key or file.
Each test leaves that in pytest's cache; `python -m tests.controls` writes the list from there, and
ends with 1 while a control has no test. `tests/test_controls.py` holds the list.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "docs" / "controls.md"
CACHE = ROOT / ".pytest_cache" / "v" / "controls"
SCRIPT = Path(__file__).with_suffix(".js")
HOLE = "…"
"""Stands for what differs from one image, model or run to the next."""

# Streamlit's function → what its element is marked with in the browser.
KINDS = {
    "Page": "stTopNavLink",
    "button": "stButton",
    "camera_input": "stCameraInput",
    "checkbox": "stCheckbox",
    "data_editor": "stDataFrame",
    "dataframe": "stDataFrame",
    "download_button": "stDownloadButton",
    "expander": "stExpander",
    "file_uploader": "stFileUploader",
    "form_submit_button": "stFormSubmitButton",
    "multiselect": "stMultiSelect",
    "number_input": "stNumberInput",
    "page_link": "stPageLink",
    "plotly_chart": "stPlotlyChart",
    "radio": "stRadio",
    "segmented_control": "stButtonGroup",
    "selectbox": "stSelectbox",
    "slider": "stSlider",
    "tabs": "stTab",
    "text_input": "stTextInput",
    "toggle": "stCheckbox",
}
# Drawn to be looked at unless they say what a selection does.
LOOKED_AT = {"altair_chart", "dataframe", "plotly_chart"}
ON_EVERY_PAGE = ("app.py", "bloodui/access/gate.py")
_HEAD = """# Every control of every page, and the test that uses it

Written by `python -m tests.controls` from what the browser tests did in a real Chromium, not by
hand. A browser test fails where it no longer uses what stands here beside its name, and
`tests/test_controls.py` fails where a control of the source is missing here or has no test. "…"
stands for what differs from one image, model or run to the next.

| Page | Control | Kind | File | Test |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place in the source that draws a control.

    Attributes:
        labels: What it may be called, with holes; none where only the screen tells.
        key: With holes; None where it has none, a hole where it cannot be told.
        name: What the list calls it; "" where that is what stands on the screen.
    """

    file: str
    kind: str
    labels: tuple[str, ...]
    key: str | None
    name: str

    def fits(self, label: str, key: str) -> bool:
        """Whether an element of its kind with this label and key comes from here."""
        if self.kind not in ("tabs", "Page", "form_submit_button"):
            own = re.sub(rf"[^\w{HOLE}-]", "-", self.key or "", flags=re.ASCII)
            if not _matches(own, key):
                return False
        return not self.labels or any(_matches(each, label) for each in self.labels)


@dataclass(frozen=True, kw_only=True, order=True)
class Control:
    """A row of the list, without its test."""

    page: str
    name: str
    kind: str
    file: str


def sites(root: Path = ROOT) -> list[Site]:
    """Every place that draws a control; those that say most of it first."""
    files = [root / "app.py", *(root / "pages").glob("*.py"), *(root / "bloodui").rglob("*.py")]
    found = [site for file in files for site in _sites_of(file, file.relative_to(root).as_posix())]
    return sorted(found, key=lambda each: (not each.labels, each.name.count(HOLE), each.file))


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a method or of a module's function, with its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr, node


def _sites_of(path: Path, file: str) -> Iterator[Site]:
    tree = ast.parse(path.read_text("utf-8"))
    names: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=True))
            names |= {
                t.id: texts
                for t, v in pairs
                if isinstance(t, ast.Name) and (texts := _texts(v, names))
            }
    for kind, call in calls(tree):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if kind not in KINDS or (kind in LOOKED_AT and "on_select" not in given):
            continue
        if kind == "Page" and file not in ON_EVERY_PAGE[:1]:
            continue
        key = None
        if "key" in given:
            key = (_texts(given["key"], names) or (HOLE,))[0]
        named = {"Page": "title", "page_link": "label"}
        label = given[named[kind]] if kind in named else call.args[0]
        several = label.elts if kind == "tabs" and isinstance(label, ast.List) else [label]
        for each in several:
            texts = tuple(text.replace("**", "") for text in _texts(each, names))
            # A name is a word of ours from elsewhere; an attribute or a call is data.
            is_data = not texts and kind != "tabs" and not isinstance(each, ast.Name)
            name = key or HOLE if is_data else " / ".join(texts)
            yield Site(file=file, kind=kind, labels=texts, key=key, name=name)


def _texts(node: ast.expr, names: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """What an expression may say, with holes for what only running tells; () for nothing known."""
    match node:
        case ast.Constant(value=str(text)):
            return (text,)
        case ast.Name(id=name):
            return names.get(name, ())
        case ast.IfExp(body=one, orelse=other):
            return (*_texts(one, names), *_texts(other, names))
        case ast.JoinedStr(values=parts):
            return ("".join((_texts(part, names) or (HOLE,))[0] for part in parts),)
    return ()


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(HOLE, ".*"), text, re.DOTALL) is not None


@cache
def _all_sites() -> tuple[Site, ...]:
    return tuple(sites())


def control_of(page: str, mark: str, label: str, key: str) -> Control | None:
    """The control that an element of a page is; None where the source draws none such.

    Args:
        page: The last part of the address, and "?quiz" behind a quiz's link.
        mark: As in KINDS.
        label: The element's first words.
        key: As Streamlit writes it into the element's class; "" for none.
    """
    first = "quiz" if page.endswith("?quiz") else "second_opinion"
    own = f"pages/{page.partition('?')[0] or first}.py"
    fitting = [s for s in _all_sites() if KINDS[s.kind] == mark and s.fits(label, key)]
    # What another page's file draws is not on this page, though it may be called the same.
    here = (s for s in fitting if not s.file.startswith("pages/") or s.file == own)
    site = next(here, None)
    if site is None:
        return None
    where = (page.partition("?")[0] or "second_opinion").replace("_", " ").capitalize()
    if page.endswith("?quiz"):
        where = "Quiz, by its link"
    if site.file in ON_EVERY_PAGE:
        where = "Every page"
    return Control(page=where, name=site.name or label, kind=site.kind, file=site.file)


def read_list() -> dict[Control, str]:
    """The list as it is committed: each control's test, "" where it has none."""
    rows = {}
    for line in LIST.read_text("utf-8").splitlines() if LIST.exists() else ():
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 5 and cells[4][:1] in "`n" and cells[0] != "Page":
            page, name, kind, file, test = cells
            control = Control(page=page, name=name, kind=kind.strip("`"), file=file.strip("`"))
            rows[control] = "" if test == "none" else test.strip("`")
    return rows


def written(rows: Mapping[Control, str]) -> str:
    """The list as a Markdown document."""
    lines = []
    for each, test in sorted(rows.items()):
        name = each.name.replace("|", "\\|")
        by = f"`{test}`" if test else "none"
        lines.append(f"| {each.page} | {name} | `{each.kind}` | `{each.file}` | {by} |")
    return _HEAD + "\n".join(lines) + "\n"


def brought_up_to_date(
    rows: Mapping[Control, str], records: Mapping[str, Iterable[tuple[Control, bool]]]
) -> dict[Control, str]:
    """The list after tests have run; a test that did not run keeps what it had.

    Args:
        rows: The list before.
        records: What each test saw, and whether it used it.
    """
    known = {(site.file, site.kind) for site in _all_sites()}
    used = {test: {each for each, is_used in seen if is_used} for test, seen in records.items()}
    seen = {each for notes in records.values() for each, _ in notes}
    new = {}
    for control in seen | {each for each in rows if (each.file, each.kind) in known}:
        before = rows.get(control, "")
        holds = exists(before) and control in used.get(before, {control})
        others = sorted(test for test, mine in used.items() if control in mine)
        new[control] = before if holds else next(iter(others), "")
    for site in _all_sites():
        if not any(comes_from(control, site) for control in new):
            new[Control(page="nowhere seen", name=site.name, kind=site.kind, file=site.file)] = ""
    return new


def comes_from(control: Control, site: Site) -> bool:
    """Whether a row of the list is a control that this place draws."""
    own = (site.file, site.kind) == (control.file, control.kind)
    return own and (control.name == site.name or not site.name)


def exists(test: str) -> bool:
    """Whether there is a test of this name, its parameters aside."""
    file, _, name = test.partition("::")
    path = ROOT / file
    return path.is_file() and f"def {name.partition('[')[0]}(" in path.read_text("utf-8")


def main() -> int:
    """Write the list, and print what no test uses."""
    records = {
        path.relative_to(CACHE).as_posix(): [
            (Control(**control), is_used)
            for control, is_used in json.loads(path.read_text("utf-8"))
        ]
        for path in CACHE.rglob("*")
        if path.is_file()
    }
    rows = brought_up_to_date(
        read_list(), {test: notes for test, notes in records.items() if exists(test)}
    )
    LIST.write_text(written(rows), encoding="utf-8")
    unused = [control for control, test in sorted(rows.items()) if not test]
    lines = [f"{each.page}: {each.name} ({each.kind}, {each.file}): none" for each in unused]
    lines.append(f"{len(rows)} controls, {len(unused)} without a test: {LIST.relative_to(ROOT)}")
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if unused else 0


if __name__ == "__main__":
    sys.exit(main())
