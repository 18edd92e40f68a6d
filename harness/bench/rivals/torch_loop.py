"""A plain torch training loop: nn.LSTM in fp32 with default library settings.

Needs torch and numpy only. The settings are those of `sizes.Size`, and `threads`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


class LanguageModel(nn.Module):
    """The model described by `sizes.Size`."""

    def __init__(self, symbols: int, hidden_size: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(hidden_size, hidden_size, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.project = nn.Linear(hidden_size, hidden_size)
        self.output = nn.Linear(hidden_size, symbols)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, T, V) for tokens (B, T)."""
        features, _ = self.lstm(self.dropout(self.embedding(tokens)))
        return self.output(self.project(self.dropout(features)))


def build(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[dict[str, Any]], dict[str, Any]]]:
    """A description of what was built, and a function that trains for `steps` and returns the time."""
    torch.set_num_threads(settings["threads"])
    torch.manual_seed(0)
    model = LanguageModel(*(settings[name] for name in ("symbols", "hidden_size", "layers", "dropout")))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    draw = np.random.default_rng(0).integers(2, settings["symbols"], (settings["batch"], settings["time"] + 1))
    inputs, targets = torch.from_numpy(draw[:, :-1].copy()), torch.from_numpy(draw[:, 1:].copy())

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        for _ in range(request["steps"]):
            loss = nn.functional.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return {"seconds": (time.perf_counter() - began) / request["steps"], "loss": float(loss.detach())}

    return {"parameters": sum(p.numel() for p in model.parameters()), "version": f"torch {torch.__version__}"}, answer
