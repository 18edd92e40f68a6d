"""The page a reader gets: complete, offline, accessible, and honest about what is missing."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.report import build
from harness.report.load import load
from harness.report.outputs import chosen_ids
from harness.report.sections import compose
from harness.store import query

VOID = {"meta", "link", "br", "img", "input", "hr", "wbr"}
LOADING = {"src", "srcset", "data", "poster", "action", "background", "xlink:href", "ping"}


class Page(HTMLParser):
    """Collects what the tests look at; complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.na: list[str | None] = []
        self.headers_without_scope = 0
        self.tables_without_caption = 0
        self._captions: list[bool] = []
        self._in_na = False
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag in ("a", "use", "link") and given.get("href"):
            self.links.append(given["href"] or "")
        self.loads += [f"{tag} {k}={v}" for k, v in given.items() if k in LOADING]
        self.headers_without_scope += tag == "th" and "scope" not in given
        if tag == "table":
            self._captions.append(False)
        if tag == "caption":
            self._captions[-1] = True
        if tag == "td":
            self._in_na = "na" in (given.get("class") or "").split()
            if self._in_na:
                self.na.append(None)
        if tag == "a" and self._in_na:
            self.na[-1] = given.get("href")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "table":
            self.tables_without_caption += not self._captions.pop()
        if tag == "td":
            self._in_na = False


@pytest.fixture(scope="module")
def folder(filled, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("report") / "made" / "here"
    assert build(filled, target, sweep="quickstart") == target / "index.html"
    return target


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_asks_the_network_for_nothing(page: Page, text: str):
    assert page.loads == []
    assert all(link.startswith("#") for link in page.links)
    assert not {"link", "img", "iframe", "object", "embed", "image", "base", "form"} & set(page.tags)
    assert not re.search(r"https?://|@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(", text)


def test_ids_are_unique_and_every_link_leads_somewhere(page: Page):
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_every_na_leads_to_its_reason(page: Page, text: str):
    assert len(page.na) == 4  # two in the matrix, the same two in the tables of their tasks
    for link in page.na:
        assert link is not None
        note = re.search(rf'<li id="{link[1:]}">(.*?)</li>', text)
        assert note is not None
        assert len(note[1]) > 20


def test_tables_have_captions_and_scoped_headers_and_figures_have_words(page: Page, text: str):
    assert page.headers_without_scope == 0
    assert page.tables_without_caption == 0
    assert text.count("<figure") == text.count('role="img" aria-label="Line chart of validation')
    assert '<a class="skip" href="#main">' in text
    assert '<html lang="en">' in text


def test_what_came_from_outside_is_escaped(text: str):
    assert "<b>Bildschirm</b>" not in text
    assert "&lt;b&gt;Bildschirm&lt;/b&gt;" in text


def test_the_first_screen_says_what_was_compared(text: str):
    head = text[text.index("<header>") : text.index("</header>")]
    assert "6 models on 4 tasks, 1 to 2 seeds each, beside 3 baselines." in head
    assert "Budget: 30 s of training a run, fp32." in head
    assert "All on one machine: Example Processor 9000 @ 2.60GHz, 1 thread a run." in head
    for number, what in ((46, "finished"), (2, "failed"), (1, "impossible pair skipped"), (1, "not finished")):
        assert re.search(rf"<b>{number}</b> {what}", head)


def test_synthetic_data_and_few_seeds_are_called_by_their_names(text: str):
    assert "Synthetic (generated) data: Action recognition." in text
    assert "synthetic: generated, not recorded" in text
    assert "2 seeds cannot show that it is ahead of" in text
    assert "nrefs:1|case:mixed" in text
    assert "pytorch-seq2seq, notebook 3" in text
    assert "4 trials, 6 min 36 s" in text
    assert "<dt>near duplicates removed</dt><dd>1\u202f234</dd>" in text
    assert "DivergedError: the training loss became nan" in text


def test_the_numbers_on_the_page_are_those_of_the_store(filled, text: str):
    runs = [r for r in query.runs(filled, task="translation", model="lstm") if r.status == "finished"]
    mean = sum(r.primary_value or 0.0 for r in runs) / len(runs)
    row = text[text.index('<th scope="row"><span dir="auto">lstm') :]
    assert f"{mean:.2f} ±" in row[: row.index("</td>")]


def test_markdown_tables_are_well_formed(folder: Path):
    lines = (folder / "report.md").read_text(encoding="utf-8").splitlines()
    width, tables = 0, 0
    for before, line in zip(["", *lines], lines, strict=False):
        if not line.startswith("|"):
            continue
        cells = len(re.split(r"(?<!\\)\|", line)) - 2
        if not before.startswith("|"):
            width, tables = cells, tables + 1
        assert cells == width, line
    assert tables > 20
    assert not any(one == two == "" for one, two in itertools.pairwise(lines))


def test_every_table_and_figure_is_a_file(folder: Path):
    text = (folder / "report.md").read_text(encoding="utf-8")
    for name in re.findall(r"\]\((figures/[^)]+)\)", text):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert len(list((folder / "figures").glob("*.svg"))) == len(list((folder / "figures").glob("*.png"))) == 16
    summary = (folder / "tables" / "summary.csv").read_text(encoding="utf-8")
    assert summary.startswith("Model,kind,Translation (BLEU ↑),Translation 95 % half-width")
    assert not list(folder.rglob("*.partial"))


def test_the_shown_examples_are_the_same_for_every_model_and_chosen_by_rule():
    ids = [f"ex-{i}" for i in range(100)]
    assert chosen_ids(ids) == chosen_ids(ids[::-1])
    assert len(chosen_ids(ids)) == 5
    assert chosen_ids(["a", "a"]) == ["a"]


def test_conditions_that_differ_stand_in_columns_of_their_own(store, made_up):
    made_up.done(store, made_up.plan("translation", "lstm"))
    made_up.done(store, made_up.plan("translation", "lstm"), environment=made_up.elsewhere)
    made_up.done(store, made_up.plan("translation", "lstm", eval_limit=50))
    report = compose(store, load(store))
    assert [c.title for c in report.summary.columns] == [
        "Translation (all test examples, machine A)",
        "Translation (all test examples, machine B)",
        "Translation (at most 50 test examples, machine A)",
    ]
    assert len(report.sections[0].blocks) == 3
    assert any("do not compare across them" in w for w in report.warnings)
    assert any("part of the test split" in w for w in report.warnings)
    assert "On 2 machines" in report.lead[2]


def test_a_report_of_runs_without_results(store, made_up, tmp_path):
    store.plan(made_up.plan("translation", "lstm"))
    text = build(store, tmp_path / "report").read_text(encoding="utf-8")
    Page(text)
    assert "planned, not run yet" in text
    assert "No run has started yet" in text


def test_a_folder_that_cannot_be_made_is_one_message(filled, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        build(filled, tmp_path / "file" / "report")


def test_reports_and_stores_need_no_torch():
    code = "import harness.report.pages, harness.store.query, sys; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True)
    assert done.returncode == 0, done.stderr
