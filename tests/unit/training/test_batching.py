"""Batches: every example once, within the sizes, the same for one seed whatever the model."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.config.settings import DecodingSettings
from harness.contract.batch import Batch
from harness.contract.task import Loader
from harness.targets import ClassTarget, CTCTarget, TokenSequenceTarget
from harness.training.batching import batches_of, evaluation_batches, searched_together, training_batches
from harness.training.seeding import generator

lengths = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), min_size=1, max_size=120)
loaders = st.builds(
    Loader, batch_size=st.integers(1, 16), batch_tokens=st.none() | st.integers(1, 400), bucket=st.booleans()
)


def _arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    both = np.array(pairs, dtype=np.int64)
    return both[:, 0], both[:, 1]


def _padded(batch: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> int:
    return len(batch) * int(inputs[batch].max() + targets[batch].max())


@given(lengths, loaders, st.integers(0, 5))
def test_an_epoch_is_a_partition_within_the_sizes(pairs: list[tuple[int, int]], loader: Loader, seed: int) -> None:
    inputs, targets = _arrays(pairs)
    for batches in (
        training_batches(inputs, targets, loader, generator(seed, "data_order")),
        evaluation_batches(inputs, targets, loader),
    ):
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(pairs)))
        for batch in batches:
            assert 1 <= len(batch) <= loader.batch_size
            if loader.batch_tokens is not None and len(batch) > 1:
                assert _padded(batch, inputs, targets) <= loader.batch_tokens


@given(lengths, loaders, st.integers(0, 5))
def test_the_same_seed_gives_the_same_batches(pairs: list[tuple[int, int]], loader: Loader, seed: int) -> None:
    inputs, targets = _arrays(pairs)
    one, two = (training_batches(inputs, targets, loader, generator(seed, "data_order")) for _ in range(2))
    assert [b.tolist() for b in one] == [b.tolist() for b in two]


def test_batches_do_not_depend_on_what_the_global_generator_did() -> None:
    inputs, targets = _arrays([(i % 17 + 1, i % 5 + 1) for i in range(200)])
    torch.manual_seed(1)
    one = training_batches(inputs, targets, Loader(), generator(3, "data_order"))
    torch.rand(99)  # what building a larger model would draw
    two = training_batches(inputs, targets, Loader(), generator(3, "data_order"))
    assert [b.tolist() for b in one] == [b.tolist() for b in two]


def test_seeds_and_epochs_differ() -> None:
    inputs, targets = _arrays([(i % 17 + 1, i % 5 + 1) for i in range(200)])
    order = generator(0, "data_order")
    first = training_batches(inputs, targets, Loader(), order)
    second = training_batches(inputs, targets, Loader(), order)
    other = training_batches(inputs, targets, Loader(), generator(1, "data_order"))
    assert [b.tolist() for b in first] != [b.tolist() for b in second]
    assert [b.tolist() for b in first] != [b.tolist() for b in other]


def test_bucketing_pads_far_less_than_a_random_order() -> None:
    lengths_ = np.random.default_rng(0).integers(1, 50, 3000)
    pairs = [(int(n), int(n)) for n in lengths_]
    inputs, targets = _arrays(pairs)
    real = int((inputs + targets).sum())

    def waste(bucket: bool) -> float:
        batches = training_batches(inputs, targets, Loader(batch_size=32, bucket=bucket), generator(0, "data_order"))
        return 1 - real / sum(_padded(b, inputs, targets) for b in batches)

    assert waste(True) < 0.05
    assert waste(False) > 0.4


def test_evaluation_runs_from_short_to_long() -> None:
    inputs, targets = _arrays([(9, 1), (1, 1), (5, 5), (5, 2), (3, 3)])
    batches = evaluation_batches(inputs, targets, Loader(batch_size=2))
    assert [b.tolist() for b in batches] == [[1, 4], [3, 2], [0]]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 7)), min_size=1, max_size=30),
    st.integers(1, 6),
    st.none() | st.integers(1, 40),
)
def test_a_batch_cut_into_smaller_ones_is_whole_again(
    pairs: list[tuple[int, int]], rows: int, tokens: int | None
) -> None:
    pairs.sort()
    loader = Loader(batch_size=rows, batch_tokens=tokens)
    inputs, targets = [torch.arange(1, n + 1) for n, _ in pairs], [torch.arange(1, n + 1) for _, n in pairs]
    pad = torch.nn.utils.rnn.pad_sequence
    lengths = [torch.tensor([len(x) for x in part]) for part in (inputs, targets)]
    ids = tuple(map(str, range(len(pairs))))
    parts = batches_of(Batch(ids, pad(inputs, True), lengths[0], pad(targets, True), lengths[1]), loader)
    assert tuple(i for part in parts for i in part.ids) == ids
    for part in parts:
        size = part.inputs.shape[1] + part.targets.shape[1]
        if len(part) > 1:  # one example that is too long is a batch of its own
            assert len(part) <= rows
            assert len(part) * size <= (math.inf if tokens is None else tokens)
        for name, x, y in zip(part.ids, part.inputs, part.targets, strict=True):
            assert x[x > 0].tolist() == inputs[int(name)].tolist()
            assert y[y > 0].tolist() == targets[int(name)].tolist()
        assert part.inputs.shape[1] == int(part.input_lengths.max()) == int(part.lengths_on_host[0].max())
        assert part.targets.shape[1] == int(part.target_lengths.max()) == int(part.lengths_on_host[1].max())


def test_classes_and_forecasts_are_cut_by_rows_only() -> None:
    five = torch.tensor([1, 2, 2, 3, 4])
    for targets in (torch.arange(5), torch.ones(5, 4, 2)):
        parts = batches_of(Batch(tuple("abcde"), torch.ones(5, 4, 2), five, targets, torch.ones(5).long()), Loader(2))
        assert [part.targets.shape[1:] for part in parts] == [targets.shape[1:]] * 3
        assert [tuple(part.inputs.shape) for part in parts] == [(2, 2, 2), (2, 3, 2), (1, 4, 2)]


def test_only_a_search_reads_more_than_the_tasks_batches() -> None:
    beam, greedy, loader = DecodingSettings("beam", beam_size=4), DecodingSettings(), Loader(16, 900)
    sequences, labels = TokenSequenceTarget(1000), CTCTarget(20)
    assert searched_together(loader, sequences, beam, True) == Loader(128, 3600)
    assert searched_together(loader, sequences, greedy, True) == Loader(128, 3600)
    assert searched_together(Loader(16), labels, beam, False) == Loader(128)
    assert searched_together(Loader(300), labels, beam, False) == Loader(300)
    assert searched_together(loader, TokenSequenceTarget(100_000), beam, True) == loader
    assert searched_together(loader, sequences, beam, False) == loader
    assert searched_together(loader, labels, greedy, True) == searched_together(loader, ClassTarget(3), beam, True)
