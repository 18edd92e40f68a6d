"""Whether a run may train in bf16: the hardware, the model's declaration, and a check of this model's own curve.

`precision=auto` takes bf16 where all three agree. The check trains from the run's own initial weights on its own first
training batches, once in fp32 and once in bf16, and compares the losses; it looks at no validation or test example.
It runs in a process of its own (`harness.sweeping.precision_choice`), since it draws random numbers and uses memory.
"""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass

import numpy as np
import torch

from harness.config.settings import RunSettings
from harness.contract.task import TaskData
from harness.measure.clock import PhaseClock
from harness.measure.environment import instruction_sets
from harness.nn.network import Network
from harness.training.data_module import EndlessBatches, training_loader
from harness.training.device import device_of
from harness.training.lightning_module import TrainingModule
from harness.training.optimizer import set_learning_rate
from harness.training.seeding import seed_global

STEPS = 60
"""Steps of each training of the check."""

WARMUP = 10
"""Steps over which the learning rate rises to the run's peak, where it stays: a run's own warm-up may be so long that
these steps would teach the model nothing."""

LEAST = 20
"""Minimum number of steps; `LONGEST_S` limits only those that follow."""

LONGEST_S = 30.0
"""Seconds after which a training ends; the steps made by all trainings are compared."""

WINDOWS = 6
"""The curve is smoothed to the means of this many equal parts."""

TOLERANCE = 0.05
"""Largest allowed distance of the bf16 curve from the fp32 one, as a fraction of the fall of the fp32 loss. bf16
keeps 8 bits (0.4 %) of a number, and a model must learn as much with it as without.

Measured on six cells of the quickstart: bf16 0.01 to 0.5 %, another draw of dropout 0.1 to 28 %. A generated text whose
loss falls within a few steps: bf16 3.7 to 10 %, dropout 4.6 to 7.9 %. An encoder that bf16 keeps from learning: refused
(tests/unit/training/test_precision.py).
"""

SPREADS = 2.0
"""A larger distance is allowed up to this multiple of that of a second fp32 training with different dropout."""

CEILING = 0.2
"""Beyond this distance bf16 is refused whatever the spread: with such an effect of dropout, the check proves nothing.
"""

LEAST_FALL = 0.02
"""The share of its first value by which the fp32 loss must fall, so that there is something to compare."""

_BF16_INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}
"""Instruction sets for which oneDNN has bf16 kernels that are faster than its fp32 kernels."""


@dataclass(frozen=True)
class PrecisionVerdict:
    """The precision that a run is to train in, and why, in a phrase."""

    precision: str
    reason: str


@dataclass(frozen=True)
class Curve:
    """A short training: the mean loss of every step's batch, and the median cost of a step.

    The cost is in seconds, on a CPU in core seconds, which other programs affect less.
    """

    losses: list[float]
    step_s: float

    @property
    def finite(self) -> bool:
        """Whether every loss is a number."""
        return all(map(math.isfinite, self.losses))


def cpu_has_bf16() -> bool:
    """Whether this processor computes in bf16, rather than in fp32 with conversions around it."""
    return bool(_BF16_INSTRUCTIONS & set(instruction_sets()))


def obstacle(settings: RunSettings) -> str:
    """Why bf16 cannot be used, as far as known without training; empty if it may be."""
    device = device_of(settings.trainer.device)
    if not settings.model.capabilities(settings.task.signature).autocast:
        return f"model '{settings.model.name}' declares autocast=False"
    if device.type == "cpu" and not cpu_has_bf16():
        return "this processor has no bf16 instructions (AVX512-BF16 or AMX-BF16)"
    if device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return "this accelerator has no bf16"
    return ""


def check_curve(settings: RunSettings, data: TaskData) -> PrecisionVerdict:
    """Train for `STEPS` steps in fp32 and in bf16, and compare.

    Changes torch's random state and its use of deterministic algorithms without restoring them.

    Args:
        settings: the run; its device, seed and learning rate are used.
        data: of its task; only the training split is read.
    """
    torch.use_deterministic_algorithms(device_of(settings.trainer.device).type == "cpu")
    exact = train(settings, data, "fp32", limit_s=LONGEST_S)
    why_not = _unfit(exact)
    if why_not:
        return PrecisionVerdict("fp32", why_not)
    try:
        rounded = train(settings, data, "bf16", len(exact.losses), limit_s=LONGEST_S)
    except Exception as error:
        return PrecisionVerdict("fp32", f"training in bf16 raised {type(error).__name__}: {error}")
    speed = f"a step in bf16 takes {rounded.step_s / exact.step_s:.2f} of the time in fp32"
    if not rounded.finite:
        return PrecisionVerdict(
            "fp32", f"in bf16 the loss became {rounded.losses[-1]} at step {len(rounded.losses)} of the check"
        )
    if rounded.step_s >= exact.step_s:
        return PrecisionVerdict("fp32", speed)
    steps = len(rounded.losses)
    exact = Curve(exact.losses[:steps], exact.step_s)
    why_not = _unfit(exact)  # fewer steps if bf16 ran out of time
    if why_not:
        return PrecisionVerdict("fp32", why_not)
    found, allowed, beside = distance(exact, rounded), TOLERANCE, ""
    if found > TOLERANCE:
        spread = distance(exact, train(settings, data, "fp32", steps, dropout="dropout of the check"))
        allowed = min(CEILING, max(TOLERANCE, SPREADS * spread))
        beside = f"; with other dropout fp32 differs by {_percent(spread)}"
    words = (
        f"in {steps} steps bf16's loss differs by {_percent(found)} of fp32's fall, {_percent(allowed)} allowed{beside}"
    )
    return PrecisionVerdict("bf16", f"{words}; {speed}") if found <= allowed else PrecisionVerdict("fp32", words)


def _unfit(exact: Curve) -> str:
    """Why an fp32 curve is unsuitable for a comparison; empty if it is suitable."""
    steps, first = len(exact.losses), exact.losses[0]
    if not exact.finite:
        return f"in fp32 already the loss became {exact.losses[-1]} at step {steps} of the check"
    if not 0 < LEAST_FALL * first <= _fall(exact):
        return f"in {steps} steps the loss went from {first:.4g} to {first - _fall(exact):.4g}, too little to compare"
    return ""


def train(
    settings: RunSettings,
    data: TaskData,
    precision: str,
    steps: int = STEPS,
    *,
    limit_s: float = math.inf,
    dropout: str = "dropout",
) -> Curve:
    """The first steps of a run, at a learning rate of its own (`WARMUP`).

    Args:
        settings, data: as for `check_curve`.
        precision: "fp32" or "bf16".
        steps: how many; fewer if the loss is not finite or the time is up.
        limit_s: seconds after which no step beyond `LEAST` is begun.
        dropout: name of the random stream that dropout draws from; the run's own is "dropout".
    """
    device, task = device_of(settings.trainer.device), settings.task
    seed_global(settings.seed, "initialisation")
    network = Network(settings.model, task.signature, data.input_spec, data.target_spec, settings.trainer)
    module = TrainingModule(network, data.target_spec, settings.optimizer, PhaseClock(), precision).to(device).train()
    optimizer = module.configure_optimizers()
    batches = EndlessBatches(training_loader(data, task.loader, settings.seed))
    seed_global(settings.seed, dropout)
    losses: list[float] = []
    costs: list[float] = []
    cost, begun = time.process_time if device.type == "cpu" else time.perf_counter, time.monotonic()
    for step, batch in zip(range(steps), batches, strict=False):
        if step >= LEAST and time.monotonic() - begun > limit_s:
            break
        set_learning_rate(optimizer, settings.optimizer.lr * min(1.0, (step + 1) / WARMUP))
        moved = batch.to(device)
        start = cost()
        module.train_step(moved)
        total, count = module.take_totals()  # waits for an accelerator
        costs.append(cost() - start)
        losses.append(total / count)
        if not math.isfinite(losses[-1]):
            break
    return Curve(losses, statistics.median(costs))


def distance(exact: Curve, other: Curve) -> float:
    """Largest distance of a curve from the fp32 one, both smoothed, as a fraction of the fall of the fp32 loss."""
    return float(np.abs(_smoothed(other) - _smoothed(exact)).max()) / _fall(exact)


def _smoothed(curve: Curve) -> np.ndarray:
    """The curve's means (WINDOWS,) over equal parts."""
    return np.array([part.mean() for part in np.array_split(np.array(curve.losses), WINDOWS)])


def _fall(curve: Curve) -> float:
    """How far the loss fell, from the untrained network to the last part of the curve."""
    return curve.losses[0] - float(_smoothed(curve)[-1])


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
