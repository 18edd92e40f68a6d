"""Texts that a trained next-token model writes after the task's prompts."""

from __future__ import annotations

import torch
from torch import Tensor

from harness.model import State
from harness.nn.network import Network
from harness.nn.sampling import sample
from harness.specs import NextTokenTarget
from harness.store.records import SampleRow
from harness.task import TaskData
from harness.training.seeding import generator
from harness.training.settings import DecodingSettings


@torch.no_grad()
def generate(network: Network, data: TaskData, decoding: DecodingSettings, seed: int) -> list[SampleRow]:
    """`decoding.samples` texts, prompts taken in turn; the same for the same seed."""
    spec = data.target_spec
    if not isinstance(spec, NextTokenTarget) or data.decode is None or decoding.samples == 0:
        return []
    network.eval()
    device = next(network.parameters()).device
    random = generator(seed, "sampling")
    rows = []
    for index in range(decoding.samples):
        prompt = list(data.prompts[index % len(data.prompts)]) if data.prompts else []
        ids = sample(
            _Stepper(network),
            torch.tensor([[spec.bos_id, *prompt]], device=device),
            decoding.sample_length,
            random,
            temperature=decoding.temperature,
            top_k=decoding.top_k,
            top_p=decoding.top_p,
            forbid=(spec.pad_id, spec.bos_id),
        )
        title = f"sample {index + 1}, temperature {decoding.temperature:g}"
        rows.append(SampleRow(title, data.decode(prompt), "", data.decode(ids[0])))
    return rows


class _Stepper:
    """Feeds tokens (B, T) to the network, carrying state, or re-reading the window for models that carry none."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._seen: Tensor | None = None

    def __call__(self, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        """Logits (B, V) after the last of tokens (B, T), and the next state."""
        if not self._network.capabilities.carries_state:
            self._seen = tokens if self._seen is None else torch.cat([self._seen, tokens], dim=1)
            tokens = self._seen[:, -(self._network.capabilities.context or 256) :]
        lengths = torch.full((len(tokens),), tokens.shape[1], device=tokens.device)
        logits, _, state = self._network(tokens, lengths, state=state)
        return logits[:, -1].float(), state
