"""A sequence mixer against its reference equations, step by step in float64: outputs, states at the ends, gradients."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from harness.nn.mixers.mixer import Mixer

LENGTHS = torch.tensor([7, 11, 0, 1, 11])
Step = Callable[[dict[str, Tensor], Tensor, tuple[Tensor, ...]], tuple[Tensor, tuple[Tensor, ...]]]
"""(parameters by name, x of one row (H,), its state) to (output (H,), the next state)."""


def redrawn(mixer: Mixer, seed: int = 0, scale: float = 0.3) -> Mixer:
    """The mixer in float64 with every parameter moved, so that no zero or one hides a mistake."""
    g = torch.Generator().manual_seed(seed)
    mixer = mixer.double()
    with torch.no_grad():
        for parameter in mixer.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=g, dtype=torch.float64) * scale)
    return mixer


def compare(
    mixer: Mixer,
    step: Step,
    size: int,
    *,
    lengths: Tensor = LENGTHS,
    begin: Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]] = lambda state: state,
    states: slice = slice(None),
) -> float:
    """Assert that the mixer equals repeated steps, from a start and from a state; the largest difference seen.

    Args:
        mixer: in float64.
        step: of the reference.
        size: H.
        lengths: of the rows.
        begin: makes a random state a possible one.
        states: which parts of the end state take part in the gradients.
    """
    g = torch.Generator().manual_seed(5)
    steps, rows = max(int(lengths.max()), 1), len(lengths)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=g, dtype=torch.float64)

    worst = 0.0
    names = dict(mixer.named_parameters())
    for carried in (False, True):
        x = draw(steps, rows, size).requires_grad_()
        start = begin(tuple(draw(rows, *shape) for shape in mixer.state_shapes)) if carried else mixer.start(x.detach())
        start = tuple(part.detach().requires_grad_(carried) for part in start)
        y, ends = mixer(x, start if carried else None, lengths)
        outputs, finals = [], []
        for row, length in enumerate(lengths.tolist()):
            state = tuple(part[row] for part in start)
            for t in range(length):
                out, state = step(names, x[t, row], state)
                outputs.append((t, row, out))
            finals.append(state)
        expected_ends = [torch.stack(parts) for parts in zip(*finals, strict=True)]
        found = torch.stack([y[t, row] for t, row, _ in outputs])
        expected = torch.stack([out for _, _, out in outputs])
        weights, ends_weights = draw(*expected.shape), [draw(*end.shape) for end in expected_ends]
        pairs = [("output", found, expected)]
        pairs += [(f"state {i}", a, b) for i, (a, b) in enumerate(zip(ends, expected_ends, strict=True))]
        leaves = {"x": x, **names, **({f"start {i}": p for i, p in enumerate(start)} if carried else {})}
        grads = []
        for out, last in ((found, ends), (expected, expected_ends)):
            total = (out * weights).sum()
            total = total + sum((e * w).sum() for e, w in list(zip(last, ends_weights, strict=True))[states])
            grads.append(torch.autograd.grad(total, list(leaves.values()), allow_unused=True))
        for name, a, b in zip(leaves, *grads, strict=True):
            zeros = torch.zeros_like(leaves[name])
            pairs.append((f"gradient of {name}", zeros if a is None else a, zeros if b is None else b))
        for name, a, b in pairs:
            difference = float((a - b).abs().max().detach() / b.abs().max().detach().clamp(min=1.0))
            assert difference < 1e-9, f"{name} differs by {difference:.2g} (from a state: {carried})"
            worst = max(worst, difference)
    return worst
