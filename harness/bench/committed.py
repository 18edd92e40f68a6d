"""Committed ratios, and the comparison of new measurements with them.

The file is JSON: an object with the machine's description and an array of rows, as written by
`harness bench --save FILE`, or just the array, as printed by `harness bench --json`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.bench.comparison import BenchRow
from harness.errors import ConfigError

COMMITTED = Path(__file__).parent / "committed.json"
"""The ratios committed with this version of the harness."""

TOLERANCE = 0.05
"""Share of the committed ratio by which a row may be worse, in addition to both spreads."""

_FIELDS = tuple(f.name for f in dataclasses.fields(BenchRow))
_NEEDED = {"name", "ratio", "spread", "a", "b"}


@dataclass(frozen=True)
class Committed:
    """Rows by name, and the machine they were measured on: its fingerprint as recorded by runs; empty if unknown."""

    rows: Mapping[str, BenchRow]
    machine: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RowVerdict:
    """The result of a comparison.

    Attributes:
        worse: a line for each row that is worse than committed.
        compared: how many rows were compared.
        new: names of rows without a committed ratio.
        missing: names of committed rows that were not measured.
    """

    worse: list[str]
    compared: int
    new: list[str]
    missing: list[str]


def write(path: Path, rows: Sequence[BenchRow], machine: Mapping[str, Any]) -> None:
    """Write a file that `read` understands.

    Raises:
        ConfigError: it cannot be written.
    """
    lines = ",\n".join(json.dumps(dataclasses.asdict(row), ensure_ascii=False) for row in rows)
    text = f'{{"machine": {json.dumps(machine, ensure_ascii=False)},\n"rows": [\n{lines}\n]}}\n'  # a row a line
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--save {path}: cannot be written: {error.strerror}") from None


def read(path: Path = COMMITTED) -> Committed:
    """The committed rows.

    Raises:
        ConfigError: there is no such file, or it was not written by `harness bench`.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The committed ratios {path} cannot be read: {error.strerror}. harness bench --save FILE writes such a "
            "file, and --against FILE compares with it."
        ) from None
    except ValueError as error:
        raise ConfigError(f"The committed ratios {path} are not JSON: {error}") from None
    rows, machine = (found.get("rows"), found.get("machine", {})) if isinstance(found, dict) else (found, {})
    if not isinstance(rows, list) or not all(isinstance(r, dict) and r.keys() >= _NEEDED for r in rows):
        raise ConfigError(f"{path} contains no rows of harness bench: each needs {', '.join(sorted(_NEEDED))}")
    made = [BenchRow(**{name: value for name, value in r.items() if name in _FIELDS}) for r in rows]
    return Committed({r.name: r for r in made}, machine)


def compare(rows: Sequence[BenchRow], committed: Committed, tolerance: float = TOLERANCE) -> RowVerdict:
    """Which rows are worse than committed by more than both spreads and the tolerance together."""
    pairs = [(r, committed.rows[r.name]) for r in rows if r.name in committed.rows]
    worse = [_line(now, then, tolerance) for now, then in pairs if is_worse(now, then, tolerance)]
    measured = {r.name for r in rows}
    new = [name for name in measured if name not in committed.rows]
    return RowVerdict(worse, len(pairs), sorted(new), [name for name in committed.rows if name not in measured])


def is_worse(now: BenchRow, then: BenchRow, tolerance: float = TOLERANCE) -> bool:
    """Whether a row is worse than another of its name; the newer row decides which direction is better."""
    lost = now.ratio - then.ratio if now.better == "smaller" else then.ratio - now.ratio
    return lost > now.spread + then.spread + tolerance * abs(then.ratio)


def differences(machine: Mapping[str, Any], committed: Committed) -> list[str]:
    """What differs between two machines, one phrase each; empty if the committed one is unknown."""
    names = [name for name in committed.machine if committed.machine[name] != machine.get(name)]
    return [f"{name} {machine.get(name)} against {committed.machine[name]}" for name in names]


def _line(now: BenchRow, then: BenchRow, tolerance: float) -> str:
    return (
        f"{now.name}: {now.ratio:.3f} ± {now.spread:.3f}, committed {then.ratio:.3f} ± {then.spread:.3f}; {now.better} "
        f"is better, and this is worse by more than both spreads and {tolerance:.0%}"
    )
