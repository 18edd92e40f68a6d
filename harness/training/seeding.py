"""Three independent random streams from one run seed: initialisation, data order, dropout.

Separate streams let models of different size see the same batches in the same order.
"""

from __future__ import annotations

import hashlib

import torch


def stream_seed(seed: int, stream: str) -> int:
    """A 63-bit seed for the named stream of a run; the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{stream}".encode()).digest()[:8], "big") >> 1


def generator(seed: int, stream: str) -> torch.Generator:
    """A CPU generator for the named stream."""
    return torch.Generator().manual_seed(stream_seed(seed, stream))


def seed_global(seed: int, stream: str) -> None:
    """Seed torch's global generators (initialisation and dropout use them) from the named stream."""
    torch.manual_seed(stream_seed(seed, stream))
