"""Many examples of a split at once, held against the examples one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from plain_batches import assert_same_batch, plain_batch

from harness.contract.batch import Batch, Example, ListSplit, Subset, gatherer, without_input
from harness.contract.gathering import Ragged, stretches
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Target
from harness.targets import ClassTarget, CTCTarget, TaggingTarget
from harness.targets import TokenSequenceTarget as Sequences
from harness.training.collate import Collator

TYPES = (np.int64, np.int32, np.uint8)


@st.composite
def splits(draw: st.DrawFn) -> tuple[ListSplit, InputSpec, Target, np.ndarray]:
    """Symbols of many lengths and types with every kind of target, their specifications, and positions to ask for."""
    sizes = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8))
    kind, target_kind = draw(st.sampled_from(TYPES)), draw(st.sampled_from(TYPES))
    target = draw(st.sampled_from([ClassTarget(9), CTCTarget(90), TaggingTarget(90), Sequences(90, pad_id=7)]))
    examples = []
    for number, (steps, symbols) in enumerate(sizes):
        label = number % 9 if isinstance(target, ClassTarget) else np.arange(symbols, dtype=target_kind) + number
        examples.append(Example(f"e{number}", np.arange(steps, dtype=kind) + 3 * number, label))
    positions = draw(st.lists(st.integers(0, len(sizes) - 1), min_size=1, max_size=12))
    inputs = draw(st.sampled_from([TokenInput(90, pad_id=5), FrameInput(1)]))
    return ListSplit(examples), inputs, target, np.array(positions)


@given(splits(), st.booleans())
def test_gathered_symbols_equal_those_collated_one_by_one(
    split: tuple[ListSplit, InputSpec, Target, np.ndarray], through_subset: bool
) -> None:
    dataset, inputs, target, positions = split
    assert dataset.gather(positions, 0, 0) is not None
    wanted = plain_batch([dataset[i] for i in positions.tolist()], inputs, target)
    if through_subset:
        chosen = Subset(dataset, list(range(len(dataset)))[::-1])
        found = Collator(chosen, inputs, target)(len(dataset) - 1 - positions)
    else:
        found = Collator(dataset, inputs, target)(positions)
    assert_same_batch(found, wanted)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=9), st.sampled_from([np.float32, np.float64]))
def test_frames_in_a_list_are_read_one_by_one_and_come_out_the_same(sizes: list[int], kind: type) -> None:
    draw = np.random.default_rng(0)
    dataset = ListSplit([Example(f"e{i}", draw.normal(size=(n, 3)).astype(kind), i) for i, n in enumerate(sizes)])
    positions = np.arange(len(sizes))[::-1]
    assert dataset.gather(positions, 0, 0) is None
    wanted = plain_batch([dataset[i] for i in positions.tolist()], FrameInput(3), ClassTarget(9))
    assert_same_batch(Collator(dataset, FrameInput(3), ClassTarget(9))(positions), wanted)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=7), st.integers(-1, 3))
def test_ragged_rows_of_vectors_are_padded(sizes: list[int], pad: int) -> None:
    arrays = [np.full((n, 2), i + 0.5) for i, n in enumerate(sizes)]
    padded, lengths = Ragged.of(arrays).padded(np.arange(len(sizes)), pad)
    assert (padded.shape, lengths.tolist()) == ((len(sizes), max(sizes), 2), sizes)
    for row, array in zip(padded, arrays, strict=True):
        np.testing.assert_array_equal(row[: len(array)], array)
        assert (row[len(array) :] == pad).all()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=6))
def test_stretches_follow_each_other(pairs: list[tuple[int, int]]) -> None:
    starts, lengths = (np.array([p[k] for p in pairs], dtype=np.int64) for k in (0, 1))
    assert stretches(starts, lengths).tolist() == [i for start, n in pairs for i in range(start, start + n)]


class Doubling(ListSplit):
    """Other examples than the list has."""

    def __getitem__(self, index: int) -> Example:
        return replace(super().__getitem__(index), input=2 * super().__getitem__(index).input)


def test_a_subclass_with_other_examples_is_not_gathered() -> None:
    examples = [Example("a", np.array([1, 2]), 0), Example("b", np.array([3]), 1)]
    doubling = Doubling(examples)
    assert gatherer(ListSplit(examples)) is not None
    assert gatherer(doubling) is None
    batch = Collator(Subset(doubling, [1, 0]), TokenInput(9), ClassTarget(2))(np.array([0, 1]))
    assert batch.inputs.tolist() == [[6, 0], [2, 4]]


class Described(ListSplit):
    """Knows its examples without loading them."""

    def without_input(self, index: int) -> Example:
        return Example(f"known {index}", None, 0)


def test_an_example_without_its_input_comes_from_those_who_know() -> None:
    examples = [Example("a", np.array([1, 2]), 0), Example("b", np.array([3]), 1)]
    known = without_input(Subset(Described(examples), [1]), 0)
    assert known is not None
    assert known.id == "known 1"
    assert without_input(Subset(ListSplit(examples), [1]), 0) is None


def test_a_batch_elsewhere_keeps_its_lengths_on_the_host() -> None:
    batch = Batch(("a",), torch.ones(1, 2), torch.tensor([2]), torch.tensor([0]), torch.tensor([1]), reset_state=False)
    away = batch.to("meta")
    assert {away.inputs.device.type, away.target_lengths.device.type} == {"meta"}
    assert [lengths.tolist() for lengths in away.lengths_on_host] == [[2], [1]]
    assert (away.ids, away.reset_state) == (("a",), False)
    assert batch.lengths_on_host[0] is batch.input_lengths
