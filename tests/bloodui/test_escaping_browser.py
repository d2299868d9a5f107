"""Text from outside stays text in a real Chromium: on every page and in every report."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Locator, Page, Request, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from drawn.smears import draw
from models.table_cell import as_cell
from tests.bloodui import marked
from tests.bloodui.dashboard import (
    BROWSER_MARKS,
    LOADING_MS,
    browsing,
    free_port,
    login_provider,
    serving,
    wait_until,
)
from tests.bloodui.marked import (
    ALIASES,
    BROKEN,
    CLASSES,
    HOST,
    MARKS,
    ONE,
    TOGETHER,
    TWO,
    Installation,
    mark,
)
from tests.bloodui.tiny import jpeg_of

pytestmark = BROWSER_MARKS
expect.set_options(timeout=60_000)

# Attributes that lead somewhere, or could; others hold text.
LEADING = "^(xlink:)?(href|src|srcset|srcdoc|action|formaction|poster|data|style|on.*)$"
FOREIGN_ELEMENTS = """([host, leading]) => [...document.querySelectorAll('*')].flatMap(
    element => [...element.attributes]
        .filter(each => RegExp(leading).test(each.name) && each.value.includes(host))
        .map(each => element.outerHTML.slice(0, 150)))"""
TEXT = """() => [document.title, document.body.textContent,
    ...[...document.querySelectorAll('input')].map(input => input.value)].join(' ')"""
IDLE = "() => document.querySelector('[data-testid=stApp]').dataset.testScriptState != 'running'"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

# By the claim that is the login's name: e-mail address, name, or what the provider calls it.
PEOPLE = (
    {
        "sub": "ada",
        "email": mark("login.email"),
        "email_verified": True,
        "roles": ["admin", mark("login.roles")],
    },
    {"sub": "ben", "name": mark("login.name")},
    {"sub": mark("login.sub", is_line=True)},
)
# What no page draws: it is for the machine, or stands beside what says the same.
NEVER_SHOWN = {
    "card.domain.1.auroc.name",
    "card.domain.1.energy_auroc.name",
    "card.domain.1.turned_away.name",
    "card.evidence.1.grad_cam_over_random.name",
    "card.evidence.1.keeps_class.name",
    "card.evidence.1.median_without.name",
    "card.evidence.1.over_grad_cam.name",
    "card.evidence.1.over_random.name",
    "card.evidence.1.own.name",
    "card.evidence.1.probability_without.name",
    "card.recipe.title",
    "card.robustness.2.accuracy.name",
    "card.robustness.2.kind",
    "card.saliency.1.deletion.over_gaussian.name",
    "card.saliency.1.deletion.over_random.name",
    "card.saliency.1.deletion.own.name",
    "card.saliency.1.insertion.over_gaussian.name",
    "card.saliency.1.insertion.over_random.name",
    "card.saliency.1.insertion.own.name",
    "card.saliency.1.share.over_gaussian.name",
    "card.saliency.1.share.over_random.name",
    "card.saliency.1.share.own.name",
    "card.shortcuts.3.accuracy.name",
    "card.shortcuts.3.balanced_accuracy.name",
    "card.shortcuts.3.gap.name",
    "card.shortcuts.3.kind",
    "index.group",
    "index.mask",
    "index.note",
    "index.sha256",
    "job.epoch.phase",
    "login.roles",
    "manifest.data.datasets.0",
    "manifest.saliency_layer",
    "predictions.dataset",
    "predictions.group",
    "study.figure",
    "study.protocol",
    "study.title",
}
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "only for this test, and nowhere else"
client_id = "bloodui"
client_secret = "as little a secret"
server_metadata_url = "http://127.0.0.1:{provider}/.well-known/openid-configuration"
"""


@dataclass(frozen=True)
class Watch:
    """What came of the marks.

    Attributes:
        leaks: Where a mark was more than text.
        seen: Tokens of marks that could be read somewhere.
        visited: Names of the tests that have looked at their page.
        hovered: What charts said of points under the pointer.
    """

    leaks: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    visited: set[str] = field(default_factory=set)
    hovered: list[str] = field(default_factory=list)

    def listen(self, request: Request) -> None:
        """Note a request to another address."""
        if not re.match(r"(data|blob|file|about):|(https?|wss?)://127\.0\.0\.1:", request.url):
            self.leaks.append(f"request to {request.url}")

    def look(self, page: Page, place: str) -> None:
        """Look at everything that a page shows now."""
        if page.url.startswith("http"):
            settle(page)
        for element in page.evaluate(FOREIGN_ELEMENTS, [HOST, LEADING]):
            self.leaks.append(f"{place}: element {element}")
        if page.evaluate("() => window.marked !== undefined"):
            self.leaks.append(f"{place}: a script ran")
        self._read(plain(page.evaluate(TEXT)), place)

    def hover(self, page: Page, place: str) -> None:
        """Look at what each chart says of a point under the pointer."""
        settle(page)
        for chart in page.locator(".js-plotly-plot:visible").all():
            points = chart.locator(".points path, .point path")
            chart.scroll_into_view_if_needed()
            boxes = [point.bounding_box() for point in points.all()]
            spots = [box for box in boxes if box and min(box["width"], box["height"]) > 1]
            for box in spots[:1] + spots[-1:]:
                page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                page.wait_for_timeout(300)
                told = chart.locator(".hoverlayer").text_content() or ""
                self.hovered.append(told)
                self._read(plain(told), f"{place}, under the pointer")
                for element in page.evaluate(FOREIGN_ELEMENTS, [HOST, LEADING]):
                    self.leaks.append(f"{place}, under the pointer: element {element}")

    def _read(self, text: str, place: str) -> None:
        for token, whole in MARKS.items():
            # In a list, an apostrophe stands before each line that a spreadsheet would work out.
            forms = {plain(whole), plain(as_cell(whole))}
            n_begun, n_whole = text.count(plain(token)), sum(map(text.count, forms))
            if n_begun != n_whole:
                self.leaks.append(f"{place}: {n_begun - n_whole} of {n_begun} × {token} changed")
            if n_whole:
                self.seen.add(token)


def plain(text: str) -> str:
    """The text as it may be compared: headings change case, Markdown and fields white space."""
    return re.sub(r"[\s_\u202e\ufffd]+", "", text).casefold()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """An OpenID provider that knows these people; its port."""
    with login_provider(PEOPLE, tmp_path_factory.mktemp("provider") / "log.txt") as port:
        yield port


@pytest.fixture(scope="module")
def installed(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("marked")
    return marked.install(tiny_bundle, folder, login=str(PEOPLE[0]["email"]))


@pytest.fixture(scope="module")
def address(
    provider: int, installed: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("login")
    port = free_port()
    (folder / ".streamlit").mkdir()
    secrets = SECRETS.format(port=port, provider=provider)
    (folder / ".streamlit" / "secrets.toml").write_text(secrets, encoding="utf-8")
    settings = {
        "HOME": str(folder),
        "BLOODUI_MODELS": str(installed.models),
        "BLOODUI_MODEL": TOGETHER,
        "BLOODUI_STATE": str(installed.state),
        "BLOODUI_DATA": str(installed.data),
    }
    with serving(settings, folder / "log.txt", port=port) as running:
        yield running.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="module")
def admin(browser: Browser, address: str, watch: Watch) -> Iterator[Page]:
    """A window in which the admin has logged in; it notes every request."""
    with logged_in(browser, address, 0) as page:
        page.on("request", lambda request: watch.listen(request))
        # A browser without it hands out a table as a download, instead of asking where to put it.
        page.add_init_script("delete window.showSaveFilePicker")
        yield page


@pytest.fixture
def visit(
    admin: Page, address: str, watch: Watch, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Page]]:
    """Open a page of the dashboard anew; what leaked while it was looked at fails the test."""

    def open_page(path: str) -> Page:
        admin.goto(f"{address}/{path}")
        expect(admin.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)
        return admin

    watch.leaks.clear()
    yield open_page
    watch.visited.add(request.function.__name__)
    assert not watch.leaks, "\n".join(dict.fromkeys(watch.leaks))


class logged_in:
    """A window of somebody who has logged in, until the block ends."""

    def __init__(self, browser: Browser, address: str, number: int) -> None:
        self._context = browser.new_context(viewport={"width": 1280, "height": 1400})
        self._context.set_default_timeout(120_000)
        self._address = address
        self._number = number

    def __enter__(self) -> Page:
        page = self._context.new_page()
        page.goto(self._address)
        page.get_by_role("button", name="Log in").click()
        users = page.get_by_role("form", name="Authenticate predefined users")
        users.get_by_role("button").nth(self._number).click()
        expect(page.get_by_text("An opinion, not a diagnosis.")).to_be_visible(timeout=60_000)
        return page

    def __exit__(self, *_: object) -> None:
        self._context.close()


def upload(page: Page, *seeds: int) -> None:
    page.locator("input[type=file]").first.set_input_files(
        [
            {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg_of(draw("Pre", seed=n).rgb)}
            for n in seeds
        ]
    )


def settle(page: Page) -> None:
    """Wait until the page is drawn; charts and parts of Markdown come later than the rest."""
    for _ in range(2):
        page.wait_for_timeout(800)
        wait_until(page, IDLE, patience_s=LOADING_MS / 1000)


def unfold(page: Page) -> None:
    """Open every expander."""
    settle(page)
    for summary in page.locator("[data-testid=stExpander] details:not([open]) summary").all()[::-1]:
        summary.click()


def choose(page: Page, box: str, *, name: str = "", number: int = 0) -> None:
    """Take an option of a list by name or place; a page that is drawn anew shuts the list."""
    settle(page)
    for _ in range(5):
        page.get_by_role("combobox", name=box).first.click()
        try:
            page.get_by_role("option", name=name).nth(number).click(timeout=8_000)
        except PlaywrightTimeoutError:
            page.keyboard.press("Escape")
        else:
            return
    pytest.fail(f"{box} could not be set")


def downloaded(page: Page, button: Locator) -> Download:
    with page.expect_download(timeout=120_000) as handed_out:
        button.click()
    return handed_out.value


def look_at_report(page: Page, watch: Watch, report: Download, folder: Path) -> None:
    """Open a report in a tab of its own, and look at it."""
    file = folder / "report.html"
    report.save_as(file)
    tab = page.context.new_page()
    tab.on("request", lambda request: watch.listen(request))
    tab.goto(file.as_uri())
    watch.look(tab, report.suggested_filename)
    tab.close()


def look_at_cells(watch: Watch, table: Download) -> None:
    """No cell of the table is a formula to a spreadsheet, and the marks are in it."""
    text = Path(table.path()).read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    formulas = [cell for cell in cells if cell.startswith(FORMULA)]
    watch.leaks.extend(f"{table.suggested_filename}: formula {cell}" for cell in formulas)
    assert any("⟦" in cell for cell in cells)


def test_parsers_refuse_marks_where_a_text_has_a_form(installed: Installation) -> None:
    assert not empty_everywhere()
    assert set(installed.refused) >= {"manifest.id", "manifest.created", "manifest.modality"}
    assert "manifest.title" not in installed.refused


def empty_everywhere() -> set[str]:
    """Fields of a card of which the marked card holds no example."""
    card = marked.full_card()
    empty = {re.sub(r"\.\d+", "", name) for name in marked.empty_fields(card, "card")}
    numbers = {name for name in empty if name.endswith(".groups")}  # which bear no mark
    return empty - numbers - {"card.shortcuts.p_value"}  # only baselines have one


def test_logins_of_every_claim(
    browser: Browser, address: str, watch: Watch, visit: Callable[[str], Page]
) -> None:
    for number in range(len(PEOPLE)):
        with logged_in(browser, address, number) as page:
            page.on("request", lambda request: watch.listen(request))
            watch.look(page, f"login {number}")


def test_second_opinion(visit: Callable[[str], Page], watch: Watch, tmp_path: Path) -> None:
    page = visit("")
    page.get_by_role("button", name="Try a drawn demo image").click()
    rows = page.locator(".st-key-probabilities .bloodui-class")
    expect(rows).to_have_count(4, timeout=LOADING_MS)
    page.get_by_text("How steady is the answer?").click()
    expect(page.locator(".st-key-steadiness-ranges .bloodui-class")).to_have_count(4)
    unfold(page)
    watch.look(page, "Second opinion")
    report = downloaded(page, page.get_by_role("button", name="Download the report"))
    look_at_report(page, watch, report, tmp_path)
    page.get_by_role("tab", name="Upload").click()
    upload(page, 3, 4)
    for model in (BROKEN, TWO, ONE):
        box = page.get_by_role("combobox", name="Model", exact=True)
        box.click()
        box.press_sequentially(model)
        page.get_by_role("option").first.click()
        if model == TWO:
            page.get_by_text("Why is it outside?").click()
            expect(page.get_by_text("of the images that it learned from")).to_be_visible()
        watch.look(page, f"Second opinion, {model}")


def test_compare(visit: Callable[[str], Page], watch: Watch) -> None:
    page = visit("compare")
    upload(page, 3, 4)
    expect(page.get_by_text("Who agrees with whom")).to_be_visible(timeout=2 * LOADING_MS)
    page.get_by_text("Answers outside a model's domain, too").click()
    unfold(page)
    watch.look(page, "Compare")
    page.get_by_role("radio", name="A set with labels").click()
    page.get_by_role("radio", name="A data set of this installation").click()
    for letter in "ABC":  # an image of the class D is damaged
        choose(page, "Classes", name=f"⟦{letter}⟧")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Compare on 6 images").click()
    expect(page.get_by_text("Who is right")).to_be_visible(timeout=LOADING_MS)
    watch.look(page, "Compare, a set")
    watch.hover(page, "Compare, a set")
    look_at_cells(watch, downloaded(page, page.get_by_role("button", name="Download as CSV").last))


def test_what_if(visit: Callable[[str], Page], watch: Watch) -> None:
    page = visit("what_if")
    upload(page, 3)
    expect(page.get_by_text("Where each model looked")).to_be_visible(timeout=LOADING_MS)
    blur = page.get_by_role("slider", name="JPEG quality")
    blur.focus()
    blur.press("Home")
    expect(page.get_by_text("moved by").first).to_be_visible(timeout=LOADING_MS)
    watch.look(page, "What if")


def test_quiz_as_a_resident(
    visit: Callable[[str], Page], watch: Watch, installed: Installation
) -> None:
    page = visit(f"?quiz={installed.quiz.link}")
    watch.look(page, "Quiz, invitation")
    alias = page.get_by_label("Your alias", exact=True)
    alias.fill(ALIASES[0])
    alias.press("Tab")
    page.get_by_role("button", name="Begin").click()
    for number in range(4):
        expect(page.get_by_text(f"Image {number + 1} of 4")).to_be_visible()
        answers = page.locator("[class*=st-key-quiz-class-] button")
        answers.nth(number % 2).click()
        expect(answers.nth(number % 2)).to_have_attribute("kind", "primary")
        watch.look(page, "Quiz, question")
        page.get_by_role("button", name="Give the answer").click()
        expect(page.locator(".st-key-probabilities")).to_be_visible(timeout=LOADING_MS)
        watch.look(page, "Quiz, answer")
        page.get_by_role("button", name="Next image" if number < 3 else "See your score").click()
    expect(page.get_by_text("Look at an image again")).to_be_visible()
    expect(page.locator(".st-key-probabilities")).to_be_visible(timeout=LOADING_MS)
    watch.look(page, "Quiz, score")


def test_quiz_as_an_instructor(visit: Callable[[str], Page], watch: Watch) -> None:
    page = visit("quiz")
    page.get_by_label("Title", exact=True).fill("A quiz")
    page.get_by_role("radio", name="A data set of this installation").click()
    choose(page, "Classes", name="Select all")
    page.keyboard.press("Escape")
    watch.look(page, "Quiz, new")
    page.get_by_role("radio", name="My own images").click()
    classes = page.get_by_role("combobox", name="Classes, yours or known ones")
    for name in CLASSES[:2]:
        classes.fill(name)
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    watch.look(page, "Quiz, own classes")
    page.get_by_role("radio", name="My quizzes").click()
    choose(page, "My quizzes", number=0)
    watch.look(page, "Quiz, not read yet")
    choose(page, "My quizzes", number=1)
    expect(page.get_by_text("Agreement with models")).to_be_visible(timeout=LOADING_MS)
    look_at_cells(watch, downloaded(page, page.get_by_role("button", name="Download every")))
    page.get_by_role("button", name="Ask the model").click()
    expect(page.get_by_text("Images that it declined")).to_be_visible(timeout=LOADING_MS)
    page.locator("[class*='st-key-matrix-'] button").first.click()
    watch.look(page, "Quiz, results")
    choose(page, "Figures of", number=1)
    watch.look(page, "Quiz, one reader")


def test_about(visit: Callable[[str], Page], watch: Watch, tmp_path: Path) -> None:
    page = visit("about")
    cards = page.locator("[data-testid=stExpander]", has_text="⟦manifest.title⟧")
    expect(cards).to_have_count(5)
    for card in cards.all():
        card.locator("summary").click()
        expect(card.get_by_role("button", name="Card (HTML)")).to_be_visible()
        watch.look(page, "About")
    for tab in cards.last.get_by_role("tab").all():
        tab.click()
        watch.look(page, f"About, {tab.inner_text()}")
        watch.hover(page, f"About, {tab.inner_text()}")
    report = downloaded(page, cards.last.get_by_role("button", name="Card (HTML)"))
    look_at_report(page, watch, report, tmp_path)


def test_training(visit: Callable[[str], Page], watch: Watch) -> None:
    page = visit("training")
    watch.look(page, "Training, new run")
    page.get_by_role("radio", name="A study").click()
    watch.look(page, "Training, new study")
    page.get_by_role("tab", name="Data sets").click()
    page.get_by_role("button", name="Check the data set").click()
    expect(page.get_by_text("bear two labels").first).to_be_visible(timeout=LOADING_MS)
    unfold(page)
    watch.look(page, "Training, data sets")
    page.get_by_role("tab", name="Runs").click()
    for toggle in page.get_by_text("Curves and log").all()[::2]:
        toggle.click()
    watch.look(page, "Training, runs")


def test_evaluation(visit: Callable[[str], Page], watch: Watch) -> None:
    page = visit("evaluation")
    for split in range(3):
        page.locator("[class*='st-key-judged-split']").get_by_role("radio").nth(split).click()
        unfold(page)
        watch.look(page, f"Evaluation, split {split}")
        watch.hover(page, f"Evaluation, split {split}")
        cells = page.locator("[class*='st-key-matrix-'] button")
        if cells.count():  # none where no model was measured on the split
            cells.first.click()
            watch.look(page, f"Evaluation, a cell of split {split}")
    page.get_by_role("tab", name="Studies").click()
    expect(page.get_by_text("What bigger pictures buy")).to_be_visible(timeout=LOADING_MS)
    unfold(page)
    watch.look(page, "Evaluation, a study")
    watch.hover(page, "Evaluation, a study")
    page.get_by_role("radio", name="⟦study.split⟧").click()
    watch.look(page, "Evaluation, a study's marked split")


def test_registry(visit: Callable[[str], Page], watch: Watch) -> None:
    page = visit("registry")
    expect(page.get_by_text("Its card: read it before you promote")).to_be_visible()
    expect(page.get_by_role("tab", name="Citations")).to_be_visible()
    page.get_by_role("tab", name="Data sets").click()
    watch.look(page, "Registry, data sets")
    for tabs in page.get_by_role("tablist").all()[::-1]:  # those of the card first
        for tab in tabs.get_by_role("tab").all():
            tab.click()
            watch.look(page, f"Registry, {tab.inner_text()}")


def test_every_mark_can_be_read_somewhere(watch: Watch) -> None:
    here = {name for name in globals() if name.startswith("test_")}
    looking = here - {
        "test_parsers_refuse_marks_where_a_text_has_a_form",
        "test_every_mark_can_be_read_somewhere",
    }
    if watch.visited != looking:
        pytest.skip("Only after all pages were visited.")
    unseen = {token.strip("⟦⟧") for token in set(MARKS) - watch.seen}
    assert sorted(unseen - NEVER_SHOWN) == []
    assert sorted(NEVER_SHOWN - unseen) == []
    assert any("⟦study.model⟧" in told for told in watch.hovered)
    assert any("⟦manifest.title⟧" in told for told in watch.hovered)
