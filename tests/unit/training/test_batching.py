"""Batches: every example once, within the sizes, the same for one seed whatever the model."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.task import Loader
from harness.training.batching import evaluation_batches, training_batches
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
