"""Rows against rivals: which there are, and what is said of those left out."""

from __future__ import annotations

import sys

import pytest

from harness.bench import rival_rows
from harness.bench.processes import WorkerError
from harness.bench.rivals.sizes import MEDIUM, SMALL, RivalSize

TINY = RivalSize("tiny", 8, 2, 12, 3, 5, dropout=0.2, steps=2, wanted={"torch": 2.5})


@pytest.mark.exhaustive
def test_a_plain_loop_and_the_harness_train_networks_of_one_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rival_rows, "_installed", lambda python, names: names == ("torch",))
    monkeypatch.setattr(rival_rows, "cpu_has_bf16", lambda: True)
    notes: list[str] = []
    found = rival_rows.rival_rows(2, threads=1, note=notes.append, sizes=[TINY])
    assert [(r.name, r.limit, r.better) for r in found] == [
        ("lstm-tiny-vs-torch", 2.5, "larger"),
        ("lstm-tiny-fp32-vs-torch", None, "larger"),
    ]
    assert all(r.ratio > 0 and r.a > 0 and r.b > 0 for r in found)
    assert all("LSTM 8 x 2, batch 3 x 5, 12 symbols, 1 threads" in r.about for r in found)
    assert all(r.about.endswith("parameters each") for r in found)
    assert [note.partition(",")[0] for note in notes] == [
        f"Left out: rows against keras-{name}" for name in ("tf", "jax", "torch")
    ]
    assert all("pip install -e '.[bench]'" in note for note in notes)


def test_without_bf16_in_the_processor_ours_is_timed_in_fp32_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rival_rows, "_installed", lambda python, names: names == ("torch",))
    monkeypatch.setattr(rival_rows, "cpu_has_bf16", lambda: False)
    (found,) = rival_rows.rival_rows(2, threads=1, note=lambda text: None, sizes=[TINY])
    assert (found.name, found.limit) == ("lstm-tiny-vs-torch", 2.5)
    assert " over a harness step in fp32; " in found.about


@pytest.mark.exhaustive
def test_a_rival_that_does_not_start_costs_its_own_rows_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rival_rows, "_installed", lambda python, names: True)
    monkeypatch.setattr(rival_rows, "RIVALS", {"broken": ("no_such_module", "none", ())})
    notes: list[str] = []
    assert rival_rows.rival_rows(2, threads=1, note=notes.append, sizes=[TINY]) == []
    (note,) = notes
    assert note.startswith("Left out: rows against broken. 'broken' ended with exit code 1: ModuleNotFoundError")


def test_parameters_that_differ_are_said() -> None:
    assert rival_rows._parameters(1024, 2048) == "1,024 parameters against 2,048 (1,024 fewer)"
    assert rival_rows._parameters(2048, 2048) == "2,048 parameters each"


def test_what_an_interpreter_has_is_asked_of_it() -> None:
    assert rival_rows._installed(sys.executable, ("json", "torch"))
    assert not rival_rows._installed(sys.executable, ("json", "no_such_module"))
    with pytest.raises(WorkerError, match="--rivals '/nowhere/python' is not a working Python interpreter"):
        rival_rows._installed("/nowhere/python", ("json",))


def test_the_sizes_are_those_that_were_published() -> None:
    assert str(SMALL) == "LSTM 256 x 1, batch 64 x 64, 65 symbols"
    assert str(MEDIUM) == "LSTM 650 x 2, batch 20 x 35, 10,000 symbols"
    assert MEDIUM.dropout == 0.5
