"""Decoding: many examples at once against one after the other, with the same outputs.

Both carry the decoder's state from step to step and differ only in the number of examples per step. Weights are random,
so that every output has maximum length and both do the same work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from harness.bench.comparison import BenchRow, row, timed
from harness.config.settings import DecodingSettings, TrainerSettings
from harness.contract.batch import Batch
from harness.contract.signature import TaskSignature
from harness.contract.specs import TokenInput
from harness.nn.ctc_search import ctc_prefix_beam
from harness.nn.network import Network
from harness.registry.discovery import load_model
from harness.targets import TokenSequenceTarget
from harness.training.batching import SEARCHED_ROWS
from harness.training.seeding import seed_global

SINGLE = 8  # examples decoded one by one; their time is scaled to all examples

_VOCABULARY, _SYMBOLS = 2000, 20  # as in the quick start's translation
_LABELS, _FRAMES = 17, 110  # as in its digit recognition


def decoding_rows(rounds: int) -> list[BenchRow]:
    """Beam search and CTC's prefix beam, beams of 4: seconds one by one over seconds batched, so larger is better."""
    decoding = DecodingSettings(method="beam", beam_size=4)
    return [
        _row("beam", "beam search, an LSTM of 192 over 2,000 symbols", rounds, *_translation(decoding)),
        _row("ctc-beam", "CTC prefix beam over 17 labels and about 110 frames", rounds, *_digits(decoding)),
    ]


Search = Callable[[Sequence[int]], list[list[int]]]
"""The outputs of the examples at given positions, decoded together."""


def _row(name: str, about: str, rounds: int, decode: Search, count: int) -> BenchRow:
    few = range(0, count, max(1, count // SINGLE))
    together = decode(range(count))
    alone = [decode([i])[0] for i in few]
    same = sum(one == together[i] for one, i in zip(alone, few, strict=True))
    single, batched = [], []
    for _ in range(rounds):
        single.append(timed(lambda: [decode([i]) for i in few]) * count / len(few))
        batched.append(timed(lambda: decode(range(count))))
    said = f"{about}, {count} examples: one by one over all at once ({same} of {len(few)} outputs equal)"
    return row(f"{name}-batched-vs-single", single, batched, limit=20.0, about=said, better="larger")


def _translation(decoding: DecodingSettings) -> tuple[Search, int]:
    target = TokenSequenceTarget(_VOCABULARY, max_length=_SYMBOLS)
    made: Any = load_model("lstm")
    model = made(hidden_size=192)
    signature = TaskSignature("bench", TokenInput, TokenSequenceTarget)
    seed_global(0, "initialisation")
    network = Network(model, signature, TokenInput(_VOCABULARY), target, TrainerSettings(embedding_dim=128)).eval()
    draw = torch.Generator().manual_seed(0)
    lengths = torch.randint(4, 25, (SEARCHED_ROWS,), generator=draw).sort().values
    inputs = torch.randint(3, _VOCABULARY, (SEARCHED_ROWS, 24), generator=draw)

    @torch.no_grad()
    def decode(positions: Sequence[int]) -> list[list[int]]:
        rows = torch.tensor(positions)
        some = inputs[rows, : int(lengths[rows].max())]
        nothing = torch.zeros(len(rows), 1, dtype=torch.int64)
        batch = Batch(tuple(map(str, positions)), some, lengths[rows], nothing, torch.ones(len(rows)).long())
        return target.search(network, batch, (), decoding)

    return decode, SEARCHED_ROWS


def _digits(decoding: DecodingSettings) -> tuple[Search, int]:
    draw = torch.Generator().manual_seed(0)
    lengths = torch.randint(_FRAMES // 2, 3 * _FRAMES // 2, (SEARCHED_ROWS,), generator=draw).sort().values
    scores = 3 * torch.randn(SEARCHED_ROWS, int(lengths.max()), _LABELS, generator=draw)
    log_probs: Tensor = scores.log_softmax(-1)

    def decode(positions: Sequence[int]) -> list[list[int]]:
        rows = torch.tensor(positions)
        few = lengths[rows]
        return ctc_prefix_beam(log_probs[rows, : int(few.max())], few, 0, decoding.beam_size)

    return decode, SEARCHED_ROWS
