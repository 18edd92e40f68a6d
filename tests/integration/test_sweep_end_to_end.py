"""A sweep of every task and model on generated data, through the command line, from the grid to the report."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import predicted_again
import pytest
from covering import two_pairs

TASKS = {"translation", "text_generation", "speech_recognition", "action_recognition", "first_symbol"}
MODELS = {"rnn", "lstm", "bilstm", "stacked_lstm", "attention_lstm", "cnn_lstm", "mean"}


REFUSED = ("text_generation", "bilstm")  # reads the future


@pytest.fixture(scope="module")
def grids(pytestconfig: pytest.Config) -> dict[str, list[str]]:
    """Models by task: all of them with `--all`, else each task and model in two pairs, and one that is refused."""
    if pytestconfig.getoption("--all"):
        return {",".join(sorted(TASKS)): sorted(MODELS)}
    found = two_pairs([*TASKS], [*MODELS])
    if REFUSED[1] not in found[REFUSED[0]]:
        found[REFUSED[0]].append(REFUSED[1])
    return found


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, make_cli: Any, grids: dict[str, list[str]]) -> Any:
    """The command line after `harness sweep experiment=generated`, for each of the grids."""
    cli = make_cli(tmp_path_factory.mktemp("swept"))
    for tasks, models in grids.items():
        cli("sweep", "experiment=generated", f"task={tasks}", f"model={','.join(models)}", "--workers", "2")
    return cli


def _expected(grids: dict[str, list[str]]) -> set[tuple[str, str]]:
    return {(task, model) for tasks, models in grids.items() for task in tasks.split(",") for model in models}


def _cells(cli: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {(run["task"], run["model"]): run for run in cli.runs(sweep="generated")}


def test_every_cell_is_finished_or_says_why_not(swept: Any, grids: dict[str, list[str]]) -> None:
    cells = _cells(swept)
    assert set(cells) == _expected(grids)
    states = {run["status"] for run in cells.values()}
    assert states == {"finished", "incompatible"}
    refused = {cell: run["reason"] for cell, run in cells.items() if run["status"] == "incompatible"}
    assert set(refused) == {REFUSED}
    assert "must be causal; 'bilstm' reads future positions" in refused[REFUSED]


def test_a_finished_run_has_everything_that_other_programs_rely_on(swept: Any) -> None:
    finished = [run for run in _cells(swept).values() if run["status"] == "finished"]
    assert finished
    for run in finished:
        assert len(run["key"]) == 64
        assert run["primary"]["split"] == "test"
        assert run["primary"]["value"] == run["metrics"][f"test/{run['primary']['name']}"]
        assert math.isfinite(run["metrics"]["test/loss"])
        assert run["parameters"] > 0
        assert run["throughput"]["value"] > 0
        time = run["time"]
        assert 0 < time["train_s"] < time["total_s"]
        assert sum(time["phases"].values()) == pytest.approx(time["total_s"], rel=0.05)
        for artifact in ("model", "specs", "card", "samples", "config", "predictions"):
            assert run["artifacts"][artifact]
        folder = swept.folder / "results" / "runs" / run["key"]
        assert (folder / Path(run["artifacts"]["predictions"]).name).is_file()


def test_every_run_folder_gives_its_outputs_again_without_data(swept: Any, tmp_path: Path) -> None:
    script, place = str(Path(predicted_again.__file__)), tmp_path / "moved"
    done = swept.script(script, "move", str(swept.folder / "results"), str(place))
    assert done.returncode == 0, done.stderr
    nothing = {name: str(tmp_path / "nothing") for name in ("HARNESS_DATA", "HARNESS_RESULTS")}
    done = swept.script(script, "compare", str(place), **nothing)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    finished = {f"{task}.{model}" for (task, model), run in _cells(swept).items() if run["status"] == "finished"}
    assert {one["name"] for one in found} == finished
    for one in found:
        if one["name"].startswith("first_symbol"):  # its task gives no preprocessing
            assert "examples" not in one
            continue
        assert (one["other"], one["samples"]) == (0, 0), one  # to the last digit, in the run's own batches
        assert max(one["nats"], one["scores"]) < 1e-5, one
        assert one["flipped"] <= 1, one


def test_models_of_a_task_are_compared_on_the_same_data(swept: Any) -> None:
    for task in TASKS:
        datasets = {
            (run["dataset"], json.dumps(run["primary"]["name"])) for (t, _), run in _cells(swept).items() if t == task
        }
        assert len(datasets) == 1


def test_a_second_sweep_runs_nothing(swept: Any, grids: dict[str, list[str]]) -> None:
    before = swept.runs()
    tasks, models = next(iter(grids.items()))
    swept("sweep", "experiment=generated", f"task={tasks}", f"model={','.join(models)}", "--workers", "2")
    assert swept.runs() == before


def test_the_same_seed_gives_the_same_figures_to_the_last_digit(swept: Any, cli: Any) -> None:
    first = _cells(swept)
    tasks = sorted(task for task, model in first if model == "cnn_lstm")
    cli("sweep", "experiment=generated", f"task={','.join(tasks)}", "model=cnn_lstm", "--workers", "1")
    again = _cells(cli)
    assert len(again) == len(tasks) >= 2
    for cell, run in again.items():
        assert run["key"] == first[cell]["key"]
        assert run["metrics"] == first[cell]["metrics"]


@pytest.mark.parametrize("threads", ["null", pytest.param("2", marks=pytest.mark.exhaustive)])
def test_a_sweep_and_a_single_command_give_the_same_figures(
    cli: Any, make_cli: Any, tmp_path: Path, threads: str
) -> None:
    words = ("experiment=generated", "task=first_symbol", "model=stacked_lstm", f"trainer.threads={threads}")
    cli("sweep", *words)
    (swept,) = cli.runs()
    alone = make_cli(tmp_path / "alone")
    alone("run", *words)
    (single,) = alone.runs()
    assert single["key"] == swept["key"]
    assert single["metrics"] == swept["metrics"]


def test_another_seed_gives_other_figures(swept: Any, cli: Any) -> None:
    cli("run", "experiment=generated", "task=first_symbol", "model=rnn", "seed=1")
    (run,) = cli.runs()
    assert run["metrics"]["test/loss"] != _cells(swept)["first_symbol", "rnn"]["metrics"]["test/loss"]


def test_the_report_names_every_model_and_the_reason_of_the_cell_that_is_missing(swept: Any) -> None:
    printed = swept("report", "--sweep", "generated").stdout
    page = swept.folder / "results" / "report" / "index.html"
    assert str(page.relative_to(swept.folder)) in printed
    html, markdown = page.read_text(), (page.parent / "report.md").read_text()
    for text in (html, markdown.replace("\\", "")):
        assert all(name.replace("_", " ") in text.lower() for name in TASKS)
        assert all(name in text for name in MODELS)
        assert "reads future positions" in text
    loaded = re.findall(r"""(?:src|href)=["']?(https?:[^"' >]+)""", html)
    assert not [address for address in loaded if "doi.org" not in address]  # a source may be cited, nothing is loaded


def test_show_list_and_export_read_what_the_sweep_wrote(swept: Any, grids: dict[str, list[str]]) -> None:
    key = _cells(swept)["first_symbol", "rnn"]["key"]
    assert "first_symbol" in swept("show", key[:12]).stdout
    (sweep,) = swept.json("list", "sweeps")
    assert sweep["name"] == "generated"
    assert sweep["cells"] == len(_expected(grids))
    files = swept("store", "export", "exported").stdout.split()
    assert files
    assert all((swept.folder / file).is_file() for file in files)


def test_an_outside_plug_in_is_listed_with_its_own_distribution(swept: Any) -> None:
    listed = {entry["name"]: entry for entry in swept.json("list", "models")}
    assert listed["mean"]["distribution"] == "harness-toy"
    assert listed["lstm"]["distribution"] == "sequence-harness"
    pairs = {(p["task"], p["model"]): p for p in swept.json("matrix")}
    assert pairs["first_symbol", "mean"]["compatible"]
    assert not pairs["text_generation", "bilstm"]["compatible"]
