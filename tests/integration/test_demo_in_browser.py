"""The demonstration in a real browser: a reader types a text, gives a file, and reads what the models say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asked_models import sound, train_models
from serving import in_thread

import harness
from harness.report.load import RunSelection
from harness.serve.demo import Demo
from harness.serve.server import Server
from harness.serve.watch import StoreWatch
from harness.store import Store, query

pytestmark = pytest.mark.service
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return train_models(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def page(url: str) -> Iterator[Any]:
    """The page of the demonstration, reached from the report; nothing may have been logged by the browser."""
    from playwright.sync_api import sync_playwright

    browser_file = next((found for name in NAMES if (found := shutil.which(name))), None)
    assert browser_file is not None, f"none of {', '.join(NAMES)} is installed"
    folders = Path(url.removeprefix("sqlite:///")).parent / "runs"
    logged: list[str] = []
    with (
        Store.open(url, read_only=True) as store,
        Server(StoreWatch(store, RunSelection()), 0, Demo(store, RunSelection(), folders)) as server,
        server.watch,
        in_thread(server),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.on("console", lambda message: logged.append(message.text))
        opened.on("pageerror", lambda error: logged.append(str(error)))
        opened.goto(server.address)
        opened.click("#live-demo a")
        opened.wait_for_selector("section")
        yield opened
        browser.close()
    assert logged == []


def test_a_reader_asks_with_a_text_and_with_a_file(page: Any, url: str, tmp_path: Path) -> None:
    page.fill("textarea", "red house sings")
    page.click("section:has(textarea) button")
    row = page.locator("section:has(textarea) tbody tr")
    row.wait_for()
    with Store.open(url, read_only=True) as store:
        keys = [view.key for view in query.runs(store, task="translation")]
    folders = Path(url.removeprefix("sqlite:///")).parent / "runs"
    said = {harness.load(folders / key).predict(["red house sings"])[0].text for key in keys}
    assert row.locator("td").nth(1).inner_text().strip() in {text.strip() for text in said}
    assert row.locator("td").nth(2).inner_text().endswith(" ms")

    (tmp_path / "question.wav").write_bytes(sound(3))
    page.set_input_files("input[type=file]", tmp_path / "question.wav")
    page.click("section:has(input) button")
    heard = page.locator("section:has(input) tbody tr")
    heard.wait_for()
    assert heard.locator("td.problem").count() == 0


def test_an_empty_question_is_not_sent(page: Any) -> None:
    page.click("section:has(textarea) button")
    assert page.locator("section:has(textarea) [role=status]").inner_text() == "There is nothing to answer yet."
