"""The report in a real browser: it sorts, filters, prints and darkens, loads nothing, and can be used by everyone."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from made_up_results import ELSEWHERE, fill, finish, plan_of
from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright

from harness.report import build
from harness.report.costs import costs_of
from harness.report.load import load
from harness.report.standing import judge
from harness.report.standing.recommend import recommend, usual_limits
from harness.store import Store

pytestmark = pytest.mark.service

NAMES = ("chromium", "chromium-browser", "google-chrome")
KINDS = (
    "overview",
    "across",
    "about",
    "published",
    "task",
    "task in two places",
    "all runs",
    "run",
    "failed run",
    "run in two places",
)
WIDTHS = (390, 768, 1400)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One page of every kind, from a report of four tasks and six models over three seeds."""
    folder = tmp_path_factory.mktemp("browser")
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        fill(store, seeds=3)
        finish(store, plan_of("translation", "lstm"), environment=ELSEWHERE)
        report = build(store, folder / "report").parent

    def of_run(*wanted: Any) -> Path:
        return report / "runs" / f"{plan_of(*wanted).key[:12]}.html"

    return {
        "overview": report / "index.html",
        "across": report / "across.html",
        "about": report / "about.html",
        "published": report / "reproduction.html",
        "task": report / "tasks" / "action-recognition.html",
        "task in two places": report / "tasks" / "translation.html",
        "all runs": report / "runs" / "index.html",
        "run": of_run("text_generation", "lstm", 1),
        "failed run": of_run("speech_recognition", "rnn", 2),
        "run in two places": of_run("translation", "lstm", 0),
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert program is not None, f"none of {', '.join(NAMES)} is installed"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@dataclass
class Visit:
    """A page, and what happened while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Browser, files: dict[str, Path]) -> Iterator[Callable[..., Visit]]:
    """Opens a page of a kind; every request is noted, and none but for the page itself is let through."""
    contexts = []

    def opened(kind: str, width: int = 1440, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page, address = context.new_page(), files[kind].as_uri()
        made = Visit(page)

        def note(request: Request) -> None:
            made.requests.append(request.url)

        page.on("request", note)
        page.on("console", lambda message: made.complaints.append(message.text))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.route("**/*", lambda route: route.continue_() if route.request.url == address else route.abort())
        page.goto(address)
        return made

    yield opened
    for context in contexts:
        context.close()


def unfolded(visit: Visit) -> Page:
    """The page with everything open that can be opened."""
    visit.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")
    return visit.page


def cells(table: Locator, column: int) -> list[str]:
    """The texts of a column's cells that can be seen."""
    rows = table.locator("tbody tr:visible").filter(has_not=table.page.locator(".group-title"))
    return [row.locator("th, td").nth(column).inner_text().split("\n")[0] for row in rows.all()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_asks_for_nothing_and_has_nothing_to_complain_of(visit, files, kind: str):
    seen = visit(kind)
    seen.page.wait_for_load_state("networkidle")
    assert seen.requests == [files[kind].as_uri()]
    assert seen.complaints == []
    assert seen.page.locator("h1").is_visible()
    for drawing in seen.page.locator("figure svg:visible, svg.bar:visible").all():
        box = drawing.bounding_box()
        assert box is not None
        assert box["width"] > 200


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(visit, kind: str):
    page = unfolded(visit(kind))
    # Drawings are described in words, and axe cannot tell the colour of their texts (fill); its way through their
    # thousands of lines takes most of its time.
    page.evaluate("document.querySelectorAll('svg').forEach((one) => one.replaceChildren())")
    found = Axe().run(page).response["violations"]
    page.emulate_media(color_scheme="dark")  # what changes is the contrast
    found += Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
    assert [(v["id"], v["help"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_does_not_scroll_sideways(visit, kind: str):
    page = unfolded(visit(kind))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width


def test_a_table_is_sorted_by_its_values_and_put_back(visit):
    page = visit("task in two places").page
    table = page.locator("#translation_1-results, #translation-results").first
    before = cells(table, 1)
    models = [c for c in before if "±" in c]
    values = {text: float(text.split("±")[0].strip("★ ")) for text in models}
    header = table.locator("thead th").nth(1)
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    after = [c for c in cells(table, 1) if "±" in c]
    assert after == sorted(models, key=lambda text: values[text])
    assert after != models
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    assert [c for c in cells(table, 1) if "±" in c] == after[::-1]
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") is None
    assert cells(table, 1) == before


def test_what_has_no_value_comes_last_either_way(visit):
    page = visit("overview").page
    table = page.locator("#summary")
    column = [c.split(" (")[0] for c in table.locator("thead .title").all_inner_texts()].index("Text generation") + 1
    button = table.locator("thead th").nth(column).get_by_role("button")
    for _ in range(2):
        button.click()
        assert cells(table, column)[5].startswith("n/a")  # the last of six models; baselines stay in their group


def test_rows_are_filtered_and_counted(visit):
    page = visit("all runs").page
    table, box = page.locator("#runs"), page.get_by_label("Show only rows with")
    everything = cells(table, 0)
    box.fill("Translation attention")
    shown = cells(table, 0)
    assert shown == ["attention_lstm"] * 3
    assert page.locator(".filter output").inner_text() == f"3 of {len(everything)} rows"
    assert page.locator(".filter output").get_attribute("aria-live") == "polite"
    box.fill("nothing like it")
    assert cells(table, 0) == []
    assert page.locator(".filter output").inner_text() == f"0 of {len(everything)} rows"
    box.fill("")
    assert cells(table, 0) == everything
    assert page.locator(".filter output").inner_text() == ""


def test_a_filter_hides_the_title_of_a_group_without_rows_and_goes_with_sorting(visit):
    page = visit("overview").page
    table, box = page.locator("#summary"), page.get_by_label("Show only rows with").first
    assert table.get_by_text("Baselines").is_visible()
    box.fill("lstm")
    assert not table.get_by_text("Baselines").is_visible()
    table.locator("thead th").first.get_by_role("button").click()
    assert cells(table, 0) == ["attention_lstm", "bilstm", "cnn_lstm", "lstm", "stacked_lstm"]


def test_small_tables_have_no_filter(visit):
    page = visit("run").page
    assert page.locator("table").count() >= 2
    assert page.locator(".filter").count() == 0


def test_everything_that_acts_is_reached_by_the_keyboard_and_shows_it(visit):
    page = visit("overview").page
    page.add_style_tag(content="details:not([open]) > * { display: none }")  # what is folded is not to be reached
    wanted = page.locator("thead button:visible, .filter input:visible, .limits input, .limits button").count()
    assert wanted > 5
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached, without_outline = 0, []
    for _ in range(400):
        page.keyboard.press("Tab")
        tag, style, text = page.evaluate(
            """() => { const one = document.activeElement;
            return [one.tagName, getComputedStyle(one).outlineStyle, one.outerHTML.slice(0, 80)] }"""
        )
        if tag == "BODY":
            break
        reached += tag in ("BUTTON", "INPUT")
        without_outline += [text] if style == "none" else []
    assert reached == wanted
    assert without_outline == []


def test_a_table_is_sorted_from_the_keyboard(visit):
    page = visit("all runs").page
    page.get_by_role("button", name="Model").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("columnheader", name="Model").get_attribute("aria-sort") == "ascending"


def test_the_axis_of_curves_is_switched_from_the_keyboard_without_a_script(visit):
    page = visit("task in two places", java_script_enabled=False).page
    choice = page.locator(".choice").first
    figures = choice.locator("figure")
    assert [f.is_visible() for f in figures.all()] == [True, False, False]
    choice.get_by_role("radio", name="steps").focus()
    page.keyboard.press("ArrowRight")
    assert [f.is_visible() for f in figures.all()] == [False, True, False]
    assert choice.get_by_role("radio", name="examples").is_checked()
    choice.get_by_role("radio", name="time").check()
    assert [f.is_visible() for f in figures.all()] == [False, False, True]


@pytest.mark.parametrize(("kind", "table"), [("overview", "#summary"), ("task", "#action-recognition-results")])
def test_on_a_phone_a_row_is_a_card_with_labelled_values(visit, kind: str, table: str):
    page = visit(kind, 390).page
    row = page.locator(f"{table} tbody tr").nth(1)
    boxes = [cell.bounding_box() for cell in row.locator("td").all() if cell.is_visible()]
    assert len(boxes) > 2
    assert all(box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    tops = [box["y"] for box in boxes if box is not None]
    assert tops == sorted(set(tops))
    label = row.locator("td").first.evaluate("(one) => getComputedStyle(one, '::before').content")
    assert len(label) > 4
    hidden = (
        "(all) => all.filter((one) => one.querySelector('.stacked') && one.scrollWidth > one.clientWidth + 1).length"
    )
    assert page.locator(".scroll").evaluate_all(hidden) == 0
    roles = {"runOnly": ["aria-required-children", "aria-required-parent", "color-contrast"]}
    page.evaluate("document.querySelectorAll('svg').forEach((one) => one.replaceChildren())")
    assert Axe().run(page, options=roles).response["violations"] == []


@pytest.mark.parametrize("width", [390, 1440])
def test_the_headers_of_a_confusion_matrix_do_not_overlap(visit, width: int):
    page = visit("task", width).page
    headers = page.locator("table.confusion").first.locator("thead .title")
    boxes = [box for one in headers.all() if (box := one.bounding_box()) is not None]
    assert len(boxes) > 5
    for one, two in itertools.pairwise(boxes):
        assert one["x"] + one["width"] <= two["x"] + 0.5


@pytest.mark.parametrize("kind", ["overview", "run"])
def test_dark_and_light_follow_the_reader(visit, kind: str):
    page = visit(kind).page
    brightness = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness[scheme] = sum(int(part) for part in colour.strip("rgb()").split(","))
    assert brightness["light"] == 3 * 255
    assert brightness["dark"] < 3 * 40


def test_without_script_everything_is_there(visit):
    plain, scripted = (visit("all runs", java_script_enabled=on).page for on in (False, True))
    assert plain.locator("tbody tr:visible").count() == scripted.locator("tbody tr:visible").count() > 50
    assert plain.locator("button, input").count() == 0
    task = visit("task", java_script_enabled=False).page
    task.locator("summary:visible").first.click()
    assert task.locator("details:visible").first.get_attribute("open") is not None


def test_on_paper_nothing_is_folded_or_cut_off(visit):
    page = visit("task", 718).page  # A4 less margins
    opened = page.locator("details[open]").count()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("nav").first.is_visible()
    assert not page.locator(".filter input").first.is_visible()
    cut_off = "(all) => all.filter((one) => getComputedStyle(one).overflowX !== 'visible').length"
    assert page.locator(".scroll").evaluate_all(cut_off) == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == opened
    assert page.pdf().startswith(b"%PDF")


def test_links_between_pages_lead_from_the_overview_to_a_run_and_back(browser: Browser, files: dict[str, Path]):
    page = browser.new_page()
    page.goto(files["overview"].as_uri())
    page.locator(".decision h3 a").first.click()
    page.locator("h1", has_text="Translation").wait_for()
    page.get_by_role("link", name="run of lstm on translation, seed 1").first.click()
    page.locator("h1", has_text="lstm on Translation, seed 1").wait_for()
    page.get_by_role("link", name="Overview").click()
    page.locator("h1", has_text="Comparison of sequence models").wait_for()
    page.close()


# -- the decision view ---------------------------------------------------------------------------------


def used(page: Page) -> list[str]:
    """What the first page says to use on every task."""
    return page.locator(".decision .use").all_inner_texts()


def test_limits_are_set_by_the_keyboard_alone_and_are_in_the_address(visit):
    page = visit("overview").page
    before = used(page)
    page.get_by_label("latency at most, in steps").focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    after = used(page)
    assert after != before
    assert "latency_1_ms=" in page.evaluate("location.hash")
    assert page.locator(".limits output").inner_text() == "1 limit set"
    page.get_by_role("button", name="No limits").press("Enter")
    assert used(page) == before
    assert page.evaluate("location.hash") == ""
    box = page.get_by_label("latency at most, in ms")
    box.fill("0.001")
    assert page.locator(".decision .standing:visible").first.inner_text() == "no model fits"


def test_the_script_and_the_table_of_usual_limits_say_the_same(browser: Browser, tmp_path: Path):
    """Every row of every table without a script, asked of the script through the address."""
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        fill(store, seeds=3)
        data = load(store)
        page_file = build(store, tmp_path / "report", data=data)
        wanted = []
        for place, comparison in enumerate(data.comparisons):
            of, costs = judge(store, comparison), costs_of(comparison)
            for limits in usual_limits(of, costs)[1:]:
                found = recommend(of, costs, limits)
                wanted.append((place, limits.given, found.below or found.model, len(found.order)))
    page = browser.new_page()
    assert len(wanted) > 5
    for place, given, use, fitting in wanted:
        page.goto("about:blank")
        page.goto(f"{page_file.as_uri()}#{urlencode(given)}")
        assert used(page)[place] == use, given
        assert f"{fitting} of " in page.locator(".decision .under").nth(place).inner_text()
    page.close()
