"""Scoring of whole documents, held against one symbol at a time."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from harness.contract.batch import Example
from harness.contract.model import Capabilities
from harness.contract.task import Loader
from harness.nn.network import Network
from harness.targets import NextTokenTarget
from harness.training import score_stream
from harness.training.score_stream import score_documents

V = 11
SPEC = NextTokenTarget(V, bos_id=1)
CPU = torch.device("cpu")


class Memory(nn.Module):
    """Logits that depend on a decayed sum of all past symbols: a state that must arrive whole."""

    head = None

    def __init__(self, carries: bool, context: int | None) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.table = torch.randn(V, V, generator=generator, dtype=torch.float64)
        self.capabilities = Capabilities(causal=True, carries_state=carries, context=context)

    def forward(self, x: Tensor, lengths: Tensor, targets: Any = None, state: Any = None) -> tuple[Tensor, Tensor, Any]:
        past = torch.zeros(len(x), V, dtype=torch.float64) if state is None else state
        outputs, ends = [], []
        for step in range(x.shape[1]):
            past = 0.7 * past + self.table[x[:, step]]
            outputs.append(past)
            ends.append(past)
        last = torch.stack(ends, 1)[torch.arange(len(x)), lengths - 1]
        return torch.stack(outputs, 1), lengths, last


class Blind(Memory):
    """Logits from the present symbol alone: windows cannot change them."""

    def forward(self, x: Tensor, lengths: Tensor, targets: Any = None, state: Any = None) -> tuple[Tensor, Tensor, Any]:
        return self.table[x], lengths, None


def _documents(sizes: list[int]) -> list[Example]:
    draw = np.random.default_rng(1)
    return [Example(f"d{i}", None, draw.integers(2, V, n)) for i, n in enumerate(sizes)]


def _brute_force(network: Memory, document: Example) -> float:
    """Each symbol predicted from the whole document before it."""
    symbols = [SPEC.bos_id, *map(int, document.target)]
    nats = 0.0
    for position in range(1, len(symbols)):
        outputs, _, _ = network(torch.tensor([symbols[:position]]), torch.tensor([position]))
        nats -= float(outputs[0, -1].log_softmax(-1)[symbols[position]])
    return nats


def _score(network: Memory, documents: list[Example], loader: Loader) -> list[Any]:
    with torch.no_grad():
        return score_documents(cast(Network, network), documents, SPEC, loader, CPU)


@pytest.mark.parametrize("chunk", [1, 5, 256])
@pytest.mark.parametrize("rows", [1, 3, 64])
def test_carried_state_equals_one_symbol_at_a_time(monkeypatch: pytest.MonkeyPatch, chunk: int, rows: int) -> None:
    monkeypatch.setattr(score_stream, "CHUNK", chunk)
    network, documents = Memory(True, None), _documents([1, 23, 5, 5, 12, 2])
    for prediction, document in zip(_score(network, documents, Loader(batch_size=rows)), documents, strict=True):
        assert prediction.id == document.id
        assert prediction.count == len(document.target)
        assert prediction.nats == pytest.approx(_brute_force(network, document), rel=1e-5)


@given(
    st.lists(st.integers(1, 70), min_size=1, max_size=4),
    st.integers(1, 24),
    st.none() | st.integers(1, 24),
    st.integers(1, 5),
)
def test_windows_score_every_symbol_exactly_once(sizes: list[int], bptt: int, context: int | None, rows: int) -> None:
    network, documents = Blind(False, context), _documents(sizes)
    predictions = _score(network, documents, Loader(batch_size=rows, bptt=bptt))
    for prediction, document in zip(predictions, documents, strict=True):
        # A blind model's loss is the sum over symbols, so a symbol missed or counted twice would show.
        assert prediction.nats == pytest.approx(_brute_force(network, document), rel=1e-5)


def test_a_window_gives_every_later_symbol_at_least_half_of_itself_as_context() -> None:
    for length in range(1, 60):
        spans = list(score_stream._spans(length, 16, 8))
        scored = [position for _, first, end in spans for position in range(first, end)]
        assert scored == list(range(length))
        assert all(first - begin == 8 and end - begin <= 16 for begin, first, end in spans[1:])


def test_perplexity_of_a_uniform_model_is_the_size_of_the_vocabulary() -> None:
    network = Memory(True, None)
    network.table.zero_()
    (prediction,) = _score(network, _documents([37]), Loader())
    assert math.exp(prediction.nats / prediction.count) == pytest.approx(V)


def test_progress_reaches_one() -> None:
    seen: list[float] = []
    documents = _documents([3, 4, 5, 6, 7])
    score_documents(cast(Network, Memory(True, None)), documents, SPEC, Loader(batch_size=2), CPU, seen.append)
    assert seen == [0.4, 0.8, 1.0]
