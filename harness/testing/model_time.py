"""Clauses of the model contract on time: what features may depend on, and going on from a carried state.

Axes: B batch, T input time.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map

from harness.nn.promises import early_features
from harness.testing.clause import clause
from harness.testing.comparison import allowed, difference, near
from harness.testing.model_subject import ModelSubject


@clause(
    "Declare `causal` in `capabilities` exactly where it is true: True where no feature reads a later position, False "
    "where one does. A convolution needs its padding on the left alone, attention a mask of the future.",
    shortest=2,
)
@torch.no_grad()
def causality(subject: ModelSubject) -> None:
    """Features change with later inputs if, and only if, the model does not declare itself causal."""
    net, data = subject.shared, subject.even_batch(3, 12)
    rows, length = data.inputs.shape[:2]
    whole = net.encode(data.inputs, data.input_lengths).features
    factor = net.capabilities.subsampling_factor
    changed, where, limit = 0.0, "", allowed(whole)
    other = subject.noise((rows, length))
    for step in range(1, length):
        early, (_, found, expected) = early_features(net, data.inputs, data.input_lengths, other, step, whole)
        moved = difference(found, expected)
        if moved > changed:
            changed, where = moved, f"inputs from step {step} on, features before step {early}"
    if net.capabilities.causal:
        assert changed < limit, f"declared causal, but features change with later inputs: by {changed:.2g} ({where})"
    elif length >= 2 * factor:
        assert changed > limit, "not declared causal, but no feature depends on later inputs: declare it"


def _no_context(subject: ModelSubject) -> str:
    return "" if subject.capabilities.context is not None else "declares no limited context"


@clause(
    "Declare the `context` that is true: how many past positions a feature can depend on, through all layers together "
    "(layers add up); None where there is no limit.",
    inapplicable=_no_context,
    shortest=0,
)
@torch.no_grad()
def context(subject: ModelSubject) -> None:
    """Features do not depend on inputs further back than the declared context."""
    net = subject.shared
    limit = net.capabilities.context
    assert isinstance(limit, int), f"context is {limit!r}; it must be a number of positions"
    assert limit >= 0, f"context is {limit}; it must not be negative"
    length = limit + 8
    data = subject.even_batch(2, length)
    other = data.inputs.clone()
    other[:, : length - limit - 1] = subject.noise((2, length))[:, : length - limit - 1]
    last = [net.encode(x, data.input_lengths).features[:, -1] for x in (data.inputs, other)]
    near(last[1], last[0], f"inputs more than context={limit} back change the features")


def _no_state(subject: ModelSubject) -> str:
    return "" if subject.capabilities.carries_state else "declares no carried state"


@clause(
    "Return as `state` all that the next call needs (recurrent state, the left context of convolutions, the position), "
    "as tensors whose first dimension is the batch, taken at each row's true end; and start from the state given, "
    "without writing into it (clone it before a library's step that works in place).",
    inapplicable=_no_state,
)
@torch.no_grad()
def carried_state(subject: ModelSubject) -> None:
    """An input in chunks, the state carried, gives the features of the whole; the state is batch first, and kept."""
    net, data = subject.shared, subject.even_batch(3, 12)
    rows, length = data.inputs.shape[:2]
    whole = net.encode(data.inputs, data.input_lengths).features
    for size in (1, 5):
        state, parts = None, []
        for start in range(0, length, size):
            chunk = data.inputs[:, start : start + size]
            encoded = net.encode(chunk, torch.full((rows,), chunk.shape[1]), state)
            state = encoded.state
            parts.append(encoded.features)
        near(torch.cat(parts, 1), whole, f"chunks of {size} with carried state differ from the whole")
    half = max(1, length // 2)
    first = net.encode(data.inputs[:, :half], torch.full((rows,), half)).state
    _check_leaves(first, rows)
    if half == length:
        return
    order = list(reversed(range(rows)))[:2]
    chosen = tree_map(lambda t: t[order], first)
    before = tree_map(lambda t: t.clone(), chosen)
    later = net.encode(data.inputs[order, half:], torch.full((len(order),), length - half), chosen).features
    near(later, whole[order, half:], "rows of the state cannot be chosen and reordered")
    for given, kept in zip(tree_flatten(chosen)[0], tree_flatten(before)[0], strict=True):
        assert torch.equal(given, kept), (
            "the encoder writes into the state that it was given: a search keeps it for later"
        )
    # The state of a padded row is the one at its own end.
    ends = torch.tensor([half] * (rows - 1) + [length])
    padded = net.encode(data.inputs, ends).state
    if rows > 1:
        on = net.encode(data.inputs[:1, half:], torch.tensor([length - half]), tree_map(lambda t: t[:1], padded))
        near(on.features, whole[:1, half:], "the state of a padded row is not the one at its true end")


def _check_leaves(state: object, rows: int) -> None:
    leaves = tree_flatten(state)[0]
    assert [leaf for leaf in leaves if leaf is not None], "carries_state is declared, but no state is returned"
    for leaf in leaves:
        assert isinstance(leaf, Tensor), f"the state holds a {type(leaf).__name__}; it must hold tensors only"
        assert leaf.shape[:1] == (rows,), (
            f"the state holds a tensor of shape {tuple(leaf.shape)} for {rows} rows; the batch comes first"
        )
