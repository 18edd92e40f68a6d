"""Text from the store is hostile until shown otherwise: nothing that the report writes lets it act."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from harness.report import build
from harness.store import Store
from harness.store.records import EnvironmentRecord, MetricRow, PredictionRow, RunPlan, RunSummary, SampleRow
from harness.terminal import harmless

TEXTS = {
    "script": "<script>alert(1)</script>\"'><img src=x onerror=alert(2)></style></svg><!--",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}&lt;b&gt;",
    "latex": r"\input{/etc/passwd}\write18{rm} $x_1^2$ 50% a&b #1 {~ \end{tabular}",
    "markdown": "a|b [x](javascript:alert(3)) ![y](http://evil.example/y.png) `c` **d** <e@f.example> # g\n\n# h",
    "formula": '=HYPERLINK("http://evil.example",1)',
    "plus": "+1+cmd|' /C calc'!A0",
    "minus": "-2+3+cmd",
    "at": "@SUM(1+1)*cmd",
    "right to left": "abc\u202egnp.exe\u2066\u2067 \u200fעברית",
    "control": "a\x1b[31mred\x1b]0;title\x07\x9b2J\0\r\n\tb\x7f\ud800",
    "long": "x" * 10_000,
    "path": "../../../../tmp/harness_escaped/<b>",
    "hidden file": "..",
    "device": "CON:aux/\\nul",
    "nothing": "",
    "space": " \u00a0 ",
}
ACTIVE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def fill(store: Store, text: str) -> None:
    """Two models of two seeds, a failure and an impossible pair, the text wherever text can stand."""
    here = EnvironmentRecord(
        "e" * 64, {"cpu": text, "threads": text, "accelerator": {"name": text}, text: text}, {text: text}
    )
    primary = {"name": text[:50], "unit": text, "higher_is_better": True}
    units = {text[:50]: {**primary, "signature": text, "description": text}}

    published = [
        {"metric": text[:50], "value": value, "system": text, "source": text}
        for value in (1.0, text, None, float("inf"))
    ]

    def plan(model: str, seed: int) -> RunPlan:
        return RunPlan(
            key=hashlib.sha256(f"{text!a} {model!a} {seed}".encode()).hexdigest(),
            sweep=text,
            task=text,
            dataset=text,
            model=model,
            seed=seed,
            config={
                "budget": text, "target": text, "asked": {"match": text}, "optimizer": {"lr": text}, text: [text],
                "trainer": {"precision": text}, "model": {"name": text, "width": seed % 1},
            },
            synthetic=True,
            primary=primary,
            units=units,
            references=published,
            identity={
                "data_fingerprint": text, "record_version": text, "plugin_digests": text, "engine_digest": seed,
            },
            tuning={"trials": text, "hours": text} if seed else {"trials": 2, "hours": 0.1},
            command=text,
        )  # fmt: skip

    for model, worth in ((text, 1.0), (text + " two", float("nan"))):
        for seed in (0, 1):
            run_id = store.start(plan(model, seed), here, owner_pid=os.getpid())
            values = (1.0, float("inf"), float("nan"), 2.0 + seed)
            for name in dict.fromkeys((f"val/{text[:50]}", "val/loss", f"train/{text[:50]}")):
                rows = [MetricRow(name, s, v, s / 4, s, float(s)) for s, v in enumerate(values)]
                store.log_metrics(run_id, rows)
            summary = RunSummary(
                metrics={f"test/{text[:50]}": worth, "test/loss": float("inf"), f"test/{text[:60]}2": float("nan")},
                primary_value=worth,
                parameters=10 * (seed + 1),
                encoder_parameters=5,
                phases={text: 1.0, "forward": 1.0},
                total_s=2.0,
                train_s=1.0,
                throughput=1.0,
                throughput_unit=text,
                checkpoint={"chosen_by": text, "step": text, "value": text},
                details={"decoder": text, text: text, "data": {text: text}},
                artifacts={"model": text},
                charts={"parts": "class", "confusion": {"labels": [text, text + "2"], "matrix": [[1, 2], [3, 4]]}},
                machine={"contended": text, "other_cpu_share": text},
            )
            outputs = [
                PredictionRow(f"{text[:80]}{i}", text, text, text + str(i % 2), {text[:50]: [1, 2]}) for i in range(3)
            ]
            store.finish(run_id, summary, outputs, [SampleRow(text, text, "", text)])
    store.fail(store.start(plan(text + " three", 0), here, owner_pid=os.getpid()), text, text, text)
    store.record_incompatible(plan(text + " four", 0), text)


@pytest.fixture(params=TEXTS, scope="module")
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A text and the folder of its report."""
    text = TEXTS[request.param]
    folder = tmp_path_factory.mktemp("hostile")
    with Store.open(f"sqlite:///{folder / 'store.db'}") as store:
        fill(store, text)
        build(store, folder / "deep" / "report")
    return text, folder


def files(folder: Path, ending: str) -> list[Path]:
    found = sorted((folder / "deep" / "report").rglob(f"*{ending}"))
    assert found, ending
    return found


class Tags(HTMLParser):
    """Every tag with its attributes, the scripts, and the data that scripts read."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, Any]]] = []
        self.scripts: list[str] = []
        self.data: list[str] = []
        self._in: list[str] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        into = self.data if dict(attrs).get("type") == "application/json" else self.scripts
        self._in = into if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self._in = None

    def handle_data(self, data: str) -> None:
        if self._in is not None:
            self._in.append(data)


def test_files_stay_in_the_folder_and_bear_plain_names(written: tuple[str, Path]) -> None:
    _, folder = written
    assert {p.name.split("-")[0] for p in folder.iterdir()} <= {"deep", "store.db"}
    assert [p.name for p in (folder / "deep").iterdir()] == ["report"]
    assert not Path("/tmp/harness_escaped").exists()
    for path in (folder / "deep" / "report").rglob("*"):
        assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,200}", path.name), path.name


def test_pages_run_no_script_but_their_own_and_ask_for_nothing(written: tuple[str, Path]) -> None:
    own: set[str] = set()
    for path in files(written[1], ".html"):
        text = path.read_text(encoding="utf-8")
        assert not ACTIVE.search(text), path
        shown = text.replace("&lt;script&gt;alert(1)", "").replace("\\u003cscript\\u003ealert(1)", "")
        assert "alert(1)" not in shown, path
        page = Tags(text)
        own |= {s for s in page.scripts if s.strip()}
        for data in page.data:
            json.loads(data)
            assert not re.search("[<>&]", data), path
        for tag, attributes in page.found:
            assert tag != "form" or not attributes.get("action"), path
            assert tag not in ("img", "iframe", "object", "embed", "base", "link", "e@f.example"), (path, tag)
            assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset")], (path, tag)
            for name in ("href", "xlink:href"):
                assert not re.match(r"(?i)\s*(javascript|data|https?|//)", attributes.get(name) or ""), (
                    path,
                    attributes,
                )
            assert "evil.example" not in str(attributes.get("style")), path
    assert not [s for s in own if "alert" in s or "7 * 7" in s]
    assert all("querySelector" in s for s in own)


def test_markdown_shows_it_as_text(written: tuple[str, Path]) -> None:
    for path in files(written[1], ".md"):
        text = path.read_text(encoding="utf-8")
        assert not ACTIVE.search(text)
        assert not re.search(r"(?<!\\)<(script|img|b|e@)", text)
        assert not re.search(r"(?<!\\)\]\((?!figures/|tasks/|runs/|#)", text)
        assert not re.search(r"(?m)^#+ (g|h)$", text)
        widths = [len(re.split(r"(?<!\\)\|", line)) for line in text.splitlines() if line.startswith("|")]
        assert len(widths) > 10


def test_a_spreadsheet_computes_nothing(written: tuple[str, Path]) -> None:
    for path in files(written[1], ".csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    assert not ACTIVE.search(cell), path
                    if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                        float(cell)  # a number may begin so, text may not


def test_drawings_are_well_formed_and_hold_no_code(written: tuple[str, Path]) -> None:
    for path in files(written[1], ".svg"):
        text = path.read_text(encoding="utf-8")
        assert not ACTIVE.search(text)
        for element in ET.fromstring(text).iter():
            tag = element.tag.rpartition("}")[2]
            assert tag not in ("script", "foreignObject", "image", "a", "img"), path
            assert not [name for name in element.attrib if name.startswith("on")], path
            links = [v for n, v in element.attrib.items() if n.endswith("href")]
            assert all(link.startswith("#") for link in links), path
    for path in files(written[1], ".png"):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_latex_sees_text_and_no_commands(written: tuple[str, Path]) -> None:
    for path in files(written[1], ".tex"):
        text = path.read_text(encoding="utf-8")
        assert not ACTIVE.search(text)
        assert not re.search(r"\\(input|write|include|openin|read|catcode|def|let)\b", text), path
        assert text.count("\\begin{tabular}") == text.count("\\end{tabular}")
        assert not re.search(r"(?<!\\)\$x", text)


def test_a_report_stays_small_whatever_the_texts(written: tuple[str, Path]) -> None:
    sizes = {p.name: p.stat().st_size for p in files(written[1], ".html")}
    assert max(sizes.values()) < 1_000_000, sizes


def test_the_texts_hold_what_they_are_meant_to() -> None:
    assert harmless(TEXTS["control"]) != TEXTS["control"]
    assert harmless(TEXTS["right to left"]) != TEXTS["right to left"]
    assert len(TEXTS["long"]) == 10_000
