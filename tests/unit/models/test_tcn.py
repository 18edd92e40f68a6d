"""The temporal convolutional network equals its equations, position by position, gradients included."""

from __future__ import annotations

import pytest
import torch
from harness_models.tcn import TCN

from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, TokenInput
from harness.targets import ClassTarget, NextTokenTarget

CLOSE = {"atol": 1e-11, "rtol": 1e-9}
DIM, HIDDEN = 5, 6
MODEL = TCN(hidden_size=HIDDEN, layers=3, kernel=3, dropout=0.0)
CONTEXT = 2 * 2 * (1 + 2 + 4)


@pytest.fixture
def encoder():
    torch.manual_seed(2)
    made = MODEL.build(EmbeddedInput(DIM), NextTokenTarget(9)).double().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def convolved(w, name, x, dilation):
    """Bai et al. 2018, section 3.2: F(s) = sum over i of f(i) x_(s - d i); Salimans and Kingma 2016, eq. 2."""
    direction, scale, bias = (w[f"{name}.{part}"] for part in ("direction", "scale", "bias"))
    filters = torch.stack([scale[h] * v / (v**2).sum().sqrt() for h, v in enumerate(direction)])  # (H, H, kernel)
    size, steps = filters.shape[2], []
    for s in range(len(x)):
        steps.append(bias.clone())
        for i in range(size):
            if s - dilation * i >= 0:
                steps[-1] = steps[-1] + filters[:, :, size - 1 - i] @ x[s - dilation * i]
    return torch.stack(steps)


def reference(w, x):
    """Features (T, H) of x (T, D)."""
    x = x @ w["project.weight"].T + w["project.bias"]
    for block in range(MODEL.layers):
        y = convolved(w, f"blocks.{block}.first", x, 2**block).clamp(min=0)
        y = convolved(w, f"blocks.{block}.second", y, 2**block).clamp(min=0)
        x = (x + y).clamp(min=0)
    return x


def test_outputs_and_gradients_equal_the_equations(encoder):
    lengths = torch.tensor([20, 1, 7])
    x = torch.randn(3, 20, DIM, dtype=torch.float64)
    out = encoder(x, lengths)
    weights = dict(encoder.named_parameters())
    rows = [reference(weights, x[row, :length]) for row, length in enumerate(lengths.tolist())]
    expected = torch.cat((*rows, torch.stack([row[-1] for row in rows])))
    valid = [out.features[row, :length] for row, length in enumerate(lengths.tolist())]
    found = torch.cat((*valid, out.summary))
    torch.testing.assert_close(found, expected, **CLOSE)
    draw = torch.randn_like(expected)
    one, two = (torch.autograd.grad((y * draw).sum(), list(weights.values())) for y in (found, expected))
    for name, a, b in zip(weights, one, two, strict=True):
        torch.testing.assert_close(a, b, msg=lambda said, name=name: f"gradient of {name}: {said}", **CLOSE)


def test_a_text_in_pieces_equals_the_whole_and_the_state_is_as_declared(encoder):
    x = torch.randn(2, 40, DIM, dtype=torch.float64)
    whole = encoder(x, torch.tensor([40, 40])).features
    for sizes in ((1,) * 40, (3, 17, 20), (39, 1)):
        state, parts = None, []
        for piece in x.split(sizes, 1):
            out = encoder(piece, torch.full((2,), piece.shape[1]), state)
            state = out.state
            parts.append(out.features)
        torch.testing.assert_close(torch.cat(parts, 1), whole, **CLOSE)
    declared = MODEL.capabilities(TaskSignature("t", TokenInput, NextTokenTarget))
    assert sum(part[0].numel() for part in state) == declared.state_size == CONTEXT * HIDDEN
    kept = encoder(x[:, :2], torch.tensor([0, 2]), state).state  # an empty row keeps its state
    assert all(torch.equal(new[0], old[0]) for new, old in zip(kept, state, strict=True))


def test_features_depend_on_the_whole_declared_context():
    can = MODEL.capabilities(TaskSignature("t", TokenInput, ClassTarget))
    assert can.context == CONTEXT
    encoder = MODEL.build(EmbeddedInput(DIM), ClassTarget(3)).double()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.abs_()  # no ReLU cuts a path off
    x = torch.rand(1, CONTEXT + 4, DIM, dtype=torch.float64)
    lengths = torch.tensor([CONTEXT + 4])
    for back, moves in ((CONTEXT, True), (CONTEXT + 1, False)):
        changed = x.clone()
        changed[:, CONTEXT + 3 - back] += 1.0
        found = (encoder(changed, lengths).summary - encoder(x, lengths).summary).abs().max()
        assert bool(found > 0) is moves, back


def test_dropout_takes_whole_channels(encoder):
    block = encoder.blocks[0].train()
    block.dropout.p = 0.5
    seen = []
    block.dropout.register_forward_hook(lambda _, given, out: seen.append((given[0], out)))
    block(torch.randn(4, HIDDEN, 9, dtype=torch.float64), None, None)
    for given, out in seen:
        kept = (out != 0).any(2)  # (B, H)
        assert 0 < kept.sum() < kept.numel()
        torch.testing.assert_close(out, 2 * given * kept[:, :, None])
