"""Which of all cases `make test` takes, so that each part occurs and the whole stays small; `make test-all` has all."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

_STEP = 7  # has no divisor with the number of cases: neighbours differ in kind of task and in variant


def built_in(kind: str) -> set[str]:
    """Names of the plug-ins of a kind that `pyproject.toml` declares: whether they are found is for a test to see."""
    declared = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    names = declared["project"]["entry-points"]["harness"]
    return {name.removeprefix(f"{kind}.") for name in names if name.startswith(f"{kind}.")}


def one_of(cases: int, number: int) -> int:
    """The index of the case on which the clause of this number is checked: other clauses have other cases."""
    return number * _STEP % cases


def two_pairs(tasks: Sequence[str], models: Sequence[str]) -> dict[str, list[str]]:
    """Models by task, so that each model is paired with two tasks and each task with two models.

    At most two pairs for each plug-in, however many there are; all pairs where there are two of a kind.
    """
    tasks, models = sorted(tasks), sorted(models)
    pairs: dict[str, list[str]] = {task: [] for task in tasks}
    for number in range(max(len(tasks), len(models))):
        for shift in (0, 1):  # in the shorter list, so that each of the longer one gets two others
            task = tasks[(number + shift * (len(tasks) <= len(models))) % len(tasks)]
            model = models[(number + shift * (len(tasks) > len(models))) % len(models)]
            if model not in pairs[task]:
                pairs[task].append(model)
    return pairs
