"""The same training by the harness: its network, loss and training step, set up as in a run.

The settings are those of `sizes.Size`, `threads` and `precision`. What a run does outside its steps is measured
elsewhere (`harness.bench.steps`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness.runtime import tune_allocator


def build(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[dict[str, Any]], dict[str, Any]]]:
    """A description of what was built, and a function that trains for `steps` and returns the time."""
    tune_allocator()  # before torch is imported
    import numpy as np
    import torch

    from harness.bench.training_step import TrainingStep
    from harness.contract.batch import Batch
    from harness.contract.specs import TokenInput
    from harness.registry.discovery import load_model
    from harness.targets import NextTokenTarget

    size, symbols = (settings["batch"], settings["time"]), settings["symbols"]
    draw = np.random.default_rng(0).integers(2, symbols, (size[0], size[1] + 1))
    lengths = torch.full((size[0],), size[1])
    batch = Batch(
        tuple(map(str, range(size[0]))),
        torch.from_numpy(draw[:, :-1].copy()),
        lengths,
        torch.from_numpy(draw[:, 1:].copy()),
        lengths,
    )
    make: Any = load_model("lstm")
    model = make(hidden_size=settings["hidden_size"], layers=settings["layers"], dropout=settings["dropout"])
    step = TrainingStep(
        model,
        TokenInput(symbols),
        NextTokenTarget(symbols),
        embedding_dim=settings["hidden_size"],
        head_dropout=settings["dropout"],
        precision=settings["precision"],
        threads=settings["threads"],
    )

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        for _ in range(request["steps"]):
            step(batch)
        return {"seconds": (time.perf_counter() - began) / request["steps"], "loss": step.loss()}

    return {"parameters": step.parameters, "version": f"torch {torch.__version__}"}, answer
