"""Which device a run computes on."""

from __future__ import annotations

import torch

from harness.errors import ConfigError


def device_of(name: str) -> torch.device:
    """The device that "auto", "cpu" or "cuda" stands for here.

    Raises:
        ConfigError: another name, or no CUDA device.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ConfigError(f"trainer.device '{name}' does not exist; choose 'auto', 'cpu' or 'cuda'.")
    if name == "cuda" and not torch.cuda.is_available():
        raise ConfigError("trainer.device is 'cuda', but torch finds no CUDA device; choose 'auto' or 'cpu'.")
    return torch.device(name)
