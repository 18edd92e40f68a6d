"""The process's global state as a plug-in could change it: generators and settings, read by name."""

from __future__ import annotations

import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_UNUSUAL = 1_618_033_988


def _torch(read: Callable[[Any], object]) -> Callable[[], object]:
    """A reading of torch, where it is loaded."""
    return lambda: read(sys.modules["torch"]) if "torch" in sys.modules else None


def _numpy() -> object:
    state: Any = np.random.get_state(legacy=False)
    return state["state"]["key"].tobytes(), state["state"]["pos"], state["has_gauss"]


GENERATORS: dict[str, Callable[[], object]] = {
    "torch's global generator": _torch(lambda t: t.get_rng_state().numpy().tobytes()),
    "numpy's global generator": _numpy,
    "the generator of 'random'": random.getstate,
}
SETTINGS: dict[str, Callable[[], object]] = {
    "torch's default dtype": _torch(lambda t: t.get_default_dtype()),
    "torch's default device": _torch(lambda t: str(t.get_default_device())),
    "torch's number of threads": _torch(lambda t: t.get_num_threads()),
    "torch's deterministic algorithms": _torch(lambda t: t.are_deterministic_algorithms_enabled()),
    "torch's matrix multiply precision": _torch(lambda t: t.get_float32_matmul_precision()),
    "torch's gradient mode": _torch(lambda t: t.is_grad_enabled()),
    "torch's anomaly detection": _torch(lambda t: t.is_anomaly_enabled()),
    "cuDNN's benchmark mode": _torch(lambda t: t.backends.cudnn.benchmark),
    "the environment variables": lambda: dict(os.environ),
    "the working folder": os.getcwd,
    "the filters of warnings": lambda: list(warnings.filters),
}


@contextmanager
def own_generators() -> Iterator[None]:
    """Generators in a state that no plug-in would seed them to; as they were before, afterwards."""
    import torch

    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(_UNUSUAL)
        np.random.seed(_UNUSUAL)
        torch.manual_seed(_UNUSUAL)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])


def read(parts: dict[str, Callable[[], object]]) -> dict[str, object]:
    """The state of each part by its name."""
    return {name: reading() for name, reading in parts.items()}


def changed(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """What differs: the name, with both values where they are short."""
    notes = []
    for name, value in before.items():
        if after[name] != value:
            one, two = str(value), str(after[name])
            notes.append(name if len(one) + len(two) > 80 else f"{name} (expected {one}, found {two})")
    return notes
