"""What each step of an input contributes to an answer: integrated gradients and occlusion, and two checks on them.

Sources: M. Sundararajan, A. Taly and Q. Yan, "Axiomatic Attribution for Deep Networks", 2017 (integrated gradients and
their completeness); M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014 (occlusion);
J. Adebayo et al., "Sanity Checks for Saliency Maps", 2018 (randomised weights). Computed by captum
(N. Kokhlikyan et al. 2020). Axes: n inputs side by side, T time, D what a step is embedded in.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from harness.contract.batch import Batch, Example
from harness.contract.specs import InputSpec
from harness.contract.target import Target
from harness.errors import ConfigError, IncompatibleError
from harness.explain.losses import has_positions, last_position, loss_rows
from harness.nn.network import Network
from harness.training.collate import collate

POINTS = (64, 256, 1024)
"""Points on the path from the baseline to the input; more are taken where the gap is above `CLOSE`."""
CLOSE = 0.01
"""Share of the difference that a completeness gap may be."""
SHUFFLES = 5
"""How often the weights are shuffled."""
UNMOVED = 0.5
"""Rank correlation with those of shuffled weights from which attributions count as not of the model."""
FEWEST = 8
"""Steps below which a rank correlation says nothing."""
NEEDED = "Attributions need captum: pip install 'sequence-harness[explain]'."

_WIDEST = 64  # windows that occlusion moves over the input, at most
_NUMBERS = 1 << 21  # of inputs side by side


@dataclass(frozen=True)
class Attribution:
    """Of one method.

    Attributes:
        method: its name.
        values: float64 (T,), by step.
        gap: sum of the values minus f(input) + f(baseline); None for a method that promises no sum.
        shuffled: Spearman's correlation of the sizes with those under shuffled weights, one a shuffle; NaN where all
            sizes are equal.
        shuffled_signed: the same correlation of the values with their signs.
        example_of_shuffled: float64 (T,), the values under the first shuffle.
    """

    method: str
    values: np.ndarray
    gap: float | None
    shuffled: tuple[float, ...]
    shuffled_signed: tuple[float, ...]
    example_of_shuffled: np.ndarray

    @property
    def mean_shuffled(self) -> float:
        """The mean correlation of sizes; NaN where there is none."""
        return _mean(self.shuffled)

    @property
    def mean_shuffled_signed(self) -> float:
        """The mean correlation of values; NaN where there is none."""
        return _mean(self.shuffled_signed)


@dataclass(frozen=True)
class Attributions:
    """What each step contributes to f, minus the loss of an answer.

    Attributes:
        of: whose loss it is, in words.
        at_input, at_baseline: f of the input, and of an input of zeros.
        methods: one after the other.
        agreement: Spearman's correlation of the values of the two methods.
        points: that integrated gradients took on the path.
    """

    of: str
    at_input: float
    at_baseline: float
    methods: tuple[Attribution, ...]
    agreement: float
    points: int

    @property
    def difference(self) -> float:
        """f(input) - f(baseline), which attributions divide among the steps."""
        return self.at_input - self.at_baseline


def installed() -> bool:
    """Whether captum is."""
    return find_spec("captum") is not None


def attributions(
    network: Network, example: Example, inputs: InputSpec, target: Target, *, of: str, position: int | None = None
) -> Attributions:
    """Of one example.

    The baseline is an embedded input of zeros, of the same length. Occlusion sets windows of
    ceil(T / 64) steps to it, and divides what is lost among a window's steps.

    Args:
        network: in eval mode, on the CPU.
        example: with its input, and as its target the answer whose loss is attributed.
        inputs, target: of the run.
        of: whose loss that is, in words.
        position: for targets with one loss a position; None: the last that counts.

    Raises:
        ConfigError: there is no such position, or captum is missing.
        IncompatibleError: the model reads symbols themselves, or several views of an input.
    """
    if not installed():
        raise ConfigError(NEEDED)
    batch = collate([example], inputs, target)
    at = None
    if has_positions(target):
        at = last_position(target, batch) if position is None else position
        if not 0 <= at < batch.targets.shape[1]:
            raise ConfigError(f"position={at}: the example has positions 0 to {batch.targets.shape[1] - 1}.")
        of = f"{of} at position {at}"
    elif position is not None:
        raise ConfigError(f"position={position}: an answer of target '{target.name}' has no positions of its own.")
    trained = _all_methods(network, batch, target, at, POINTS)
    generator = torch.Generator().manual_seed(0)
    others = [_all_methods(_shuffled(network, generator), batch, target, at, POINTS[:1]) for _ in range(SHUFFLES)]
    made = []
    for number, (method, values) in enumerate(trained.values.items()):
        under = [list(other.values.values())[number] for other in others]
        sizes = tuple(_rank_correlation(np.abs(values), np.abs(each)) for each in under)
        signed = tuple(_rank_correlation(values, each) for each in under)
        gap = trained.gap(values) if number == 0 else None
        made.append(Attribution(method, values, gap, sizes, signed, under[0]))
    agreement = _rank_correlation(made[0].values, made[1].values)
    return Attributions(of, trained.at_input, trained.at_baseline, tuple(made), agreement, trained.points)


@dataclass(frozen=True)
class _Found:
    """f at the input and at the baseline, attributions (T,) by method, and how many points the first took."""

    at_input: float
    at_baseline: float
    values: dict[str, np.ndarray]
    points: int

    def gap(self, values: np.ndarray) -> float:
        """What the values have too much of f(input) - f(baseline)."""
        return float(values.sum()) - (self.at_input - self.at_baseline)


def _all_methods(network: Network, batch: Batch, target: Target, at: int | None, points: Sequence[int]) -> _Found:
    with warnings.catch_warnings():  # captum speaks to its own users
        warnings.simplefilter("ignore")
        from captum.attr import IntegratedGradients, Occlusion

        embedded = _embedded(network, batch)  # (1, T, ...)
        f = _minus_loss(network, batch, target, at)
        zeros = torch.zeros_like(embedded)
        together = max(1, min(points[0], _NUMBERS // max(1, embedded.numel())))
        with torch.no_grad():
            at_input, at_baseline = float(f(embedded)), float(f(zeros))
            width = -(-embedded.shape[1] // _WIDEST)
            occluded = Occlusion(f).attribute(
                embedded,
                sliding_window_shapes=(width, *embedded.shape[2:]),
                strides=(width, *embedded.shape[2:]),
                baselines=zeros,
                perturbations_per_eval=min(16, together),
            )
        each = occluded[0].flatten(1).double()[:, 0].numpy()  # (T,), what its window lost, at every step of the window
        windows = np.arange(len(each)) // width
        values = {"integrated gradients": each, "occlusion": each / np.bincount(windows)[windows]}
        for number in points:
            integrated = IntegratedGradients(f).attribute(embedded, zeros, n_steps=number, internal_batch_size=together)
            values["integrated gradients"] = integrated[0].flatten(1).double().sum(1).numpy()
            found = _Found(at_input, at_baseline, values, number)
            if abs(found.gap(values["integrated gradients"])) <= CLOSE * abs(at_input - at_baseline):
                break
    return found


def _embedded(network: Network, batch: Batch) -> Tensor:
    """What the encoder is given of a batch of one example, (1, T, ...).

    Raises:
        IncompatibleError: it is symbols, or several views of the example.
    """
    with torch.no_grad():
        seen, _ = network.target.before_encoder(batch.inputs, batch.input_lengths)
        embedded: Tensor = network.embedding(seen)
    if not embedded.is_floating_point():
        raise IncompatibleError(
            f"Model '{network.model_name}' reads symbols themselves, which cannot be attributed to."
        )
    if len(embedded) != 1:
        raise IncompatibleError(
            f"Target '{network.target.name}' shows the encoder {len(embedded)} views of an input, so there is no one "
            "input to attribute to."
        )
    return embedded.detach()


def _minus_loss(network: Network, batch: Batch, target: Target, at: int | None) -> Callable[[Tensor], Tensor]:
    """Minus the loss of the batch's one answer (n,), of embedded inputs (n, T, ...) in place of its input."""

    def f(embedded: Tensor) -> Tensor:
        many = len(embedded)

        def given(_module: Any, _inputs: Any, _output: Any) -> Tensor:
            return embedded

        def repeated(tensor: Tensor) -> Tensor:
            return tensor.expand(many, *tensor.shape[1:])

        rows = Batch(batch.ids * many, repeated(batch.inputs), repeated(batch.input_lengths), repeated(batch.targets),
                     repeated(batch.target_lengths))  # fmt: skip
        hook = network.embedding.register_forward_hook(given)
        try:
            features, lengths, _ = network.read(network.encode(rows.inputs, rows.input_lengths), rows.targets)
        finally:
            hook.remove()
        return -loss_rows(network, target, features, lengths, rows, at)

    return f


def _shuffled(network: Network, generator: torch.Generator) -> Network:
    """A network whose weights are those of another at random places of the same tensor."""
    made = copy.deepcopy(network).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            order = torch.randperm(parameter.numel(), generator=generator)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    return made


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's; NaN where all of one side are equal."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    return float(spearmanr(one, other).statistic)
