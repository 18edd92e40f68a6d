"""The model contract, one function a clause; each takes a model and a case that it fits.

Axes: B batch, T input time, T' feature time, U target time, D embedding, H width, S summary.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map

from harness.batch import Batch
from harness.model import EncoderOutput, Model
from harness.nn.losses import loss_sum
from harness.nn.network import Network
from harness.specs import ClassTarget, ForecastTarget, TokenSequenceTarget
from harness.testing.cases import Case, batch, network, noise

TOLERANCE = 1e-5
"""Largest difference of two ways to compute the same fp32 figure."""


@torch.no_grad()
def shapes(model: Model, case: Case) -> None:
    """Features (B, T', H), lengths ceil(T / factor), summary (B, S), and outputs as the target says."""
    net, data = network(model, case), batch(case)
    encoded = net.encode(data.inputs, data.input_lengths)
    factor = net.capabilities.subsampling_factor
    expected = -(-data.input_lengths // factor)
    steps = int(expected.max())
    _equal("EncoderOutput.lengths", encoded.lengths.tolist(), expected.tolist())
    _equal("shape of features", tuple(encoded.features.shape), (len(data), steps, net.encoder.feature_dim))
    _equal("shape of summary", tuple(encoded.summary.shape), (len(data), net.encoder.summary_dim))
    assert encoded.features.isfinite().all(), "features hold numbers that are not finite (at padded positions too)"
    outputs, _, _ = net(data.inputs, data.input_lengths, data.targets)
    if isinstance(case.target, TokenSequenceTarget):
        steps = data.targets.shape[1]
    per_example = isinstance(case.target, ClassTarget | ForecastTarget)
    leading = (len(data),) if per_example else (len(data), steps)
    _equal("leading shape of the outputs", tuple(outputs.shape[: len(leading)]), leading)


@torch.no_grad()
def padding_invariance(model: Model, case: Case) -> None:
    """More padding, full of noise, changes no feature, no summary and no output."""
    net, data = network(model, case), batch(case)
    longer = noise(case, (len(data), data.inputs.shape[1] + 5))
    real = torch.arange(longer.shape[1]) < data.input_lengths.unsqueeze(1)  # (B, T+5)
    longer[:, : data.inputs.shape[1]][real[:, : data.inputs.shape[1]]] = data.inputs[real[:, : data.inputs.shape[1]]]
    _same_rows(net, data, longer, data.input_lengths, list(range(len(data))), "padding changes")


@torch.no_grad()
def batch_invariance(model: Model, case: Case) -> None:
    """An example alone, and among others in another order, gives what it gives in the batch."""
    net, data = network(model, case), batch(case)
    for row in range(len(data)):
        alone = data.inputs[row : row + 1, : int(data.input_lengths[row])]
        _same_rows(net, data, alone, data.input_lengths[row : row + 1], [row], "the other rows of the batch change")
    order = list(reversed(range(len(data))))
    _same_rows(net, data, data.inputs[order], data.input_lengths[order], order, "the order of the batch changes")


@torch.no_grad()
def causality(model: Model, case: Case) -> None:
    """Features change with later inputs if, and only if, the model does not declare itself causal."""
    net, data = network(model, case), batch(case, (12, 12, 12))
    whole = net.encode(data.inputs, data.input_lengths).features
    factor = net.capabilities.subsampling_factor
    changed = 0.0
    for step in range(1, 11):
        other = data.inputs.clone()
        other[:, step:] = noise(case, (3, 12))[:, step:]
        early = step // factor  # features that end before the change
        features = net.encode(other, data.input_lengths).features
        changed = max(changed, _difference(features[:, :early], whole[:, :early]))
    if net.capabilities.causal:
        assert changed < TOLERANCE, f"declared causal, but features change by {changed:.2g} with later inputs"
    else:
        assert changed > TOLERANCE, "not declared causal, but no feature depends on later inputs: declare it"


@torch.no_grad()
def context(model: Model, case: Case) -> None:
    """Features do not depend on inputs further back than the declared context."""
    net = network(model, case)
    limit = net.capabilities.context
    if limit is None:
        return
    length = limit + 8
    data = batch(case, (length, length))
    other = data.inputs.clone()
    other[:, : length - limit - 1] = noise(case, (2, length))[:, : length - limit - 1]
    last = [net.encode(x, data.input_lengths).features[:, -1] for x in (data.inputs, other)]
    _near(last[0], last[1], f"inputs more than context={limit} back change the features")


@torch.no_grad()
def carried_state(model: Model, case: Case) -> None:
    """An input in chunks, the state carried, gives the features of the whole; the state is batch first."""
    net, data = network(model, case), batch(case, (12, 12, 12))
    if not net.capabilities.carries_state:
        return
    whole = net.encode(data.inputs, data.input_lengths).features
    for size in (1, 5):
        state, parts = None, []
        for start in range(0, 12, size):
            chunk = data.inputs[:, start : start + size]
            encoded = net.encode(chunk, torch.full((3,), chunk.shape[1]), state)
            state = encoded.state
            parts.append(encoded.features)
        _near(torch.cat(parts, 1), whole, f"chunks of {size} with carried state differ from the whole")
    first = net.encode(data.inputs[:, :6], torch.full((3,), 6))
    leaves = tree_flatten(first.state)[0]
    assert leaves, "carries_state is declared, but no state is returned"
    for leaf in leaves:
        assert isinstance(leaf, Tensor), f"the state holds a {type(leaf).__name__}; it must hold tensors only"
        assert leaf.shape[:1] == (3,), f"the state holds a tensor of shape {tuple(leaf.shape)}; the batch comes first"
    reordered = tree_map(lambda t: t[[2, 0]], first.state)
    later = net.encode(data.inputs[[2, 0], 6:], torch.full((2,), 6), reordered).features
    _near(later, whole[[2, 0], 6:], "rows of the state cannot be chosen and reordered")


@torch.no_grad()
def decoder(model: Model, case: Case) -> None:
    """The decoder's whole pass equals its repeated steps, and no step sees a later symbol."""
    net, data = network(model, case), batch(case)
    if net.decoder is None:
        return
    assert isinstance(net.decoder.name, str), "Decoder.name must be a text; the run records it"
    assert net.decoder.name, "Decoder.name must not be empty; the run records it"
    encoded: EncoderOutput = net.encode(data.inputs, data.input_lengths)
    embedded = torch.randn(len(data), 5, 16, generator=torch.Generator().manual_seed(0))  # (B, U, D)
    memory = (encoded.features, encoded.lengths)
    whole = net.decoder(embedded, net.decoder.start(encoded), *memory)
    _equal("shape of the decoder's features", tuple(whole.shape), (len(data), 5, net.decoder.feature_dim))
    state = net.decoder.start(encoded)
    for step in range(5):
        features, state, attention = net.decoder.step(embedded[:, step], state, *memory)
        _near(features, whole[:, step], f"step {step} of the decoder differs from its whole pass")
        if attention is not None:
            _near(attention.sum(1), torch.ones(len(data)), "attention does not add up to 1")
            beyond = torch.arange(attention.shape[1]) >= encoded.lengths.unsqueeze(1)
            _near(attention[beyond], torch.zeros_like(attention[beyond]), "attention falls on padding")


def gradients(model: Model, case: Case) -> None:
    """Every parameter gets a finite gradient, and not all of it is zero."""
    net, data = network(model, case).train(), batch(case)
    _loss(net, data, case).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, f"parameter '{name}' gets no gradient: is it used?"
        assert parameter.grad.isfinite().all(), f"the gradient of parameter '{name}' is not finite"
    total = sum(float(p.grad.abs().sum()) for p in net.encoder.parameters() if p.grad is not None)
    assert total > 0, "the loss does not depend on the encoder"


def seeding(model: Model, case: Case) -> None:
    """The same seed gives the same weights, another seed gives others."""
    one, two, other = (network(model, case, seed).state_dict() for seed in (0, 0, 1))
    unequal = [name for name in one if not torch.equal(one[name], two[name])]
    assert not unequal, f"the same seed gives other weights: {', '.join(unequal)}"
    assert any(not torch.equal(one[name], other[name]) for name in one), "another seed gives the same weights"


def overfitting(model: Model, case: Case, steps: int = 300, share: float = 0.1) -> None:
    """Training on one batch brings its loss under a tenth of what it was."""
    net, data = network(model, case).train(), batch(case, (9, 6, 8, 7))
    torch.manual_seed(0)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.0)
    first = float(_loss(net, data, case).detach())
    last = first
    for _ in range(steps):
        loss = _loss(net, data, case)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        last = float(loss.detach())
        if last < share * first:
            return
    raise AssertionError(f"{steps} steps on one batch bring the loss from {first:.3g} to {last:.3g} only")


CHECKS: tuple[Callable[[Model, Case], None], ...] = (
    shapes,
    padding_invariance,
    batch_invariance,
    causality,
    context,
    carried_state,
    decoder,
    gradients,
    seeding,
    overfitting,
)
"""All clauses, the quick ones first."""


def _loss(net: Network, data: Batch, case: Case) -> Tensor:
    outputs, lengths, _ = net(data.inputs, data.input_lengths, data.targets)
    total, count = loss_sum(case.target, outputs, lengths, data.targets, data.target_lengths)
    return total / count


def _same_rows(net: Network, data: Batch, inputs: Tensor, lengths: Tensor, rows: list[int], what: str) -> None:
    """Compare `inputs` with the given rows of the batch: features where valid, summary, outputs."""
    whole, part = net.encode(data.inputs, data.input_lengths), net.encode(inputs, lengths)
    expected, _, _ = net(data.inputs, data.input_lengths, data.targets)
    found, _, _ = net(inputs, lengths, data.targets[rows])
    by_example = isinstance(net.target, ClassTarget | ForecastTarget)
    ends = data.target_lengths if isinstance(net.target, TokenSequenceTarget) else whole.lengths
    for index, row in enumerate(rows):
        valid = int(whole.lengths[row])
        _near(part.features[index, :valid], whole.features[row, :valid], f"{what} the features")
        _near(part.summary[index], whole.summary[row], f"{what} the summary")
        stop = None if by_example else int(ends[row])
        _near(found[index, :stop], expected[row, :stop], f"{what} the outputs")


def _difference(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max()) if found.numel() else 0.0


def _near(found: Tensor, expected: Tensor, what: str) -> None:
    difference = _difference(found, expected)
    assert difference < TOLERANCE, f"{what}: by up to {difference:.2g}"


def _equal(what: str, found: object, expected: object) -> None:
    assert found == expected, f"{what}: expected {expected}, found {found}"
