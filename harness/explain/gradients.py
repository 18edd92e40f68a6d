"""Gradient flow: how strongly a loss depends on inputs ever further back, at the start and after training.

For a loss at position t and the embedded input x of an example, g(k) = ||d loss(t) / d x(t-k)||_2 at lag k. In a
recurrent network d loss(t) / d x(t-k) = d loss(t) / d h(t) * (prod of the Jacobians d h(i) / d h(i-1), i from t-k+1 to
t) * d h(t-k) / d x(t-k): where that product shrinks or grows exponentially with k, gradients vanish or explode
(Bengio, Simard and Frasconi 1994, "Learning long-term dependencies with gradient descent is difficult"; Hochreiter and
Schmidhuber 1997, section 3). The gradient to the input exists for any model, whether it has a state or not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.contract.batch import Example
from harness.contract.specs import InputSpec
from harness.contract.target import Target
from harness.errors import ConfigError, IncompatibleError, UserError
from harness.explain.examples import SPLITS, data_of, some_examples
from harness.explain.losses import has_positions, last_position, loss_in_words, loss_rows
from harness.inference.folder import find_folder, read_folder
from harness.inference.loading import load
from harness.nn.network import Network
from harness.training.collate import collate
from harness.training.initial import initial_network

VANISHED = 1e-3
"""Share of the gradient at lag 0 below which a gradient counts as vanished."""


@dataclass(frozen=True)
class GradientFlow:
    """Gradient norms against the lag, over examples.

    Lags end where fewer than half of the examples have an input. Quartiles are of all examples that reach the lag. A
    gradient that overflows counts as infinite.

    Attributes:
        norms: g(k) of each example, from lag 0 to its first input; arrays of unequal length.
        most: the largest lag wanted; None: no limit.
    """

    norms: tuple[np.ndarray, ...]
    most: int | None = None

    @property
    def lags(self) -> int:
        """K, the largest lag looked at."""
        longest = sorted((len(each) for each in self.norms), reverse=True)
        reached = longest[(len(longest) - 1) // 2] - 1
        return reached if self.most is None else min(self.most, reached)

    @property
    def without(self) -> int:
        """Examples whose gradient at lag 0 is zero; they have no shares."""
        return sum(bool(each[0] == 0) for each in self.norms)

    def absolute(self) -> np.ndarray:
        """float64 (3, K + 1): lower quartile, median and upper quartile of g(k)."""
        return _quartiles(self.norms, self.lags)

    def relative(self) -> np.ndarray:
        """float64 (3, K + 1): the same of the share g(k) / g(0) of each example; NaN if no example has any."""
        return _quartiles([each / each[0] for each in self.norms if each[0] > 0], self.lags)

    def vanishes_at(self, share: float = VANISHED) -> int | None:
        """The lag from which the median share stays below `share` up to K; None: not within K."""
        low = self.relative()[1] < share  # NaN is not
        kept = np.flatnonzero(~low)
        first = int(kept[-1]) + 1 if len(kept) else 0
        return first if first <= self.lags else None


@dataclass(frozen=True)
class ExplainedGradients:
    """The gradient flow of one run.

    Attributes:
        key, task, dataset, model, seed: of the run.
        loss: whose gradient it is, in words.
        examples: how many were looked at.
        split: that they are from.
        start: with the weights that training began with.
        trained: with the weights that were tested.
    """

    key: str
    task: str
    dataset: str
    model: str
    seed: int
    loss: str
    examples: int
    split: str
    start: GradientFlow
    trained: GradientFlow

    def as_json(self) -> dict[str, Any]:
        """Plain data; numbers that are not finite are null."""
        words = ("key", "task", "dataset", "model", "seed", "loss", "examples", "split")
        flows = {"start": _flow_as_json(self.start), "trained": _flow_as_json(self.trained)}
        return {name: getattr(self, name) for name in words} | {"share": VANISHED} | flows


def explain_gradients(
    run: str | Path, *, examples: int = 32, split: str = "test", most: int | None = None
) -> ExplainedGradients:
    """The gradient flow of a finished run on examples of its data, which is prepared again.

    Args:
        run: as for `harness.load`.
        examples: how many, evenly spaced over the split.
        split: "train", "val" or "test".
        most: the largest lag; None: as far as at least half of the examples reach.

    Raises:
        ConfigError: a number or the split is wrong.
        UserError: as for `harness.load`; the data is missing or has changed; a sequence has one step; the model has no
            gradient to its input.
    """
    if examples < 1 or (most is not None and most < 1):
        raise ConfigError(f"examples={examples}, lags={most}: both must be at least 1.")
    if split not in SPLITS:
        raise ConfigError(f"There is no split '{split}': choose {', '.join(SPLITS)}.")
    folder = read_folder(find_folder(run))
    with torch.random.fork_rng(devices=[]):  # building a network draws from torch's global generator
        model = load(folder.path)
        data = data_of(model)
        start = initial_network(model.config, data).eval()
    settings, target = model.config, model.target_spec
    steps = settings.task.loader.bptt if most is None else most + 1
    chosen = some_examples(getattr(data, split), target, examples, steps)
    flows = [
        GradientFlow(tuple(gradient_norms(network, one, model.input_spec, target) for one in chosen), most)
        for network in (start, model.network)
    ]
    if flows[0].lags < 1:
        raise UserError(
            f"Half or more of the {len(chosen)} {split} examples of task '{settings.task.name}' have one step, so "
            "there is no lag to look at."
        )
    return ExplainedGradients(
        folder.specs["key"],
        settings.task.name,
        settings.task.dataset_name,
        settings.model.name,
        settings.seed,
        loss_in_words(target),
        len(chosen),
        split,
        *flows,
    )


def gradient_norms(network: Network, example: Example, inputs: InputSpec, target: Target) -> np.ndarray:
    """g(k) of one example, float64 (t + 1,), from lag 0 on.

    The loss is that of the last position that counts, for a target with one loss a position of the input. For others
    it is that of the whole answer, and t is the last step of the input.

    Args:
        network: in eval mode, on the CPU.
        example: with its input.
        inputs, target: specifications of the run.

    Raises:
        IncompatibleError: there is no gradient to the input.
    """
    batch = collate([example], inputs, target)
    embedded: list[Tensor] = []

    def cut(_module: Any, _given: Any, output: Tensor) -> Tensor:
        if not output.is_floating_point():
            raise IncompatibleError(f"Model '{network.model_name}' reads symbols themselves, which have no gradient.")
        embedded.append(output.detach().requires_grad_())
        return embedded[-1]

    hook = network.embedding.register_forward_hook(cut)
    try:
        with torch.enable_grad():
            encoded = network.encode(batch.inputs, batch.input_lengths)
            features, lengths, _ = network.read(encoded, batch.targets)
            t = last_position(target, batch) if has_positions(target) else None
            loss = loss_rows(network, target, features, lengths, batch, t).sum()
    finally:
        hook.remove()
    (given,) = embedded  # (R, T, ...): R views of the example
    grad = None
    if loss.requires_grad:
        (grad,) = torch.autograd.grad(loss, given, allow_unused=True)
    if grad is None:
        raise IncompatibleError(
            f"The loss of target '{target.name}' has no gradient to the input of model '{network.model_name}'."
        )
    norms = grad.double().transpose(0, 1).flatten(1).norm(dim=1)  # (T,)
    t = len(norms) - 1 if t is None else t
    found: np.ndarray = norms[: t + 1].flip(0).nan_to_num(nan=float("inf"), posinf=float("inf")).numpy()
    return found


def _quartiles(series: Sequence[np.ndarray], lags: int) -> np.ndarray:
    """float64 (3, K + 1), each over the series that are long enough; NaN where there is none."""
    found = np.full((3, lags + 1), np.nan)
    for lag in range(lags + 1):
        values = [each[lag] for each in series if len(each) > lag]
        if values:
            found[:, lag] = np.quantile(values, [0.25, 0.5, 0.75], method="inverted_cdf")  # no mean with infinity
    return found


def _flow_as_json(flow: GradientFlow) -> dict[str, Any]:
    found: dict[str, Any] = {"vanishes_at": flow.vanishes_at(), "lags": flow.lags, "without_gradient": flow.without}
    for name, values in (("norm", flow.absolute()), ("relative", flow.relative())):
        plain = [[number if math.isfinite(number) else None for number in row] for row in values.tolist()]
        found[name] = dict(zip(("lower_quartile", "median", "upper_quartile"), plain, strict=True))
    return found
