"""The served report in a real browser: it follows the runs, keeps the reader's place, and asks this server alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_up_results import HERE, fill, finish, plan_of
from serving import in_thread

from harness.report.load import RunSelection
from harness.serve import watch as watching
from harness.serve.server import Server
from harness.serve.watch import StoreWatch
from harness.store import Store
from harness.store.records import MetricRow

pytestmark = pytest.mark.service
NAMES = ("chromium", "chromium-browser", "google-chrome")
MARK = "document.body.dataset.marked = 1"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Store]:
    """The made-up sweep, a run of it still running."""
    with Store.open(f"sqlite:///{tmp_path}/store.db") as store:
        fill(store)
        plan = plan_of("translation", "rnn", 9, budget="steps:200")
        run = store.start(plan, HERE, owner_pid=os.getpid())
        store.log_metrics(run, [MetricRow("train/loss", 50, 1.0, 0.1, 5, 1.0)])
        yield store


@pytest.fixture
def server(written: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(watching, "LOOK_S", 0.1)
    monkeypatch.setattr(watching, "SHORTEST_S", 0.1)
    with (
        Store.open(written.url, read_only=True) as read,
        Server(StoreWatch(read, RunSelection()), 0) as made,
        made.watch,
        in_thread(made),
    ):
        yield made


@pytest.fixture
def page(server: Server) -> Iterator[Any]:
    """The first page in a window of 1200 pixels; afterwards nothing may have been logged or asked of others."""
    from playwright.sync_api import sync_playwright

    browser_file = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert browser_file is not None, f"none of {', '.join(NAMES)} is installed"
    logged: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1200, "height": 900})
        opened.on("console", lambda message: logged.append(message.text))
        opened.on("pageerror", lambda error: logged.append(str(error)))
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(server.address)
        opened.wait_for_selector("#live:not([hidden])")
        yield opened
        browser.close()
    assert logged == []
    assert all(url.startswith(server.address) for url in asked), asked


def test_the_panel_shows_where_the_runs_are(page: Any) -> None:
    page.wait_for_selector("#live-running progress")
    assert "1 running" in page.inner_text("#live-states")
    assert "translation × rnn, seed 9" in page.inner_text("#live-running")
    assert "25 %" in page.inner_text("#live-running")
    page.click("#live-all summary")
    first = page.inner_text("#live-cells tr:first-child")
    assert " ".join(first.split()) == "translation rnn 2 finished, 1 running"


def test_a_newer_report_is_loaded_and_the_place_is_kept(page: Any, written: Store) -> None:
    page.wait_for_selector("#live-running progress")
    page.click("#live-all summary")
    page.evaluate("scrollTo(0, 700)")
    before = page.evaluate("scrollY")
    page.evaluate(MARK)
    finish(written, plan_of("translation", "lstm", 11))
    page.wait_for_selector("body:not([data-marked])", timeout=60_000)
    page.wait_for_selector("#live-all[open]")
    page.wait_for_selector("#live-running progress")
    assert before > 0
    assert abs(page.evaluate("scrollY") - before) < 100


def test_a_reader_who_sorted_a_table_is_asked_first(page: Any, written: Store) -> None:
    page.click("table[data-sortable] thead button")
    page.evaluate(MARK)
    finish(written, plan_of("translation", "lstm", 12))
    page.wait_for_selector("#live-show:not([hidden])", timeout=60_000)
    assert page.evaluate("document.body.dataset.marked") == "1"
    page.click("#live-show")
    page.wait_for_selector("body:not([data-marked])", timeout=60_000)


def test_a_server_that_is_gone_is_said(page: Any) -> None:
    page.route("**/live.json", lambda route: route.fulfill(status=200, content_type="text/plain", body="gone"))
    page.wait_for_selector("#live-problem:not([hidden])")
    assert "does not answer" in page.inner_text("#live-problem")


def test_the_panel_is_accessible(page: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.wait_for_selector("#live-running progress")
    page.click("#live-all summary")
    found = Axe().run(page, context="#live")
    assert found.violations_count == 0, found.generate_report()
