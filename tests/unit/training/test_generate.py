"""Texts written together, held against each written alone, prompts of any length."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.config.settings import DecodingSettings
from harness.contract.batch import ListSplit
from harness.contract.model import Capabilities
from harness.contract.preprocessing import Preprocessing
from harness.contract.specs import TokenInput
from harness.contract.task import TaskData
from harness.nn.network import Network
from harness.nn.sampling import sample
from harness.targets import NextTokenTarget
from harness.training.generate import generate
from harness.training.seeding import generator

V, BOS = 12, 1
PROMPTS = ((5, 6, 7), (), (3,), (4, 4))


class Decaying(nn.Module):
    """Logits from a decayed sum of the symbols read, or of the last `context` of them."""

    def __init__(self, carries: bool, context: int | None) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.randn(V, V, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
        self.capabilities = Capabilities(causal=True, carries_state=carries, context=context)
        self.sizes: list[int] = []

    def forward(self, x: Tensor, lengths: Tensor, targets: Any = None, state: Any = None) -> tuple[Tensor, Tensor, Any]:
        self.sizes.append(len(x))
        past = torch.zeros(len(x), V, dtype=torch.float64) if state is None else state
        outputs = []
        for column in x.T:
            past = 0.7 * past + self.table[column]
            outputs.append(past)
        rows = torch.arange(len(x))
        last = torch.stack(outputs, 1)[rows, lengths - 1]
        return torch.stack(outputs, 1), lengths, last if self.capabilities.carries_state else None


class Numbers(Preprocessing):
    """Ids as text, and nothing else."""

    def encode(self, source: Any) -> np.ndarray:
        return np.array(source)

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def _data() -> TaskData:
    split = ListSplit([])
    return TaskData(split, split, split, TokenInput(V), NextTokenTarget(V), preprocessing=Numbers(), prompts=PROMPTS)


def _alone(network: Decaying, settings: DecodingSettings, seed: int) -> list[str]:
    """Each text by itself, the whole of it (or the window) read anew for every symbol."""
    draws, texts = generator(seed, "sampling"), []
    for number in range(settings.samples):
        read = [BOS, *PROMPTS[number % len(PROMPTS)]]

        def step(tokens: Tensor, state: Any, read: list[int] = read) -> tuple[Tensor, Any]:
            if state is not None:
                read.append(int(tokens[0, 0]))
            window = torch.tensor([read[-(network.capabilities.context or 256) :]])
            return network(window, torch.tensor([window.shape[1]]))[0][:, -1].float(), True

        start = torch.tensor([read])
        (ids,) = sample(step, start, settings.sample_length, draws, temperature=1.3, top_k=5, forbid=(0, BOS))
        texts.append(" ".join(map(str, ids)))
    return texts


@pytest.mark.parametrize(("carries", "context"), [(True, None), (False, 4), (False, None)], ids=["state", "4", "all"])
@pytest.mark.parametrize("samples", [1, 3, 6])
def test_texts_do_not_depend_on_each_other(carries: bool, context: int | None, samples: int) -> None:
    network = Decaying(carries, context)
    settings = DecodingSettings(samples=samples, sample_length=9, temperature=1.3, top_k=5)
    rows = generate(cast(Network, network), _data(), settings, seed=4)
    assert network.sizes == [samples] * 9  # all of them at every step
    assert [row.output for row in rows] == _alone(network, settings, 4)
    assert [row.source for row in rows] == [" ".join(map(str, PROMPTS[i % 4])) for i in range(samples)]
