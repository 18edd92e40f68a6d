"""The pages a reader gets: complete, offline, accessible, and honest about what is missing."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import posixpath
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from html_page import Page

from harness.errors import StoreError
from harness.report import build
from harness.report.load import load
from harness.report.outputs import chosen_ids
from harness.report.sections import compose
from harness.store import query


@pytest.fixture(scope="module")
def folder(filled, tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("report") / "made" / "here"
    assert build(filled, target, sweep="quickstart") == target / "index.html"
    return target


@pytest.fixture(scope="module")
def texts(folder: Path) -> dict[str, str]:
    """Every page, by its path in the report."""
    return {str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in sorted(folder.rglob("*.html"))}


@pytest.fixture(scope="module")
def pages(texts: dict[str, str]) -> dict[str, Page]:
    return {name: Page(text) for name, text in texts.items()}


@pytest.fixture(scope="module")
def text(texts: dict[str, str]) -> str:
    return texts["index.html"]


@pytest.fixture(scope="module")
def translation(texts: dict[str, str]) -> str:
    return texts["tasks/translation.html"]


def test_there_is_a_page_for_every_task_and_every_run(filled, texts: dict[str, str]):
    runs = query.runs(filled, sweep="quickstart")
    expected = {f"runs/{r.key[:12]}.html" for r in runs} | {f"tasks/{r.task.replace('_', '-')}.html" for r in runs}
    assert set(texts) == expected | {"index.html", "across.html", "about.html", "reproduction.html", "runs/index.html"}


def test_the_pages_ask_the_network_for_nothing(texts: dict[str, str], pages: dict[str, Page]):
    for name, page in pages.items():
        assert page.loads == [], name
        assert not {"link", "img", "iframe", "object", "embed", "image", "base"} & set(page.tags), name
        assert not re.search(r"https?://|@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(", texts[name]), name


def test_ids_are_unique_and_every_link_leads_to_a_part_of_a_page(pages: dict[str, Page]):
    for name, page in pages.items():
        assert len(page.ids) == len(set(page.ids)), name
        for link in page.links:
            path, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            assert target in pages, (name, link)
            if anchor:
                assert anchor in pages[target].ids, (name, link)


def test_every_page_can_be_reached_from_the_first(pages: dict[str, Page]):
    reached, new = set(), ["index.html"]
    while new:
        name = new.pop()
        reached.add(name)
        for path in {link.partition("#")[0] for link in pages[name].links} - {""}:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            if target not in reached:
                new.append(target)
    assert reached == set(pages)


def test_every_na_leads_to_its_reason(texts: dict[str, str], pages: dict[str, Page]):
    found = {name: page.na for name, page in pages.items() if page.na}
    wanted = {"index.html": 2, "tasks/text-generation.html": 1, "tasks/speech-recognition.html": 1}
    for name, count in wanted.items():
        assert len([link for link in found[name] if link]) >= count
    for name, links in found.items():
        for link in links:
            if link is not None:
                note = re.search(rf'<li id="{link[1:]}">(.*?)</li>', texts[name])
                assert note is not None
                assert len(note[1]) > 20


def test_pages_can_be_used_without_seeing_them(texts: dict[str, str], pages: dict[str, Page]):
    for name, page in pages.items():
        assert page.headers_without_scope == 0, name
        assert page.tags.count("h1") == page.tags.count("main") == 1, name
        assert texts[name].count("<figure") <= len(re.findall('role="img" aria-label="[^"]{20}', texts[name])), name
        assert '<a class="skip" href="#main">' in texts[name]
        assert '<html lang="en">' in texts[name]
    assert all(page.tables_without_caption == 0 for name, page in pages.items() if not name.startswith("runs/"))


def test_what_came_from_outside_is_escaped(translation: str):
    assert "<b>Bildschirm</b>" not in translation
    assert "&lt;b&gt;Bildschirm&lt;/b&gt;" in translation


def test_the_report_says_what_was_compared(texts: dict[str, str], text: str):
    assert "6 models on 4 tasks, 1 to 2 seeds each, with 3 baselines." in text[: text.index("</header>")]
    head = texts["about.html"][: texts["about.html"].index("</header>")]
    assert "Budget: 30 s of training a run, fp32." in head
    assert "All on one machine: Example Processor 9000 @ 2.60GHz, 1 thread a run." in head
    for number, what in ((46, "finished"), (2, "failed"), (1, "impossible pair skipped"), (1, "not finished")):
        assert re.search(rf"<b>{number}</b> {what}", head)


def test_the_first_screen_says_what_to_use_and_how_sure_that_is(text: str):
    decisions = text[text.index('<div class="decisions">') : text.index('<h2 id="matrix">')]
    assert decisions.count("<article") == 4
    assert decisions.count('<span class="standing warn">undecided') == 4  # two seeds decide nothing
    assert 'href="tasks/translation.html#translation"' in decisions
    assert decisions.count('<b class="use" dir="auto">attention_<wbr>lstm</b>') == 4
    assert "Undecided until these runs have finished: cnn_lstm lacks seed 1." in decisions
    assert "Avoid: rnn (2 of 2 runs diverged)." in decisions


def test_the_matrix_ranks_the_models_of_a_column(filled, text: str):
    start = text.index('<table id="summary"')
    matrix = text[start : text.index("</table>", start)]
    rows = re.findall(r'<tr[^>]*><th scope="row"[^>]*><span dir="auto">(.*?)</span>(.*?)</tr>', matrix, re.DOTALL)
    first_column = {label.replace("<wbr>", ""): re.search(r"rank (\d) of (\d)", cells) for label, cells in rows}
    found = {label: int(rank[1]) for label, rank in first_column.items() if rank}
    runs = [r for r in query.runs(filled, task="translation") if r.primary_value is not None]
    means = {m: np.mean([r.primary_value for r in runs if r.model == m]) for m in {r.model for r in runs}}
    places = {m: 1 + sum(other > mean for other in means.values()) for m, mean in means.items()}
    assert {m: found[m] for m in places} == places


def test_synthetic_data_and_few_seeds_are_called_by_their_names(texts: dict[str, str], text: str):
    assert "Synthetic (generated) data: Action recognition." in texts["about.html"]
    assert "<dt>kind of data</dt><dd>synthetic data</dd>" in texts["tasks/action-recognition.html"]
    assert "nrefs:1|case:mixed" in texts["tasks/translation.html"]
    assert "pytorch-seq2seq, notebook 3" in texts["tasks/translation.html"]
    assert "4 trials, 6 min 36 s" in texts["tasks/translation.html"]
    assert "<dt>near duplicates removed</dt><dd>1\u202f234</dd>" in texts["tasks/translation.html"]
    assert "DivergedError: the training loss became nan" in text


def test_the_numbers_on_the_page_are_those_of_the_store(filled, translation: str):
    runs = [r for r in query.runs(filled, task="translation", model="lstm") if r.status == "finished"]
    mean = sum(r.primary_value or 0.0 for r in runs) / len(runs)
    table = translation[translation.index('<table id="translation-results"') :]
    row = table[table.index('<span dir="auto">lstm') :]
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
    drawings = {p.stem for p in (folder / "figures").glob("*.svg")}
    assert drawings == {p.stem for p in (folder / "figures").glob("*.png")}
    assert {
        f"translation-curves-{metric}-by-{x}" for metric in ("bleu", "loss") for x in ("steps", "seconds")
    } <= drawings
    summary = (folder / "tables" / "summary.csv").read_text(encoding="utf-8")
    assert summary.startswith("Model,kind,Translation (BLEU ↑),Translation 95 % half-width")
    assert len((folder / "tables" / "runs.csv").read_text(encoding="utf-8").splitlines()) == 1 + 51
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


def test_the_same_store_gives_the_same_files(filled, folder: Path, tmp_path):
    code = (
        "import sys; from pathlib import Path; from harness.report import build; from harness.store import Store\n"
        "with Store.open(sys.argv[1], create=False) as store: build(store, Path(sys.argv[2]), sweep='quickstart')"
    )
    subprocess.run(
        [sys.executable, "-c", code, filled.url, tmp_path / "again"],
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "54321"},  # sets and dictionaries in another order
        check=True,
    )
    first, second = ({p.relative_to(d): p.read_bytes() for p in d.rglob("*.*")} for d in (folder, tmp_path / "again"))
    assert set(first) == set(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_pages_that_are_no_longer_in_the_report_go_and_those_of_others_stay(store, made_up, tmp_path):
    target = tmp_path / "report"
    old, new = made_up.plan("translation", "lstm", sweep="old"), made_up.plan("text_generation", "rnn", sweep="new")
    for plan in (old, new):
        made_up.done(store, plan)
    build(store, target, sweep="old")
    (target / "runs" / "mine.html").write_text("<p>my own notes</p>")
    build(store, target, sweep="new")
    assert {p.name for p in (target / "runs").iterdir()} == {"index.html", "mine.html", f"{new.key[:12]}.html"}
    assert [p.name for p in (target / "tasks").iterdir()] == ["text-generation.html"]


def test_a_page_that_has_not_changed_is_not_written_again(store, made_up, tmp_path):
    plan = made_up.plan("translation", "lstm")
    made_up.done(store, plan)
    page = tmp_path / "report" / "runs" / f"{plan.key[:12]}.html"
    build(store, tmp_path / "report")
    before = page.stat().st_ino  # another file would be moved into its place
    made_up.done(store, made_up.plan("translation", "rnn"))
    build(store, tmp_path / "report")
    assert page.stat().st_ino == before


def test_names_that_are_no_file_names_get_one(store, made_up, tmp_path):
    names = ["../../up and away", "ümläut ☃", "a/b", "a b", "x" * 100, "☃"]
    for name in names:
        plan = made_up.plan("translation", "lstm")
        store.plan(replace(plan, task=name, key=hashlib.sha256(name.encode()).hexdigest()))
    store.plan(replace(plan, key="../../../no key"))
    build(store, tmp_path / "report")
    files = [p for p in tmp_path.rglob("*.html")]
    assert len({p.parent for p in files}) == 3
    assert {p.name for p in (tmp_path / "report" / "tasks").iterdir()} == {
        "up-and-away.html", "ml-ut.html", "a-b.html", "a-b--2.html", f"{'x' * 60}.html", "task.html",
        "translation.html",
    }  # fmt: skip
    for file in files:
        page = Page(file.read_text(encoding="utf-8"))
        assert page.heading


HOSTILE = "<script>alert(1)</script> & \\input{x} $y$ \u202eright to left\x1b[31m \0" + "long" * 2500


def test_hostile_text_is_shown_and_does_nothing(store, made_up, tmp_path):
    plan = made_up.plan("translation", "lstm")
    for model in ("lstm", "rnn"):
        plan = made_up.plan("translation", model)
        plan = replace(plan, model=f"{model} {HOSTILE}"[:90], command=HOSTILE, config={**plan.config, HOSTILE: HOSTILE})
        made_up.done(store, plan, value=math.inf if model == "rnn" else math.nan)
    failed = replace(plan, key="0" * 64, model="cnn")
    store.plan(failed)
    store.fail(store.start(failed, made_up.here, owner_pid=os.getpid()), HOSTILE, HOSTILE, HOSTILE)
    build(store, tmp_path / "report")
    for file in (tmp_path / "report").rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        page = Page(text)
        code = text.count("<script>")
        assert code == (0 if "runs/" in str(file) and file.name != "index.html" else 1 + text.count('id="limits"'))
        assert page.tags.count("script") == code + text.count('<script type="application/json">')
        assert "alert(1)" not in text.replace("alert(1)&lt;", "").replace("alert(1)\\u003c", "")
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", text), file.name
    assert "∞" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_one_message(filled, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        build(filled, tmp_path / "file" / "report")


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ("harness.report.pages, harness.report.sections, harness.store.query", "torch"),
        ("harness.report.pages", "matplotlib"),  # what takes long to import comes while a process writes pages of runs
        ("harness.report.pages", "scipy.stats"),
    ],
)
def test_reports_and_stores_import_no_more_than_they_need(modules: str, absent: str):
    code = f"import {modules}, sys; sys.exit({absent!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True)
    assert done.returncode == 0, done.stderr
