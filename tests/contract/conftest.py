"""Which clauses of the suites are run here.

A clause that says nothing of a built-in plug-in is left out, where `--no-skips` makes a skip a failure; which those are
is asserted by the tests themselves, so none is left out unnoticed. Without `--all` each clause is checked once a
plug-in, on a case that differs from clause to clause.
"""

from __future__ import annotations

import pytest
from covering import one_of
from harness_tasks.symbol_strings import SymbolStrings

from harness.testing.data_clauses import PREPARATION_CLAUSES

_IN_PROCESSES = {"repeatable", *(one.name for one in PREPARATION_CLAUSES)}


@pytest.hookimpl(tryfirst=True)  # before those that are marked here are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the clauses that do not apply, and mark all but one case of each as exhaustive."""
    kept, left_out = [], []
    for item in items:
        marks = [mark for mark in item.iter_markers("skip") if "does not apply" in str(mark.kwargs.get("reason"))]
        (left_out if marks and "contract" in item.path.parts else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept
    for item in kept:
        if _repeats_a_generator(item):
            item.add_marker(pytest.mark.exhaustive)
    for cases in _by_suite_and_clause(kept):
        for number, clause in enumerate(cases.values()):
            chosen = one_of(len(clause), number)
            for item in [*clause[:chosen], *clause[chosen + 1 :]]:
                item.add_marker(pytest.mark.exhaustive)


def _repeats_a_generator(item: pytest.Item) -> bool:
    """Whether a clause starts processes for strings that the generator of another data set draws too."""
    if not isinstance(item, pytest.Function) or item.originalname != "test_clause":
        return False
    dataset = getattr(item.cls, "dataset", None)
    clause = item.callspec.params["cell"][0].name
    return isinstance(dataset, SymbolStrings) and dataset.name != "parity" and clause in _IN_PROCESSES


def _by_suite_and_clause(items: list[pytest.Item]) -> list[dict[str, list[pytest.Item]]]:
    """For each suite of this folder its tests, by the name of the clause, in order."""
    suites: dict[str, dict[str, list[pytest.Item]]] = {}
    for item in items:
        if "contract" in item.path.parts and isinstance(item, pytest.Function) and item.originalname == "test_clause":
            suite, _, _ = item.nodeid.partition("::test_clause")
            clause = item.callspec.params["cell"][0].name
            suites.setdefault(suite, {}).setdefault(clause, []).append(item)
    return list(suites.values())
