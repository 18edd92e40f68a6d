"""What `make test` takes of all pairs and cases covers every task, model and clause."""

from __future__ import annotations

import math
from collections import Counter

from covering import one_of, two_pairs
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(2, 40), st.integers(2, 40))
def test_each_task_and_each_model_is_in_two_pairs_and_no_pair_is_twice(tasks: int, models: int) -> None:
    found = two_pairs([f"t{n}" for n in range(tasks)], [f"m{n}" for n in range(models)])
    assert len(found) == tasks
    assert all(len(set(chosen)) == len(chosen) >= 2 for chosen in found.values())
    times = Counter(model for chosen in found.values() for model in chosen)
    assert len(times) == models
    assert min(times.values()) >= 2
    assert sum(times.values()) <= 2 * max(tasks, models)


@given(st.integers(1, 60))
def test_clauses_in_a_row_have_different_cases(cases: int) -> None:
    taken = [one_of(cases, number) for number in range(cases)]
    assert all(0 <= case < cases for case in taken)
    assert len(set(taken)) == cases // math.gcd(cases, 7)
