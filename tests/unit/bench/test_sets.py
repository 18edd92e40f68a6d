"""`harness bench` as a command: its sets, and the comparison with committed ratios."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness.bench.comparison import BenchRow
from harness.bench.overhead import with_worst_audit
from harness.cli import bench, main


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command with two sets that measure nothing; `asked` is what their functions were given."""
    made, asked = ModuleType("made_up_bench"), []

    def quick(rounds: int, threads: int | None) -> list[BenchRow]:
        asked.append((rounds, threads))
        return [BenchRow("quick", 1.2, 0.01, 0.012, 0.01, 1.1, "one over another")]

    def slow(rounds: int) -> list[BenchRow]:
        asked.append((rounds,))
        return [
            BenchRow("slow", 3.5, 0.1, 3.5, 1.0, 3.0, better="larger"),
            BenchRow("space", 1.0, 0.1, 2**20, 2**21, unit="bytes"),
        ]

    vars(made).update(quick=quick, slow=slow)
    monkeypatch.setitem(sys.modules, "made_up_bench", made)
    sets = {
        "quick": bench.BenchSet("made_up_bench:quick", "a quick one", ("threads",)),
        "slow": bench.BenchSet("made_up_bench:slow", "a slow one", slower=5),
    }
    monkeypatch.setattr(bench, "SETS", sets)

    def run(*words: str, code: int = 0) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["harness", "bench", *words])
        with pytest.raises(SystemExit) as ended:
            main.entry_point()
        said = capsys.readouterr()
        assert (ended.value.code or 0) == code, said
        return said.out, said.err

    run.asked = asked
    return run


def test_every_set_is_measured_with_the_options_that_it_takes(harness) -> None:
    out, _ = harness("--threads", "3", "--rounds", "12")
    assert harness.asked == [(12, 3), (2,)]
    words = out.split()
    assert words.index("quick") < words.index("slow") < words.index("space")
    assert "≤ 1.1 (missed)" in out
    assert "12.00 ms" in out
    assert "≥ 3" in out
    assert "2.0 MiB" in out


def test_only_the_sets_that_are_named_are_measured(harness) -> None:
    out, _ = harness("slow", "--json")
    rows = json.loads(out)
    assert [r["name"] for r in rows] == ["slow", "space"]
    assert rows[0].keys() == {"name", "ratio", "spread", "a", "b", "limit", "about", "better", "unit"}
    assert harness.asked == [(3,)]


def test_what_was_saved_is_compared_with(harness, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    harness("--save", str(file))
    saved = json.loads(file.read_text(encoding="utf-8"))
    assert [r["name"] for r in saved["rows"]] == ["quick", "slow", "space"]
    assert saved["machine"]["usable_cores"] >= 1
    _, err = harness("--against", str(file))
    assert "3 rows compared, none is worse than committed." in err
    saved["rows"][0]["ratio"] = 1.0
    saved["rows"][1]["ratio"] = 4.2
    saved["machine"]["cpu"] = "another"
    file.write_text(json.dumps(saved), encoding="utf-8")
    out, err = harness("--check", "--against", str(file), "--json", code=1)
    assert len(json.loads(out)) == 3
    lines = err.splitlines()
    assert sum(line.startswith(("quick: ", "slow: ")) for line in lines) == 2
    assert "against another" in err
    _, err = harness("--check", "--against", str(file), "--tolerance", "0.3")
    assert "not measured" not in err
    saved["rows"][2]["name"] = "gone"
    file.write_text(json.dumps(saved), encoding="utf-8")
    _, err = harness("--against", str(file), "--tolerance", "0.3")
    assert "Committed, but not measured now: gone." in err


def test_the_array_that_is_printed_can_be_committed(harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.bench import committed

    out, _ = harness("quick", "--json")
    (tmp_path / "committed.json").write_text(out, encoding="utf-8")
    monkeypatch.setattr(committed, "COMMITTED", tmp_path / "committed.json")
    _, err = harness("quick", "slow", "--check")
    assert "There is no committed ratio for slow, space." in err
    assert "1 rows compared" in err


def test_a_check_that_compares_nothing_fails(harness, tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]", encoding="utf-8")
    _, err = harness("--against", str(tmp_path / "empty.json"), code=2)
    assert "No row could be compared" in err


def test_ratios_to_compare_with_are_looked_for_before_anything_is_measured(harness, tmp_path: Path) -> None:
    _, err = harness("--against", str(tmp_path / "missing.json"), code=2)
    assert "cannot be read" in err
    assert harness.asked == []


def test_every_set_has_a_function() -> None:
    import importlib

    for name, each in bench.SETS.items():
        module, _, function = each.function.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), name


def test_the_audit_has_a_row_for_the_worse_of_its_two() -> None:
    rows = [BenchRow("audit-overhead-4ms", 1.001, 0, 4, 4), BenchRow("step-overhead-4ms", 1.2, 0, 4, 4)]
    rows += [BenchRow("audit-overhead-1ms", 1.004, 0.001, 1, 1, 1.01, "short")]
    *same, worst = with_worst_audit(rows)
    assert same == rows
    assert (worst.name, worst.ratio, worst.limit) == ("audit-overhead", 1.004, 1.01)
    assert "audit-overhead-1ms" in worst.about


def test_an_installed_wheel_says_where_the_benchmarks_are(harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "AVAILABLE", False)
    assert "Run it in a checkout of the source repository" in harness(code=2)[1]
    assert harness.asked == []
