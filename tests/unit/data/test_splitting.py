"""Splits by rule: disjoint, complete, no copy and no group in two of them, and steady when data is added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.splitting import Shares, SplitPositions, by_group, in_folds, in_time_order, stratified


def _split_of(parts: SplitPositions) -> dict[int, str]:
    return {int(i): name for name in ("train", "val", "test") for i in getattr(parts, name)}


@given(st.lists(st.tuples(st.text(max_size=3), st.integers(0, 3)), max_size=60))
def test_every_example_is_in_one_split_and_copies_are_together(rows: list[tuple[str, int]]) -> None:
    contents = [text for text, _ in rows]
    parts = stratified(contents, [label for _, label in rows])
    split = _split_of(parts)
    assert sorted(split) == list(range(len(rows)))
    assert sum(len(part) for part in (parts.train, parts.val, parts.test)) == len(rows)
    for text in set(contents):
        assert len({split[i] for i, other in enumerate(contents) if other == text}) == 1


def test_each_label_is_divided_alike() -> None:
    labels = ["rare"] * 10 + ["usual"] * 90
    parts = stratified([str(i) for i in range(100)], labels)
    for label, held in (("rare", 1), ("usual", 9)):
        assert [sum(labels[i] == label for i in part) for part in (parts.val, parts.test)] == [held, held]
    assert parts.rule.startswith("80/10/10 % of each label")


@given(st.lists(st.integers(0, 12), max_size=80))
def test_a_group_is_in_one_split(groups: list[int]) -> None:
    split = _split_of(by_group(groups))
    for group in set(groups):
        assert len({split[i] for i, other in enumerate(groups) if other == group}) == 1
    if len(set(groups)) >= 3:
        assert set(split.values()) == {"train", "val", "test"}


def test_more_examples_move_few_of_the_others() -> None:
    names = [f"speaker {i}" for i in range(100)]
    before, after = _split_of(by_group(names)), _split_of(by_group([*names, "another"]))
    assert sum(before[i] != after[i] for i in before) <= 2


def test_time_goes_on_through_the_splits() -> None:
    parts = in_time_order(10, Shares(0.2, 0.2))
    assert np.concatenate([parts.train, parts.val, parts.test]).tolist() == list(range(10))
    assert (len(parts.train), len(parts.val), len(parts.test)) == (6, 2, 2)


@pytest.mark.parametrize(("val", "test"), [(0, 0.1), (0.5, 0.5), (-0.1, 0.2)])
def test_shares_that_leave_a_split_empty_are_refused(val: float, test: float) -> None:
    with pytest.raises(ValueError, match="shares held out"):
        Shares(val, test)


def _folds(contents: list[str], labels: list[str], **options: Any) -> list[SplitPositions]:
    return [in_folds(contents, labels, fold, 5, **options) for fold in range(5)]


def test_every_example_is_tested_in_one_fold_and_each_label_is_divided_alike() -> None:
    labels = ["rare"] * 10 + ["usual"] * 50
    folds = _folds([str(i) for i in range(60)], labels, val=0.5)
    assert sorted(int(i) for parts in folds for i in parts.test) == list(range(60))
    for parts, following in zip(folds, [*folds[1:], folds[0]], strict=True):
        assert [sum(labels[i] == label for i in parts.test) for label in ("rare", "usual")] == [2, 10]
        assert [sum(labels[i] == label for i in parts.val) for label in ("rare", "usual")] == [1, 5]
        assert set(parts.val) <= set(following.test)
        assert sorted(_split_of(parts)) == list(range(60))


@given(st.lists(st.tuples(st.text(max_size=2), st.integers(0, 9), st.integers(0, 1)), max_size=60), st.integers(0, 4))
def test_copies_and_groups_are_in_one_fold(rows: list[tuple[str, int, int]], fold: int) -> None:
    contents, groups, labels = ([row[k] for row in rows] for k in range(3))
    split = _split_of(in_folds(contents, labels, fold, 5, groups=groups, val=0.5))
    assert sorted(split) == list(range(len(rows)))
    for belong in (contents, groups):
        for name in set(belong):
            assert len({split[i] for i, other in enumerate(belong) if other == name}) == 1


def test_folds_do_not_depend_on_the_order_of_examples() -> None:
    contents, labels = [str(i) for i in range(30)], ["a", "b"] * 15
    there = in_folds(contents, labels, 2, 5, groups=[i // 2 for i in range(30)])
    back = in_folds(contents[::-1], labels[::-1], 2, 5, groups=[i // 2 for i in range(29, -1, -1)])
    assert sorted(29 - back.test) == sorted(there.test)
