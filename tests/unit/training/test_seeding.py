"""One run seed, three streams that do not disturb each other."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.training.seeding import generator, seed_global, stream_seed


def test_the_streams_of_a_seed_are_fixed_for_ever() -> None:
    # Changing these numbers would change every result that anyone has stored.
    assert {s: stream_seed(0, s) for s in ("initialisation", "data_order", "dropout")} == {
        "initialisation": 1952974914541233639,
        "data_order": 7359687707597974334,
        "dropout": 7938499265082287326,
    }


@given(st.integers(-(2**40), 2**40), st.text(max_size=20))
def test_every_stream_seed_suits_torch(seed: int, stream: str) -> None:
    assert 0 <= stream_seed(seed, stream) < 2**63
    generator(seed, stream)


def test_streams_and_seeds_are_independent() -> None:
    seeds = {stream_seed(s, name) for s in range(100) for name in ("initialisation", "data_order", "dropout")}
    assert len(seeds) == 300


def test_the_global_generator_follows_the_stream() -> None:
    seed_global(7, "dropout")
    first = torch.rand(4)
    torch.rand(100)
    seed_global(7, "dropout")
    assert torch.equal(torch.rand(4), first)
