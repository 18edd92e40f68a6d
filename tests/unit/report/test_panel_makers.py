"""Panels are found by name, from any package; a broken one is a sentence in a report that is otherwise whole."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from harness.registry.discovery import registry
from harness.report import Panel, PanelContext, build
from harness.report.load import load
from harness.report.panel_makers import FoundMaker, installed, make_all
from harness.store import Store
from harness.store.records import RunSummary

ROOT = Path(__file__).resolve().parents[3]
BUILT_IN = [
    "cost",
    "curves",
    "evidence",
    "forecasts",
    "horizon",
    "lengths",
    "parts",
    "piano_roll",
    "reliability",
    "scores",
    "spread",
    "tags",
]

MODULE = """
from harness import hookimpl
from harness.report import Panel, Table, Column, TableCell, TableRow
from harness.report.figures import Figure, new_figure, plot_area

def panels(context):
    {body}

@hookimpl
def harness_panels():
    return {{"mine": panels}}
"""
BROKEN = {
    "raises": ("raise KeyError('no such thing')", "KeyError: 'no such thing'"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
    "not a list": ("return None", "must return a list of harness.report.Panel"),
    "not a panel": ("return ['a']", "must return a list of harness.report.Panel"),
    "a name of another": ("return [Panel('summary', 'Mine')]", "the name 'summary' must begin with"),
    "a name that is a path": ("return [Panel(context.name + '/../../x', 'Mine')]", "only letters, digits"),
    "a name twice": ("return [Panel(context.name, 'Mine'), Panel(context.name, 'Mine')]", "is used twice"),
    "a drawing that fails": (
        "return [Panel(context.name, 'Mine', figures=[Figure(context.name + '-f', '', '', lambda: 1 / 0)])]",
        "ZeroDivisionError",
    ),
    "a table with a cell too few": (
        "return [Panel(context.name, 'Mine', tables=[Table(context.name + '-t', 'c', 'r', [Column('a')], "
        "[TableRow(TableCell('x'), [])])])]",
        "ValueError",
    ),
    "text of another type": ("return [Panel(context.name, 'Mine', text=3)]", "TypeError"),
}


def context_of(store: Store, task: str) -> PanelContext:
    data = load(store)
    comparison = next(c for c in data.comparisons if c.task == task)
    return PanelContext.judged(store, comparison, task.replace("_", "-"), {m: i for i, m in enumerate(data.models)})


def test_the_built_in_panels_are_found_as_those_of_others_are() -> None:
    found = {maker.name: maker for maker in installed()}
    assert sorted(name for name, maker in found.items() if maker.built_in) == BUILT_IN
    assert registry().info("panel", "cost").module == "harness.report.costs.panels"


def test_no_built_in_panel_fails_on_the_made_up_results(filled: Store) -> None:
    for comparison in load(filled).comparisons:
        made = make_all(installed(), context_of(filled, comparison.task))
        assert [p.text for p in made if any("could not make its panel" in s for s in p.text)] == []
        assert [p.place for p in made] == sorted(p.place for p in made)
        assert len({p.name for p in made}) == len(made) > 3


def test_the_panel_of_another_package_is_on_the_page_and_its_files_are_written(
    filled: Store, site: Any, tmp_path: Path
) -> None:
    text = (ROOT / "docs" / "how-to" / "panels.md").read_text(encoding="utf-8")
    module = re.search(r'```python title="[^"]*late\.py"\n(.*?)```', text, re.DOTALL)
    assert module is not None
    site.install("harness-late", {"panel.late": "harness_late"}, {"harness_late.py": module[1]})
    build(filled, tmp_path / "report")
    page = (tmp_path / "report" / "tasks" / "translation.html").read_text(encoding="utf-8")
    assert '<h2 id="translation-late">When each run was at its best</h2>' in page
    assert "could not make its panel" not in page
    assert (tmp_path / "report" / "figures" / "translation-late-figure.svg").is_file()
    assert "When each run was at its best" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_panel_is_a_sentence_with_the_name_of_its_plugin(case: str, filled: Store, site: Any) -> None:
    body, words = BROKEN[case]
    site.install("dist-mine", {"panel.mine": "mod_mine"}, {"mod_mine.py": MODULE.format(body=body)})
    mine = [maker for maker in installed() if maker.name == "mine"]
    (panel,) = make_all(mine, context_of(filled, "translation"))
    assert panel.name == "translation-mine"
    (sentence,) = panel.text
    assert sentence.startswith("The plug-in 'panel.mine' of distribution 'dist-mine' 1.0 could not make its panel: ")
    assert words in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_module", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit", "cannot be imported: SystemExit"),
        ("HARNESS_CONTRACT = 99", "was written for contract version 99"),
        ("x = 1", "has no hook harness_panels()"),
        ("from harness import hookimpl\n@hookimpl\ndef harness_panels():\n    return [1]", "must return a dict"),
        ("from harness import hookimpl\n@hookimpl\ndef harness_panels():\n    return {'other': print}", "'other'"),
        ("from harness import hookimpl\n@hookimpl\ndef harness_panels():\n    return 1 / 0", "ZeroDivisionError"),
        ("def harness_panels():\n    return {}", "without the decorator"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_a_sentence_too(source: str, words: str, filled: Store, site: Any) -> None:
    site.install("dist-mine", {"panel.mine": "mod_mine"}, {"mod_mine.py": source})
    mine = [maker for maker in installed() if maker.name == "mine"]
    (panel,) = make_all(mine, context_of(filled, "translation"))
    assert "plug-in 'panel.mine' of distribution 'dist-mine' 1.0" in panel.text[0]
    assert words in panel.text[0]


def test_two_packages_with_one_name_are_named(filled: Store, site: Any) -> None:
    for name in ("one", "two"):
        source = MODULE.format(body=f"return [Panel(context.name, '{name}')]")
        site.install(f"dist-{name}", {"panel.mine": f"mod_{name}"}, {f"mod_{name}.py": source})
    (panel,) = make_all([m for m in installed() if m.name == "mine"], context_of(filled, "translation"))
    assert "'dist-one' 1.0 (mod_one) and 'dist-two' 1.0 (mod_two)" in panel.text[0]


def test_global_state_is_put_back_and_named(filled: Store, capsys: pytest.CaptureFixture[str]) -> None:
    def make(context: PanelContext) -> list[Panel]:
        random.seed(1)
        np.random.seed(1)
        mpl.rcParams["font.size"] = 99
        print("hello")
        return [Panel(context.name, "Mine")]

    before = (random.getstate(), np.random.get_state()[1].tolist(), mpl.rcParams["font.size"])
    make_all([FoundMaker("mine", "plug-in 'panel.mine'", make)], context_of(filled, "translation"))
    assert (random.getstate(), np.random.get_state()[1].tolist(), mpl.rcParams["font.size"]) == before
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "the plug-in 'panel.mine', while it made its panel, printed: hello" in printed.err
    assert "changed the generator of 'random'; it was restored" in printed.err


def test_panels_are_ordered_by_their_place(filled: Store) -> None:
    def at(place: int) -> FoundMaker:
        return FoundMaker(f"p{place}", "label", lambda context: [Panel(context.name, "", place=place)])

    made = make_all([at(100), at(5), at(45)], context_of(filled, "translation"))
    assert [panel.place for panel in made] == [5, 45, 100]


def test_the_panel_of_the_toy_package_reads_confusions(store: Store, made_up: Any, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(ROOT / "tests" / "third_party_plugin")
    from harness_toy import far_off

    np.testing.assert_allclose(far_off.share_by_distance(np.array([[6, 1, 0], [0, 0, 1], [2, 0, 0]])), [60, 20, 20])
    plan = replace(made_up.plan("translation", "lstm"), task="bracket_depth")
    chart = {"confusion": {"labels": ["0", "1"], "matrix": [[3, 1], [0, 4]]}}
    summary = RunSummary({"test/bleu": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0, charts=chart)
    store.finish(store.start(plan, made_up.here, owner_pid=1), summary, [], [])
    maker = FoundMaker("far_off", "plug-in 'panel.far_off'", far_off.panels)
    (panel,) = make_all([maker], context_of(store, "bracket_depth"))
    assert panel.title == "How far off"
    assert [row.cells[0].text for row in panel.tables[0].rows] == ["87.5", "12.5"]


def test_panels_are_loaded_without_torch() -> None:
    code = "import sys; from harness.report.panel_makers import installed; installed(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
