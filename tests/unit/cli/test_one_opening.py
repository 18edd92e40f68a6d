"""A process opens the results store once, whatever it does with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from harness.config import expand
from harness.store import Store
from harness.sweeping.jobs import run_job
from harness.sweeping.planning import plan_cells
from harness.sweeping.worker import work
from harness.training import precision

WORDS = ("task=counting", "model=small")


@pytest.fixture
def opened(site: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The engines that were made; its task fails when its data is loaded, so that nothing trains."""
    site.task("counting", target="NextTokenTarget")
    site.model("small")
    made: list[Any] = []
    create = sa.create_engine

    def counted(*arguments: Any, **options: Any) -> Any:
        made.append(arguments)
        return create(*arguments, **options)

    monkeypatch.setattr(sa, "create_engine", counted)
    monkeypatch.setattr(precision, "instruction_sets", list)  # no bf16, so that precision=auto trains nothing
    return made


@pytest.mark.parametrize(
    "words",
    [
        ("run", *WORDS),
        ("run", *WORDS, "precision=auto"),
        ("sweep", *WORDS, "seed=0,1", "launcher=inline"),
        ("sweep", *WORDS, "seed=0,1", "--dry-run"),
    ],
    ids=["run", "run with precision=auto", "sweep", "dry run"],
)
def test_a_command_that_runs_cells_opens_the_store_once(
    harness: Any, opened: list[Any], words: tuple[str, ...]
) -> None:
    Store.open().close()
    opened.clear()
    code = harness(*words)[0] if words[0] == "sweep" else _failing(harness, *words)
    assert len(opened) == 1
    assert code == (0 if "--dry-run" in words else 1)


def _failing(harness: Any, *words: str) -> int:
    with pytest.raises(NotImplementedError):  # what the task raises
        harness(*words)
    return 1


def test_words_that_are_wrong_open_none(harness: Any, opened: list[Any]) -> None:
    assert harness("run", *WORDS, "optimizer.lr=high")[0] == 2
    assert harness("sweep", *WORDS, "optimizer.lr=high", "launcher=inline")[0] == 2
    assert opened == []


def test_a_worker_opens_the_store_once(opened: list[Any], tmp_path: Path) -> None:
    (run,) = plan_cells(expand(WORDS))
    outcome = work(run_job(run), Store.open, tmp_path, lambda fraction, text: None)
    assert isinstance(outcome.raised, NotImplementedError)
    assert len(opened) == 1


def test_a_report_opens_the_store_once(harness: Any, opened: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    harness("sweep", *WORDS, "launcher=inline")
    opened.clear()
    harness("report")
    assert len(opened) == 1
