"""Gallery and picture of Fields in a real Chromium: cells moved by keys, by dragging, several at
once and by touch; where the focus is, and where everything stands."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from models.cells.count import KINDS, exact_limits
from tests.bloodui.dashboard import BROWSER_MARKS, LOADING_MS, Server, serving
from tests.bloodui.fields.place import (
    WHITE,
    drag,
    drawn_field,
    expect_counted,
    give,
    largest_column,
    limits,
    numbers,
    open_fields,
    tiles,
)
from tests.bloodui.operate import (
    open_dashboard,
    settle,
)

pytestmark = BROWSER_MARKS


def test_a_cell_moves_by_a_key_and_the_server_counts_it_anew(page: Page, field: bytes) -> None:
    give(page, field)
    before = numbers(page)
    expect_counted(page, before)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    n_white = sum(before[kind] for kind in WHITE)

    first, second = tiles(page, source).nth(0), tiles(page, source).nth(1)
    name, next_name = (each.get_attribute("data-cell") for each in (first, second))
    first.click()
    page.keyboard.press(str(WHITE.index(target) + 1))
    after = before | {source: before[source] - 1, target: before[target] + 1}
    assert numbers(page) == after  # at once, before the server answers
    expect_counted(page, after)
    low, high = exact_limits(after[target], n_white)
    assert limits(page, target) == f"{100 * low:.1f} to {100 * high:.1f}"
    # The next cell of the column is open, so that the hand stays on the keys.
    expect(page.locator(".tile.open")).to_have_attribute("data-cell", str(next_name))
    moved = page.locator(f'.tile[data-cell="{name}"]')
    expect(moved).to_have_class(re.compile("corrected"))

    page.keyboard.press("Control+z")
    expect_counted(page, before)
    page.keyboard.press("Control+y")
    expect_counted(page, after)
    page.get_by_role("button", name="Undo").click()
    expect_counted(page, before)
    page.get_by_role("button", name="Redo").click()
    expect_counted(page, after)
    moved.click()
    page.keyboard.press("0")
    expect_counted(page, before)


def test_cells_move_by_dragging_one_or_several(page: Page, field: bytes) -> None:
    give(page, field)
    before = numbers(page)
    source = largest_column(page)
    assert before[source] >= 4
    target = next(kind for kind in WHITE if kind != source)
    column = page.get_by_role("region", name=target, exact=True)
    drag(tiles(page, source).nth(0), column)
    once = before | {source: before[source] - 1, target: before[target] + 1}
    assert numbers(page) == once
    expect_counted(page, once)
    expect(page.locator(".tile.chosen")).to_have_count(0)  # after a drag nobody chose the next one

    tiles(page, source).nth(0).click()
    tiles(page, source).nth(2).click(modifiers=["Shift"])
    expect(page.locator(".tile.chosen")).to_have_count(3)
    tiles(page, source).nth(1).click(modifiers=["Control"])
    expect(page.locator(".tile.chosen")).to_have_count(2)
    expect(page.locator(".details article")).to_have_count(2)  # side by side
    drag(tiles(page, source).nth(0), column)
    both = once | {source: once[source] - 2, target: once[target] + 2}
    assert numbers(page) == both
    expect_counted(page, both)
    page.get_by_role("button", name="Undo").click()
    expect_counted(page, once)


def test_the_cell_that_the_page_chose_next_is_not_among_several(page: Page, field: bytes) -> None:
    give(page, field)
    source = largest_column(page)
    key = str(WHITE.index(next(kind for kind in WHITE if kind != source)) + 1)

    def name_first() -> None:
        tiles(page, source).nth(0).click()
        page.keyboard.press(key)
        expect(page.locator(".tile.chosen")).to_have_count(1)  # the next one, by the page

    def last() -> tuple[Locator, str | None]:
        tile = tiles(page, source).last
        return tile, tile.get_attribute("data-cell")

    for several in (False, True):
        name_first()
        tile, name = last()
        if several:
            page.get_by_role("button", name="Choose several").click()
            expect(page.locator(".tile.chosen")).to_have_count(0)
            tile.click()
        else:
            tile.click(modifiers=["Control"])
        expect(page.locator(".tile.chosen")).to_have_count(1)
        expect(page.locator(".tile.chosen")).to_have_attribute("data-cell", str(name))
    # of its own hand, the one that the page chose can be chosen as well as any other
    page.get_by_role("button", name="Choose several").click()
    name_first()
    offered = page.locator(".tile.chosen")
    number = offered.get_attribute("data-cell")
    offered.click(modifiers=["Control"])
    expect(page.locator(".tile.chosen")).to_have_attribute("data-cell", str(number))


def focused(page: Page) -> str:
    """What has the focus, once hidden and disabled elements have lost it: "" outside the fields."""
    page.wait_for_timeout(150)
    return str(
        page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                const isUsable = at?.closest(".fields") && !at.disabled;
                return isUsable ? at.dataset.cell ?? (at.className || at.tagName) : "";
            }"""
        )
    )


def expect_keys_alive(page: Page) -> None:
    """An arrow goes to a cell, which is then the only one that is chosen, and has the focus."""
    assert focused(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".tile.chosen")).to_have_count(1)
    opened = page.locator(".tile.open")
    assert focused(page) == opened.get_attribute("data-cell")


def test_keys_go_on_after_several_cells_moved_and_were_undone(page: Page, field: bytes) -> None:
    give(page, field)
    before = numbers(page)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    key = str(WHITE.index(target) + 1)
    after = before | {source: before[source] - 2, target: before[target] + 2}
    tiles(page, source).nth(0).click()
    tiles(page, source).nth(1).click(modifiers=["Control"])
    next_cell = tiles(page, source).nth(2).get_attribute("data-cell")
    page.keyboard.press(key)
    assert numbers(page) == after
    # What was corrected is chosen no more: the next cell alone is.
    expect(page.locator(".tile.chosen")).to_have_count(1)
    assert focused(page) == next_cell
    for keys, wanted in (("Control+z", before), ("Control+y", after), ("Control+z", before)):
        page.keyboard.press(keys)
        assert numbers(page) == wanted
        assert focused(page) == next_cell
    page.keyboard.press(key)
    assert numbers(page) == before | {source: before[source] - 1, target: before[target] + 1}
    page.keyboard.press("Control+z")
    expect_keys_alive(page)

    # A whole column leaves no next cell; undone, its cells are chosen again.
    tiles(page, source).nth(0).click()
    page.keyboard.press("Control+a")
    page.keyboard.press(key)
    assert numbers(page)[source] == 0
    expect(page.locator(".tile.chosen")).to_have_count(0)
    assert focused(page)
    page.keyboard.press("Control+z")
    expect(page.locator(".tile.chosen")).to_have_count(before[source])
    assert focused(page)
    page.keyboard.press(key)
    assert numbers(page)[source] == 0
    page.keyboard.press("Control+z")
    expect_counted(page, before)
    expect_keys_alive(page)


def test_keys_go_on_after_every_other_command(page: Page, field: bytes) -> None:
    give(page, field, drawn_field(12, seed=5))
    source = largest_column(page)
    undo, redo = page.locator('[data-command="undo"]'), page.locator('[data-command="redo"]')
    first = tiles(page, source).first
    first.click()
    page.keyboard.press("9")
    for button in (undo, redo, undo):  # each of them is disabled by its own click
        button.click()
        expect(button).to_be_disabled()
        expect_keys_alive(page)
    first.click()
    page.locator('.kinds [data-kind="8"]').click()
    expect_keys_alive(page)
    page.get_by_role("button", name="Choose several").click()
    first.click()
    page.locator('.kinds [data-kind="8"]').click()  # none is chosen then: the button is disabled
    expect(page.locator(".tile.chosen")).to_have_count(0)
    expect_keys_alive(page)
    page.get_by_role("button", name="Choose several").click()

    tile, column = tiles(page, source).nth(1), page.get_by_role("region", name="other", exact=True)
    drag(tile, column)
    expect_keys_alive(page)

    # Only doubtful cells are shown: what had the focus is hidden.
    page.locator(".tile:not(.doubtful)").first.click()
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect_keys_alive(page)
    page.locator(".tile.doubtful").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("9")
    expect_keys_alive(page)
    page.keyboard.press("PageDown")
    expect_keys_alive(page)
    page.keyboard.press("d")
    page.get_by_role("button", name="Next field").click()
    expect_keys_alive(page)

    # Another window corrects, too: the server then draws the gallery here anew.
    settle(page)
    other = page.context.new_page()
    other.goto(page.url)
    expect(tiles(other).first).to_be_visible(timeout=60_000)
    settle(other)
    tiles(other, source).first.click()
    other.keyboard.press("9")
    settle(other)
    page.bring_to_front()
    tiles(page, source).nth(1).click()
    page.keyboard.press("8")
    expect(page.get_by_text("Another window changed this")).to_be_visible()
    settle(page)
    expect(page.locator(".tile.chosen")).to_have_count(0)
    expect_keys_alive(page)


def test_what_was_said_of_a_cell_goes_when_another_is_chosen(page: Page, field: bytes) -> None:
    give(page, field)
    source = largest_column(page)
    told = page.get_by_role("status").and_(page.locator(".told"))
    tiles(page, source).nth(0).click()
    page.keyboard.press("9")
    expect(told).to_have_text(re.compile(r"^Cell \d+ named other$"))
    tiles(page, source).nth(1).click()
    expect(told).to_have_text("")
    page.keyboard.press("0")
    page.keyboard.press("9")
    page.keyboard.press("Control+z")
    expect(told).to_have_text("Undone")
    page.keyboard.press("ArrowDown")
    expect(told).to_have_text("")


def test_the_gallery_gives_its_room_to_what_has_cells(page: Page, field: bytes) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    give(page, field)
    before = numbers(page)
    empty = [kind for kind in before if not before[kind]]
    assert 0 < len(empty) < len(before)

    def region(kind: str) -> dict[str, float]:
        box = page.get_by_role("region", name=kind, exact=True).bounding_box()
        assert box
        return dict(box)

    widths = {kind: region(kind)["width"] for kind in before}
    assert max(widths[kind] for kind in empty) < 50
    assert min(widths[kind] for kind in before if kind not in empty) > 90
    columns = page.locator(".columns")
    assert columns.evaluate("it => it.scrollWidth <= it.clientWidth")
    # The name of an empty one is read, and lies within its column; headings are in line.
    name = page.get_by_role("region", name=empty[0], exact=True).locator(".name")
    expect(name).to_have_text(empty[0])
    box, column = name.bounding_box(), region(empty[0])
    assert box
    assert column["x"] <= box["x"]
    assert box["x"] + box["width"] <= column["x"] + column["width"] + 0.5
    assert box["y"] + box["height"] <= column["y"] + column["height"]
    heights = page.locator(".columns header").evaluate_all("all => all.map(it => it.offsetHeight)")
    assert len(set(heights)) == 1, heights

    source = largest_column(page)
    target = next(kind for kind in empty if kind in WHITE)
    narrow = page.get_by_role("region", name=target, exact=True)
    drag(tiles(page, source).nth(0), narrow)
    assert numbers(page) == before | {source: before[source] - 1, target: 1}
    assert region(target)["width"] > 90

    # With cells in all of them they are scrolled in a window that is not so wide, which is seen.
    for kind in [kind for kind in empty if kind in WHITE and kind != target]:
        tiles(page, source).nth(0).click()
        page.keyboard.press(str(KINDS.index(kind) + 1))
    page.set_viewport_size({"width": 1000, "height": 900})
    assert columns.evaluate("it => it.scrollWidth > it.clientWidth")
    style = "getComputedStyle(it, '::-webkit-scrollbar').height"
    assert columns.evaluate(f"it => parseFloat({style})") > 8


def test_two_cells_side_by_side_are_compared_in_line(page: Page, field: bytes) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    give(page, field)
    source = largest_column(page)
    other = next(kind for kind in numbers(page) if kind != source and numbers(page)[kind])
    tiles(page, source).nth(0).click()
    tiles(page, other).nth(0).click(modifiers=["Control"])
    expect(page.locator(".details article")).to_have_count(2)

    def tops(part: str) -> list[float]:
        found = page.locator(f".details article > {part}")
        return [
            float(each)
            for each in found.evaluate_all(
                "all => all.map(it => Math.round(it.getBoundingClientRect().top))"
            )
        ]

    for part in (".pictures:not(.examples)", ".probabilities", ".measures"):
        first, second = tops(part)
        assert first == second, part
    cut = page.locator(".details").evaluate(
        """it => Math.max(...[...it.querySelectorAll(".probabilities li")].map(
            (line) => line.getBoundingClientRect().bottom)) - it.getBoundingClientRect().bottom"""
    )
    assert cut <= 0


WORDS_BROKEN = """all => all.filter((name) => {
    const text = name.firstChild;
    return text?.data?.split(" ").some((word) => {
        const range = document.createRange();
        range.setStart(text, text.data.indexOf(word));
        range.setEnd(text, text.data.indexOf(word) + word.length);
        const [first, ...more] = [...range.getClientRects()].map((each) => each.top);
        return more.some((top) => Math.abs(top - first) > 3);
    });
}).map((name) => name.textContent)"""


def test_names_break_between_words_alone(page: Page, field: bytes) -> None:
    give(page, field)
    source = largest_column(page)
    for size in ({"width": 1280, "height": 900}, {"width": 390, "height": 844}):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for n in range(3):
            tiles(page, source).nth(n).click(modifiers=["Control"] if n else [])
            names = page.locator(".fields .name")
            assert names.evaluate_all(WORDS_BROKEN) == []
        page.keyboard.press("Escape")


def test_the_scale_bar_is_seen_on_a_dark_margin(page: Page, field: bytes) -> None:
    page.emulate_media(color_scheme="dark")
    give(page, field)
    bar = page.locator(".scale-bar")
    expect(bar).to_have_css("border-bottom-color", "rgb(0, 0, 0)")
    expect(bar).to_have_css("box-shadow", re.compile(r"rgb\(255, 255, 255\) 0px 0px 0px 2px"))


def test_a_click_on_an_outline_opens_the_cell_and_a_button_moves_it(
    page: Page, field: bytes
) -> None:
    give(page, field)
    before = numbers(page)
    outline = page.locator(".canvas path.line:not(.cut)").nth(3)
    cell = outline.get_attribute("data-cell")
    outline.click()
    expect(page.locator(".tile.open")).to_have_attribute("data-cell", str(cell))
    opened = page.locator(".details article")
    expect(opened).to_contain_text("What the model saw")
    expect(opened).to_contain_text("Cell diameter")
    expect(opened.locator(".probabilities li").first).to_contain_text("%")
    kind = page.locator(f'.tile[data-cell="{cell}"]').evaluate(
        "tile => tile.closest('section').getAttribute('aria-label')"
    )
    page.locator(".kinds").get_by_role("button", name="other").click()
    after = before | {kind: before[kind] - 1, "other": before["other"] + 1}
    assert numbers(page) == after
    if kind in WHITE:
        expect_counted(page, after)


def test_the_picture_zooms_and_moves_and_the_wheel_alone_scrolls_the_page(
    page: Page, field: bytes
) -> None:
    give(page, field)
    canvas = page.locator(".canvas")

    def box() -> list[float]:
        return [float(each) for each in (canvas.get_attribute("viewBox") or "").split()]

    whole = box()
    canvas.hover()
    page.mouse.wheel(0, -300)
    assert box() == whole
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(canvas).to_have_class(re.compile("zoomed"))
    zoomed = box()
    assert zoomed[2] < whole[2]
    place = canvas.bounding_box()
    assert place
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 40, steps=5)
    page.mouse.up()
    moved = box()
    assert moved[0] > zoomed[0]
    assert moved[1] > zoomed[1]
    assert moved[2:] == zoomed[2:]
    page.get_by_role("button", name="Zoom in").click()
    assert box()[2] < moved[2]
    page.get_by_role("button", name="Zoom out").click()
    canvas.focus()
    page.keyboard.press("+")
    assert box()[2] < moved[2]
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("f")
    assert box() == whole
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Fit", exact=True).click()
    assert box() == whole


def test_arrow_keys_go_from_cell_to_cell_and_choose_with_shift(page: Page, field: bytes) -> None:
    give(page, field)
    source = largest_column(page)
    tiles(page, source).nth(0).click()
    first = page.locator(".tile.open").get_attribute("data-cell")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator(".tile.chosen")).to_have_count(2)
    assert page.locator(".tile.open").get_attribute("data-cell") != first
    page.keyboard.press("ArrowUp")
    expect(page.locator(".tile.chosen")).to_have_count(1)
    expect(page.locator(".tile.open")).to_have_attribute("data-cell", str(first))
    page.keyboard.press("Control+a")
    expect(page.locator(".tile.chosen")).to_have_count(numbers(page)[source])
    page.keyboard.press("Escape")
    expect(page.locator(".tile.chosen")).to_have_count(0)


def test_only_doubtful_cells_are_shown_until_they_are_named(page: Page, field: bytes) -> None:
    give(page, field)
    button = page.get_by_role("button", name="Only doubtful")
    doubtful = page.locator(".tile.doubtful")
    n = doubtful.count()
    assert 0 < n < tiles(page).count()
    expect(button).to_have_text(f"Only doubtful ({n})")
    button.click()
    expect(page.locator(".tile:visible")).to_have_count(n)
    doubtful.first.click()
    # The same class again: the reader agrees, and it is in doubt no more.
    page.keyboard.press("9")
    expect(button).to_have_text(f"Only doubtful ({n - 1})")
    page.keyboard.press("d")
    expect(page.locator(".tile:visible")).to_have_count(tiles(page).count())


def test_larger_cells_and_choosing_several_without_a_keyboard(page: Page, field: bytes) -> None:
    give(page, field)
    picture = tiles(page).first.locator(".picture")
    before = picture.bounding_box()
    page.get_by_role("button", name="Larger cells").click()
    larger = picture.bounding_box()
    assert before
    assert larger
    assert larger["width"] > before["width"]
    page.get_by_role("button", name="Smaller cells").click()
    assert picture.bounding_box() == before
    page.get_by_role("button", name="Choose several").click()
    tiles(page).nth(0).click()
    tiles(page).nth(1).click()
    expect(page.locator(".tile.chosen")).to_have_count(2)
    tiles(page).nth(1).click()
    expect(page.locator(".tile.chosen")).to_have_count(1)
    page.get_by_text("Keys and mouse").click()
    expect(page.get_by_text("take your correction back")).to_be_visible()


def test_drawn_cells_stand_beside_the_classes_of_the_training_cells_most_like_one(
    camera_browser: Browser, tmp_path: Path
) -> None:
    settings = {"BLOODUI_STATE": str(tmp_path / "state"), "BLOODUI_DATA": ""}
    with serving(settings, tmp_path / "log.txt") as server:  # the shipped model knows its like
        page = camera_browser.new_page(viewport={"width": 1280, "height": 1000})
        open_dashboard(page, server, "Fields")
        _expect_drawn_examples(page)
        page.context.close()


def _expect_drawn_examples(page: Page) -> None:
    page.get_by_role("button", name="Open the demo: real fields").click()
    outline = page.locator(".canvas path.line:not(.cut)").first
    expect(outline).to_be_visible(timeout=LOADING_MS)
    settle(page)
    outline.click()
    opened = page.locator(".details article")
    expect(opened).to_contain_text("training cells most like it")
    alike = opened.locator(".examples figure")
    told = opened.get_by_text("training cells most like it").inner_text()
    for number in range(alike.count()):
        words = alike.nth(number).inner_text()
        assert words.endswith(", drawn")
        assert words.removesuffix(", drawn") in told
        assert "blob:" in alike.nth(number).locator(".picture").evaluate(
            "picture => getComputedStyle(picture).backgroundImage"
        )
    assert alike.count() >= 1


def test_by_touch_on_a_phone(camera_browser: Browser, server: Server, field: bytes) -> None:
    context = camera_browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    open_fields(page, server)
    give(page, field)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = numbers(page)
    source = largest_column(page)
    target = next(kind for kind in WHITE if kind != source)
    tiles(page, source).nth(0).tap()
    expect(page.locator(".details article")).to_be_visible()
    page.locator(f'.kinds [data-kind="{WHITE.index(target)}"]').tap()
    after = before | {source: before[source] - 1, target: before[target] + 1}
    assert numbers(page) == after
    expect_counted(page, after)
    page.get_by_role("button", name="Choose several").tap()
    for number in (0, 2):
        tiles(page, source).nth(number).tap()
    expect(page.locator(".tile.chosen")).to_have_count(2)
    page.locator(f'.kinds [data-kind="{WHITE.index(target)}"]').tap()
    several = after | {source: after[source] - 2, target: after[target] + 2}
    expect_counted(page, several)
    # None of them is chosen any more, so that the next tap changes what is tapped alone.
    expect(page.locator(".tile.chosen")).to_have_count(0)
    tiles(page, source).nth(0).tap()
    expect(page.locator(".tile.chosen")).to_have_count(1)
    page.locator(f'.kinds [data-kind="{WHITE.index(target)}"]').tap()
    expect(page.locator(".tile.chosen")).to_have_count(0)
    one_more = several | {source: several[source] - 1, target: several[target] + 1}
    expect_counted(page, one_more)
    page.get_by_role("button", name="Undo").tap()
    page.get_by_role("button", name="Undo").tap()
    expect_counted(page, after)
    tiles(page, source).nth(0).tap()
    page.get_by_role("button", name="Close").tap()
    expect(page.locator(".side")).not_to_be_visible()
    page.reload()
    expect(tiles(page).first).to_be_visible(timeout=60_000)
    assert numbers(page) == after
    context.close()
